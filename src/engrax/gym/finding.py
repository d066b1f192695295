"""Environments by their ids."""

import importlib
from collections.abc import Callable
from typing import Any

import gymnasium
from gymnasium import Env, error

from engrax.errors import ConfigError, suggest

SUITES = {"MiniGrid-": "minigrid", "BabyAI-": "minigrid", "popgym-": "popgym"}
"""Beginnings of ids, and the packages that register them when they are imported."""


def maker_of_id(name: str, kwargs: dict[str, Any]) -> Callable[[], Env[Any, Any]]:
    """A function that makes the environment of an id.

    Args:
        name: an id such as "CartPole-v1"; "module:Id-v0" imports a module first.
        kwargs: the environment's keyword arguments.

    Raises:
        ConfigError: there is no such id; the message names near ones. The function raises it where
            the environment cannot be made.
    """
    find(name)

    def make() -> Env[Any, Any]:
        try:
            return gymnasium.make(name, disable_env_checker=True, **kwargs)
        except (TypeError, ValueError, error.Error, ImportError) as problem:
            reason = _line(problem)
            raise ConfigError(f"{name} with {kwargs} cannot be made: {reason}") from problem

    return make


def find(name: str) -> None:
    """Passes for an id that is registered, after importing the package that registers it.

    Raises:
        ConfigError: there is no such id; the message names near ones.
    """
    module, _, plain = name.rpartition(":")
    suite = next((package for start, package in SUITES.items() if plain.startswith(start)), None)
    for package in filter(None, (module, suite)):
        _import(package, name)
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
