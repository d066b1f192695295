"""One preset a published experiment, plus sizes that a laptop can train, and some to try things out with.

`-paper` presets have the paper's sizes as best known; the others are ours: small, and mostly on symbols.
"""

from dataclasses import replace

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import PPO, Ramp
from engrax.experiments import ballet_presets, memory_game_presets
from engrax.experiments.config import Agent, Experiment
from engrax.experiments.memories import (
    DNCMemory,
    GTrXLMemory,
    HCAMMemory,
    LSTMMemory,
    Memory,
    NoneMemory,
    NTMMemory,
    RetroactiveStore,
    RLMEMMemory,
    TrXLMemory,
)
from engrax.experiments.tasks import BalletTask, Level, MemoryGameTask, MixtureTask, RecallTask, Task

TINY_STORE = RetroactiveStore(rows=8)
TINY_MEMORIES: dict[str, Memory] = {
    "dnc": DNCMemory(width=8, rows=4, word=4, heads=1),
    "gtrxl": GTrXLMemory(width=8, num_layers=1, num_heads=2, window=4, mlp_size=16),
    "hcam": HCAMMemory(width=8, num_heads=2, chunk_size=4, num_chunks=3, window=4, mlp_size=16),
    "lstm": LSTMMemory(width=8),
    "none": NoneMemory(width=8),
    "ntm": NTMMemory(width=8, rows=4, word=4, heads=1),
    "rl_mem": RLMEMMemory(width=8, word=4, store=TINY_STORE),
    "retroactive": TINY_STORE,
    "trxl": TrXLMemory(width=8, num_layers=1, num_heads=2, window=4, mlp_size=16),
}


def debug_size(experiment: Experiment) -> Experiment:
    """The same experiment with everything small, to see that it runs; not to learn from.

    What differs in size alone becomes the same experiment.
    """
    ramps = {"learning_rate_ramp": Ramp(), "entropy_ramp": Ramp()}
    return replace(
        experiment,
        task=small(experiment.task),
        memory=TINY_MEMORIES[experiment.memory.kind],
        agent=tiny(experiment.agent),
        learner=replace(experiment.learner, epochs=1, minibatches=2, **ramps),
        streams=4,
        segment_length=16,
        updates=4,
        checkpoint_every=2,
    )


def small(task: Task) -> Task:
    """The same task, over soon."""
    if isinstance(task, MixtureTask):
        return MixtureTask(levels=tuple(map(small_level, task.levels[:2])))
    return small_level(task)


def small_level(level: Level) -> Level:
    """The same level, over soon."""
    match level:
        case BalletTask():
            return replace(level, num_dancers=1, dance_delay=1)
        case MemoryGameTask():
            return replace(level, pairs=2, scale=1, table=None)
        case RecallTask():
            return level


def tiny(agent: Agent) -> Agent:
    """The same agent, small."""
    encoders = replace(agent.encoders, image_features=16, filter_channels=4, text_embedding=4)
    agent = replace(agent, encoders=encoders, hidden=8)
    return replace(agent, latent=4, width=8) if isinstance(agent, MERLINSizes) else agent


def recall(agent: Agent, memory: Memory) -> Experiment:
    """Recalls a cue after four steps, which is a vector."""
    return Experiment(task=RecallTask(delay=4), memory=memory, agent=agent, learner=PPO(policy_mask="choice_phase"))


def merlin_on_ballet() -> Experiment:
    """MERLIN on Ballet in pixels: two senses, image and text."""
    return Experiment(task=BalletTask(view="pixels"), memory=RetroactiveStore(), agent=MERLINSizes())


PRESETS: dict[str, Experiment] = {
    **ballet_presets.PRESETS,
    **memory_game_presets.PRESETS,
    "debug": debug_size(recall(ActorCriticSizes(), HCAMMemory())),
    "merlin-recall-debug": debug_size(recall(MERLINSizes(), RetroactiveStore())),
    "merlin-ballet-debug": debug_size(merlin_on_ballet()),
}
"""Every preset by name."""
