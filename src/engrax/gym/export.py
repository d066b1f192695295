"""Any task of engrax's as a Gymnasium environment, one episode at a time."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, SupportsFloat

import gymnasium
import jax
import numpy as np
from jaxtyping import Array

from engrax.envs import TASKS, AbstractEnvironment, Mixture
from engrax.errors import UserError
from engrax.gym.checks import RENDERS_ARRAYS, check_render_mode, checked_action, no_episode
from engrax.gym.forking import check_fork
from engrax.gym.spaces import action_space, observation_space
from engrax.types import ImageSpec, Interface, TimeStep

Observation = dict[str, np.ndarray]
Info = dict[str, Any]


class Turn(NamedTuple):
    """Where an episode is.

    Attributes:
        state: the task's.
        step: what it shows.
        seed: what the episode's randomness comes from.
        number: of the step, from 0.
    """

    state: Any
    step: TimeStep
    seed: np.uint32
    number: int


class Programs(NamedTuple):
    """A task's compiled functions.

    Attributes:
        open: from a seed to an episode's state and step.
        follow: likewise, after an episode that ended in a state.
        advance: from a state, an action, the episode's seed and the step's number to the next.
        picture: of an observation.
    """

    open: Callable[..., tuple[Any, TimeStep]]
    follow: Callable[..., tuple[Any, TimeStep]]
    advance: Callable[..., tuple[Any, TimeStep]]
    picture: Callable[..., Array]


class ExportedTask(gymnasium.Env[Any, Any]):
    """A task for Gymnasium. Its rules and pictures are the task's own, run by the same code.

    `reset(seed=s)` opens the same episode each time, and every later `reset()` the next one.
    Observations are dicts by part. `info` is the task's, and `effective`: whether the action given
    now has an effect. A true end is `terminated`, a time limit `truncated`.

    JAX starts at the first `reset`, not when the environment is made: processes may be forked
    before it.
    """

    metadata = RENDERS_ARRAYS

    def __init__(self, task: AbstractEnvironment[Any], render_mode: str | None = None):
        """Args: `task`, and `render_mode`: None, or "rgb_array" where the task has pictures.

        Raises:
            UserError: for another render mode.
        """
        name = type(task).__name__
        check_render_mode(render_mode, name)
        if not _has_pictures(task):
            if render_mode is not None:
                raise UserError(
                    f"render_mode is {render_mode!r}, but {name} has no pictures: pass None"
                )
            self.metadata = {"render_modes": []}
        self.task, self.render_mode = task, render_mode
        self.observation_space = observation_space(task.interface.observations)
        self.action_space = action_space(task.interface.actions)
        self._interface = task.interface
        self._turn: Turn | None = None
        self._programs: Programs | None = None

    def __getstate__(self) -> dict[str, Any]:
        """All but the compiled functions, so that an environment can be sent to another process."""
        return {**self.__dict__, "_programs": None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Opens an episode: this seed's first, or without a seed the next."""
        super().reset(seed=seed, options=options)
        drawn, before = self.np_random.integers(2**32, dtype=np.uint32), self._turn
        programs = self._compiled()
        if seed is None and before is not None and bool(before.step.last):
            state, step = programs.follow(before.state, drawn)
        else:
            state, step = programs.open(drawn)
        self._turn = Turn(state, step, drawn, 0)
        return self._seen(step)

    def step(self, action: Any) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Takes an action.

        Raises:
            gymnasium.error.ResetNeeded: no episode is under way.
            UserError: there is no such action.
        """
        turn = self._turn
        if turn is None or bool(turn.step.last):
            raise gymnasium.error.ResetNeeded(no_episode(type(self.task).__name__))
        taken = checked_action(action, self._interface)
        number = turn.number + 1
        state, step = self._compiled().advance(turn.state, taken, turn.seed, np.uint32(number))
        self._turn = Turn(state, step, turn.seed, number)
        terminated = bool(step.discount == 0)
        observation, info = self._seen(step)
        return observation, float(step.reward), terminated, bool(step.last) and not terminated, info

    def render(self) -> np.ndarray | None:
        """What is seen, uint8 `[h, w, 3]`, if it is asked for and there is an episode."""
        if self.render_mode is None or self._turn is None:
            return None
        return np.array(self._compiled().picture(self._turn.step.observation))

    def _compiled(self) -> Programs:
        """The task's functions. They are made at the first reset: JAX must not start before."""
        if self._programs is None:
            check_fork()
            self._programs = programs_of(self.task)
        return self._programs

    def _seen(self, step: TimeStep) -> tuple[Observation, Info]:
        """Copies, which are the caller's own."""
        observation = {name: np.array(value) for name, value in step.observation.items()}
        info = {name: np.array(value)[()] for name, value in step.info.items()}
        return observation, {**info, "effective": bool(step.effective)}


def exported(task: str, render_mode: str | None = None, **settings: Any) -> ExportedTask:
    """A task by its name.

    Args:
        task: a name in `engrax.envs.TASKS`.
        render_mode: None or "rgb_array".
        **settings: the task's.
    """
    return ExportedTask(TASKS[task](**settings), render_mode)


def programs_of(task: AbstractEnvironment[Any]) -> Programs:
    """The compiled functions of a task, shared by all its environments so that each compiles once.

    A task that holds arrays cannot be looked up, and is compiled for each environment.
    """
    try:
        return _shared_programs(task)
    except TypeError:
        return _programs(task)


def _programs(task: AbstractEnvironment[Any]) -> Programs:

    def follow(state: Any, seed: Array) -> tuple[Any, TimeStep]:
        state = task.restart(state, jax.random.key(seed))
        return state, task.observe(state)

    def advance(state: Any, action: Array, seed: Array, number: Array) -> tuple[Any, TimeStep]:
        state = task.advance(state, action, jax.random.fold_in(jax.random.key(seed), number))
        return state, task.observe(state)

    def picture(observation: Any) -> Array:
        drawn = task.picture(observation)
        return observation[_image_part(task.interface)] if drawn is None else drawn

    open_ = jax.jit(lambda seed: task.reset(jax.random.key(seed)))
    return Programs(open_, jax.jit(follow), jax.jit(advance), jax.jit(picture))


_shared_programs = lru_cache(maxsize=None)(_programs)


def _has_pictures(task: AbstractEnvironment[Any]) -> bool:
    if isinstance(task, Mixture):
        return _has_pictures(task.levels[0])
    draws = type(task).picture is not AbstractEnvironment.picture
    return draws or _image_part(task.interface) is not None


def _image_part(interface: Interface) -> str | None:
    parts = interface.observations.items()
    return next((name for name, spec in parts if isinstance(spec, ImageSpec)), None)
