"""Tasting: which objects are good is learnt by trying them (Wayne et al. 2018)."""

from dataclasses import replace
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt8, UInt32

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, check_between, one_of
from engrax.envs.grid.appearance import deal_appearances, dealt_appearance
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, join, patches
from engrax.envs.grid.tables import MOVES, OBJECT
from engrax.envs.grid.walk import BOARD, CENTRE, FARTHEST, at_homes, hall, touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, Repeated, TimeStep

MOST = len(MOVES)


class TastingState(eqx.Module):
    """An episode under way.

    Attributes:
        looks: how colours and shapes are dealt, see `engrax.envs.grid.appearance`.
        good: the kinds that are worth 1; the others are worth `bad`.
        homes: where each kind is in this round, out of eight places.
        left: the kinds that have not been touched in this round.
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
        gained: the reward of the last move.
        total: the reward of the round so far.
    """

    looks: UInt32[Array, "4 2"]
    good: Bool[Array, " k"]
    homes: Int[Array, " k"]
    left: Bool[Array, " k"]
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    gained: Float[Array, ""]
    total: Float[Array, ""]


class Tasting(AbstractEnvironment[TastingState]):
    """Objects are good or bad; those that were found good are to be taken again.

    Board: 11 x 11 squares, a ring of wall around a floor. An episode has `kinds` kinds of objects,
    each with a colour and a shape of its own. A random half of them is good.

    A round: the agent is in the middle, and one object of each kind is on one of the eight places
    `reach` moves away, dealt anew. An object that is touched disappears, with reward 1 if its kind
    is good and `bad` if not. A round takes `round_steps` steps, on the last of which the action has
    no effect.

    End: after `rounds` rounds, with discount 0.

    Actions: the eight directions. Observation: `symbols` uint8 [11, 11, 3] or `image` uint8 [99,
    99, 3]. `info`: by repetition `round_ended` (this is the last step of a round), `round` (its
    number, from 0 on) and `round_reward` (its reward so far).

    Values: the mean return with the defaults is 20.5 for a player who tries each kind once and
    remembers it (0.47 in the first round, 4.00 in the last), 24 for one who knows the values, and 0
    without memory. With 4 kinds at reach 1 and 4 rounds of 8 steps: 6.7 and 8.0.

    Source: the rapid reward valuation of Wayne et al. (2018), https://arxiv.org/abs/1803.10760;
    that one is three-dimensional and was not released. All numbers here are ours.
    """

    kinds: int = eqx.field(static=True, default=8)
    """Kinds of objects, 2 to 8, an even number."""
    reach: int = eqx.field(static=True, default=2)
    """Moves from the middle to an object, 1 to 4."""
    rounds: int = eqx.field(static=True, default=6)
    """Rounds of an episode."""
    round_steps: int = eqx.field(static=True, default=16)
    """Steps of a round."""
    bad: float = eqx.field(static=True, default=-1.0)
    """Reward of a bad object. With -1 objects are worth nothing on average, so that an agent learns
    to touch none before it learns to remember; levels nearer to 0 in a mixture lead over this."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        if self.kinds % 2 or not 2 <= self.kinds <= MOST:
            raise ValueError(f"kinds is {self.kinds}, expected an even number from 2 to {MOST}")
        check_between(1, FARTHEST, reach=self.reach)
        check_at_least(1, rounds=self.rounds)
        check_at_least(2, round_steps=self.round_steps)

    @property
    def interface(self) -> Interface:
        """The view; the eight directions.

        Chance is the return of taking any objects. By repetition: the reward by round.
        """
        return Interface(
            spec_of(self.view, BOARD),
            Discrete(len(MOVES)),
            tuple(MOVES),
            chance=0.0,
            repeated=Repeated("round_reward", "round", "round_ended", self.rounds),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "99 99 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> TastingState:
        """Looks, values and places, all uniform."""
        looks_key, key = jax.random.split(key)
        digits = uniform_digits(key, [*falling(self.kinds, self.kinds), *self._places])
        ranks, places = (
            jnp.stack(without_repetition(part))
            for part in (digits[: self.kinds], digits[self.kinds :])
        )
        zero, centre, nothing = jnp.int32(0), jnp.int32(CENTRE), jnp.float32(0)
        return TastingState(
            deal_appearances(looks_key), ranks < self.kinds // 2, places,
            jnp.ones(self.kinds, bool), zero, centre, centre, nothing, nothing,
        )  # fmt: skip

    def advance(
        self, state: TastingState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> TastingState:
        """Moves the agent, or opens the next round."""
        row, column = walk(hall(), state.row, state.column, action)
        opens = (state.step + 1) % self.round_steps == 0
        new = jnp.stack(without_repetition(uniform_digits(key, self._places)))
        row, column = jnp.where(opens, CENTRE, row), jnp.where(opens, CENTRE, column)
        touched = touching(row, column, *self._squares(state)) & state.left & ~opens
        worth = jnp.where(state.good, jnp.float32(1), jnp.float32(self.bad))
        gained = jnp.sum(jnp.where(touched, worth, jnp.float32(0)))
        return replace(
            state,
            homes=jnp.where(opens, new, state.homes),
            left=(state.left & ~touched) | opens,
            step=state.step + 1,
            row=row,
            column=column,
            gained=gained,
            total=jnp.where(opens, jnp.float32(0), state.total + gained),
        )

    def is_last(self, state: TastingState) -> Bool[Array, ""]:
        """The last round is over."""
        return state.step == self.rounds * self.round_steps - 1

    def observe(self, state: TastingState) -> TimeStep:
        """The view around the agent, and the reward of the last move."""
        last, (number, elapsed) = self.is_last(state), jnp.divmod(state.step, self.round_steps)
        ends = elapsed == self.round_steps - 1
        return TimeStep(
            observation=look(self.view, self._scene(state), state.row, state.column, BOARD),
            reward=state.gained,
            discount=1 - last.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={"round_ended": ends, "round": number, "round_reward": state.total},
            effective=~ends,
        )

    @property
    def _places(self) -> tuple[int, ...]:
        return falling(len(MOVES), self.kinds)

    def _squares(self, state: TastingState) -> tuple[Int[Array, " k"], Int[Array, " k"]]:
        return at_homes(self.reach, state.homes)

    def _scene(self, state: TastingState) -> Patches:
        kinds = jnp.arange(self.kinds, dtype=jnp.int32)
        shape, colour = jax.vmap(partial(dealt_appearance, state.looks))(kinds)
        squares, there = self._squares(state), state.left
        objects = patches(*squares, kind=OBJECT, colour=1 + colour, shape=1 + shape, shown=there)
        return join(hall(), objects, agent(state.row, state.column))
