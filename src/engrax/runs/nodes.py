"""A process on a node of a Ray cluster, made ready for work that another process sends."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jax

import engrax
from engrax.errors import UserError
from engrax.experiments.registries import import_packages, imported_packages
from engrax.runs.cores import claimed


class Origin(NamedTuple):
    """The process that sends the work: plain data.

    Attributes:
        version: of engrax.
        imports: packages that register what its experiments hold.
        path: where it finds modules, such as that of an environment.
    """

    version: str
    imports: tuple[str, ...]
    path: tuple[str, ...]


def this_process() -> Origin:
    """This process, as the origin of work."""
    return Origin(engrax.__version__, imported_packages(), tuple(sys.path))


@contextmanager
def ready_for(origin: Origin, cpus: int = 1, gpus: float = 0.0) -> Iterator[None]:
    """Finds what the origin finds, and keeps to its processors. To be entered before JAX starts.

    Args:
        origin: of the work.
        cpus: processors for it.
        gpus: accelerators for it; without any, JAX computes on processors.

    Raises:
        UserError: the node has another version of engrax, or a package is missing.
    """
    if origin.version != engrax.__version__:
        host = socket.gethostname()
        raise UserError(f"{host} has engrax {engrax.__version__}, not {origin.version}")
    sys.path += [folder for folder in origin.path if folder not in sys.path]
    with claimed(cpus):
        if not gpus:
            jax.config.update("jax_platforms", "cpu")
        import_packages(origin.imports)
        yield


def check_seen(folder: Path) -> None:
    """Raises UserError unless this node sees a folder of the process that sent the work."""
    if not folder.is_dir():
        host = socket.gethostname()
        raise UserError(f"{host} does not see {folder}: --out must be where all nodes see it")
