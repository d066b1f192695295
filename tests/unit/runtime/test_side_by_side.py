"""Runs side by side change as each does alone."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import A2C, PPO
from engrax.envs import Recall
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.memory import MEMORIES
from engrax.runtime import Placement
from engrax.runtime.side_by_side import SideBySide

AGENTS = {
    **{name: ActorCriticSizes(memory=sizes.tiny()).tiny() for name, sizes in MEMORIES.items()},
    "merlin": MERLINSizes().tiny(),
}
QUICK = {"hcam", "merlin"}
"""The others take a minute and a half together, of what `vmap` does the same for all."""
RUN = Experiment(
    task=Recall(delay=2),
    agent=AGENTS["hcam"],
    learner=PPO(minibatches=2, epochs=2),
    streams=4,
    segment_length=7,
    placement=Placement(devices=1),
)


def arrays(state):
    words = lambda leaf: (  # noqa: E731
        jax.random.key_data(leaf) if jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    )
    return [np.asarray(words(x)) for x in jax.tree.leaves(state) if isinstance(x, jax.Array)]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.learn] * (n not in QUICK)) for n in AGENTS]
)
def test_each_of_several_seeds_trains_as_it_does_alone(name):
    learner = A2C() if name == "merlin" else RUN.learner
    runs = [replace(RUN, agent=AGENTS[name], learner=learner, seed=seed).build() for seed in (3, 8)]
    together = SideBySide(runs[0], [trainer.init() for trainer in runs])
    found = [together.update() for _ in range(2)][-1]
    for place, trainer in enumerate(runs):
        state = trainer.init()
        for _ in range(2):
            state, metrics = trainer.update(state)
        for got, want in zip(arrays(together.state(place)), arrays(state), strict=True):
            np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-4)
        assert found[place].keys() == metrics.keys()
        for metric, value in metrics.items():
            np.testing.assert_allclose(
                found[place][metric], value, rtol=2e-3, atol=2e-4, err_msg=metric
            )


def test_environments_in_python_cannot_train_side_by_side():
    trainer = replace(PRESETS["lstm-cartpole-hidden"], streams=8).build()
    with pytest.raises(ValueError, match="only where the environment is in JAX"):
        SideBySide(trainer, [])


def test_streams_must_be_on_one_device():
    trainer = replace(RUN, placement=Placement(devices=2)).build()
    with pytest.raises(ValueError, match=r"placement.devices is 2, expected 1"):
        SideBySide(trainer, [])
