"""Presets of MERLIN's other tasks: MERLIN, and the agents that it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engrax.agents import AbstractAgentSizes, ActorCriticSizes, BoundWeights, MERLINSizes
from engrax.algorithms import PPO, Ramp
from engrax.envs import (
    AbstractEnvironment,
    Errands,
    LatentTMaze,
    Mixture,
    Tasting,
    VisuomotorMapping,
    WaterMazes,
    Wayfinding,
)
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import RECONSTRUCTION
from engrax.experiments.presets.memory_game import control_memories
from engrax.experiments.presets.memory_game import learner as memory_game_learner
from engrax.experiments.presets.preset import Preset
from engrax.experiments.presets.sizes import short_chunks, three_sizes
from engrax.memory import RetroactiveSizes
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
        rewards_in_z: whether MERLIN's z is made to hold the reward.
    """

    title: str
    easy: Task
    full: Task
    steps: tuple[int, int]
    discount: float = 0.96
    rewards_in_z: bool = False


def led(task: AbstractEnvironment[Any], *easier: Mapping[str, Any]) -> Mixture:
    """The task, which comes first, and levels of it that lead to it."""
    return Mixture((task, *(replace(task, **changed) for changed in easier)))


GUIDED = LatentTMaze(guided=True, explore=4)
ERRANDS = tuple({"wrong": -0.25, "shown": shown} for shown in (4, 8, 100))
MAZES = ({"size": 4}, {"size": 3}, {"size": 3, "mazes": 1})
KINDS = ({"bad": -0.5}, {"bad": -0.25})
TASKS = {
    "wayfinding": Sized(
        "wayfinding",
        Wayfinding((2, 2), 100),
        led(Wayfinding(), {"rooms": (2, 2)}, {"rooms": (1, 2)}),
        (100, 300),
    ),
    "errands": Sized(
        "errands", led(Errands((2, 2), 100), *ERRANDS), led(Errands(), *ERRANDS), (100, 300)
    ),
    "water-mazes": Sized(
        "water mazes",
        led(WaterMazes(2, 5, 120, 30), *MAZES),
        led(WaterMazes(), {"size": 5}, *MAZES),
        (120, 300),
    ),
    "tasting": Sized(
        "tasting",
        led(Tasting(4, 1, 4, 8), *KINDS),
        led(Tasting(), *KINDS),
        (32, 96),
        rewards_in_z=True,
    ),
    "latent-tmaze": Sized(
        "the latent T-maze",
        GUIDED,
        led(
            LatentTMaze(delay=20),
            {"delay": 0},
            {"delay": 0, "explore": 8},
            {"guided": True},
            {"guided": True, "delay": 0, "explore": 4},
        ),
        (42, 74),
    ),
    "visuomotor": Sized(
        "visuomotor mapping",
        VisuomotorMapping(12),
        led(VisuomotorMapping(), {"trials": 12}),
        (13, 61),
        0.5,
    ),
}
"""MERLIN's tasks beside the Memory Game."""


def merlin(rows: int, encoders: EncoderSizes, latent: int) -> MERLINSizes:
    """MERLIN for what takes so many steps, with a row for each.

    Rewards and words weigh as much as symbols. That is enough for words; of a rare reward z holds
    little even so, see `with_rewards_in_z`.
    """
    return MERLINSizes(
        width=64,
        store=RetroactiveSizes(rows=rows),
        encoders=replace(encoders, symbols="softmax"),
        latent=latent,
        latent_in_key=True,
        weights=BoundWeights(advantage=20.0, reward=30.0, text=30.0),
    )


def with_rewards_in_z(agent: MERLINSizes) -> MERLINSizes:
    """MERLIN whose z holds the previous reward: it weighs enough to pay for its place, and is large
    enough among the posterior's 2,000 inputs to be found (docs/tasks/water_mazes.md).
    """
    return replace(agent, past_scale=30.0, weights=replace(agent.weights, reward=500.0))


def agents(steps: int, rewards_in_z: bool) -> Mapping[str, AbstractAgentSizes]:
    """MERLIN and its rivals by name, with room for so many steps.

    RL-LSTM and RL-MEM are trained by policy and value alone, as in the paper.
    """
    predictor = merlin(steps, ENCODERS, latent=64)
    memories = control_memories(steps)
    rivals = {
        name: ActorCriticSizes(memory=memories[name], encoders=ENCODERS, reconstruction=False)
        for name in ("lstm", "rl-mem")
    }
    hcam = short_chunks(-(-steps // 4))
    return {
        "merlin": with_rewards_in_z(predictor) if rewards_in_z else predictor,
        **rivals,
        "hcam": ActorCriticSizes(memory=hcam, encoders=ENCODERS, weights=RECONSTRUCTION),
    }


def ppo(agent: AbstractAgentSizes, discount: float, updates: int) -> PPO:
    """PPO, which learns these tasks within a fraction of the steps that A2C takes.

    The losses of MERLIN's predictor are large beside those of the values that it predicts, so that
    these weigh more; its policy learns at half the rate.
    """
    common = {
        "discount": discount,
        "entropy_cost": 0.02,
        "entropy_ramp": Ramp(end=0.2, start=updates // 5, updates=updates // 2),
        "learning_rate_ramp": Ramp(end=0.1, start=updates // 2, updates=updates // 2),
        "minibatches": 8,
    }
    if isinstance(agent, MERLINSizes):
        return PPO(
            learning_rate=2e-3,
            policy_rate=0.5,
            epochs=1,
            value_cost=20.0,
            max_gradient_norm=100.0,
            **common,
        )
    return PPO(learning_rate=1e-3, **common)


def experiment(
    agent: AbstractAgentSizes, task: Task, steps: int, discount: float, updates: int
) -> Experiment:
    """Small enough for two cores; a segment is an episode, or a part of it."""
    return Experiment(
        task=task,
        agent=agent,
        learner=ppo(agent, discount, updates),
        streams=64,
        segment_length=min(steps, 64),
        updates=updates,
        checkpoint_every=100,
    )


UNGUIDED = PPO(
    learning_rate=1e-3,
    learning_rate_ramp=Ramp(end=0.1, start=1500, updates=1000),
    policy_rate=0.5,
    epochs=1,
    minibatches=4,
    discount=0.99,
    entropy_cost=0.02,
    entropy_ramp=Ramp(end=0.2, start=500, updates=1500),
    value_cost=5.0,
    max_gradient_norm=100.0,
)
"""For all levels of the latent T-maze, from weights that know the guided one: `--from` a run of the
demo."""


def latent_tmaze(start: Experiment, **changed: Any) -> Experiment:
    """The latent T-maze with MERLIN, and other settings changed: with the agent and the learner of
    the other tasks it guesses for 4 million steps, even where it is guided.
    """
    assert isinstance(start.agent, MERLINSizes)
    agent = replace(start.agent, latent=32, weights=BoundWeights(symbols=5.0))
    return replace(start, agent=agent, **changed)


def _presets() -> dict[str, Preset]:
    found = {}
    for task, sized in TASKS.items():
        easy, full = (agents(steps, sized.rewards_in_z) for steps in sized.steps)
        for name in easy:
            demo = experiment(easy[name], sized.easy, sized.steps[0], sized.discount, 1500)
            laptop = experiment(full[name], sized.full, sized.steps[1], sized.discount, 3000)
            found |= three_sizes(name, task, sized.title, laptop=laptop, demo=demo)
    guided = memory_game_learner(4000, entropy_cost=0.02)
    for size, changed in {
        "demo": {"learner": guided, "updates": 4000, "checkpoint_every": 200},
        "laptop": {"learner": UNGUIDED, "updates": 2500},
    }.items():
        name = f"merlin-latent-tmaze-{size}"
        slower = latent_tmaze(found[name].experiment, **changed)
        found[name] = found[name]._replace(experiment=slower)
    return found


PRESETS: dict[str, Preset] = _presets()
"""Presets of these tasks by name."""
