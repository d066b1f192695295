"""One run, trained by several processes on the nodes of a Ray cluster.

Ray chooses the nodes and starts the processes; they then train as `engrax.runs.hosts` says. The run
directory must be on a file system that the nodes share.
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from engrax.errors import RunFailedError, UserError
from engrax.experiments.codec import decode
from engrax.experiments.config import Experiment
from engrax.runs.cluster import Cluster, Finished, check_room, connected, run_tasks
from engrax.runs.hosts import Hosts, join
from engrax.runs.interrupts import interruptible
from engrax.runs.loop import Progress
from engrax.runs.metrics import MetricsLog
from engrax.runs.nodes import Origin, check_seen, ready_for, this_process
from engrax.runs.training import Job, Warn, new_run, resumed_run

SECONDS_UNTIL_SAID = 15
"""Of waiting for room."""
Ended = Literal["done", "stopped", "wrong", "broken"]


class Training(NamedTuple):
    """What is to be trained: plain data.

    Attributes:
        out: the run directory.
        experiment: of a new run, as JSON; None where the run goes on.
        preset: of a new run.
        command: the command line, for the record of a new run.
        source: what a new run starts from.
        updates: to stop after, where the run goes on; as before if None.
        log: where to log beside the run directory.
    """

    out: Path
    experiment: Any = None
    preset: str = ""
    command: Sequence[str] = ()
    source: Path | None = None
    updates: int | None = None
    log: str | None = None


class Part(NamedTuple):
    """What one process is told: plain data."""

    training: Training
    hosts: Hosts
    origin: Origin
    cluster: Cluster


class Result(NamedTuple):
    """How a process ended, and what there is to say of it."""

    ended: Ended
    note: str = ""


def train_part(part: Part) -> Result:
    """Trains with the other processes of a run, in a process of its own.

    Returns:
        How it ended: "wrong" after an error that a user can correct, "broken" where training broke
        off.
    """
    training, cluster = part.training, part.cluster
    try:
        with ready_for(part.origin, cluster.cpus, cluster.gpus):
            check_seen(training.out.parent)
            join(part.hosts)
            notes: list[str] = []
            with _run(training, notes.append) as job:
                stopped = job.run().interrupted
            return Result("stopped" if stopped else "done", "; ".join(notes))
    except (UserError, OSError) as error:
        return Result("wrong", str(error))
    except RunFailedError as error:
        return Result("broken", str(error))


def _run(training: Training, warn: Warn) -> AbstractContextManager[Job]:
    if training.experiment is None:
        return resumed_run(training.out, training.updates, warn, log=training.log)
    return new_run(
        decode(Experiment, training.experiment),
        training.out,
        preset=training.preset,
        command=training.command,
        source=training.source,
        log=training.log,
        warn=warn,
    )


def train_on_ray(
    training: Training, count: int, cluster: Cluster, progress: Progress, warn: Warn
) -> bool:
    """Trains a run by several processes; if one dies, all go on from the newest checkpoint.

    Args:
        training: what.
        count: of processes.
        cluster: where, with how much for each process, and how often to go on.
        progress: called with the newest metrics of the run, about once a second.
        warn: called with a line about whatever is not as it should be.

    Returns:
        Whether training was stopped early.

    Raises:
        UserError: there is no such cluster, it is too small, or the run cannot be trained.
        RunFailedError: training broke off more often than `cluster.retries`.
    """
    source = None if training.source is None else training.source.resolve()
    training = training._replace(out=training.out.resolve(), source=source)
    training.out.parent.mkdir(parents=True, exist_ok=True)
    with connected(cluster.address, count * cluster.cpus) as ray:
        check_room(ray, cluster, count)
        found = _tried(ray, training, count, cluster, progress, warn)
        for left in range(cluster.retries, 0, -1):
            if found.ended != "broken":
                break
            warn(f"{found.note}; going on (tries left: {left})")
            if (training.out / "config.json").exists():
                training = Training(training.out, updates=training.updates, log=training.log)
            found = _tried(ray, training, count, cluster, progress, warn)
    if found.ended == "wrong":
        raise UserError(found.note)
    if found.ended == "broken":
        raise RunFailedError(f"{found.note}; go on: engrax resume {training.out}")
    if found.note:
        warn(found.note)
    return found.ended == "stopped"


def _tried(
    ray: Any, training: Training, count: int, cluster: Cluster, progress: Progress, warn: Warn
) -> Result:
    """Trains until all processes have ended, and says how the first of them did that went wrong."""
    with _reserved(ray, count, cluster, warn) as places:
        if places is None:
            return Result("stopped")
        address = ray.get(ray.remote(num_cpus=0)(_free_address).options(**places("0")).remote())
        parts = {
            str(index): Part(training, Hosts(address, count, index), this_process(), cluster)
            for index in range(count)
        }
        results: dict[str, Result] = {}
        look = _newest_row(training.out, progress)
        for task in run_tasks(ray, train_part, parts, replace(cluster, retries=0), look, places):
            results[task.name] = _result(task)
            if results[task.name].ended == "wrong":
                break
    return worst([results.get(name, Result("stopped")) for name in parts])


def worst(results: Sequence[Result]) -> Result:
    """Of how processes ended what matters: the first to be wrong, else stopped, else broken.

    After a request to stop nothing is tried again, also where a process had died before.
    """
    for ended in ("wrong", "stopped", "broken"):
        for result in results:
            if result.ended == ended:
                return result
    return results[0]


def _result(task: Finished[Result]) -> Result:
    return task.result or Result("broken", f"process {task.name} of this run has died: {task.died}")


@contextmanager
def _reserved(
    ray: Any, count: int, cluster: Cluster, warn: Warn
) -> Iterator[Callable[[str], Mapping[str, Any]] | None]:
    """Room for all processes at once, on as many nodes as there are.

    Yields:
        The options of a task by its name, which is its process's number; None after a request to
        stop while there was no room.
    """
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    each = {"CPU": float(cluster.cpus), **({"GPU": cluster.gpus} if cluster.gpus else {})}
    group = placement_group([each] * count, strategy="SPREAD")

    def options(name: str) -> Mapping[str, Any]:
        place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=int(name))
        return {"scheduling_strategy": place}

    try:
        with interruptible() as stopping:
            ready, looks = [group.ready()], 0
            while not ray.wait(ready, timeout=1.0)[0] and not stopping():
                looks += 1
                if looks == SECONDS_UNTIL_SAID:
                    warn(f"waiting until the cluster has room for {count} processes at once")
            stopped = stopping()
        yield None if stopped else options
    finally:
        remove_placement_group(group)


def _free_address() -> str:
    """HOST:PORT of the node, where nothing listens."""
    import ray

    host = ray.util.get_node_ip_address()
    with socket.socket() as found:
        found.bind((host, 0))
        return f"{host}:{found.getsockname()[1]}"


def _newest_row(out: Path, progress: Progress) -> Callable[[object], None]:
    """Shows the newest metrics, each row once."""
    log, shown = MetricsLog(out / "metrics.jsonl"), 0

    def look(_: object) -> None:
        nonlocal shown
        row = log.last()
        if row is not None and (update := int(row["update"] or 0)) != shown:
            shown = update
            progress(row)

    return look
