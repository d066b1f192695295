"""The checkpoints of a run: which there are, the newest that is whole, and which of them are
dropped.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError, Contents, DamagedFileError
from engrax.runs.storage import TEMPORARY

_KEPT = 2
_NAME = re.compile(r"update-([0-9]{12,18})\.safetensors")
_COUNT = re.compile(r"[0-9]{1,18}")


def update_of(path: Path) -> int:
    """The updates made at a checkpoint, by its name."""
    return int(path.stem.rpartition("-")[2])


class CheckpointFolder:
    """The folder `checkpoints` of a run; files of other names in it are not ours, and left
    alone.
    """

    def __init__(self, path: Path):
        self.path = path

    def paths(self) -> list[Path]:
        """The checkpoints there are, the newest first."""
        found = [
            (int(match[1]), path)
            for path in self._entries()
            if (match := _NAME.fullmatch(path.name))
        ]
        return [path for _, path in sorted(found, reverse=True)]

    def write(self, update: int, tree: Any, words: Mapping[str, str]) -> Path:
        """Writes a checkpoint; raises `OSError` if it cannot be written, with all others as they
        were.
        """
        path = self.path / f"update-{update:012d}.safetensors"
        checkpoint.save(path, tree, words)
        return path

    def newest(self, warn: Callable[[str], object]) -> tuple[Path, Contents] | None:
        """The newest checkpoint that is whole.

        Args:
            warn: called with one line for each that was passed over.

        Returns:
            Its path and contents, or None if there is no checkpoint.

        Raises:
            CheckpointError: there are checkpoints, and none is whole.
            OSError: one cannot be read.
        """
        paths = self.paths()
        for path in paths:
            try:
                return path, checkpoint.load(path)
            except DamagedFileError as error:
                warn(f"{error}; trying the checkpoint before it")
            except FileNotFoundError:  # a link to nowhere, or deleted just now
                warn(f"{path} is missing; trying the checkpoint before it")
        if paths:
            raise CheckpointError(
                f"every checkpoint in {self.path} is damaged; delete them to start again from the "
                "run's config"
            )
        return None

    def prune(self, newest: Path) -> None:
        """Drops all but the newest two, and what a killed process left half written.

        Args:
            newest: the checkpoint that was just written; what claims to be newer is damaged.
        """
        # What is newer was passed over as damaged, and must not be found again.
        paths = self.paths()
        stale = {*paths} - {*paths[paths.index(newest) :][:_KEPT]}
        for path in (*stale, *(path for path in self._entries() if _is_left_over(path.name))):
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)

    def _entries(self) -> list[Path]:
        return list(self.path.iterdir()) if self.path.is_dir() else []


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
    updates, steps = (contents.words.get(name, "") for name in ("updates", "environment_steps"))
    if not (_COUNT.fullmatch(updates) and _COUNT.fullmatch(steps)):
        raise CheckpointError(f"{path} does not say after how many updates it was written")
    return int(updates), int(steps)


def _is_left_over(name: str) -> bool:
    return name.endswith(TEMPORARY) and _NAME.fullmatch(name.removesuffix(TEMPORARY)) is not None
