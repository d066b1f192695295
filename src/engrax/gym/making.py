"""Makes streams from an id, a function, an environment or a vector environment."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import EnumType
from typing import Any

import gymnasium
from gymnasium import Env, spaces
from gymnasium.vector import SyncVectorEnv, VectorEnv

from engrax.errors import ConfigError
from engrax.gym.collecting import completed
from engrax.gym.drivers import PlainDriver
from engrax.gym.finding import checked, maker_of_id
from engrax.gym.host import HostEnvironments
from engrax.gym.infos import separate
from engrax.gym.paths import leaves_of
from engrax.gym.readings import ObservationOptions
from engrax.gym.spaces import translator_of
from engrax.gym.vectors import driver_of
from engrax.gym.words import is_text

Maker = Callable[[], Env[Any, Any]]
"""Makes one environment."""


def host_environments(
    source: object,
    streams: int,
    kwargs: Mapping[str, Any] | None = None,
    options: ObservationOptions | None = None,
) -> HostEnvironments:
    """Environments side by side.

    Args:
        source: an id such as "CartPole-v1" or "module:Id-v0"; a function that makes an environment;
            an environment, and others are made by its spec; or a vector environment of as many
            streams.
        streams: how many.
        kwargs: keyword arguments of the id or the function.
        options: how observations are read. Words that texts need are collected if none are given.

    Raises:
        ConfigError: the environment cannot be made, or its spaces cannot be read.
    """
    if streams < 1:
        raise ConfigError(f"streams is {streams}, expected at least 1")
    options = options or ObservationOptions()
    if isinstance(source, VectorEnv):
        return _given(source, streams, options)
    make = maker_of(source, dict(kwargs or {}))
    envs = [make() for _ in range(streams)]
    return _plain(envs, completed(envs[0], make, options))


def maker_of(source: object, kwargs: dict[str, Any]) -> Maker:
    """A function that makes one environment.

    Raises:
        ConfigError: for something that none can be made from.
    """
    if isinstance(source, str):
        return maker_of_id(source, kwargs)
    if isinstance(source, Env):
        return _likes(source)
    if not callable(source):
        raise ConfigError(
            f"environment is {source!r}, expected a Gymnasium id, a function that makes an "
            "environment, an environment or a vector environment"
        )
    return lambda: checked(source(**kwargs), source)


def _likes(env: Env[Any, Any]) -> Maker:
    """Gives the environment itself first, then others made by its spec."""
    given = iter([env])

    def make() -> Env[Any, Any]:
        if (first := next(given, None)) is not None:
            return first
        if env.spec is None:
            raise ConfigError(
                f"{env} cannot be made again for further streams: give its id or a function that "
                "makes one, or set streams to 1"
            )
        return gymnasium.make(env.spec)

    return make


def _plain(envs: list[Env[Any, Any]], options: ObservationOptions) -> HostEnvironments:
    first = envs[0]
    names = action_names(first)
    translator = translator_of(first.observation_space, first.action_space, options, names)
    return HostEnvironments(PlainDriver(envs, translator), translator)


def _given(
    envs: VectorEnv[Any, Any, Any], streams: int, options: ObservationOptions
) -> HostEnvironments:
    if envs.num_envs != streams:
        raise ConfigError(
            f"streams is {streams}, but the vector environment has {envs.num_envs}: set as many"
        )
    if type(envs) is SyncVectorEnv:
        plain = list(envs.envs)
        return _plain(plain, completed(plain[0], envs.env_fns[0], options))
    space = envs.single_observation_space
    if not options.words and any(is_text(leaf) for _, leaf in leaves_of(space)):
        raise ConfigError(
            "a given vector environment shows texts, but there are no words: give options with "
            "words"
        )
    if options.answers is not None:
        info = separate(envs.reset(seed=0)[1], streams, options.answers)[0]
        options = replace(options, answers=options.answers.sized(info))
    translator = translator_of(space, envs.single_action_space, options)
    return HostEnvironments(driver_of(envs, translator), translator)


def action_names(env: Env[Any, Any]) -> tuple[str, ...]:
    """What an environment calls its actions, where it says so as MiniGrid's and Atari's do."""
    plain = env.unwrapped
    if not isinstance(env.action_space, spaces.Discrete):
        return ()
    named = getattr(plain, "actions", None)
    if isinstance(named, EnumType):
        names = tuple(map(str, named.__members__))
    else:
        names = tuple(getattr(plain, "get_action_meanings", tuple)())
    return names if len(names) == env.action_space.n else ()
