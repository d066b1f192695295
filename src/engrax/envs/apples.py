"""Apples to collect: rewards that have nothing to do with what has to be remembered."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.grid.patches import Patches, join, patches, room
from engrax.envs.grid.tables import COLOURS, OBJECT, SHAPES
from engrax.envs.grid.walk import touching
from engrax.envs.shuffling import falling, uniform_digits, without_repetition

FLOOR = (1, 1, 5, 9)
"""The orchard's floor: row and column of its corner, height and width."""
START = (5, 5)
"""Where the agent enters the orchard."""
PLACES = np.array(
    [
        (row, column)
        for row in range(1, 6)
        for column in range(1, 10)
        if (row + column) % 2 == 0 and (row, column) != START
    ],
    np.int32,
)
"""The 22 squares that may have an apple, of which an episode has 10."""
APPLES = 10
AWAY = 20
"""Steps for which an apple that was taken is missing."""
RED, ROUND = 1 + list(COLOURS).index("red"), 1 + list(SHAPES).index("circle")


class Apples(eqx.Module):
    """The apples of an episode.

    Attributes:
        places: which of `PLACES` have one.
        taken: the step on which each was taken last; long ago at first.
        value: the reward of each.
    """

    places: Int[Array, "10"]
    taken: Int[Array, "10"]
    value: Float[Array, ""]

    @classmethod
    def drawn(cls, key: Key[Array, ""], values: tuple[float, ...]) -> "Apples":
        """Ten places and one of some values, all uniform."""
        which, *digits = uniform_digits(key, [len(values), *falling(len(PLACES), APPLES)])
        places = jnp.stack(without_repetition(digits))
        taken = jnp.full(APPLES, -1 - AWAY, jnp.int32)
        return cls(places, taken, jnp.asarray(values, jnp.float32)[which])

    def there(self, step: Int[Array, ""]) -> Bool[Array, "10"]:
        """Which apples can be taken on a step."""
        return step - self.taken > AWAY

    def visited(
        self, step: Int[Array, ""], row: Int[Array, ""], column: Int[Array, ""]
    ) -> "Apples":
        """After the agent takes the apple that is where it stands, if there is one."""
        takes = touching(row, column, *self._squares()) & self.there(step)
        return replace(self, taken=jnp.where(takes, step, self.taken))

    def reward(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """The reward of a step."""
        return self.value * jnp.any(self.taken == step).astype(jnp.float32)

    def scene(self, step: Int[Array, ""]) -> Patches:
        """The orchard with the apples of a step."""
        there = self.there(step)
        fruit = patches(*self._squares(), kind=OBJECT, colour=RED, shape=ROUND, shown=there)
        return join(room(*FLOOR), fruit)

    def _squares(self) -> tuple[Int[Array, "10"], Int[Array, "10"]]:
        """Rows and columns of the places."""
        squares = jnp.asarray(PLACES)[self.places]
        return squares[:, 0], squares[:, 1]
