"""The devices of a run: as many as it was started with, wherever it goes on."""

from contextlib import suppress
from dataclasses import replace

import equinox as eqx
import jax

from engrax.errors import ConfigError
from engrax.experiments.config import Experiment
from engrax.gym.choosing import processors_here
from engrax.gym.host import AbstractHostTask
from engrax.runs.building import building

CACHED = 4 * 2**20
"""Bytes of the states that act side by side on a core, where there are more streams: they stay in
its caches (measured, see docs/speed.md).
"""
SIDE_BY_SIDE = 32
"""Streams that act side by side in any case, as fewer take longer, however large their states."""


def cores() -> int:
    """The processor's cores that this process may use."""
    return len(processors_here())


def asked_for() -> int | None:
    """The CPU devices that the user asks JAX for; None if none."""
    number: int = jax.config.values["jax_num_cpu_devices"]
    return number if number > 0 else None


def offer_devices(count: int | None = None) -> int:
    """Has JAX make several devices of a CPU, if it has not started yet.

    Args:
        count: how many; if not given, those that the user asks JAX for (`JAX_NUM_CPU_DEVICES`), or
            else one for each core.

    Returns:
        The devices that there are, of the kind that JAX computes on, and of all processes.
    """
    if jax.distributed.is_initialized():
        return jax.device_count()
    wanted = count or asked_for() or cores()
    with suppress(RuntimeError):  # where JAX has started, what there is must do
        jax.config.update("jax_num_cpu_devices", wanted)
    return jax.local_device_count()


def settled(experiment: Experiment) -> Experiment:
    """The experiment with its placement decided, as a new run keeps it.

    On a processor streams are divided into tiles, whose numbers stay in its caches; on an
    accelerator they are not. Where environments run in Python there is one device, because an
    acting step of several takes longer to start than to compute. Products are in TF32 on an
    accelerator, which is what JAX does of itself on those that have it.

    Raises:
        UserError: JAX cannot start, the experiment cannot be built, or its streams cannot be shared
            out over the devices of all processes.
    """
    with building():
        available = offer_devices(experiment.placement.devices)
        streams, host = experiment.streams, isinstance(experiment.task, AbstractHostTask)
        on_cpu = jax.default_backend() == "cpu"
        acting, learning = _tiles(experiment) if on_cpu else (streams,) * 2
        placement = replace(experiment.placement, groups=_groups(experiment))
        placement = placement.settled(
            1 if host else available,
            streams=streams,
            minibatches=experiment.learner.minibatches,
            acting_tile=acting,
            learning_tile=learning,
            precision="float32" if on_cpu else "tf32",
        )
        check_processes(placement.devices or 1, available)
        return replace(experiment, placement=placement)


def check_processes(devices: int, available: int) -> None:
    """Raises ConfigError where several processes have other devices than a run is divided over."""
    if jax.distributed.is_initialized() and devices != available:
        raise ConfigError(
            f"placement.devices is {devices}, and {jax.process_count()} processes have {available} "
            "devices: both must be the same, and divide the streams of a minibatch. Weights of a "
            "run with other devices are taken by --from"
        )


def _groups(experiment: Experiment) -> int | None:
    """The groups of streams: two where processes step one while an accelerator acts in the other.

    On a processor acting would take cores from the workers: two groups are slower there (measured,
    see docs/speed.md).
    """
    task, placement, streams = experiment.task, experiment.placement, experiment.streams
    if placement.groups is not None or not isinstance(task, AbstractHostTask):
        return placement.groups
    if streams % 2 or jax.default_backend() == "cpu":
        return 1
    workers = task.workers(streams) if placement.workers is None else placement.workers
    return 2 if workers > 1 else 1


def _tiles(experiment: Experiment) -> tuple[int, int]:
    """The most streams that act, and that are learned from, at once on a core."""
    interface = experiment.task.interface
    state = eqx.filter_eval_shape(
        lambda key: experiment.build_agent(interface, key).init_state(), jax.random.key(0)
    )
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    steps = experiment.agent.tile_steps
    learning = experiment.streams if steps is None else steps // experiment.segment_length
    return max(CACHED // max(size, 1024), SIDE_BY_SIDE), learning
