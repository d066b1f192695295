"""The runs of a comparison, trained and played on the nodes of a Ray cluster.

A task is one run, and its directory is all that passes between nodes: so it must be on a file
system that they share. A task whose process dies goes on, in another one, from the run's newest
checkpoint.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from engrax.errors import BusyError, RunFailedError, UserError
from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment
from engrax.runs.cluster import Cluster, Finished, connected, run_tasks
from engrax.runs.comparing import Asked, Planned, Progressed, job_of, scores
from engrax.runs.metrics import MetricsLog
from engrax.runs.nodes import Origin, check_seen, ready_for, this_process

Ended = Literal["done", "stopped", "elsewhere", "failed"]


class Work(NamedTuple):
    """What a node needs to know of one run: plain data.

    Attributes:
        run: as planned, with its experiment as JSON and absolute paths.
        out: the folder of the comparison.
        asked: the episodes to play.
        also: levels besides those it was trained on.
        origin: the process of the comparison.
        cluster: what it may use.
    """

    run: Planned
    out: Path
    asked: Asked
    also: tuple[str, ...]
    origin: Origin
    cluster: Cluster


class Result(NamedTuple):
    """How the work ended, and what there is to say of it."""

    ended: Ended
    note: str = ""


def train_and_play(work: Work) -> Result:
    """Trains what is left of a run and plays with it, in a process of its own.

    Returns:
        How it ended; errors that a user can correct, and training that breaks off, are in the note.
    """
    try:
        with ready_for(work.origin, work.cluster.cpus, work.cluster.gpus):
            check_seen(work.out)
            return _train_and_play(work)
    except (UserError, RunFailedError, OSError) as error:
        return Result("failed", str(error))


def _train_and_play(work: Work) -> Result:
    one = work.run._replace(experiment=decode(Experiment, work.run.experiment))
    notes: list[str] = []
    try:
        if not one.trained:
            with job_of(one, notes.append) as job:
                if job is not None and job.run().interrupted:
                    return Result("stopped", "; ".join(notes))
    except BusyError as error:
        return Result("elsewhere", str(error))
    scores(one, work.asked, work.also)
    return Result("done", "; ".join(notes))


def spread(
    runs: Sequence[Planned],
    out: Path,
    asked: Asked,
    also: Sequence[str],
    cluster: Cluster,
    progress: Callable[[str], object],
    warn: Callable[[str], object],
) -> Progressed:
    """Trains and plays all runs of a comparison on a cluster.

    Args:
        runs: of the comparison.
        out: the folder of the comparison.
        asked: the episodes to play.
        also: levels besides those they were trained on.
        cluster: where, and with how much.
        progress: called with a line about how far all runs are, about once a second.
        warn: called with a line about whatever is not as it should be.

    Returns:
        Which runs have scores, and what became of the others.

    Raises:
        UserError: there is no such cluster, or none of its nodes is large enough.
    """
    named, origin = {str(one.path): one for one in runs}, this_process()
    given = {
        name: Work(_plain(one), out.resolve(), asked, tuple(also), origin, cluster)
        for name, one in named.items()
    }
    ended: dict[Ended, list[Planned]] = {"done": [], "stopped": [], "elsewhere": [], "failed": []}
    with connected(cluster.address) as ray:
        out.mkdir(parents=True, exist_ok=True)
        look = lambda names: progress(_line(runs, [named[name] for name in names]))  # noqa: E731
        for task in run_tasks(ray, train_and_play, given, cluster, look):
            result, one = _result(task, named[task.name]), named[task.name]
            ended[result.ended].append(one)
            if result.note:
                warn(f"{one.path}: {result.note}")
    stopped = sum(map(len, ended.values())) < len(runs) or bool(ended["stopped"])
    ordered = [one for one in runs if one in ended["done"]]
    return Progressed(ordered, ended["elsewhere"], stopped, tuple(ended["failed"]))


def _plain(one: Planned) -> Planned:
    """The run for a node: its experiment as JSON, its paths absolute."""
    experiment: Any = encode(one.experiment)
    return one._replace(experiment=experiment, path=one.path.resolve(), scores=one.scores.resolve())


def _result(task: Finished[Result], one: Planned) -> Result:
    """The result of a task, also of one whose processes died, or whose files are not here."""
    if task.result is None:
        return Result("failed", f"its process died again and again: {task.died}")
    if task.result.ended == "done" and not one.scores.exists():
        return Result("failed", "its node wrote elsewhere: --out must be where all nodes see it")
    return task.result


def _line(runs: Sequence[Planned], waiting: Sequence[Planned]) -> str:
    """How far the runs are that have not ended."""
    under_way = [(one.path.name, _updates(one), one.experiment.updates) for one in waiting]
    shown = [f"{name} {made:,}/{until:,}" for name, made, until in under_way if made]
    ended = len(runs) - len(waiting)
    return "  ".join([f"{ended} of {len(runs)} runs done", *shown])


def _updates(one: Planned) -> int:
    rows = MetricsLog(one.path / "metrics.jsonl").rows()
    return int(rows[-1]["update"] or 0) if rows else 0
