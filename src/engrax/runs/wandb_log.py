"""What was measured, for Weights & Biases: online, or in files beside the run."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engrax.errors import ConfigError, UserError
from engrax.runs.metrics import measured_in

PROJECT = "engrax"
"""The project's name where WANDB_PROJECT names none."""
STEP = "environment_steps"


def check_installed() -> None:
    """Passes where the package wandb is there.

    Raises:
        ConfigError: it is not.
    """
    if importlib.util.find_spec("wandb") is None:
        raise ConfigError(
            'log is wandb, and its package is not installed: pip install "engrax[wandb]", or leave '
            "it out (engrax resume DIR --log none)"
        )


class WandbLog:
    """A run of Weights & Biases; it goes on where the training run is resumed.

    Its own variables say where it goes: WANDB_MODE=offline keeps everything in the run directory,
    WANDB_PROJECT and WANDB_ENTITY name a place.
    """

    def __init__(self, directory: Path, identity: str, config: Mapping[str, Any]):
        """Starts or goes on with a run.

        Args:
            directory: of the training run; its files go below.
            identity: of the run, the same for all its parts.
            config: what to show of the run.

        Raises:
            ConfigError: the package is missing.
            UserError: it cannot start, for want of a key or a network.
        """
        check_installed()
        import wandb  # pyright: ignore[reportMissingImports]

        try:
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                id=identity,
                name=directory.name,
                dir=str(directory),
                config=dict(config),
                resume="allow",
            )
        except Exception as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"Weights & Biases cannot start ({reason}): `wandb login`, or set "
                "WANDB_MODE=offline, and `wandb sync` later"
            ) from error
        self._run.define_metric("*", step_metric=STEP)

    def __enter__(self) -> "WandbLog":
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Writes what is left."""
        self._run.finish()

    def append(self, row: Mapping[str, int | float | None]) -> None:
        """Adds what a row measured, over environment steps."""
        self._run.log({**measured_in(row), STEP: row[STEP]})
