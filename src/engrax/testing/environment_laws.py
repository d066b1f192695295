"""The contract suite of environments: laws under random play, and one call that tests them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from engrax.envs.base import AbstractEnvironment
from engrax.testing.contract import (
    Settings,
    expect,
    expect_close,
    expect_same_kind,
    quick_jit,
    run_laws,
)
from engrax.testing.random_inputs import another_action, random_key_data, stream
from engrax.testing.stream_checks import at_last, expect_protocol, expect_specs, identical
from engrax.types import TimeStep


class Play(NamedTuple):
    """Random actions and the words of keys: `[streams, steps]` each, and of a key to reset with."""

    reset_key: Any
    actions: Any
    keys: Any


def random_play(environment: AbstractEnvironment, settings: Settings) -> Play:
    """Uniform actions for every stream."""
    shape = (settings.streams, settings.steps)
    actions = environment.interface.actions.draw(settings.numbers(), shape)
    keys = random_key_data(settings, (settings.streams, settings.steps + 1))
    return Play(keys[:, 0], actions, keys[:, 1:])


def _play(environment: AbstractEnvironment, play: Play) -> TimeStep:
    def step(state: Any, inputs: tuple[Array, Array]) -> tuple[Any, TimeStep]:
        return environment.step(state, inputs[0], jax.random.wrap_key_data(inputs[1]))

    state, opening = environment.reset(jax.random.wrap_key_data(play.reset_key))
    _, later = jax.lax.scan(step, state, (play.actions, play.keys))
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), opening, later)


@quick_jit
def play_one(environment: AbstractEnvironment, play: Play) -> TimeStep:
    """One stream on its own: the opening step and `steps` more."""
    return _play(environment, play)


@quick_jit
def play_streams(environment: AbstractEnvironment, play: Play) -> TimeStep:
    """Streams side by side under `vmap`: `[streams, steps + 1]`."""
    return jax.vmap(lambda one: _play(environment, one))(play)


def _played(environment: AbstractEnvironment, settings: Settings) -> TimeStep:
    return jax.tree.map(np.asarray, play_streams(environment, random_play(environment, settings)))


def check_environment_shapes_are_stable(
    environment: AbstractEnvironment, settings: Settings
) -> None:
    """States and time steps of `reset` and `step` have the same trees, shapes and dtypes."""
    law, action = "shapes_are_stable", environment.interface.actions.none()
    state, opening = eqx.filter_eval_shape(environment.reset, settings.key)
    after, later = eqx.filter_eval_shape(environment.step, state, action, settings.key)
    expect_same_kind(law, after, state, "the state after `step` differs from that of `reset`")
    expect_same_kind(law, later, opening, "the time step of `step` differs from that of `reset`")
    kinds = {
        name: getattr(opening, name).dtype
        for name in ("reward", "discount", "first", "last", "effective")
    }
    expected = {
        name: jnp.float32 if name in ("reward", "discount") else jnp.bool_ for name in kinds
    }
    expect(kinds == expected, law, f"dtypes {kinds}, expected {expected}.")


def check_environment_specs_hold(environment: AbstractEnvironment, settings: Settings) -> None:
    """Observations have the shape, dtype and range that the specs say, under random play."""
    expect_specs("specs_hold", environment.interface, _played(environment, settings).observation)


def check_environment_episodes_follow_protocol(
    environment: AbstractEnvironment, settings: Settings
) -> None:
    """`first`, `last`, `reward` and `discount` follow the protocol of episodes."""
    expect_protocol("episodes_follow_protocol", _played(environment, settings))


def check_environment_last_ignores_action(
    environment: AbstractEnvironment, settings: Settings
) -> None:
    """The action given on a `last` step changes nothing that follows."""
    play, steps = random_play(environment, settings), _played(environment, settings)
    others = another_action(environment.interface.actions, play.actions)
    again = play_streams(
        environment,
        play._replace(actions=np.where(at_last(steps, play.actions), others, play.actions)),
    )
    expect(
        identical(again, steps),
        "last_ignores_action",
        "another action on a `last` step changed what followed.",
    )


def check_environment_same_key_same_episode(
    environment: AbstractEnvironment, settings: Settings
) -> None:
    """The same keys and actions give the same steps, to the last bit."""
    same = identical(_played(environment, settings), _played(environment, settings))
    expect(
        same,
        "same_key_same_episode",
        "two runs with the same keys differ. Draw all that is random from `key`.",
    )


def check_environment_streams_stay_apart(
    environment: AbstractEnvironment, settings: Settings
) -> None:
    """Streams side by side under `vmap` equal each stream alone."""
    play, together = random_play(environment, settings), _played(environment, settings)
    for index in range(2):
        alone = play_one(environment, stream(play, index))
        for (place, leaf), whole in zip(
            jax.tree_util.tree_leaves_with_path(alone), jax.tree.leaves(together), strict=True
        ):
            what, hint = (
                f"stream {index}, timestep{jax.tree_util.keystr(place)} [step, ...]",
                "Do streams share a draw?",
            )
            expect_close("streams_stay_apart", whole[index], leaf, settings.tolerance, what, hint)


def check_environment_one_trace(environment: AbstractEnvironment, settings: Settings) -> None:
    """A compiled `step` is traced once, however often it is called and whatever the numbers are."""
    traces = []

    @quick_jit
    def step(state: Any, action: Any, key: Any) -> Any:
        traces.append(1)
        return environment.step(state, action, jax.random.wrap_key_data(key))[0]

    play = stream(random_play(environment, settings), 0)
    state, _ = quick_jit(environment.reset)(settings.key)
    for action, key in zip(play.actions[:3], play.keys[:3], strict=True):
        state = step(state, action, key)
    message = (
        f"`step` was traced {len(traces)} times in 3 calls, expected once. Is a dtype or a weak "
        "type unstable?"
    )
    expect(len(traces) == 1, "one_trace", message)


ENVIRONMENT_LAWS: Mapping[str, Callable[[AbstractEnvironment, Settings], None]] = {
    "shapes_are_stable": check_environment_shapes_are_stable,
    "specs_hold": check_environment_specs_hold,
    "episodes_follow_protocol": check_environment_episodes_follow_protocol,
    "last_ignores_action": check_environment_last_ignores_action,
    "same_key_same_episode": check_environment_same_key_same_episode,
    "streams_stay_apart": check_environment_streams_stay_apart,
    "one_trace": check_environment_one_trace,
}
"""Every law of an environment by name."""


def check_environment(
    environment: AbstractEnvironment,
    *,
    key: Key[Array, ""] | None = None,
    steps: int = 400,
    tolerance: float = 1e-5,
) -> None:
    """Plays at random in a few streams, tries every law of the environment contract, and reports
    all that are broken.

    Args:
        environment: the environment to test.
        key: draws actions and episodes; by default always the same.
        steps: how long to play; some episode must end within it.
        tolerance: allowed difference between a stream beside others and the same stream alone.

    Raises:
        ContractError: naming each broken law, where it fails, and what to look at.
    """
    key = jax.random.key(0) if key is None else key
    run_laws(
        type(environment).__name__,
        ENVIRONMENT_LAWS,
        environment,
        Settings(key, steps, tolerance=tolerance),
    )
