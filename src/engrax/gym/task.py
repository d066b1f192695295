"""Gymnasium environments as a task of an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import numpy as np
from gymnasium.vector import VectorEnv

from engrax.envs.choices import json_object
from engrax.errors import ConfigError
from engrax.gym.choosing import IN_THIS_PROCESS, Workers
from engrax.gym.collecting import (
    GRID_SIZES,
    completed,
    states_success,
    vector_states_success,
)
from engrax.gym.finding import maker_of_id, package_of, vector_maker
from engrax.gym.host import AbstractHostTask, HostEnvironments
from engrax.gym.infos import Answers, blank
from engrax.gym.making import host_environments, workers_by_timing
from engrax.gym.readings import ImageAs, ObservationOptions
from engrax.gym.spaces import Translator, translator_of
from engrax.types import Interface


@dataclass(frozen=True)
class GymnasiumTask(AbstractHostTask):
    """An environment of Gymnasium's, by its id."""

    id: str
    """Its id, such as CartPole-v1; module:Id-v0 imports a module first, and module:function is a
    function that makes one, or with a parameter num_envs a vector environment."""
    kwargs: str = "{}"
    """Its keyword arguments, as a JSON object."""
    image_as: ImageAs = "auto"
    """What a Box of uint8 of rank 2 or 3 is: pixels, symbols (a grid of categories), or auto:
    symbols where no edge is longer than 16 or there are fewer than 64 values."""
    symbol_sizes: tuple[int, ...] = ()
    """Values of each feature of a grid of categories; none: the Box's largest + 1, and for
    MiniGrid 11, 6, 4."""
    words: tuple[str, ...] = ()
    """Words that texts are read by; none: those that the space lists and that random play shows."""
    text_length: int = 0
    """Words of a text, longer ones are cut; 0: those of the longest that was found."""
    states_success: bool = False
    """Whether `info` says, as `success` or `is_success`, if an episode succeeds."""
    question: str = ""
    """What `engrax probe` predicts: an entry of `info` with class numbers from 0."""
    question_known: str = ""
    """The entry of `info` that says which of them the episode has shown; none: all, always."""
    question_classes: int = 2
    """How many classes there are."""

    def __post_init__(self):
        self.arguments()
        if self.question_classes < 2:
            raise ConfigError(f"question_classes is {self.question_classes}, expected at least 2")

    def arguments(self) -> Mapping[str, Any]:
        """The keyword arguments.

        Raises:
            ConfigError: for text that is no JSON object.
        """
        return json_object("kwargs", self.kwargs)

    def options(self) -> ObservationOptions:
        """How observations are read."""
        answers = Answers(self.question, self.question_known, self.question_classes)
        return ObservationOptions(
            image_as=self.image_as,
            symbol_sizes=self.symbol_sizes,
            words=self.words,
            text_length=self.text_length,
            answers=answers if self.question else None,
        )

    def settled(self) -> "GymnasiumTask":
        """This task with all that random play finds out. A run keeps it, so that it stays.

        That is the words of texts, and whether the environment states success.
        """
        arguments = dict(self.arguments())
        if (make_vector := vector_maker(self.id, arguments)) is not None:
            envs = make_vector(1)
            success = self.states_success or vector_states_success(envs)
            envs.close()
            return replace(self, states_success=success)
        make = maker_of_id(self.id, arguments)
        env = make()
        found = completed(env, make, self.options())
        success = self.states_success or states_success(env)
        env.close()
        return replace(
            self, words=found.words, text_length=found.text_length, states_success=success
        )

    @property
    def interface(self) -> Interface:
        """What one sees and does; an environment is made to find out, once for each task.

        Raises:
            ConfigError: there is no such environment, or its spaces cannot be read.
        """
        return self.translator.interface

    @property
    def info(self) -> Mapping[str, np.ndarray]:
        """What time steps keep of the environment's `info`: one stream's, all zero."""
        return {**super().info, **blank(self.translator.answers)}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about how observations are read, one line each."""
        return self.translator.notes

    @property
    def translator(self) -> Translator:
        """Between the environment's spaces and the interface."""
        return _translator(self)

    def translator_for(self, env: Any) -> Translator:
        """The same for the spaces of another environment, plain or of a vector.

        Raises:
            ConfigError: its spaces cannot be read.
        """
        vector = isinstance(env, VectorEnv)
        package = package_of(self.id) if vector else type(env.unwrapped).__module__
        sizes = GRID_SIZES.get(package.partition(".")[0], ())
        options = replace(self.options(), grid_sizes=sizes, answers=None, mask=self.translator.mask)
        if vector:
            return translator_of(env.single_observation_space, env.single_action_space, options)
        return translator_of(env.observation_space, env.action_space, options)

    def workers(self, streams: int) -> int:
        """How many worker processes would step so many streams, by timing; 0: this one."""
        return workers_by_timing(self.id, streams, self.arguments())

    def make(self, streams: int, workers: Workers = IN_THIS_PROCESS) -> HostEnvironments:
        """The environments, one a stream, stepped by processes as the settings say.

        Raises:
            ConfigError: there is no such environment, or its spaces cannot be read.
        """
        return host_environments(self.id, streams, self.arguments(), self.options(), workers)


@lru_cache(maxsize=64)
def _translator(task: GymnasiumTask) -> Translator:
    with jax.ensure_compile_time_eval():  # an interface may be asked for while JAX traces
        environments = task.make(1)
        environments.close()
    return environments.translator
