"""A test task with known values: see a cue, wait, and name it."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import one_of
from engrax.types import Discrete, Interface, TimeStep, VectorSpec

Cues = Literal["independent", "contradictory", "late"]


class RecallState(NamedTuple):
    """An episode of `Recall`.

    Attributes:
        time: 0 at the cue, `delay + 1` at the query, `delay + 2` at the last step.
        cue: what is shown at the first step.
        answer: the action that is right at the query.
        distractor: what is shown now, between cue and query.
        success: whether the action at the query was right; false before it.
    """

    time: Int[Array, ""]
    cue: Int[Array, ""]
    answer: Int[Array, ""]
    distractor: Int[Array, ""]
    success: Bool[Array, ""]


class Recall(AbstractEnvironment[RecallState]):
    """Names a cue shown `delay` empty steps before the query; its values are known for every kind
    of memory.

    An episode has `delay + 3` steps. The first shows one of `num_cues` cues; `delay` steps show
    nothing, or with `distractors` a random item each that is not marked as a cue; one step shows
    the query. The action taken there is rewarded 1 if it is the answer and 0 if not, with the last
    step, which has discount 0 and shows nothing. All other actions have no effect.

    Observations: `vector`, `[2 + num_cues]`: 1 at the cue, 1 at the query, and the cue or
    distractor one-hot. Actions: one a cue.

    How one episode's cue and answer follow from the episode before:

    * `independent`: they do not. The answer is the cue, and cues are uniform.
    * `contradictory`: the answer is the cue, and the cue is never that of the episode before.
    * `late`: the answer is the cue of the episode *before*, uniform and nowhere to be seen in its
      own. No player can beat chance unless something passes from one episode to the next: a learner
      that does has a leak.

    Values: the mean reward of an episode, from the second episode on, for a player who names at the
    query this episode's cue (`perfect`), anything, blind (`chance`), or the cue before (`leaking`).

    ===============  ============  ============  ============
    cues             perfect       chance        leaking
    ===============  ============  ============  ============
    `independent`    1             1 / num_cues  1 / num_cues
    `contradictory`  1             1 / num_cues  0
    `late`           1 / num_cues  1 / num_cues  1
    ===============  ============  ============  ============

    Info: `success`, at the last step, whether the answer was right. Actions are `effective` at the
    query only.
    """

    delay: int = eqx.field(static=True, default=8)
    """Steps between the cue and the query, at least 0."""
    num_cues: int = eqx.field(static=True, default=4)
    """Cues to tell apart, at least 2; chance is 1 in so many."""
    distractors: bool = eqx.field(static=True, default=False)
    """Whether the steps between show other items."""
    cues: Cues = eqx.field(static=True, default="independent", converter=one_of(Cues, "cues"))
    """How an episode's cue and answer follow from the episode before: `independent` of it, or two
    tests for leaks.
    """

    def __check_init__(self):
        if self.delay < 0:
            raise ValueError(
                f"delay is {self.delay}, expected at least 0: the empty steps between cue and "
                "query."
            )
        if self.num_cues < 2:
            raise ValueError(
                f"num_cues is {self.num_cues}, expected at least 2: with one there is nothing to "
                "recall."
            )

    @property
    def interface(self) -> Interface:
        """A vector (marked as cue, marked as query, and one entry a cue), and one action a cue."""
        return Interface(
            {"vector": VectorSpec(2 + self.num_cues)}, Discrete(self.num_cues), chance=self.chance
        )

    @property
    def chance(self) -> float:
        """The value of a player without memory."""
        return 1 / self.num_cues

    @property
    def perfect(self) -> float:
        """The value of naming this episode's cue: the maximum without a leak."""
        return 1 / self.num_cues if self.cues == "late" else 1.0

    @property
    def leaking(self) -> float:
        """The value of naming the cue of the episode before."""
        return {"independent": 1 / self.num_cues, "contradictory": 0.0, "late": 1.0}[self.cues]

    def draw(self, key: Key[Array, ""]) -> RecallState:
        """An episode without a previous one."""
        cue, answer = _choices(key, 2, self.num_cues)
        return self._open(cue, answer if self.cues == "late" else cue)

    def advance(
        self, state: RecallState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> RecallState:
        """The next step; the action counts at the query only."""
        success = (state.time == self.delay + 1) & (action == state.answer)
        state = state._replace(time=state.time + 1, success=success)
        return (
            state._replace(distractor=_choices(key, 1, self.num_cues)[0])
            if self.distractors
            else state
        )

    def is_last(self, state: RecallState) -> Bool[Array, ""]:
        """The step after the query."""
        return state.time == self.delay + 2

    def observe(self, state: RecallState) -> TimeStep:
        """Shows the cue, a distractor, the query or nothing."""
        last = self.is_last(state)
        return TimeStep(
            observation={"vector": self._picture(state)},
            reward=state.success.astype(jnp.float32),
            discount=(~last).astype(jnp.float32),
            first=state.time == 0,
            last=last,
            info={"success": state.success},
            effective=state.time == self.delay + 1,
        )

    def restart(self, state: RecallState, key: Key[Array, ""]) -> RecallState:
        """The episode that follows on another."""
        fresh = self.draw(key)
        if self.cues == "late":
            return fresh._replace(answer=state.cue)
        if self.cues == "contradictory":
            other = (state.cue + 1 + _choices(key, 1, self.num_cues - 1)[0]) % self.num_cues
            return self._open(other, other)
        return fresh

    def _open(self, cue: Int[Array, ""], answer: Int[Array, ""]) -> RecallState:
        return RecallState(
            jnp.zeros((), jnp.int32), cue, answer, jnp.zeros((), jnp.int32), jnp.zeros((), bool)
        )

    def _picture(self, state: RecallState) -> Float[Array, " size"]:
        at_cue, at_query = state.time == 0, state.time == self.delay + 1
        waiting = (state.time > 0) & (state.time <= self.delay) & self.distractors
        shown = jnp.where(at_cue, state.cue, state.distractor)
        item = jax.nn.one_hot(shown, self.num_cues, dtype=jnp.float32)
        marks = jnp.stack([at_cue, at_query]).astype(jnp.float32)
        return jnp.concatenate([marks, item * (at_cue | waiting).astype(jnp.float32)])


def _choices(key: Key[Array, ""], count: int, options: int) -> Int[Array, " count"]:
    """Uniform integers 0..options-1 (to one part in 2^32 / options), in a third of the time of
    `randint`.
    """
    return (jax.random.bits(key, (count,), jnp.uint32) % jnp.uint32(options)).astype(jnp.int32)
