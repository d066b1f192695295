"""The levels of a task, one by one, under names that say how they differ."""

from engrax.envs import Mixture
from engrax.experiments.codec import encode
from engrax.experiments.config import Task
from engrax.experiments.registries import kind_of


def levels_of(task: Task) -> dict[str, Task]:
    """The levels of a mixture by the settings in which they differ.

    A label is `num_dancers=4 dance_delay=16`, say. A task that is no mixture is its own only level,
    and its kind is the label.
    """
    if not isinstance(task, Mixture):
        return {kind_of(task): task}
    settings = [encode(level) for level in task.levels]
    names = dict.fromkeys(name for one in settings for name in one)
    differing = [
        name for name in names if any(one.get(name) != settings[0].get(name) for one in settings)
    ]
    labels = [
        " ".join(f"{name}={one[name]}" for name in differing if name in one) for one in settings
    ]
    return {
        label or kind_of(level): level for label, level in zip(labels, task.levels, strict=True)
    }
