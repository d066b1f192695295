"""Several devices train as one does, to rounding: a law for every memory, and for MERLIN."""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import jax
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.agents.scaling import Normalisation
from engrax.algorithms import A2C, PPO
from engrax.envs import Recall
from engrax.experiments.config import Experiment
from engrax.memory import MEMORIES, LSTMSizes
from engrax.runtime import Placement

AGENTS = {
    **{name: ActorCriticSizes(memory=sizes.tiny()).tiny() for name, sizes in MEMORIES.items()},
    "merlin": MERLINSizes().tiny(),
    "normalised": ActorCriticSizes(
        memory=LSTMSizes.tiny(), hidden=8, normalise=Normalisation(vectors=True, rewards=True)
    ),
}
QUICK = {"hcam", "merlin"}
ALL = Placement(devices=jax.local_device_count())
"""Two devices, or as many as the environment says."""
RUN = Experiment(task=Recall(delay=2), agent=AGENTS["hcam"], streams=8, segment_length=7)


def trained(experiment, placement, updates=2):
    """The state after some updates, as NumPy arrays, and the metrics of the last."""
    trainer = replace(experiment, placement=placement).build()
    state, metrics = trainer.init(), {}
    for _ in range(updates):
        state, metrics = trainer.update(state)
    words = lambda x: jax.random.key_data(x) if is_key(x) else x  # noqa: E731
    arrays = [leaf for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)]
    return [np.asarray(words(leaf)) for leaf in arrays], jax.tree.map(np.asarray, metrics)


def is_key(leaf):
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def expect_close(got, want):
    for leaf, other in zip(got[0], want[0], strict=True):
        np.testing.assert_allclose(leaf, other, rtol=2e-3, atol=2e-4)
    assert got[1].keys() == want[1].keys()
    for name, metric in want[1].items():
        np.testing.assert_allclose(got[1][name], metric, rtol=2e-3, atol=2e-4, err_msg=name)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in QUICK)) for n in AGENTS]
)
def test_all_devices_equal_one(name):
    """With one minibatch, in which all streams are: whose streams are drawn makes no difference."""
    learner = A2C() if name == "merlin" else PPO(minibatches=1, epochs=2)
    run = replace(RUN, agent=AGENTS[name], learner=learner)
    assert ALL.mesh is not None
    expect_close(trained(run, ALL), trained(run, Placement(devices=1)))


def test_devices_meet_once_a_gradient_step():
    """The compiled program: one sum in the loop over gradient steps, at most five outside, for
    moments, and nothing else passes between devices.
    """
    trainer = replace(RUN, learner=PPO(minibatches=2, epochs=2), placement=ALL).build()
    text = trainer.try_out(trainer.init()).lower().compile().as_text()
    met = meetings(text)
    assert {kind for _, kind in met} == {"all-reduce"}
    assert met[False, "all-reduce"] == 1
    assert met[True, "all-reduce"] <= 5


def meetings(text):
    """How often devices exchange something, by whether it is at the program's top level, and not in
    the body of a loop, and by its kind.
    """
    kinds = "all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter"
    met, top = Counter(), False
    for line in text.splitlines():
        if opens := re.match(r"(ENTRY )?%?[\w.-]+ .*\{$", line):
            top = opens[1] is not None
        elif found := re.search(rf"\b({kinds})(-start)?\(", line):
            met[top, found[1]] += 1
    return met


@pytest.mark.slow
def test_four_devices_pass_what_two_do():
    words = ["-p", "no:cacheprovider", "-q", "-k", "once_a_gradient or (equal_one and hcam)"]
    environment = {**os.environ, "ENGRAX_TEST_DEVICES": "4"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, __file__],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.split()[0] == ".."


def test_a_run_of_two_devices_goes_on_with_one(monkeypatch):
    """Where fewer devices are there than a run was made with, one of them computes every share."""
    run = replace(RUN, learner=PPO(minibatches=2, epochs=2))
    two = Placement(devices=2)
    wanted = trained(run, two)
    monkeypatch.setattr(jax, "device_count", lambda: 1)
    assert two.mesh is None
    expect_close(trained(run, two), wanted)


def test_minibatches_are_drawn_within_each_device_s_streams():
    """So two devices make other gradient steps than one, if there are two minibatches."""
    run = replace(RUN, learner=PPO(minibatches=2, epochs=2))
    one, two = (trained(run, Placement(devices=count))[0] for count in (1, 2))
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("devices", [1, 2])
def test_tiles_change_nothing_but_the_order_of_sums(devices):
    run = replace(RUN, learner=PPO(minibatches=2, epochs=2))
    whole = trained(run, Placement(devices=devices))
    tiled = trained(run, Placement(devices=devices, acting_tile=2, learning_tile=1))
    expect_close(tiled, whole)
