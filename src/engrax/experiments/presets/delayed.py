"""Presets of visual match and key to door: HCAM, MERLIN, and what they are compared with."""

from dataclasses import replace
from typing import Any

from engrax.agents import AbstractAgentSizes, ActorCriticSizes, MERLINSizes
from engrax.agents.scaling import Normalisation
from engrax.algorithms import PPO, Ramp, Transport
from engrax.envs import KeyToDoor, Mixture, VisualMatch
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import RECONSTRUCTION
from engrax.experiments.presets.merlin_tasks import merlin, ppo
from engrax.experiments.presets.preset import Preset
from engrax.experiments.presets.sizes import compared, four_sizes, three_sizes
from engrax.memory import AbstractMemorySizes, GTrXLSizes, HCAMSizes, RetroactiveSizes
from engrax.nn.senses import EncoderSizes

MEMORIES = compared(HCAMSizes(normalise_stored=True), GTrXLSizes(window=128))
"""HCAM and GTrXL remember a whole episode of 120 steps."""
EASY = VisualMatch(phases=(3, 12, 15), apple_rewards=(0.1,))
"""A delay of 12 steps. The last phase is long enough to look at all squares. Apples that are worth
more would make the difference between right and wrong a small part of all advantages, which PPO
divides by their deviation.
"""
BOTH = Mixture((EASY, VisualMatch(apple_rewards=(0.1,))))
"""The delay of 90 steps, beside the easy level."""
ENCODERS = EncoderSizes(
    filter_size=1, filter_channels=16, attribute_scale=1.0, sum_scale=4.0, part_features=32
)
LATENT = 32
"""The width of MERLIN's z."""


def actor_critic(memory: AbstractMemorySizes) -> ActorCriticSizes:
    """Looks in its view for what it recalls."""
    return ActorCriticSizes(
        memory=memory,
        encoders=ENCODERS,
        hidden=128,
        spatial_attention=4,
        past_in_memory=False,
        normalise=Normalisation(rewards=True),
        weights=RECONSTRUCTION,
    )


def rma(rows: int) -> MERLINSizes:
    """The reconstructive memory agent: MERLIN without sampling and without a prior, whose z the
    policy shapes.
    """
    store = RetroactiveSizes(rows=rows, retroactive=False, read_rows=min(50, rows))
    start = merlin(rows, ENCODERS, LATENT)
    return replace(
        start, sampled=False, policy_shapes_latent=True, memory_in_value=True, store=store
    )


def delayed(
    agent: AbstractAgentSizes, task: Task, updates: int, discount: float = 0.9
) -> Experiment:
    """Small enough for two cores; a segment is an episode of passive visual match."""
    learner = PPO(
        learning_rate=1e-3,
        discount=discount,
        entropy_cost=0.02,
        minibatches=8,
        only_effective=True,
    )
    return Experiment(
        task=task,
        agent=agent,
        learner=learner,
        streams=128,
        segment_length=110,
        updates=updates,
        checkpoint_every=25,
    )


def match_demo(memory: AbstractMemorySizes) -> Experiment:
    """The easy level."""
    return delayed(actor_critic(memory), EASY, updates=100)


def match_laptop(memory: AbstractMemorySizes) -> Experiment:
    """Both levels."""
    start = delayed(actor_critic(memory), BOTH, updates=400)
    ramps = {
        "learning_rate_ramp": Ramp(end=0.05, start=200, updates=200),
        "entropy_ramp": Ramp(end=0.2, start=100, updates=200),
    }
    return replace(start, learner=replace(start.learner, **ramps))


def key_demo(memory: AbstractMemorySizes) -> Experiment:
    """A delay of 20 steps, and apples that are worth less than the door."""
    level = KeyToDoor(phases=(10, 20, 15), apple_rewards=(1.0,))
    return delayed(actor_critic(memory), level, updates=100, discount=0.99)


def key_laptop(memory: AbstractMemorySizes) -> Experiment:
    """The task with small apples, for the reason that visual match has them; the reward of taking
    the key comes a hundred steps later.
    """
    level = KeyToDoor(apple_rewards=(0.1,))
    return delayed(actor_critic(memory), level, updates=400, discount=0.99)


def transporting(phases: tuple[int, ...], updates: int, **task: Any) -> Experiment:
    """Key to door with RMA and temporal value transport, over whole episodes; the paper's discount
    and share. The threshold is above the strength that reads have at first, 5.
    """
    steps = sum(phases)
    start = delayed(rma(steps), KeyToDoor(phases, **task), updates, discount=0.92)
    learner = replace(start.learner, transport=Transport(share=0.9, threshold=6.0), value_cost=5.0)
    return replace(start, learner=learner, segment_length=steps, whole_episodes=True)


def predicted(rows: int, task: Task, updates: int) -> Experiment:
    """Visual match with MERLIN, and the learner of its other tasks."""
    start = delayed(merlin(rows, ENCODERS, LATENT), task, updates)
    chosen = ppo(start.agent, discount=0.9, updates=updates)
    return replace(start, learner=replace(chosen, only_effective=True))


PRESETS: dict[str, Preset] = {
    **four_sizes(
        "visual-match",
        "visual match",
        MEMORIES,
        paper=VisualMatch(view="pixels"),
        laptop=match_laptop,
        demo=match_demo,
    ),
    **four_sizes(
        "key-to-door",
        "key to door",
        MEMORIES,
        paper=KeyToDoor(view="pixels"),
        laptop=key_laptop,
        demo=key_demo,
    ),
    **three_sizes(
        "merlin",
        "visual-match",
        "visual match",
        laptop=predicted(112, BOTH, 400),
        demo=predicted(32, EASY, 200),
    ),
    **three_sizes(
        "rma",
        "key-to-door",
        "key to door",
        laptop=transporting((15, 90, 15), 400, apple_rewards=(0.1,)),
        demo=transporting((10, 20, 15), 100, apple_rewards=(1.0,)),
    ),
}
"""Presets of the two tasks by name."""
