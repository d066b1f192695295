"""Wayfinding: a goal in a map of rooms, to be found again and again (Wayne et al. 2018)."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, one_of
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, join, patches
from engrax.envs.grid.rooms import FLOOR, Map, Rooms
from engrax.envs.grid.tables import FOUR_MOVES, OBJECT
from engrax.envs.grid.walk import in_view, touching, walk
from engrax.envs.shuffling import uniform_digits
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, Question, Repeated, TimeStep

SIGHT = 5
GOAL_SHAPE = 1
UNIFORM_WALK: dict[tuple[tuple[int, ...], int], float] = {((3, 3), 300): 0.34, ((2, 2), 100): 0.27}
"""Goals of a uniform walk, by rooms and steps (simulated)."""
SUB_EPISODES = 16
"""Sub-episodes of the means by repetition."""


class WayfindingState(eqx.Module):
    """An episode under way.

    Attributes:
        plan: the map.
        goal: the number of the goal's square.
        seen: whether the goal has been in view.
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
        goals: how often the goal has been reached.
        taken: moves since the agent was put somewhere; where `found`, those up to the goal.
        found: whether the last move reached the goal.
    """

    plan: Map
    goal: Int[Array, ""]
    seen: Bool[Array, ""]
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    goals: Int[Array, ""]
    taken: Int[Array, ""]
    found: Bool[Array, ""]


class Wayfinding(AbstractEnvironment[WayfindingState]):
    """A goal in a random map of rooms is to be reached as often as possible.

    Map: rooms with floors of 3 x 3 squares, each floor of a colour of its own, and doors; see
    `engrax.envs.grid.rooms`. The goal is a uniform floor square. The agent starts on a uniform
    floor square of another room, and is put on one again whenever it reaches the goal. Map and goal
    stay the same for the episode, so that a player who remembers them needs less time than at
    first.

    Reward: 1 for reaching the goal. The step that has the reward already shows the new place.

    End: after `length` steps, the first observation included, with discount 0.

    Actions: N, S, W, E. Observation: `symbols` uint8 [5, 5, 3] or `image` uint8 [45, 45, 3], the
    squares around the agent. `info`: `goals` reached so far, `since_spawn` (moves since the agent
    was put somewhere), and by repetition `found` (this step reached the goal), `sub_episode` (the
    number of the sub-episode, from 0 on, which such a step still counts to) and `taken` (the moves
    that it took). For `engrax probe` the goal's room, `goal` [1], known once the goal was in view,
    `known` [1].

    Values: the mean number of goals with 3 x 3 rooms and 300 steps is 23.9 for a player who
    explores and remembers, 11.3 for one who forgets at every new start, and 0.34 for a uniform
    walk; with 2 x 2 rooms and 100 steps 12.1, 8.4 and 0.27.

    Source: the task "large environment" of Wayne et al. (2018), https://arxiv.org/abs/1803.10760,
    section "Navigation"; that one is three-dimensional and was not released. All numbers here are
    ours.
    """

    rooms: tuple[int, ...] = eqx.field(static=True, default=(3, 3), converter=tuple)
    """Rows and columns of rooms, 2 to 9 rooms in all."""
    length: int = eqx.field(static=True, default=300)
    """Steps of an episode."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        Rooms.of(self.rooms)
        check_at_least(2, length=self.length)

    @property
    def interface(self) -> Interface:
        """The view; four directions.

        Chance is the return of a uniform walk. The question: in which room is the goal? By
        repetition: the moves to the goal by sub-episode.
        """
        return Interface(
            spec_of(self.view, SIGHT),
            Discrete(len(FOUR_MOVES)),
            tuple(FOUR_MOVES),
            chance=UNIFORM_WALK.get((self.rooms, self.length)),
            question=Question("goal", "known", self._rooms.count),
            repeated=Repeated("taken", "sub_episode", "found", SUB_EPISODES),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "45 45 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> WayfindingState:
        """A map, a goal and a start, all uniform."""
        map_key, place_key = jax.random.split(key)
        rooms = self._rooms
        goal, other = uniform_digits(place_key, [rooms.squares, rooms.squares - FLOOR])
        row, column = rooms.square(rooms.elsewhere(goal // FLOOR, other))
        zero, no = jnp.int32(0), jnp.zeros((), bool)
        state = WayfindingState(rooms.draw(map_key), goal, no, zero, row, column, zero, zero, no)
        return replace(state, seen=self._sees(state))

    def advance(
        self, state: WayfindingState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> WayfindingState:
        """Moves the agent; one that reaches the goal is put into another room."""
        rooms = self._rooms
        row, column = walk(rooms.scene(state.plan), state.row, state.column, action, FOUR_MOVES)
        found = touching(row, column, *rooms.square(state.goal))
        (other,) = uniform_digits(key, [rooms.squares - FLOOR])
        start = rooms.square(rooms.elsewhere(state.goal // FLOOR, other))
        moved = replace(
            state,
            step=state.step + 1,
            row=jnp.where(found, start[0], row),
            column=jnp.where(found, start[1], column),
            goals=jnp.where(found, state.goals + 1, state.goals),
            taken=jnp.where(state.found, 0, state.taken) + 1,
            found=found,
        )
        return replace(moved, seen=state.seen | found | self._sees(moved))

    def is_last(self, state: WayfindingState) -> Bool[Array, ""]:
        """Time is up."""
        return state.step == self.length - 1

    def observe(self, state: WayfindingState) -> TimeStep:
        """The view around the agent, and whether the last move reached the goal."""
        last = self.is_last(state)
        return TimeStep(
            observation=look(self.view, self._scene(state), state.row, state.column, SIGHT),
            reward=state.found.astype(jnp.float32),
            discount=1 - last.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={
                "goals": state.goals,
                "since_spawn": jnp.where(state.found, 0, state.taken),
                "found": state.found,
                "sub_episode": jnp.where(state.found, state.goals - 1, state.goals),
                "taken": state.taken,
                "goal": state.goal[None] // FLOOR,
                "known": state.seen[None],
            },
            effective=~last,
        )

    @property
    def _rooms(self) -> Rooms:
        return Rooms.of(self.rooms)

    def _scene(self, state: WayfindingState) -> Patches:
        row, column = self._rooms.square(state.goal)
        goal = patches(row, column, kind=OBJECT, shape=GOAL_SHAPE)
        return join(self._rooms.scene(state.plan), goal, agent(state.row, state.column))

    def _sees(self, state: WayfindingState) -> Bool[Array, ""]:
        return in_view(state.row, state.column, *self._rooms.square(state.goal), SIGHT)
