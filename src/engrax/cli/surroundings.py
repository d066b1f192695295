"""What a command sets in its environment before JAX and Matplotlib read it."""

from collections.abc import MutableMapping

from engrax.cli.programs import keep_programs


def prepare(environment: MutableMapping[str, str], own_process: bool) -> None:
    """Has JAX keep compiled programs, and Matplotlib draw without a window.

    Args:
        environment: of this process.
        own_process: whether the process runs nothing but the command. Then the window system that
            a notebook or a shell asked Matplotlib for, which may not exist here, is left out:
            commands draw to files. A program that calls a command keeps its own.
    """
    keep_programs(environment)
    if own_process:
        environment.pop("MPLBACKEND", None)
