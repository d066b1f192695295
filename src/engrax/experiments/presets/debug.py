"""Presets at debug size: everything is small and over soon, to see that it runs."""

from dataclasses import replace
from typing import Any

from engrax.agents import AbstractAgentSizes, ActorCriticSizes, MERLINSizes
from engrax.algorithms import PPO, Ramp
from engrax.envs import (
    AbstractEnvironment,
    Ballet,
    Errands,
    HiddenObjects,
    KeyToDoor,
    LatentTMaze,
    MemoryGame,
    Mixture,
    Recall,
    Tasting,
    TMaze,
    VisualMatch,
    VisuomotorMapping,
    WaterMazes,
    Wayfinding,
    WordLearning,
)
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.preset import Preset


def debug_size(experiment: Experiment) -> Experiment:
    """The same experiment with everything small, to see that it runs.

    Experiments that differ in size alone become the same one.
    """
    ramps = {"learning_rate_ramp": Ramp(), "entropy_ramp": Ramp()}
    return replace(
        experiment,
        task=small(experiment.task),
        agent=experiment.agent.tiny(),
        learner=replace(experiment.learner, epochs=1, minibatches=2, **ramps),
        streams=4,
        segment_length=16,
        updates=4,
        checkpoint_every=2,
    )


def small(task: Task) -> Task:
    """The same task with short episodes; a task that is not of this library as it is."""
    if isinstance(task, Mixture):
        return Mixture(tuple(map(small_level, task.levels[:2])))
    return small_level(task) if isinstance(task, AbstractEnvironment) else task


def small_level(level: AbstractEnvironment[Any]) -> AbstractEnvironment[Any]:
    """The same environment with short episodes."""
    match level:
        case Ballet():
            return replace(level, num_dancers=1, dance_delay=1)
        case Errands() | Wayfinding():
            return replace(level, rooms=(2, 2), length=12)
        case HiddenObjects():
            return replace(level, objects=(2,), show=1, gap=0, max_delay=2, reach=1, patience=4)
        case KeyToDoor() | VisualMatch():
            return replace(level, phases=(2, 2, 6))
        case LatentTMaze():
            return replace(level, arm=1, explore=4)
        case MemoryGame():
            return replace(level, pairs=2, scale=1, table=None)
        case Tasting():
            return replace(level, kinds=2, reach=1, rounds=2, round_steps=4)
        case TMaze():
            return replace(level, length=4)
        case VisuomotorMapping():
            return replace(level, trials=6)
        case WaterMazes():
            return replace(level, mazes=2, size=2, length=12)
        case WordLearning():
            return replace(level, distractors=(0,), lessons=1, show=1, reach=1, patience=3)
        case _:
            return level


def recall(agent: AbstractAgentSizes) -> Experiment:
    """Recalls a cue after four steps; observations are vectors."""
    return Experiment(task=Recall(delay=4), agent=agent, learner=PPO(only_effective=True))


def merlin_on_ballet() -> Experiment:
    """MERLIN on Ballet in pixels: two kinds of observation, image and text."""
    return Experiment(task=Ballet(view="pixels"), agent=MERLINSizes())


PRESETS: dict[str, Preset] = {
    "debug": Preset(
        "the probe Recall with a tiny HCAM: runs in seconds, learns in 30 s with more updates",
        debug_size(recall(ActorCriticSizes())),
    ),
    "merlin-recall-debug": Preset(
        "the probe Recall with a tiny MERLIN: runs in seconds", debug_size(recall(MERLINSizes()))
    ),
    "merlin-ballet-debug": Preset(
        "Ballet in pixels with a tiny MERLIN: runs in seconds, too small to learn",
        debug_size(merlin_on_ballet()),
    ),
}
"""The presets to try things out with, by name."""
