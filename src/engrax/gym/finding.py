"""Environments by their ids, and by the names of functions that make them."""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gymnasium
from gymnasium import Env, error
from gymnasium.vector import VectorEnv

from engrax.errors import ConfigError, suggest
from engrax.gym.masking import with_mask

SUITES = {"MiniGrid-": "minigrid", "BabyAI-": "minigrid", "popgym-": "popgym"}
"""Beginnings of ids, and the packages that register them when they are imported."""


def maker_of_id(name: str, kwargs: dict[str, Any]) -> Callable[[], Env[Any, Any]]:
    """A function that makes the environment of an id.

    Args:
        name: an id such as "CartPole-v1"; "module:Id-v0" imports a module first, and
            "module:function" is a function of a module.
        kwargs: the environment's keyword arguments.

    Raises:
        ConfigError: there is no such id; the message names near ones. The function raises it where
            the environment cannot be made.
    """
    find(name)
    function = function_named(name)

    def make() -> Env[Any, Any]:
        with _refusing(name, kwargs):
            if function is not None:
                return checked(function(**kwargs), function)
            return with_mask(gymnasium.make(name, disable_env_checker=True, **kwargs))

    return make


@contextmanager
def _refusing(name: object, kwargs: Mapping[str, Any]) -> Iterator[None]:
    """Says in one line that an environment cannot be made with such arguments."""
    try:
        yield
    except ConfigError:
        raise
    except (TypeError, ValueError, error.Error, ImportError) as problem:
        reason = _line(problem)
        raise ConfigError(f"{name} with {dict(kwargs)} cannot be made: {reason}") from problem


def vector_maker(
    source: object, kwargs: dict[str, Any]
) -> Callable[[int], VectorEnv[Any, Any, Any]] | None:
    """A function that makes a vector environment of so many streams; None for other sources.

    Args:
        source: a function with a parameter `num_envs`, or the name of one.
        kwargs: its other arguments.

    Raises:
        ConfigError: a name cannot be found. The function raises it where no vector environment of
            so many streams is made.
    """
    name = source
    if isinstance(source, str):
        find(source)
        source = function_named(source)
    if not callable(source) or isinstance(source, Env | VectorEnv) or not _takes_num_envs(source):
        return None

    def make(streams: int) -> VectorEnv[Any, Any, Any]:
        with _refusing(name, kwargs):
            envs = source(num_envs=streams, **kwargs)
        if not isinstance(envs, VectorEnv):
            raise ConfigError(
                f"{name} has a parameter num_envs, but made {type(envs).__name__}, expected a "
                "gymnasium.vector.VectorEnv"
            )
        return envs

    return make


def _takes_num_envs(function: Callable[..., Any]) -> bool:
    try:
        return "num_envs" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def function_named(name: str) -> Callable[..., Any] | None:
    """What can be called under "module:name", where the module is imported; otherwise None."""
    module, _, plain = name.rpartition(":")
    found = getattr(sys.modules.get(module), plain, None) if module else None
    return found if callable(found) else None


def name_of(function: Callable[..., Any]) -> str:
    """The name "module:function" under which a function is found again.

    Raises:
        ConfigError: it is found under none, as a lambda or a function inside of another.
    """
    plain = getattr(function, "__qualname__", type(function).__qualname__)
    name = f"{getattr(function, '__module__', '')}:{plain}"
    if function_named(name) is function:
        return name
    raise ConfigError(
        f"{function!r} cannot be found again by its name, as resuming a run must: put it at the "
        "top of a module, or register the environment (gymnasium.register) and give its id"
    )


def checked(env: Any, source: Any) -> Env[Any, Any]:
    """What a function made, if that is an environment, with its mask of actions in `info`.

    Raises:
        ConfigError: it is not.
    """
    if not isinstance(env, Env):
        raise ConfigError(f"{source} made {type(env).__name__}, expected a gymnasium.Env")
    return with_mask(env)


def package_of(name: str) -> str:
    """The package of a suite that an id belongs to; empty if none is known."""
    plain = name.rpartition(":")[2]
    return next((package for start, package in SUITES.items() if plain.startswith(start)), "")


def find(name: str) -> None:
    """Passes for an id that is registered, after importing the package that registers it, and for
    the name of a function.

    Raises:
        ConfigError: there is no such id; the message names near ones.
    """
    module, _, plain = name.rpartition(":")
    for package in filter(None, (module, package_of(name))):
        _import(package, name)
    if function_named(name) is not None:
        return
    try:
        gymnasium.spec(plain)
    except error.Error as problem:
        otherwise = "is the package that registers it installed?"
        hint = suggest(plain, gymnasium.registry, otherwise)
        raise ConfigError(
            f"no environment {plain!r} is registered: {hint} module:{plain} imports a module first"
        ) from problem


def _import(package: str, name: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as problem:
        extra = '"engrax[suites]"' if package in SUITES.values() else f"the package of {package}"
        raise ConfigError(
            f"{name} needs {package}, which cannot be imported ({_line(problem)}): pip install "
            f"{extra}"
        ) from problem


def _line(problem: Exception) -> str:
    """A message in one line."""
    return " ".join(str(problem).split())
