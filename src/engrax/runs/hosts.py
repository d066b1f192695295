"""Several processes that train one run together, on one machine or many.

All make the same updates, each in its share of the streams. The first of them reports and saves.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from inspect import signature
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from engrax.errors import RunFailedError, UserError
from engrax.runs.addresses import host_and_port
from engrax.runs.backend import one_line
from engrax.runs.collectives import listen_where_others_reach
from engrax.runs.devices import asked_for, cores

T = TypeVar("T")

AUTO = "auto"
SECONDS_TO_MEET = 300
SECONDS_TO_MISS = 30
"""After which a process that gives no sign of life counts as dead; all others are ended then."""


@dataclass(frozen=True)
class Hosts:
    """Where processes meet.

    Attributes:
        coordinator: HOST:PORT, at which the first process listens; or "auto", which asks SLURM,
            Open MPI, or whatever else JAX knows.
        count: of processes; None with "auto".
        index: of this one, from 0; None with "auto".
    """

    coordinator: str
    count: int | None = None
    index: int | None = None


def check_hosts(hosts: Hosts) -> None:
    """Raises UserError unless it says where to meet, and who this process is."""
    if hosts.coordinator == AUTO:
        if hosts.count is not None or hosts.index is not None:
            raise UserError("--coordinator auto finds out --hosts and --host: leave them out")
        return
    host_and_port("--coordinator", hosts.coordinator)
    if hosts.count is None or hosts.index is None:
        raise UserError("--coordinator HOST:PORT needs --hosts N and --host I, from 0 to N - 1")
    if not 0 <= hosts.index < hosts.count:
        raise UserError(f"--host is {hosts.index}, expected 0 to {hosts.count - 1}")


def join(hosts: Hosts) -> None:
    """Meets the other processes. Must come before JAX starts.

    Raises:
        UserError: they do not come, or there is nothing to find out by "auto".
    """
    check_hosts(hosts)
    jax.config.update("jax_num_cpu_devices", asked_for() or cores())
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    address = None if hosts.coordinator == AUTO else hosts.coordinator
    initialize: Any = jax.distributed.initialize
    times = {"initialization_timeout": SECONDS_TO_MEET}
    if "heartbeat_timeout_seconds" in signature(initialize).parameters:  # not in JAX 0.5
        times["heartbeat_timeout_seconds"] = SECONDS_TO_MISS
    try:
        initialize(address, hosts.count, hosts.index, **times)
        listen_where_others_reach(SECONDS_TO_MEET)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(f"the processes of --coordinator cannot meet: {one_line(error)}") from error


def several() -> bool:
    """Whether other processes train this run, too."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_first() -> bool:
    """Whether this process reports and saves."""
    return not several() or jax.process_index() == 0


def any_of_them(flag: bool) -> bool:
    """Whether a flag is set in any process. All must ask."""
    if not several():
        return flag
    return bool(multihost_utils.process_allgather(np.asarray(flag)).any())


def only_first(context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
    """A context that only the first process enters."""
    return context if is_first() else nullcontext()


@contextmanager
def all_alive(go_on: str) -> Iterator[None]:
    """Around what all processes do together: raises RunFailedError where one of them is gone.

    Args:
        go_on: what all of them are to do then.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not several():
            raise
        raise RunFailedError(
            f"another process of this run is gone or out of reach ({one_line(error)}); {go_on}"
        ) from error


@contextmanager
def all_or_none(what: str) -> Iterator[None]:
    """Around what the first process does alone: if it fails there, the others fail, too."""
    error: Exception | None = None
    try:
        yield
    except Exception as raised:
        error = raised
    with all_alive("start all of them again, with the same command"):
        failed = any_of_them(error is not None)
    if error is not None:
        raise error
    if failed:
        raise UserError(f"the first process cannot {what}: it says why")
