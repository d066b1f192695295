"""The Memory Game's presets: MERLIN, the agents it is compared with, and its ablations."""

from dataclasses import replace
from typing import Any

from engrax.agents import AbstractAgentSizes, ActorCriticSizes, BoundWeights, MERLINSizes
from engrax.algorithms import A2C, Ramp
from engrax.envs import MemoryGame
from engrax.experiments.config import Experiment
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import (
    AbstractMemorySizes,
    DNCSizes,
    GTrXLSizes,
    LSTMSizes,
    NTMSizes,
    RetroactiveSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.nn.senses import EncoderSizes

SIZES = (3, 4, 6, 8)
"""Pairs of cards that there are presets for."""
UPDATES = {3: 5_000, 4: 8_000, 6: 16_000, 8: 12_000}


def learner(updates: int, entropy_cost: float) -> A2C:
    """A2C whose entropy and learning rate fall over so many updates."""
    return A2C(
        learning_rate=2e-3,
        discount=0.96,
        entropy_cost=entropy_cost,
        entropy_ramp=Ramp(end=0.2, start=updates // 5, updates=3 * updates // 5),
        learning_rate_ramp=Ramp(end=0.25, start=updates // 2, updates=updates // 2),
        value_cost=1.0,
        max_gradient_norm=10.0,
    )


def memory_game(pairs: int, agent: AbstractAgentSizes, entropy_cost: float) -> Experiment:
    """The Memory Game in symbols, small enough for two cores; a segment is an episode."""
    return Experiment(
        task=MemoryGame(pairs),
        agent=agent,
        learner=learner(UPDATES[pairs], entropy_cost),
        streams=64,
        segment_length=3 * pairs,
        whole_episodes=True,
        updates=UPDATES[pairs],
    )


def merlin(pairs: int, entropy_cost: float, **sizes: Any) -> Experiment:
    """MERLIN, with a row for every step of an episode."""
    agent = MERLINSizes(width=64, store=RetroactiveSizes(rows=3 * pairs + 1))
    return memory_game(pairs, replace(agent, **sizes), entropy_cost)


def small_merlin() -> Experiment:
    """Three pairs, which the policy's LSTM can keep, so that it hardly needs to read."""
    return merlin(3, 0.05, weights=BoundWeights(symbols=5.0))


def large_merlin(pairs: int, **sizes: Any) -> Experiment:
    """More pairs than the policy's LSTM can keep: it must read the store.

    Its key starts as z itself, and the policy starts to learn after 500 updates of the predictor
    alone (both ours).
    """
    experiment = merlin(pairs, 0.02, latent_in_key=True, **sizes)
    return replace(experiment, learner=replace(experiment.learner, policy_delay=500))


def paper_game() -> Experiment:
    """Eight pairs: reconstruction weighs still more, so that z tells more glyphs apart."""
    experiment = large_merlin(8, weights=BoundWeights(symbols=100.0))
    return replace(experiment, learner=replace(experiment.learner, max_gradient_norm=50.0))


def pixels() -> Experiment:
    """Three pairs in pixels.

    A glyph has one code in z wherever it lies, since the sum over tiles is decoded too. The policy
    must learn to read, so its entropy counts more, and for longer.
    """
    encoders = EncoderSizes(image="mosaic", tile=8, image_features=64, symbols="softmax")
    experiment = large_merlin(3, encoders=encoders, latent=48)
    ramp = Ramp(end=0.2, start=2500, updates=2000)
    learner = replace(experiment.learner, entropy_cost=0.05, entropy_ramp=ramp)
    return replace(experiment, task=MemoryGame(3, "pixels"), learner=learner)


def demo() -> Experiment:
    """Three pairs in fewer updates: for `make demo`."""
    experiment = small_merlin()
    ramps = {
        "entropy_ramp": Ramp(end=0.1, start=500, updates=1500),
        "learning_rate_ramp": Ramp(end=0.2, start=1000),
    }
    return replace(experiment, learner=replace(experiment.learner, **ramps), updates=2200)


def control_memories(steps: int) -> dict[str, AbstractMemorySizes]:
    """Other memories, with room for so many steps, by name.

    The paper has RL-LSTM, RL-MEM and RL-DNC.
    """
    return {
        "lstm": LSTMSizes(width=128),
        "rl-mem": RLMEMSizes(width=64, store=RetroactiveSizes(rows=steps)),
        "dnc": DNCSizes(rows=steps),
        "ntm": NTMSizes(rows=steps),
        "gtrxl": GTrXLSizes(window=steps),
        "trxl": TrXLSizes(window=steps),
    }


def control(pairs: int, memory: AbstractMemorySizes) -> Experiment:
    """Another memory at the same task, learner and steps; policy and value alone train it.

    Of entropy costs between 0.001 and 0.05 the LSTM learns most with a low one.
    """
    return memory_game(pairs, ActorCriticSizes(memory=memory, reconstruction=False), 0.002)


def paper() -> Experiment:
    """The paper's sizes as best known, in pixels: an accelerator's work."""
    return Experiment(
        task=MemoryGame(view="pixels", scale=2),
        agent=MERLINSizes(
            store=RetroactiveSizes(rows=1350),
            encoders=EncoderSizes(image="resnet", tile=16, image_features=500, symbols="softmax"),
            latent=200,
            width=256,
            hidden=200,
            weights=BoundWeights(advantage=10.0),
        ),
        learner=A2C(
            learning_rate=1e-4,
            discount=0.96,
            entropy_cost=0.01,
            value_cost=10.0,
            max_gradient_norm=40.0,
        ),
        streams=64,
        segment_length=20,
        updates=450_000,
        checkpoint_every=500,
    )


def _controls(pairs: int) -> dict[str, Preset]:
    text = "{} pairs of the Memory Game in symbols with {}, for two cores: a control for MERLIN"
    return {
        f"{name}-memory-game-{pairs}-pairs": Preset(
            text.format(pairs, TITLES[name]), control(pairs, memory)
        )
        for name, memory in control_memories(3 * pairs + 1).items()
    }


def _merlins() -> dict[int, Experiment]:
    return {3: small_merlin(), 4: large_merlin(4), 6: large_merlin(6), 8: paper_game()}


PRESETS: dict[str, Preset] = {
    **{
        f"merlin-memory-game-{pairs}-pairs": Preset(
            f"{pairs} pairs of the Memory Game in symbols with MERLIN, for two cores", experiment
        )
        for pairs, experiment in _merlins().items()
    },
    **{name: preset for pairs in SIZES for name, preset in _controls(pairs).items()},
    "merlin-memory-game-3-pairs-pixels": Preset(
        "3 pairs of the Memory Game in pixels with MERLIN, for two cores", pixels()
    ),
    "merlin-memory-game-demo": Preset(
        "3 pairs of the Memory Game in symbols with MERLIN, in fewer updates: minutes on two cores",
        demo(),
    ),
    "merlin-memory-game-paper": Preset(
        "8 pairs of the Memory Game in pixels with MERLIN, the paper's sizes: for an accelerator",
        paper(),
    ),
}
"""The Memory Game's presets by name."""
