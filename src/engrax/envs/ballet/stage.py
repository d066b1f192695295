"""The dancers of an episode, its clock, and the positions that follow from both."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from engrax.envs.ballet.tables import DANCE_LENGTH, HOMES, PATHS
from engrax.envs.grid.tables import COLOURS, SHAPES
from engrax.envs.grid.walk import CENTRE, touching
from engrax.envs.shuffling import falling, uniform_digits, without_repetition


class Cast(eqx.Module):
    """What is drawn for an episode: one entry a dancer, in the order they dance.

    Attributes:
        target: which dancer is to be found.
        homes: indices into `tables.HOMES`.
        dances: indices into `tables.DANCES`.
        colours: indices into `tables.COLOURS`.
        shapes: indices into `tables.SHAPES`.
    """

    target: Int[Array, ""]
    homes: Int[Array, " n"]
    dances: Int[Array, " n"]
    colours: Int[Array, " n"]
    shapes: Int[Array, " n"]


class BalletState(eqx.Module):
    """An episode under way.

    Attributes:
        cast: dances and positions of the dancers.
        step: steps since the episode's first observation.
        row: the agent's row on the board.
        column: the agent's column on the board.
    """

    cast: Cast
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]


def draw_cast(key: Key[Array, ""], num_dancers: int, repertoire: tuple[int, ...]) -> Cast:
    """Draws homes, dances, colours and shapes, each without repetition, and the target.

    Args:
        key: of the draw.
        num_dancers: how many dance.
        repertoire: the indices of the dances to draw from.
    """
    counts = (len(HOMES), len(repertoire), len(COLOURS), len(SHAPES))
    sizes = [size for count in counts for size in falling(count, num_dancers)]
    target, *digits = uniform_digits(key, [num_dancers, *sizes])
    codes = [digits[i : i + num_dancers] for i in range(0, len(digits), num_dancers)]
    homes, dances, colours, shapes = (jnp.stack(without_repetition(code)) for code in codes)
    if repertoire != tuple(range(len(PATHS))):
        dances = jnp.asarray(np.array(repertoire, np.int32))[dances]
    return Cast(target, homes, dances, colours, shapes)


def open_stage(cast: Cast) -> BalletState:
    """The first state of an episode with this cast: the agent in the centre, dancer 0 after one
    move.
    """
    centre = jnp.int32(CENTRE)
    return BalletState(cast, jnp.int32(0), centre, centre)


def choice_time(num_dancers: int, dance_delay: int) -> int:
    """The step whose observation is the first to show the instruction; actions count from there
    on.
    """
    return num_dancers * (DANCE_LENGTH - 1 + dance_delay)


def dancer_squares(
    state: BalletState, dance_delay: int
) -> tuple[Int[Array, " n"], Int[Array, " n"]]:
    """The board rows and columns of all dancers. Only one dances at a time, so one path is looked
    up.
    """
    turn, elapsed = jnp.divmod(state.step, DANCE_LENGTH - 1 + dance_delay)
    dancing = jnp.arange(state.cast.homes.size, dtype=jnp.int32) == turn
    dance = jnp.sum(jnp.where(dancing, state.cast.dances, 0))
    offset = jnp.asarray(PATHS)[dance, jnp.minimum(elapsed + 1, DANCE_LENGTH)]
    rows, columns = home_squares(state.cast)
    return rows + jnp.where(dancing, offset[0], 0), columns + jnp.where(dancing, offset[1], 0)


def home_squares(cast: Cast) -> tuple[Int[Array, " n"], Int[Array, " n"]]:
    """The board rows and columns of the dancers' homes."""
    homes = jnp.asarray(np.array(HOMES, np.int32))
    return homes[cast.homes, 0], homes[cast.homes, 1]


def reached(state: BalletState) -> Bool[Array, " n"]:
    """Which dancer the agent stands on: at home, since it can walk in the choice phase only."""
    return touching(state.row, state.column, *home_squares(state.cast))
