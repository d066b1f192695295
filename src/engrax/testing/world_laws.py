"""The contract suite of worlds: the laws of the streams that they show, and one call that tries
them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from engrax.agents.base import AbstractAgent
from engrax.runtime.collecting import collect
from engrax.runtime.streams import open_streams
from engrax.runtime.worlds import World, as_world
from engrax.testing.contract import Settings, expect, expect_trees_close, run_laws
from engrax.testing.random_inputs import another_action
from engrax.testing.stream_checks import at_last, expect_protocol, expect_specs, identical
from engrax.types import TimeStep


def random_actions(world: World, settings: Settings) -> np.ndarray:
    """Uniform actions [streams, steps, ...]."""
    return world.interface.actions.draw(settings.numbers(), (settings.streams, settings.steps))


def play(
    world: World, settings: Settings, actions: np.ndarray, streams: slice = slice(None)
) -> TimeStep:
    """The steps [streams, steps + 1] that a world shows under these actions, from always the same
    keys.
    """
    keys = jax.random.split(settings.key, settings.streams)[streams]
    turns = jax.vmap(lambda key: jax.random.split(key, actions.shape[1]), out_axes=1)(keys)
    state, opening = world.open(keys)
    if world.pure:
        later = _played_at_once(world, state, jnp.asarray(actions), turns)
        return jax.tree.map(
            lambda a, b: np.concatenate([np.asarray(a)[:, None], np.swapaxes(b, 0, 1)], 1),
            opening,
            later,
        )
    shown = [opening]
    for index in range(actions.shape[1]):
        state, step = world.step(state, jnp.asarray(actions[:, index]), turns[index])
        shown.append(step)
    return jax.tree.map(lambda *leaves: np.stack(leaves, axis=1), *shown)


@eqx.filter_jit
def _played_at_once(world: World, state: Any, actions: Array, turns: Key[Array, "t b"]) -> TimeStep:
    """The steps after the opening ones, time first."""

    def step(state: Any, now: Any) -> Any:
        return world.step(state, *now)

    return jax.lax.scan(step, state, (jnp.swapaxes(actions, 0, 1), turns))[1]


def check_world_specs_hold(world: World, settings: Settings) -> None:
    """Observations have the shape, dtype and range that the interface says, under random play."""
    expect_specs(
        "specs_hold",
        world.interface,
        play(world, settings, random_actions(world, settings)).observation,
    )


def check_world_streams_follow_protocol(world: World, settings: Settings) -> None:
    """`first`, `last`, `reward` and `discount` follow the protocol: a step after `last` opens the
    next episode.
    """
    expect_protocol(
        "streams_follow_protocol", play(world, settings, random_actions(world, settings))
    )


def check_world_last_ignores_action(world: World, settings: Settings) -> None:
    """The action given on a `last` step changes nothing that follows."""
    actions = random_actions(world, settings)
    steps = play(world, settings, actions)
    others = np.where(
        at_last(steps, actions), another_action(world.interface.actions, actions), actions
    )
    message = (
        "another action on a `last` step changed what followed: the step after it must reset, not "
        "act."
    )
    expect(identical(play(world, settings, others), steps), "last_ignores_action", message)


def check_world_same_keys_same_steps(world: World, settings: Settings) -> None:
    """The same keys and actions give the same steps, to the last bit."""
    actions = random_actions(world, settings)
    same = identical(play(world, settings, actions), play(world, settings, actions))
    expect(
        same,
        "same_keys_same_steps",
        "two runs with the same keys differ. Draw all that is random from the keys.",
    )


def check_world_streams_stay_apart(world: World, settings: Settings) -> None:
    """A stream beside others shows the same as alone, opened by the same key."""
    actions = random_actions(world, settings)
    together = play(world, settings, actions)
    for index in range(2):
        one = slice(index, index + 1)
        alone = play(world, settings, actions[one], one)
        beside = jax.tree.map(lambda leaf, one=one: leaf[one], together)
        what, hint = f"stream {index}, timestep", "Does its seed depend on the other streams?"
        expect_trees_close("streams_stay_apart", beside, alone, settings.tolerance, what, hint)


WORLD_LAWS: Mapping[str, Callable[[World, Settings], None]] = {
    "specs_hold": check_world_specs_hold,
    "streams_follow_protocol": check_world_streams_follow_protocol,
    "last_ignores_action": check_world_last_ignores_action,
    "same_keys_same_steps": check_world_same_keys_same_steps,
    "streams_stay_apart": check_world_streams_stay_apart,
}
"""Every law of a world by name."""


def check_world(
    world: object, *, key: Key[Array, ""] | None = None, steps: int = 100, tolerance: float = 1e-5
) -> None:
    """Plays at random in a few streams, tries every law of the world contract, and reports all that
    are broken.

    Args:
        world: a world, or what `engrax.runtime.as_world` makes one of.
        key: draws actions and episodes; by default always the same.
        steps: how long to play; some episode must end within it.
        tolerance: how far a stream beside others may differ from the same alone.

    Raises:
        ContractError: naming each broken law, where it fails, and what to look at.
    """
    key, world = jax.random.key(0) if key is None else key, as_world(world)
    run_laws(type(world).__name__, WORLD_LAWS, world, Settings(key, steps, tolerance=tolerance))


def check_worlds_agree(
    one: object,
    other: object,
    agent: AbstractAgent[Any],
    *,
    streams: int = 4,
    steps: int = 24,
    segments: int = 2,
) -> None:
    """The same agent under the same keys collects the same segments in two worlds of one task, one
    pure and one host.

    Args:
        one: a world, or what `engrax.runtime.as_world` makes one of.
        other: the other.
        agent: acts in both.
        streams: side by side.
        steps: T, of a segment.
        segments: how many follow on one another.

    Raises:
        ContractError: naming what differs.
    """
    worlds = as_world(one), as_world(other)
    pairs = zip(
        *(_segments(world, agent, streams, steps, segments) for world in worlds), strict=True
    )
    for index, (got, expected) in enumerate(pairs):
        hint = "Compare the two worlds step by step under the same actions."
        expect_trees_close("worlds_agree", got, expected, 1e-5, f"segment {index}, ", hint)


def _segments(
    world: World, agent: AbstractAgent[Any], streams: int, steps: int, segments: int
) -> list[Any]:
    key = jax.random.key(7)
    run = eqx.filter_jit(collect) if world.pure else collect
    state, found = open_streams(agent, world, jax.random.split(key, streams)), []
    for index in range(segments):
        keys = jax.random.split(jax.random.fold_in(key, index), streams)
        state, segment, episodes = run(agent, world, state, keys, steps)
        found += [eqx.tree_at(lambda s: s.keys, segment, None), episodes]
    return found
