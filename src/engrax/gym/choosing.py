"""Which processes step environments: this one, or workers; chosen by timing."""

import os
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env, error

from engrax.errors import ConfigError
from engrax.gym.collecting import random_play
from engrax.gym.finding import function_named, name_of
from engrax.gym.serving import Recipe

TIMED_STEPS = 200
"""Steps that an environment is timed over,"""
TIMED_SECONDS = 0.5
"""or so long."""
WORTH_IT = 2e-3
"""Seconds of one step of all streams from which on workers are quicker (measured, see
docs/speed.md)."""


@dataclass(frozen=True)
class Workers:
    """The processes that step environments."""

    count: int | None = 0
    """How many; 0: this process steps them; None: chosen by timing."""
    groups: int = 1
    """Groups of streams, one of which is stepped while an agent acts in another."""
    timeout: float = 60.0
    """Seconds after which a worker that does not answer is started again."""


IN_THIS_PROCESS, BY_TIMING = Workers(), Workers(count=None)


def settled(
    workers: Workers, env: Env[Any, Any], recipe: Recipe | None, streams: int
) -> tuple[Workers, tuple[str, ...]]:
    """Workers with their number decided, and what to say about it, if anything.

    Args:
        workers: as asked for.
        env: one of the environments; it is stepped where timing decides.
        recipe: how a worker makes one; None where it cannot.
        streams: how many environments there are.
    """
    if workers.count is not None:
        return replace(workers, count=min(workers.count, streams)), ()
    processors = len(processors_here())
    if recipe is None or recipe.in_main or min(streams, processors) < 2:
        return replace(workers, count=0), ()
    seconds = seconds_of_a_step(env)
    cost = f"one step of one takes {seconds * 1e6:,.0f} µs"
    if seconds * streams < WORTH_IT:
        return replace(workers, count=0), (f"environments are stepped in this process ({cost})",)
    count = max(min(streams, processors) // workers.groups, 1) * workers.groups
    return replace(workers, count=count), (
        f"environments are stepped by {count} processes ({cost})",
    )


def seconds_of_a_step(env: Env[Any, Any]) -> float:
    """The time of one step of random play, resets included."""
    start, steps = time.perf_counter(), 0
    for _ in random_play(env, TIMED_STEPS, TIMED_STEPS):
        steps += 1
        if time.perf_counter() - start > TIMED_SECONDS:
            break
    return (time.perf_counter() - start) / steps


def recipe_of(source: object, kwargs: Mapping[str, Any]) -> Recipe | None:
    """How another process makes the environments of a source; None where it cannot.

    Args:
        source: an id, a function, or an environment.
        kwargs: keyword arguments of the id or the function.
    """
    try:
        recipe = _recipe(source, kwargs)
        pickle.dumps(recipe)
    except (ConfigError, error.Error, pickle.PicklingError, AttributeError, TypeError):
        return None
    return recipe


def _recipe(source: object, kwargs: Mapping[str, Any]) -> Recipe | None:
    if isinstance(source, Env):
        return None if source.spec is None else Recipe(source.spec, "", {})
    if not isinstance(source, str):
        assert callable(source)
        return Recipe(None, name_of(source), dict(kwargs))
    if function_named(source) is not None:
        return Recipe(None, source, dict(kwargs))
    return Recipe(gymnasium.spec(source.rpartition(":")[2]), "", dict(kwargs))


def processors_here() -> list[int]:
    """The processors that this process may use; all where the system does not say which."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def shares_of(streams: int, workers: Workers) -> list[list[int]]:
    """How many streams each driver has, by group.

    Args:
        streams: of all groups.
        workers: settled.
    """
    per_group = streams // workers.groups
    drivers = min(max((workers.count or 0) // workers.groups, 1), per_group)
    parts = [len(part) for part in np.array_split(np.arange(per_group), drivers)]
    return [parts] * workers.groups
