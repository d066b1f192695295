"""Key to door: a key taken long ago opens the door at the end (Hung et al. 2019)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.choices import one_of
from engrax.envs.delayed import (
    ACT,
    EXPLORE,
    LOWER,
    UPPER,
    AbstractDelayed,
    DelayedState,
    two_rooms,
)
from engrax.envs.grid.patches import Patches, join, patches, room, square_of
from engrax.envs.grid.tables import COLOURS, DOOR, OBJECT, SHAPES
from engrax.envs.grid.walk import touching
from engrax.envs.shuffling import uniform_digits
from engrax.envs.views import View

DOORWAY, LAMP = np.array((1, 5), np.int32), (0, 5)
LAST_FLOOR = (2, 4, 3, 3)
YELLOW, LIGHT, TEE = (
    1 + list(COLOURS).index("yellow"),
    1 + list(COLOURS).index("light_yellow"),
    1 + list(SHAPES).index("tee"),
)
NEVER = -2


class KeyState(eqx.Module):
    """The key and the door.

    Attributes:
        key: which square of the upper room the key is on.
        start: which square of the lower room the agent starts on.
        taken: the step on which the key was taken, or `NEVER`.
        opened: the step on which the door was entered, or `NEVER`.
    """

    key: Int[Array, ""]
    start: Int[Array, ""]
    taken: Int[Array, ""]
    opened: Int[Array, ""]


class KeyToDoor(AbstractDelayed[KeyState]):
    """A key may be taken at the start, apples are collected, and the key opens the door at the end.

    Phase 1: two rooms with a passage between them. The agent starts in the lower one, and the key
    is on one of the ten squares of the upper one. Entering its square takes it, without a reward; a
    lamp in the wall is lit on the next step. Phase 2: ten apples, which come again 21 steps after
    they were taken; those of an episode are all worth 1, or all 10. Phase 3: a room with a door,
    which lets the agent in only if it has the key. Entering it pays 10, once.

    The reward of the key comes so late, and the apples' are so noisy, that agents do not learn to
    take it unless credit is carried over the delay.

    Actions: N, S, W, E. Observation: `symbols` uint8 [5, 5, 3] or `image` uint8 [45, 45, 3].
    `info`: `success` (on the last step: the door was entered), `final_reward` and `apple_reward` of
    the step, `phase`, `has_key`.

    Source: key-to-door of Hung et al. (2019), https://arxiv.org/abs/1810.06721, by its released
    rules (`deepmind-research`, `tvt/pycolab`). Which colours and shapes things have is ours, and
    the phases have exactly as many steps as stated.
    """

    phases: tuple[int, ...] = eqx.field(static=True, default=(15, 90, 15), converter=tuple)
    """Steps of each phase."""
    apple_rewards: tuple[float, ...] = eqx.field(static=True, default=(1.0, 10.0), converter=tuple)
    """The apples of an episode are worth one of these."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    @property
    def last_start(self) -> tuple[int, int]:
        """Two squares before the door."""
        return 3, 5

    @property
    def chance(self) -> None:
        """Not stated: a player who always takes the key needs no memory. What is hard is to learn
        it.
        """

    def draw_own(self, key: Key[Array, ""]) -> KeyState:
        """The squares of key and agent, uniform in their rooms."""
        place, start = uniform_digits(key, [UPPER[2] * UPPER[3], LOWER[2] * LOWER[3]])
        return KeyState(place, start, jnp.int32(NEVER), jnp.int32(NEVER))

    def start(self, own: KeyState) -> tuple[Int[Array, ""], Int[Array, ""]]:
        """In the lower room."""
        return square_of(LOWER, own.start)

    def places(self, own: KeyState, step: Int[Array, ""]) -> tuple[Patches, Patches]:
        """The rooms with key and lamp; the room with the door."""
        key = patches(
            *square_of(UPPER, own.key),
            kind=OBJECT, colour=YELLOW, shape=TEE, shown=own.taken == NEVER,
        )  # fmt: skip
        lamp = patches(*LAMP, kind=OBJECT, colour=LIGHT, shown=step == own.taken + 1)
        shut = patches(*DOORWAY, kind=jnp.where(own.taken == NEVER, DOOR, 0))
        return join(two_rooms(), key, lamp), join(room(*LAST_FLOOR), shut)

    def moved(self, state: DelayedState[KeyState], phase: Int[Array, ""]) -> KeyState:
        """Takes the key, or enters the door."""
        own, step = state.own, state.step
        on = lambda square: touching(state.row, state.column, *square)  # noqa: E731
        on_key = on(square_of(UPPER, own.key)) & (phase == EXPLORE)
        in_door = on(jnp.asarray(DOORWAY)) & (phase == ACT)
        first = lambda happens, when: jnp.where(happens & (when == NEVER), step, when)  # noqa: E731
        return replace(own, taken=first(on_key, own.taken), opened=first(in_door, own.opened))

    def judged(self, state: DelayedState[KeyState]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        """10 on entering the door."""
        opened = state.own.opened
        return 10 * (opened == state.step).astype(jnp.float32), opened != NEVER

    def facts(self, own: KeyState) -> dict[str, Array]:
        """Whether the key has been taken."""
        return {"has_key": own.taken != NEVER}
