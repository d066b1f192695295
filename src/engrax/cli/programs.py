"""Compiled programs are kept between commands: a run that is resumed or started again starts in
seconds.
"""

from collections.abc import MutableMapping
from pathlib import Path

import platformdirs

LIMIT = 2**30
"""Bytes of programs to keep; those not used for longest go first."""


def keep_programs(environment: MutableMapping[str, str], directory: Path | None = None) -> None:
    """Has JAX, which must not be imported yet, keep what it compiles; where the environment says so
    already, there.

    Nothing is kept if the directory cannot be written, or the user has no home.

    Args:
        environment: what JAX will find its settings in.
        directory: where to keep programs; a place of the user's own if not given.
    """
    if "JAX_COMPILATION_CACHE_DIR" in environment:
        return
    try:
        directory = directory or Path(platformdirs.user_cache_dir("engrax")) / "programs"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".lockfile").touch()
        _mend(directory)
    except (OSError, RuntimeError):  # platformdirs raises the latter where there is no home
        return
    environment["JAX_COMPILATION_CACHE_DIR"] = str(directory)
    environment["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(LIMIT)


def _mend(directory: Path) -> None:
    """Removes programs whose time of use is missing: a process was killed as it wrote them, and JAX
    would stumble.
    """
    for program in directory.glob("*-cache"):
        if not program.with_name(program.name.removesuffix("-cache") + "-atime").exists():
            program.unlink(missing_ok=True)
