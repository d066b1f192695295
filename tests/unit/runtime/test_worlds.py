"""Worlds step environments side by side; anything else is refused with what to pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract.reference_worlds import Counting, StepByStep

from engrax.envs import Recall
from engrax.errors import UserError
from engrax.gym.task import GymnasiumTask
from engrax.runtime import Host, Pure, World, as_world
from engrax.runtime.worlds import Blank, seeds_of

from .small import TASK, expect_same

KEYS = jax.random.split(jax.random.key(0), 3)
CARTPOLE = GymnasiumTask("CartPole-v1")


def test_a_pure_world_is_its_environment_in_every_stream():
    world, actions = Pure(TASK), jnp.asarray([0, 1, 2], jnp.int32)
    state, opening = world.open(KEYS)
    after, step = world.step(state, actions, KEYS)
    assert world.interface == TASK.interface
    for b in range(3):
        one, first = TASK.reset(KEYS[b])
        then, second = TASK.step(one, actions[b], KEYS[b])
        shown = jax.tree.map(lambda leaf, b=b: leaf[b], (opening, after, step))
        expect_same(shown, (first, then, second))


def test_the_world_of_a_task():
    assert isinstance(as_world(TASK), Pure)
    assert isinstance(as_world(CARTPOLE), Host)
    for world in (Pure(TASK), StepByStep(TASK), Counting()):
        assert as_world(world) is world
        assert isinstance(world, World)
    assert [as_world(task).pure for task in (TASK, StepByStep(TASK), CARTPOLE)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("wrong", ["CartPole-v1", None, Recall, 3])
def test_what_is_no_world_is_named_with_what_to_pass(wrong):
    with pytest.raises(
        UserError, match=r"world is .*, expected an environment such as Ballet\(\)"
    ) as e:
        as_world(wrong)
    assert repr(wrong) in str(e.value)
    assert "GymnasiumTask('CartPole-v1') from engrax.gym" in str(e.value)
    assert "\n" not in str(e.value)


def test_seeds_are_words_of_the_keys():
    seeds = seeds_of(KEYS)
    assert seeds.dtype == np.uint32
    assert len(set(seeds.tolist())) == 3
    np.testing.assert_array_equal(seeds, seeds_of(KEYS))


def test_a_blank_world_has_the_shapes_of_a_host_world():
    host, actions = Host(CARTPOLE), jnp.zeros(3, jnp.int32)
    blank = Blank(host)
    assert (blank.pure, blank.interface) == (True, host.interface)
    environments, opening = host.open(KEYS)
    state, zeros = blank.open(KEYS)
    describe = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)  # noqa: E731
    assert describe(zeros) == describe(opening)
    assert describe(blank.step(state, actions, KEYS)[1]) == describe(opening)
    saved = host.save(environments)
    assert describe(jax.tree.map(jnp.asarray, saved)) == describe(state)
