"""Presets of MERLIN's other tasks: MERLIN, and the agents that it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engrax.agents import AbstractAgentSizes, ActorCriticSizes, BoundWeights, MERLINSizes
from engrax.algorithms import A2C, Ramp
from engrax.envs import (
    Errands,
    LatentTMaze,
    Tasting,
    VisuomotorMapping,
    WaterMazes,
    Wayfinding,
)
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import RECONSTRUCTION
from engrax.experiments.presets.debug import debug_size
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import HCAMSizes, LSTMSizes, RetroactiveSizes, RLMEMSizes
from engrax.nn.senses import EncoderSizes

ENCODERS = EncoderSizes(
    filter_size=1, filter_channels=16, attribute_scale=1.0, text_scale=16.0, part_features=32
)


@dataclass(frozen=True)
class Sized:
    """A task in two sizes.

    Attributes:
        title: what descriptions call it.
        easy: the demo's.
        full: the laptop's.
        steps: of the longest episode of each.
        discount: of rewards, a step.
    """

    title: str
    easy: Task
    full: Task
    steps: tuple[int, int]
    discount: float = 0.96


TASKS = {
    "wayfinding": Sized("wayfinding", Wayfinding((2, 2), 100), Wayfinding(), (100, 300)),
    "errands": Sized("errands", Errands((2, 2), 100), Errands(), (100, 300)),
    "water-mazes": Sized("water mazes", WaterMazes(2, 5, 120, 30), WaterMazes(), (120, 300)),
    "tasting": Sized("tasting", Tasting(4, 1, 4, 8), Tasting(), (32, 96), 0.9),
    "latent-tmaze": Sized(
        "the latent T-maze", LatentTMaze(guided=True, explore=4), LatentTMaze(delay=20), (42, 74)
    ),
    "visuomotor": Sized(
        "visuomotor mapping", VisuomotorMapping(12), VisuomotorMapping(), (13, 61), 0.5
    ),
}
"""MERLIN's tasks beside the Memory Game."""


def agents(steps: int) -> Mapping[str, AbstractAgentSizes]:
    """MERLIN and its rivals by name, with room for so many steps.

    RL-LSTM and RL-MEM are trained by policy and value alone, as in the paper.
    """
    rivals = {"lstm": LSTMSizes(width=128), "rl-mem": RLMEMSizes(width=64, store=_store(steps))}
    merlin = MERLINSizes(
        width=64,
        store=_store(steps),
        encoders=replace(ENCODERS, symbols="softmax"),
        latent_in_key=True,
        weights=BoundWeights(symbols=5.0),
    )
    hcam = HCAMSizes(
        chunk_size=4, num_chunks=-(-steps // 4), top_k=4, window=4, read_init="identity",
        normalise_stored=True,
    )  # fmt: skip
    return {
        "merlin": merlin,
        **{
            name: ActorCriticSizes(memory=memory, encoders=ENCODERS, reconstruction=False)
            for name, memory in rivals.items()
        },
        "hcam": ActorCriticSizes(memory=hcam, encoders=ENCODERS, weights=RECONSTRUCTION),
    }


def experiment(
    agent: AbstractAgentSizes, task: Task, steps: int, discount: float, updates: int
) -> Experiment:
    """Small enough for two cores; a segment is an episode, or a part of it."""
    learner = A2C(
        learning_rate=2e-3,
        discount=discount,
        entropy_cost=0.02,
        entropy_ramp=Ramp(end=0.2, start=updates // 5, updates=3 * updates // 5),
        learning_rate_ramp=Ramp(end=0.25, start=updates // 2, updates=updates // 2),
        value_cost=1.0,
        max_gradient_norm=10.0,
    )
    return Experiment(
        task=task,
        agent=agent,
        learner=learner,
        streams=64,
        segment_length=min(steps, 64),
        updates=updates,
        checkpoint_every=200,
    )


def _store(steps: int) -> RetroactiveSizes:
    return RetroactiveSizes(rows=steps)


def _presets() -> dict[str, Preset]:
    found = {}
    for task, sized in TASKS.items():
        easy, full = (agents(steps) for steps in sized.steps)
        for name in easy:
            demo = experiment(easy[name], sized.easy, sized.steps[0], sized.discount, 4000)
            laptop = experiment(full[name], sized.full, sized.steps[1], sized.discount, 6000)
            title = f"{sized.title} with {TITLES[name]}"
            sizes = {
                "laptop": (f"{title}, for two cores", laptop),
                "demo": (f"{title} at an easy level: minutes on two cores", demo),
                "debug": (f"{title}, tiny: runs in seconds, too small to learn", debug_size(demo)),
            }
            found |= {f"{name}-{task}-{size}": Preset(*made) for size, made in sizes.items()}
    return found


PRESETS: dict[str, Preset] = _presets()
"""Presets of these tasks by name."""
