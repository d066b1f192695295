"""Several runs of one experiment that differ in their seeds, as one compiled program.

An accelerator takes hardly longer for several small runs than for one.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from engrax.runtime.trainer import Metrics, Trainer, TrainState


class SideBySide:
    """Trains several states with one trainer, by `vmap` of its update.

    Each state changes as it would alone, to rounding.

    Args:
        trainer: of any of the runs.
        states: from which each goes on; of equal shapes.

    Raises:
        ValueError: the world is not pure, or streams are divided over several devices.
    """

    def __init__(self, trainer: Trainer, states: Sequence[TrainState]):
        if not trainer.world.pure:
            raise ValueError("runs train side by side only where the environment is in JAX")
        if (devices := trainer.placement.devices or 1) > 1:
            raise ValueError(f"placement.devices is {devices}, expected 1 for runs side by side")
        parts = [eqx.partition(state, eqx.is_array) for state in states]
        rest = parts[0][1]
        self.count = len(states)
        self._arrays = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(part[0] for part in parts))
        self._whole = lambda arrays: eqx.combine(arrays, rest)

        def update(arrays: Any) -> tuple[Any, Metrics]:
            state, metrics = trainer.step(self._whole(arrays))
            return eqx.filter(state, eqx.is_array), metrics

        self._update = trainer.placement.jit(jax.vmap(update), donate_argnums=0)

    def update(self) -> list[dict[str, np.generic]]:
        """Makes an update of every run. Returns the metrics of each."""
        self._arrays, metrics = self._update(self._arrays)
        found = jax.device_get(metrics)
        return [{name: values[run] for name, values in found.items()} for run in range(self.count)]

    def state(self, run: int) -> TrainState:
        """A copy of the state of one run, by its number from 0."""
        return self._whole(jax.tree.map(lambda leaf: leaf[run], self._arrays))
