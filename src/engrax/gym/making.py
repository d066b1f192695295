"""Makes streams from an id, a function, an environment or a vector environment."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import EnumType
from itertools import islice
from typing import Any

import gymnasium
from gymnasium import Env, spaces
from gymnasium.vector import SyncVectorEnv, VectorEnv

from engrax.errors import ConfigError
from engrax.gym.choosing import BY_TIMING, IN_THIS_PROCESS, Workers, recipe_of, settled, shares_of
from engrax.gym.collecting import completed
from engrax.gym.drivers import PlainDriver
from engrax.gym.finding import checked, maker_of_id, vector_maker
from engrax.gym.host import HostEnvironments
from engrax.gym.infos import kept_names, separate
from engrax.gym.masking import MASK, with_mask
from engrax.gym.paths import leaves_of
from engrax.gym.readings import ObservationOptions
from engrax.gym.spaces import Translator, translator_of
from engrax.gym.vectors import driver_of
from engrax.gym.words import is_text
from engrax.gym.workers import started

Maker = Callable[[], Env[Any, Any]]
"""Makes one environment."""


def host_environments(
    source: object,
    streams: int,
    kwargs: Mapping[str, Any] | None = None,
    options: ObservationOptions | None = None,
    workers: Workers = IN_THIS_PROCESS,
) -> HostEnvironments:
    """Environments side by side.

    Args:
        source: an id such as "CartPole-v1" or "module:Id-v0"; a function that makes an environment,
            or with a parameter `num_envs` a vector environment; the name of one; an environment,
            and others are made by its spec; or a vector environment of as many streams.
        streams: how many.
        kwargs: keyword arguments of the id or the function.
        options: how observations are read. Words that texts need are collected if none are given.
        workers: the processes that step them; a given vector environment has its own.

    Raises:
        ConfigError: the environment cannot be made, also not by worker processes that are asked
            for, or its spaces cannot be read.
    """
    if streams < 1:
        raise ConfigError(f"streams is {streams}, expected at least 1")
    if streams % workers.groups:
        raise ConfigError(f"groups is {workers.groups}, expected what divides {streams} streams")
    options = options or ObservationOptions()
    kwargs = dict(kwargs or {})
    make_vector = vector_maker(source, kwargs)
    if make_vector is not None or isinstance(source, VectorEnv):
        _check_own_processes(workers)
    given = source if make_vector is None else make_vector(streams)
    if isinstance(given, VectorEnv):
        return _given(given, streams, options)
    make, recipe = maker_of(source, kwargs), recipe_of(source, kwargs)
    first = make()
    options = completed(first, make, options)
    workers, note = settled(workers, first, recipe, streams)
    if not workers.count:
        return _plain([first, *(make() for _ in range(streams - 1))], options, workers, note)
    if recipe is None:
        raise ConfigError(
            f"workers is {workers.count}, but {source} cannot be made in another process: give an "
            "id, or a function at the top of a module, or set workers to 0"
        )
    translator, space = _translator_of(first, options), first.observation_space
    first.close()
    groups = started(recipe, space, shares_of(streams, workers), translator, workers.timeout)
    return HostEnvironments(groups, translator, note)


def workers_by_timing(source: object, streams: int, kwargs: Mapping[str, Any]) -> int:
    """How many worker processes step so many streams of a source where timing decides it.

    Raises:
        ConfigError: the environment cannot be made.
    """
    if vector_maker(source, dict(kwargs)) is not None:
        return 0
    env = maker_of(source, dict(kwargs))()
    count = settled(BY_TIMING, env, recipe_of(source, kwargs), streams)[0].count
    env.close()
    return count or 0


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
            return with_mask(first)
        if env.spec is None:
            raise ConfigError(
                f"{env} cannot be made again for further streams: give its id or a function that "
                "makes one, or set streams to 1"
            )
        return with_mask(gymnasium.make(env.spec))

    return make


def _translator_of(env: Env[Any, Any], options: ObservationOptions) -> Translator:
    return translator_of(env.observation_space, env.action_space, options, action_names(env))


def _plain(
    envs: list[Env[Any, Any]],
    options: ObservationOptions,
    workers: Workers = IN_THIS_PROCESS,
    note: tuple[str, ...] = (),
) -> HostEnvironments:
    """Environments that this process steps."""
    translator, rest = _translator_of(envs[0], options), iter(envs)
    groups = [
        [PlainDriver(list(islice(rest, streams)), translator) for streams in group]
        for group in shares_of(len(envs), workers)
    ]
    return HostEnvironments(groups, translator, note)


def _check_own_processes(workers: Workers) -> None:
    if workers.count or workers.groups > 1:
        raise ConfigError(
            f"workers is {workers.count} and groups is {workers.groups}, but a vector environment "
            "has its own processes: set workers to 0 and groups to 1"
        )


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
    infos = separate(envs.reset(seed=0)[1], streams, kept_names(options.answers, mask=True))
    if options.answers is not None:
        options = replace(options, answers=options.answers.sized(infos[0]))
    options = replace(options, mask=options.mask or MASK in infos[0])
    translator = translator_of(space, envs.single_action_space, options)
    return HostEnvironments([[driver_of(envs, translator)]], translator)


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
