"""Where a run goes if its user does not say."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from engrax.errors import RunError


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
