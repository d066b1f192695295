"""Environments of gymnax, with a stand-in that has its protocol."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import Gymnax
from engrax.envs.gymnax import _make
from engrax.errors import ConfigError
from engrax.testing import check_environment
from engrax.testing.contract import quick_jit
from engrax.types import Continuous, Discrete, SymbolsSpec, VectorSpec

from . import fake_gymnax


@pytest.fixture(autouse=True)
def gymnax(monkeypatch):
    _make.cache_clear()
    monkeypatch.setitem(sys.modules, "gymnax", fake_gymnax.module())
    yield
    _make.cache_clear()


@pytest.mark.parametrize("grid", ["false", "true"])
def test_the_laws_of_environments(grid):
    check_environment(Gymnax("Line-v0", f'{{"grid": {grid}}}'), steps=60)


def test_interfaces():
    plain, grid = (Gymnax("Line-v0", kwargs).interface for kwargs in ("{}", '{"grid": true}'))
    assert plain.observations == {"observation": VectorSpec(2)}
    assert plain.actions == Discrete(2)
    assert grid.observations == {"map": SymbolsSpec(2, 3, (2,)), "time": SymbolsSpec(1, 1, (7,))}
    assert grid.actions == Continuous((0.0,), (1.0,))


def played(task, actions):
    """One stream, from a fixed key: its steps, time first."""

    def step(carry, now):
        state, seen = task.step(carry, *now)
        return state, seen

    state, opening = task.reset(jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), len(actions))
    _, steps = quick_jit(lambda state: jax.lax.scan(step, state, (jnp.asarray(actions), keys)))(
        state
    )
    return jax.tree.map(lambda first, rest: np.concatenate([first[None], rest]), opening, steps)


def test_an_episode_that_terminates_and_one_that_is_truncated():
    ends = played(Gymnax("Line-v0"), [1] * 5)
    length = int(np.argmax(ends.last))
    assert ends.discount[length] == 0
    assert ends.observation["observation"][length, 0] == ends.reward[length] == 3
    assert ends.first[length + 1]
    assert ends.reward[length + 1] == 0
    cut = played(Gymnax("Line-v0"), [0, 1] * 4)
    assert int(np.argmax(cut.last)) == 6
    assert cut.discount.min() == 1
    assert cut.first.tolist() == [True, *[False] * 6, True, False]


def test_parameters():
    cut = played(Gymnax("Line-v0", params='{"max_steps_in_episode": 2}'), [0] * 3)
    assert cut.last.tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Lime-v0",), "gymnax has no environment 'Lime-v0': did you mean Line-v0"),
        (("Line-v0", "{"), "kwargs is '{', expected a JSON object"),
        (("Line-v0", "{}", "[]"), "params is .*, expected a JSON object such as"),
        (("Line-v0", "{}", '{"goals": 1}'), "cannot be made: .*goals"),
        (("Line-v0", '{"size": 1}'), "cannot be made: .*size"),
    ],
)
def test_what_cannot_be_made(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Gymnax(*arguments)


def test_a_space_that_agents_cannot_see():
    with pytest.raises(ConfigError, match="observation 'observation' is object, expected Box"):
        _ = Gymnax("Words-v0").interface


def test_gymnax_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnax", None)
    with pytest.raises(ConfigError, match=r"needs gymnax, .* pip install \"engrax\[gymnax\]\""):
        Gymnax("Line-v0")
