"""Key to door: a key taken long ago opens the door at the end (Hung et al. 2019)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.choices import one_of
from engrax.envs.delayed import ACT, EXPLORE, FLOORS, AbstractDelayed, DelayedState, two_rooms
from engrax.envs.grid.patches import Patches, join, patches, room
from engrax.envs.grid.tables import COLOURS, DOOR, OBJECT, SHAPES
from engrax.envs.shuffling import uniform_digits
from engrax.envs.views import View

UPPER, LOWER = FLOORS[0], FLOORS[2]
LAST_START, DOORWAY, LAMP = (3, 5), (1, 5), (0, 5)
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
    def chance(self) -> float:
        """Without a memory of any kind the door cannot be told to be of use, and stays shut."""
        return 0.0

    def draw_own(self, key: Key[Array, ""]) -> KeyState:
        """The squares of key and agent, uniform in their rooms."""
        place, start = uniform_digits(key, [UPPER[2] * UPPER[3], LOWER[2] * LOWER[3]])
        return KeyState(place, start, jnp.int32(NEVER), jnp.int32(NEVER))

    def starts(self, own: KeyState) -> tuple[Int[Array, "2"], Int[Array, "2"]]:
        """In the lower room, and before the door."""
        row, column = square_of(LOWER, own.start)
        last = jnp.asarray(LAST_START, jnp.int32)
        return jnp.stack([row, last[0]]), jnp.stack([column, last[1]])

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
        row, column = square_of(UPPER, own.key)
        on_key = (state.row == row) & (state.column == column) & (phase == EXPLORE)
        in_door = (state.row == DOORWAY[0]) & (state.column == DOORWAY[1]) & (phase == ACT)
        first = lambda happens, when: jnp.where(happens & (when == NEVER), step, when)  # noqa: E731
        return replace(own, taken=first(on_key, own.taken), opened=first(in_door, own.opened))

    def judged(self, state: DelayedState[KeyState]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        """10 on entering the door."""
        opened = state.own.opened
        return 10 * (opened == state.step).astype(jnp.float32), opened != NEVER

    def facts(self, own: KeyState) -> dict[str, Array]:
        """Whether the key has been taken."""
        return {"has_key": own.taken != NEVER}


def square_of(
    floor: tuple[int, int, int, int], number: Int[Array, ""]
) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """The row and column of a floor's square, numbered row by row."""
    row, column, _, width = floor
    down, along = jnp.divmod(number, np.int32(width))
    return row + down, column + along
