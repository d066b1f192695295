"""Makes environments from an id, a function, an environment or a vector environment."""

import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from enum import EnumType
from typing import Any

import gymnasium
from gymnasium import Env, error, spaces
from gymnasium.vector import SyncVectorEnv, VectorEnv

from engrax.errors import ConfigError
from engrax.gym.drivers import AbstractDriver, MaskedDriver, NextStepDriver, PlainDriver
from engrax.gym.host import HostEnvironments
from engrax.gym.observations import ObservationOptions, follow, leaves_of
from engrax.gym.spaces import Translator, translator_of
from engrax.gym.words import NO_WORDS, Words, is_text, listed_words, words_in

Maker = Callable[[], Env[Any, Any]]
"""Makes one environment."""

SUITES = {"MiniGrid-": "minigrid", "BabyAI-": "minigrid", "popgym-": "popgym"}
"""Beginnings of ids, and the packages that register them when they are imported."""
SYMBOL_SIZES = {"minigrid": (11, 6, 4)}
"""Packages whose grids say nothing about their values, and how many there are: kinds of object, colours, states."""
READING_STEPS = 1000
"""Random steps that the words of texts are collected from."""


def host(
    source: object,
    streams: int,
    kwargs: Mapping[str, Any] | None = None,
    options: ObservationOptions | None = None,
) -> HostEnvironments:
    """Environments side by side.

    Args:
        source: an id such as "CartPole-v1" or "module:Id-v0"; a function that makes an environment; an environment,
            whose like are made for further streams; or a vector environment, which has as many streams as it has.
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
    return _plain(envs, with_words(envs[0], make, options), description(envs[0], source, kwargs))


def maker_of(source: object, kwargs: dict[str, Any]) -> Maker:
    """A function that makes one environment.

    Raises:
        ConfigError: for something that none can be made from.
    """
    if isinstance(source, str):
        return _from_id(source, kwargs)
    if isinstance(source, Env):
        return _likes(source)
    if not callable(source):
        raise ConfigError(
            f"environment is {source!r}, expected a Gymnasium id, a function that makes an environment, an environment "
            "or a vector environment"
        )
    return lambda: _checked(source(**kwargs), source)


def _checked(env: Any, source: Any) -> Env[Any, Any]:
    if not isinstance(env, Env):
        raise ConfigError(f"{source} made {type(env).__name__}, expected a gymnasium.Env")
    return env


def _likes(env: Env[Any, Any]) -> Maker:
    """Gives the environment itself first, then others made by its spec."""
    made = iter([env])

    def make() -> Env[Any, Any]:
        if (first := next(made, None)) is not None:
            return first
        if env.spec is None:
            raise ConfigError(
                f"{env} cannot be made again for further streams: give its id or a function that makes one, or set "
                "streams to 1"
            )
        return gymnasium.make(env.spec)

    return make


def _from_id(name: str, kwargs: dict[str, Any]) -> Maker:
    find(name)

    def make() -> Env[Any, Any]:
        try:
            return gymnasium.make(name, disable_env_checker=True, **kwargs)
        except (TypeError, ValueError, error.Error, ImportError) as problem:
            raise ConfigError(f"{name} with {kwargs} cannot be made: {_line(problem)}") from problem

    return make


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())


def find(name: str) -> None:
    """Sees to it that an id is registered, importing the package that registers it where it is known.

    Raises:
        ConfigError: no such id; the message names near ones.
    """
    module, _, plain = name.rpartition(":")
    suite = next((package for start, package in SUITES.items() if plain.startswith(start)), None)
    for package in filter(None, (module, suite)):
        _import(package, name)
    try:
        gymnasium.spec(plain)
    except error.Error as problem:
        near = get_close_matches(plain, list(gymnasium.registry), n=3)
        hint = (
            f"did you mean {', '.join(near)}"
            if near
            else "is the package that registers it installed"
        )
        raise ConfigError(
            f"no environment {plain!r} is registered: {hint}? module:{plain} imports a module first"
        ) from problem


def _import(package: str, name: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as problem:
        extra = ' "engrax[suites]"' if package in SUITES.values() else f" the package of {package}"
        raise ConfigError(
            f"{name} needs {package}, which cannot be imported ({_line(problem)}): pip install{extra}"
        ) from problem


def with_words(env: Env[Any, Any], make: Maker, options: ObservationOptions) -> ObservationOptions:
    """Options with the words of texts and the sizes of symbols that the environment's package is known for."""
    package = type(env.unwrapped).__module__.partition(".")[0]
    sizes = options.symbol_sizes or SYMBOL_SIZES.get(package, ())
    options = replace(options, symbol_sizes=sizes)
    texts = [(path, space) for path, space in leaves_of(env.observation_space) if is_text(space)]
    if not texts or options.words:
        return options
    found = NO_WORDS
    for _, space in texts:
        found = found.joined(listed_words(space))
    found = found.joined(collected_words(make(), [path for path, _ in texts]))
    return replace(options, words=found.words, text_length=options.text_length or found.length)


def collected_words(env: Env[Any, Any], paths: list[tuple[str | int, ...]]) -> Words:
    """The words that an environment says under random play, always the same; the environment is closed."""
    texts: set[str] = set()
    env.action_space.seed(0)
    over, count = True, 0
    for step in range(READING_STEPS):
        if over or step % 10 == 0:
            observation, _ = env.reset(seed=count)
            over, count = False, count + 1
        else:
            observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
        texts.update(follow(observation, path) for path in paths)
    env.close()
    return words_in(texts)


def action_names(env: Env[Any, Any]) -> tuple[str, ...]:
    """What the environment calls its actions: MiniGrid's and Atari's do; empty where it says nothing."""
    plain = env.unwrapped
    if not isinstance(env.action_space, spaces.Discrete):
        return ()
    named = getattr(plain, "actions", None)
    if isinstance(named, EnumType):
        names = tuple(str(action.name) for action in named)  # pyright: ignore
    else:
        names = tuple(getattr(plain, "get_action_meanings", tuple)())
    return names if len(names) == env.action_space.n else ()


def description(
    env: Env[Any, Any], source: object, kwargs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What an environment is, as JSON can hold it: its id, its keyword arguments and the versions behind it."""
    name = (
        source
        if isinstance(source, str)
        else getattr(env.spec, "id", type(env.unwrapped).__qualname__)
    )
    packages = ["gymnasium", type(env.unwrapped).__module__.partition(".")[0]]
    return {"id": name, "kwargs": dict(kwargs or {}), "versions": _versions(packages)}


def _versions(packages: list[str]) -> dict[str, str]:
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _plain(
    envs: list[Env[Any, Any]], options: ObservationOptions, spec: dict[str, Any]
) -> HostEnvironments:
    first = envs[0]
    translator = translator_of(
        first.observation_space, first.action_space, options, action_names(first)
    )
    return HostEnvironments(PlainDriver(envs, translator), translator, spec)


def _given(
    envs: VectorEnv[Any, Any, Any], streams: int, options: ObservationOptions
) -> HostEnvironments:
    if envs.num_envs != streams:
        raise ConfigError(
            f"streams is {streams}, but the vector environment has {envs.num_envs}: set as many"
        )
    if type(envs) is SyncVectorEnv:
        make = envs.env_fns[0]
        return _plain(list(envs.envs), with_words(envs.envs[0], make, options), _vector_spec(envs))
    if not options.words and any(is_text(s) for _, s in leaves_of(envs.single_observation_space)):
        raise ConfigError(
            "a given vector environment shows texts, but words are not given: give their words"
        )
    translator = translator_of(envs.single_observation_space, envs.single_action_space, options)
    return HostEnvironments(_driver(envs, translator), translator, _vector_spec(envs))


def _vector_spec(envs: VectorEnv[Any, Any, Any]) -> dict[str, Any]:
    name = getattr(envs.spec, "id", type(envs.unwrapped).__qualname__)
    return {"id": name, "kwargs": {}, "versions": _versions(["gymnasium"])}


def _driver(envs: VectorEnv[Any, Any, Any], translator: Translator) -> AbstractDriver:
    mode = envs.metadata.get("autoreset_mode")
    match getattr(mode, "value", mode):
        case "NextStep":
            return NextStepDriver(envs, translator)
        case "SameStep":
            return MaskedDriver(envs, translator, resets=True)
        case "Disabled":
            return MaskedDriver(envs, translator, resets=False)
    raise ConfigError(
        f"the vector environment's metadata has autoreset_mode {mode!r}, expected a gymnasium.vector.AutoresetMode: set "
        "metadata['autoreset_mode'] to the one that it follows, such as AutoresetMode.NEXT_STEP"
    )
