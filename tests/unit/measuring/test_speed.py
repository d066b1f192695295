"""FLOPs are those of the definition; the bench command says what was measured."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from engrax.agents import ActorCritic
from engrax.cli.main import main
from engrax.envs import Recall
from engrax.measuring.flops import acting_flops, count, learning_flops
from engrax.measuring.speed import Speed
from engrax.memory import HCAM, LSTM

MATRIX = jnp.ones((4, 5))


def scanned(x):
    return jax.lax.scan(lambda x, _: (jnp.ones((5, 5)) @ x, None), x, None, length=7)[0]


@pytest.mark.parametrize(
    ("function", "flops"),
    [
        (lambda x: MATRIX @ x, 2 * 4 * 5),
        (lambda x: (MATRIX @ MATRIX.T @ MATRIX) @ x, 2 * 4 * 5),  # what does not depend on x is no work of a step
        (lambda x: jnp.outer(x, x) @ jnp.outer(x, x), 2 * 5**3),
        (scanned, 7 * 2 * 25),
        (jax.jit(lambda x: MATRIX @ x), 2 * 4 * 5),
        (lambda x: jax.lax.cond(x[0] > 0, lambda x: (MATRIX @ x)[0], lambda x: x[0], x), 2 * 4 * 5),
        (lambda x: jnp.sin(x) + 1.0, 0),
        (lambda x: jnp.convolve(x, jnp.ones(3), mode="same"), 2 * 5 * 3),
    ],
)
def test_products_that_depend_on_the_arguments_are_counted(function, flops):
    assert count(function, jnp.ones(5)) == flops


def test_an_lstm_agent_by_hand():
    environment = Recall(delay=2)
    make = lambda size, key: LSTM(size, width=8, key=key)  # noqa: E731
    agent = ActorCritic(environment.observation_spec, environment.num_actions, memory=make, key=jax.random.key(0))
    parameters = lambda part: sum(  # noqa: E731
        x.size for x in jax.tree.leaves(eqx.filter(part, eqx.is_inexact_array)) if x.ndim == 2
    )
    forward = [agent.encoders, agent.memory, agent.policy, agent.value]
    assert acting_flops(agent, environment) == 2 * parameters(forward)
    assert learning_flops(agent, environment) == 3 * 2 * parameters([*forward, agent.decoders])


def test_an_hcam_step_does_not_depend_on_how_much_is_remembered_but_for_the_summaries():
    environment = Recall(delay=2)

    def flops(num_chunks):
        make = lambda size, key: HCAM(size, width=8, num_heads=2, chunk_size=4, num_chunks=num_chunks, key=key)  # noqa: E731
        agent = ActorCritic(environment.observation_spec, 4, memory=make, key=jax.random.key(0))
        return acting_flops(agent, environment)

    assert flops(64) - flops(4) == 2 * 60 * 2 * 8  # two layers: 60 more summaries of width 8


def test_utilisation_is_the_share_of_the_products_rate():
    speed = Speed(1000.0, 0.1, 0.3, 0.6, flops_per_step=2_000_000, product_flops=8e9)
    assert speed.utilisation == pytest.approx(0.25)


@pytest.mark.slow
def test_bench_says_what_was_measured(capsys):
    settings = ["--memory", "lstm", "--memory.width", "8", "--rounds", "2", "--json"]
    assert main(["bench", "debug", *settings]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    result = json.loads(out)
    assert (result["preset"], result["memory"], result["learner"]) == ("debug", "lstm", "ppo")
    shares = result["environment_share"] + result["acting_share"] + result["learning_share"]
    assert shares == pytest.approx(1.0, abs=1e-3)
    rate = result["steps_per_second"] * result["flops_per_step"] / result["product_flops_per_second"]
    assert result["utilisation"] == pytest.approx(rate, abs=1e-3)
