"""The directory of a run: what was asked for, what was measured, and everything needed to go on.

    config.json          the resolved experiment, and what ran it: versions, preset, command
    metrics.jsonl        one line an update
    checkpoints/         the newest two, each wholly enough to go on from, bit for bit
    weights.safetensors  the agent's parameters as of the newest checkpoint

A published result (`results/<preset>/`) is such a directory without checkpoints: it can be evaluated, not resumed.
"""

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import engrax
from engrax.experiments.codec import encode, parse_json
from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError, Contents, DamagedFileError
from engrax.runs.metrics import MetricsLog
from engrax.runs.storage import TEMPORARY, RunError, locked, write_text

_KEPT = 2


@runtime_checkable
class State(Protocol):
    """What a run saves: any tree of arrays with an agent in it, and a counter."""

    @property
    def agent(self) -> Any:
        """Its parameters become the weights."""
        ...

    @property
    def updates(self) -> Any:
        """How many updates were made: an integer array without axes."""
        ...


S = TypeVar("S", bound=State)


class RunDirectory:
    """An open run directory, or a published result; made by `create` or `open`.

    Attributes:
        path: where it is.
        config: what `config.json` holds; under `experiment`, the experiment as plain JSON.
        metrics: the log of what was measured.
    """

    def __init__(self, path: Path, config: dict[str, Any]):
        self.path = path
        self.config = config
        self.metrics = MetricsLog(path / "metrics.jsonl")

    @classmethod
    def create(cls, path: Path, experiment: Any, *, preset: str, command: Sequence[str]) -> "RunDirectory":
        """A new run directory.

        Args:
            path: where; it must be empty, or not exist.
            experiment: the resolved experiment, a dataclass.
            preset: the name of the preset that it came from.
            command: the command line, for the record.

        Returns:
            The directory, with its `config.json`.

        Raises:
            RunError: there is something already.
            OSError: it cannot be written.
        """
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; give another --out")
        path.mkdir(parents=True, exist_ok=True)
        directory = cls(path, {**_provenance(preset, command), "experiment": encode(experiment)})
        with directory.exclusive():
            _check_vacant(path)
            (path / "checkpoints").mkdir(exist_ok=True)
            directory._write_config()
        return directory

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """An existing run directory or published result.

        Args:
            path: where.

        Returns:
            The directory.

        Raises:
            RunError: it is not a run directory.
            ConfigError: its `config.json` is not JSON.
            OSError: it cannot be read.
        """
        config_path = path / "config.json"
        if not config_path.is_file():
            what = (
                "has no config.json" if path.is_dir() else "is not a directory" if path.exists() else "does not exist"
            )
            raise RunError(f"{path} is not a run directory: it {what}; `engrax train` makes one")
        config = parse_json(config_path.read_text(encoding="utf-8", errors="replace"), str(config_path))
        if "experiment" not in config:
            raise RunError(f"{config_path} holds no experiment; it was not written by `engrax train`")
        return cls(path, config)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps other processes from writing here; raises `RunError` if one does."""
        with locked(self.path):
            yield

    @property
    def preset(self) -> str:
        """The name of the preset that the experiment came from."""
        return str(self.config.get("preset", "?"))

    @property
    def weights(self) -> Path:
        """The file of the agent's parameters."""
        return self.path / "weights.safetensors"

    @property
    def published(self) -> bool:
        """Whether this is a published result: weights, and nothing to go on from."""
        return self.weights.exists() and not self.checkpoints()

    def checkpoints(self) -> list[Path]:
        """The checkpoints there are, the newest first."""
        return sorted((self.path / "checkpoints").glob("update-*.safetensors"), reverse=True)

    def set_target(self, updates: int) -> None:
        """Writes down that the run is to go on to this many updates."""
        self.config["experiment"]["updates"] = updates
        self._write_config()

    def save(self, state: State, environment_steps: int) -> Path:
        """Writes a checkpoint and the weights, then drops what is older than the newest two.

        Args:
            state: what to save.
            environment_steps: how many steps the environments made in all streams together.

        Returns:
            The checkpoint.

        Raises:
            OSError: it cannot be written; no earlier checkpoint is lost.
        """
        # Lines first: a checkpoint must never be ahead of the log that belongs to it.
        self.metrics.flush()
        words = {"updates": str(int(state.updates)), "environment_steps": str(environment_steps)}
        path = self.path / "checkpoints" / f"update-{int(state.updates):012d}.safetensors"
        checkpoint.save(path, state, words)
        checkpoint.save_weights(self.weights, state.agent, words)
        self._prune(newest=path)
        return path

    def load(self, warn: Callable[[str], None]) -> tuple[Path, Contents] | None:
        """The newest checkpoint that is whole.

        Args:
            warn: told, in one line, of each damaged checkpoint that was passed over.

        Returns:
            Its path and contents, or None if there is no checkpoint yet.

        Raises:
            CheckpointError: there are checkpoints, and all of them are damaged.
            OSError: one cannot be read.
        """
        paths = self.checkpoints()
        for path in paths:
            try:
                return path, checkpoint.load(path)
            except DamagedFileError as error:
                warn(f"{error}; trying the checkpoint before it")
        if paths:
            raise CheckpointError(
                f"every checkpoint in {self.path} is damaged; delete them to start again from its config"
            )
        return None

    def resume(self, template: S, warn: Callable[[str], None]) -> S | None:
        """The state of the newest whole checkpoint; the metrics are cut back to it.

        Args:
            template: a state of the same form, see `checkpoint.restore`.
            warn: see `load`.

        Returns:
            The state, or None if there is no checkpoint yet: the run is to start from its config.

        Raises:
            RunError: this is a published result.
            CheckpointError: there is none that is whole, or it does not have the form of the template.
            OSError: it cannot be read, or the metrics cannot be written.
        """
        if self.published:
            raise RunError(f"{self.path} has weights but no checkpoints to go on from; `engrax evaluate` can use it")
        found = self.load(warn)
        state = None if found is None else checkpoint.restore(found[1], template, found[0])
        self.metrics.trim(0 if state is None else int(state.updates))
        return state

    def _prune(self, newest: Path) -> None:
        # What is newer than the newest was passed over as damaged, and must not be found again.
        paths = self.checkpoints()
        for path in {*paths} - {*paths[paths.index(newest) :][:_KEPT]}:
            path.unlink()

    def _write_config(self) -> None:
        write_text(self.path / "config.json", json.dumps(self.config, indent=2, allow_nan=False) + "\n")


def counters(contents: Contents, path: Path) -> tuple[int, int]:
    """How far a checkpoint or a file of weights is.

    Args:
        contents: of the file.
        path: the file, for the error.

    Returns:
        Updates and environment steps.

    Raises:
        CheckpointError: it does not say.
    """
    try:
        return int(contents.words["updates"]), int(contents.words["environment_steps"])
    except (KeyError, ValueError):
        raise CheckpointError(f"{path} does not say after how many updates it was written") from None


def new_path(preset: str, root: Path = Path("runs")) -> Path:
    """Makes an empty directory `runs/<preset>-<timestamp>`, its own for every process that asks.

    Args:
        preset: the name of the preset.
        root: where runs are kept.

    Returns:
        The directory.

    Raises:
        OSError: it cannot be made.
    """
    stem = f"{preset}-{datetime.now():%Y%m%d-%H%M%S}"
    for ending in ("", *(f"-{number}" for number in range(2, 100))):
        with suppress(FileExistsError):
            (root / f"{stem}{ending}").mkdir(parents=True)
            return root / f"{stem}{ending}"
    raise RunError(f"{root} holds a hundred runs of this second; give another --out")


def _check_vacant(path: Path) -> None:
    if (path / "config.json").exists():
        raise RunError(f"{path} holds a run already; go on with it by `engrax resume {path}`, or give another --out")
    # A run that was killed while it was being made has left these.
    left = {"checkpoints", "config.json" + TEMPORARY}
    if any(entry.name not in left for entry in path.iterdir()):
        raise RunError(f"{path} is not empty; give a new directory as --out")


def _provenance(preset: str, command: Sequence[str]) -> dict[str, Any]:
    versions = {"engrax": engrax.__version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in ("jax", "equinox", "optax")}
    return {"preset": preset, "command": list(command), "versions": versions}
