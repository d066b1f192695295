"""Work on a Ray cluster: of this machine, or of many."""

import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from engrax.errors import ConfigError, UserError, show
from engrax.gym.choosing import processors_here
from engrax.runs.addresses import host_and_port
from engrax.runs.interrupts import interruptible

SECONDS_TO_CONNECT = 5.0
"""How long the address of a cluster may take to answer."""
SECONDS_TO_STOP = 120.0
"""How long tasks may take to save what they have when all is to stop."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_worker_niceness": "0",
}
"""Ray's settings, unless the user has others: nothing is reported to its makers, tasks without
accelerators see none, and they have the priority of a process that the user starts."""
POLL = 1.0
"""Seconds between looks at the tasks."""

T = TypeVar("T")


@dataclass(frozen=True)
class Cluster:
    """Where tasks run, and what each of them may use."""

    address: str | None = None
    """HOST:PORT of a cluster, or "auto" for the one of this machine; None starts a cluster of this
    machine's processors, unless RAY_ADDRESS names another."""
    cpus: int = 1
    """Processors of each task."""
    gpus: float = 0.0
    """Accelerators of each task; a fraction shares one."""
    retries: int = 3
    """How often a task is given to another process after its own has died."""


@dataclass(frozen=True)
class Finished(Generic[T]):
    """A task that has ended.

    Attributes:
        name: as it was submitted.
        result: what it returned; None where its processes died.
        died: how, in one line; empty where it returned.
    """

    name: str
    result: T | None
    died: str = ""


@contextmanager
def connected(address: str | None, cpus: int = 0) -> Iterator[Any]:
    """Connects to a cluster, or starts one, until the end of the block.

    Args:
        address: see `Cluster`.
        cpus: processors that a cluster which is started says it has, if there are fewer here.

    Yields:
        The module `ray`.

    Raises:
        ConfigError: the package ray is not installed.
        UserError: there is no such cluster, or it cannot be started.
    """
    check_installed()
    address = address or os.environ.get("RAY_ADDRESS") or None
    check_reachable(address)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    started: dict[str, Any] = {"address": address}
    if not address:  # without "local", Ray would take a cluster that someone else has started here
        started = {"address": "local", "include_dashboard": False}
        started["num_cpus"] = max(cpus, len(processors_here()))
    try:
        with warnings.catch_warnings():
            # JAX warns of forks; those of Ray turn into its own programs at once.
            warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **started)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        what = f"the Ray cluster {show(address)}" if address else "a Ray cluster of this machine"
        raise UserError(f"{what} cannot be used: {show(' '.join(str(error).split()))}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def run_tasks(
    ray: Any,
    function: Callable[..., T],
    given: Mapping[str, Any],
    cluster: Cluster,
    look: Callable[[list[str]], object],
    options: Callable[[str], Mapping[str, Any]] = lambda name: {},
) -> Iterator[Finished[T]]:
    """Runs a function once for each argument, each in a process of its own.

    A request to stop (Ctrl-C) reaches the tasks as one, too: those that have not begun are dropped,
    and the others have two minutes to save what they have.

    Args:
        ray: the connected module.
        function: of a module that every node can import.
        given: its argument, by the names of the tasks, in the order in which they begin.
        cluster: what each may use.
        look: called about once a second with the names of the tasks that have not ended.
        options: of Ray for a task, by its name, besides those of the cluster.

    Yields:
        Tasks, as they end; after a request to stop also those that return in time.

    Raises:
        UserError: no node of the cluster has what a task needs.
    """
    check_room(ray, cluster)
    remote = ray.remote(
        num_cpus=cluster.cpus,
        num_gpus=cluster.gpus,
        max_retries=cluster.retries,
        max_calls=1,  # a fresh process for each: JAX keeps the devices that it started with
    )(function)
    with interruptible() as stopping:
        waiting = {
            remote.options(**options(name)).remote(argument): name
            for name, argument in given.items()
        }
        while waiting and not stopping():
            done, _ = ray.wait(list(waiting), timeout=POLL)
            yield from (_finished(ray, task, waiting.pop(task)) for task in done)
            look(list(waiting.values()))
        for task in waiting:
            ray.cancel(task)
        if waiting:
            done, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=SECONDS_TO_STOP)
            ended = [_finished(ray, task, waiting[task]) for task in done]
            yield from (one for one in ended if one.result is not None)


def _finished(ray: Any, task: Any, name: str) -> Finished[Any]:
    errors = ray.exceptions
    try:
        return Finished(name, ray.get(task))
    except errors.TaskCancelledError:
        return Finished(name, None, "it was cancelled")
    except errors.RayTaskError as error:
        raise error.cause from error
    except errors.RayError as error:
        return Finished(name, None, " ".join(str(error).split("\n")[0].split()))


def check_installed() -> None:
    """Raises ConfigError unless the package ray is there."""
    if find_spec("ray") is None:
        raise ConfigError(
            'the package ray is not installed: pip install "engrax[ray]", or leave out --ray or '
            "--actors"
        )


def check_reachable(address: str | None) -> None:
    """Raises UserError unless something listens at HOST:PORT; Ray would try for minutes."""
    if address in (None, "auto", "local") or "://" in address:
        return
    place = host_and_port("--ray-address", address)
    try:
        socket.create_connection(place, SECONDS_TO_CONNECT).close()
    except (OSError, ValueError) as error:  # ValueError: of a host that no name can have
        raise UserError(
            f"no Ray cluster answers at {show(address)} ({error}): start one by `ray start --head` "
            "there, or leave out --ray-address"
        ) from error


def check_room(ray: Any, cluster: Cluster, count: int = 1) -> None:
    """Raises UserError unless the nodes have what so many tasks need at once; they would wait
    forever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    wanted = {"CPU": cluster.cpus, "GPU": cluster.gpus}
    fit = [
        min(int(node.get(name, 0) / each) for name, each in wanted.items() if each)
        for node in nodes
    ]
    if sum(fit) >= count:
        return
    most = {name: max(int(node.get(name, 0)) for node in nodes) for name in wanted}
    raise UserError(
        f"{count} times {cluster.cpus} processors and {cluster.gpus:g} accelerators are needed at "
        f"once, and the cluster has room for {sum(fit)} (its largest node has {most['CPU']} and "
        f"{most['GPU']}): lower --cpus, --gpus or --hosts"
    )
