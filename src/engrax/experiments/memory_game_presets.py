"""The Memory Game's presets: MERLIN, the agents it is compared with, and its ablations."""

from dataclasses import replace

from engrax.agents import ActorCriticSizes, BoundWeights, MERLINSizes
from engrax.algorithms import A2C, Ramp
from engrax.experiments.config import Agent, Experiment
from engrax.experiments.memories import (
    DNCMemory,
    GTrXLMemory,
    LSTMMemory,
    Memory,
    NTMMemory,
    RetroactiveStore,
    RLMEMMemory,
    TrXLMemory,
)
from engrax.experiments.tasks import MemoryGameTask
from engrax.nn.encoders import EncoderSizes

SIZES = (3, 4, 6, 8)
"""Pairs of cards that there are presets for."""
UPDATES = {3: 5_000, 4: 8_000, 6: 16_000, 8: 12_000}


def memory_game(pairs: int, agent: Agent, memory: Memory, entropy_cost: float) -> Experiment:
    """The Memory Game in symbols, small enough for two cores; a segment is an episode."""
    return Experiment(
        task=MemoryGameTask(pairs=pairs),
        memory=memory,
        agent=agent,
        learner=A2C(
            learning_rate=2e-3,
            discount=0.96,
            entropy_cost=entropy_cost,
            entropy_ramp=Ramp(end=0.2, start=UPDATES[pairs] // 5, updates=3 * UPDATES[pairs] // 5),
            learning_rate_ramp=Ramp(end=0.25, start=UPDATES[pairs] // 2, updates=UPDATES[pairs] // 2),
            value_cost=1.0,
            max_gradient_norm=10.0,
        ),
        streams=64,
        segment_length=3 * pairs,
        whole_episodes=True,
        updates=UPDATES[pairs],
    )


def merlin(pairs: int, entropy_cost: float, **sizes: object) -> Experiment:
    """MERLIN, with a row for every step of an episode."""
    agent, store = replace(MERLINSizes(width=64), **sizes), RetroactiveStore(rows=3 * pairs + 1)
    return memory_game(pairs, agent, store, entropy_cost)


def small_merlin() -> Experiment:
    """Three pairs, which the policy's LSTM can keep: what reads cannot tell apart does no harm."""
    return merlin(3, 0.05, weights=BoundWeights(symbols=5.0))


def large_merlin(pairs: int, **sizes: object) -> Experiment:
    """The same for more than the policy's LSTM can keep: it must read, and so begins once there is what to read.

    Its key starts as z itself, and the policy starts to learn after 500 updates of the predictor alone (both ours).
    """
    experiment = merlin(pairs, 0.02, key_hears_latent=True, **sizes)
    return replace(experiment, learner=replace(experiment.learner, policy_delay=500))


def paper_game() -> Experiment:
    """Eight pairs: that glyphs are not mistaken for one another, their reconstruction counts still more."""
    experiment = large_merlin(8, weights=BoundWeights(symbols=100.0))
    return replace(experiment, learner=replace(experiment.learner, max_gradient_norm=50.0))


def pixels() -> Experiment:
    """Three pairs, seen: a glyph has one code in z, wherever it lies, since all tiles laid on one another are told too.

    The policy must learn to read, so it stays undecided for longer.
    """
    encoders = EncoderSizes(image="mosaic", tile=8, image_features=64, symbols="softmax")
    experiment = replace(large_merlin(3, encoders=encoders, latent=48), task=MemoryGameTask(pairs=3, view="pixels"))
    undecided = {"entropy_cost": 0.05, "entropy_ramp": Ramp(end=0.2, start=2500, updates=2000)}
    return replace(experiment, learner=replace(experiment.learner, **undecided))


def demo() -> Experiment:
    """Three pairs, in a hurry: for `make demo`."""
    experiment = small_merlin()
    ramps = {"entropy_ramp": Ramp(end=0.1, start=500, updates=1500), "learning_rate_ramp": Ramp(end=0.2, start=1000)}
    return replace(experiment, learner=replace(experiment.learner, **ramps), updates=2200)


def controls(pairs: int) -> dict[str, Experiment]:
    """Other memories at the same task, learner and steps; policy and value alone teach them.

    The paper's RL-LSTM, RL-MEM and RL-DNC, and others. Of entropy costs between 0.001 and 0.05 the LSTM
    learns most with a low one: with more it stays undecided.
    """
    alone, steps = ActorCriticSizes(reconstruction=False), 3 * pairs + 1
    memories: dict[str, Memory] = {
        "lstm": LSTMMemory(width=128),
        "rl-mem": RLMEMMemory(width=64, store=RetroactiveStore(rows=steps)),
        "dnc": DNCMemory(rows=steps),
        "ntm": NTMMemory(rows=steps),
        "gtrxl": GTrXLMemory(window=steps),
        "trxl": TrXLMemory(window=steps),
    }
    return {
        f"{name}-memory-game-{pairs}-pairs": memory_game(pairs, alone, memory, 0.002)
        for name, memory in memories.items()
    }


def paper() -> Experiment:
    """The paper's sizes as best known, in pixels: an accelerator's work."""
    return Experiment(
        task=MemoryGameTask(view="pixels", scale=2),
        memory=RetroactiveStore(rows=1350),
        agent=MERLINSizes(
            encoders=EncoderSizes(image="resnet", tile=16, image_features=500, symbols="softmax"),
            latent=200,
            width=256,
            hidden=200,
            weights=BoundWeights(advantage=10.0),
        ),
        learner=A2C(learning_rate=1e-4, discount=0.96, entropy_cost=0.01, value_cost=10.0, max_gradient_norm=40.0),
        streams=64,
        segment_length=20,
        updates=450_000,
        checkpoint_every=500,
    )


PRESETS: dict[str, Experiment] = {
    "merlin-memory-game-3-pairs": small_merlin(),
    **{f"merlin-memory-game-{pairs}-pairs": large_merlin(pairs) for pairs in (4, 6)},
    "merlin-memory-game-8-pairs": paper_game(),
    **{name: experiment for pairs in SIZES for name, experiment in controls(pairs).items()},
    "merlin-memory-game-3-pairs-pixels": pixels(),
    "merlin-memory-game-demo": demo(),
    "merlin-memory-game-paper": paper(),
}
"""The Memory Game's presets by name."""
