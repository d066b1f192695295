"""The directory of a run: what was asked for, what was measured, and everything needed to go on::

    config.json          the resolved experiment, and what ran it: versions, preset, command
    metrics.jsonl        one line an update
    checkpoints/         the newest two, each wholly enough to go on from, bit for bit
    weights.safetensors  the agent's parameters as of the newest checkpoint

A published result (`results/<preset>/`) is such a directory without checkpoints: it can be
evaluated, not resumed.
"""

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable
from uuid import uuid4

import engrax
from engrax.errors import ConfigError, RunError, show
from engrax.experiments.codec import encode
from engrax.experiments.plain import parse_json
from engrax.experiments.registries import imported_packages
from engrax.experiments.upgrade import FORMAT, upgrade
from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError, Contents
from engrax.runs.checkpoint_folder import CheckpointFolder, counters
from engrax.runs.metrics import MetricsLog
from engrax.runs.storage import TEMPORARY, locked, read_text, write_text

_CONFIG = "config.json"
_LARGEST_CONFIG = 10_000_000


@runtime_checkable
class LearnerState(Protocol):
    """What learns, and how often it has."""

    @property
    def agent(self) -> Any:
        """Its parameters become the weights."""
        ...

    @property
    def updates(self) -> Any:
        """How many updates were made: an integer array without axes."""
        ...


@runtime_checkable
class State(Protocol):
    """What a run saves: any tree of arrays with a learner in it."""

    @property
    def learner(self) -> Any:
        """A `LearnerState`."""
        ...


def updates_made(state: State) -> int:
    """The updates that a state is after."""
    return int(state.learner.updates)


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
        self._checkpoints = CheckpointFolder(path / "checkpoints")

    @classmethod
    def create(
        cls,
        path: Path | str,
        experiment: Any,
        *,
        preset: str,
        command: Sequence[str],
        origin: Mapping[str, Any] | None = None,
        log: str | None = None,
    ) -> "RunDirectory":
        """A new run directory.

        Args:
            path: where; it must be empty, or not exist.
            experiment: the resolved experiment, a dataclass.
            preset: the name of the preset that it came from.
            command: the command line, for the record.
            origin: the run whose parameters this one starts from, if any; see
                `engrax.runs.warm_start`.
            log: "wandb" to log to Weights & Biases as well.

        Returns:
            The directory, with its `config.json`, which names the packages that were imported
            to register what the experiment holds.

        Raises:
            RunError: there is something already.
            OSError: it cannot be written.
        """
        path = Path(path)
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; give another --out")
        path.mkdir(parents=True, exist_ok=True)
        started = {"started_from": dict(origin)} if origin else {}
        packages = imported_packages()
        known = {"imports": list(packages)} if packages else {}
        logged = {"wandb": uuid4().hex} if log == "wandb" else {}
        about = {**known, **started, **logged}
        provenance = {"format": FORMAT, **_provenance(preset, command), **about}
        directory = cls(path, {**provenance, "experiment": encode(experiment)})
        with directory.exclusive():
            _check_vacant(path)
            (path / "checkpoints").mkdir(exist_ok=True)
            directory._write_config()
        return directory

    @classmethod
    def open(cls, path: Path | str) -> "RunDirectory":
        """An existing run directory or published result.

        Args:
            path: where.

        Returns:
            The directory.

        Raises:
            RunError: it is not a run directory.
            ConfigError: its `config.json` is not JSON, or not ours.
            OSError: it cannot be read.
        """
        path = Path(path)
        config_path = path / _CONFIG
        if not config_path.exists():
            what = (
                f"has no {_CONFIG}"
                if path.is_dir()
                else "is not a directory"
                if path.exists()
                else "does not exist"
            )
            raise RunError(f"{path} is not a run directory: it {what}; `engrax train` makes one")
        config = parse_json(read_text(config_path, _LARGEST_CONFIG), str(config_path))
        _check_config(config, config_path)
        return cls(path, _upgraded(config, config_path))

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
    def origin(self) -> dict[str, Any] | None:
        """The run whose parameters this one started from, as plain JSON; None if it started from
        its config.
        """
        origin = self.config.get("started_from")
        return origin if isinstance(origin, dict) else None

    @property
    def wandb(self) -> str | None:
        """What Weights & Biases knows the run by; None where it does not log there."""
        identity = self.config.get("wandb")
        return identity if isinstance(identity, str) else None

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
        return self._checkpoints.paths()

    def set_log(self, log: str) -> None:
        """Writes down where the run is logged from now on: "wandb" or "none"."""
        before = self.config.pop("wandb", None)
        if log == "wandb":
            self.config["wandb"] = before or uuid4().hex
        self._write_config()

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
        updates = updates_made(state)
        words = {"updates": str(updates), "environment_steps": str(environment_steps)}
        path = self._checkpoints.write(updates, state, words)
        checkpoint.save_weights(self.weights, state.learner.agent, words)
        self._checkpoints.prune(newest=path)
        self._tidy()
        return path

    def load(self, warn: Callable[[str], object]) -> tuple[Path, Contents] | None:
        """The newest checkpoint that is whole; see `CheckpointFolder.newest`."""
        return self._checkpoints.newest(warn)

    def resume(self, template: S, warn: Callable[[str], object]) -> S | None:
        """`newest_state`; the metrics are cut back to it.

        Raises:
            OSError: the metrics cannot be written.
        """
        state = self.newest_state(template, warn)
        self._checkpoints.path.mkdir(exist_ok=True)
        self.metrics.trim(0 if state is None else updates_made(state))
        return state

    def newest_state(self, template: S, warn: Callable[[str], object]) -> S | None:
        """The state of the newest whole checkpoint; nothing is written.

        Args:
            template: a state of the same form, see `checkpoint.restore`.
            warn: see `load`.

        Returns:
            The state, or None if there is no checkpoint yet: the run is to start from its config.

        Raises:
            RunError: this is a published result.
            CheckpointError: there is none that is whole, or it does not have the form of the
                template.
            OSError: it cannot be read.
        """
        if self.published:
            raise RunError(
                f"{self.path} has weights but no checkpoints to go on from; `engrax evaluate` can "
                "use it"
            )
        found = self.load(warn)
        state = None if found is None else checkpoint.restore(found[1], template, found[0])
        if (
            found is not None
            and state is not None
            and updates_made(state) != counters(found[1], found[0])[0]
        ):
            raise CheckpointError(
                f"{found[0]} says two things of how many updates it is after; delete it"
            )
        return state

    def _tidy(self) -> None:
        # What a killed process left half written; nobody else writes here, see `exclusive`.
        for path in (self.path / _CONFIG, self.metrics.path, self.weights):
            path.with_name(path.name + TEMPORARY).unlink(missing_ok=True)

    def _write_config(self) -> None:
        write_text(self.path / _CONFIG, json.dumps(self.config, indent=2, allow_nan=False) + "\n")


def _check_vacant(path: Path) -> None:
    if (path / _CONFIG).exists():
        raise RunError(
            f"{path} holds a run already; go on with it by `engrax resume {path}`, or give another "
            "--out"
        )
    # A run that was killed while it was being made has left these.
    left = {"checkpoints", _CONFIG + TEMPORARY}
    if any(entry.name not in left for entry in path.iterdir()):
        raise RunError(f"{path} is not empty; give a new directory as --out")


def _check_config(config: Mapping[str, Any], path: Path) -> None:
    if "experiment" not in config:
        raise RunError(f"{path} holds no experiment; it was not written by `engrax train`")
    if not isinstance(config.get("preset", ""), str):
        raise ConfigError(f"{path}: preset: expected a string, got {show(config['preset'])}")
    versions = config.get("versions", {})
    if not isinstance(versions, dict) or not all(
        isinstance(value, str) for value in versions.values()
    ):
        raise ConfigError(f"{path}: versions: expected names and strings, got {show(versions)}")


def _upgraded(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    try:
        return upgrade(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _provenance(preset: str, command: Sequence[str]) -> dict[str, Any]:
    versions = {"engrax": engrax.__version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in ("jax", "equinox", "optax")}
    return {"preset": preset, "command": list(command), "versions": versions}
