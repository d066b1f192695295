"""Presets of one task in four sizes, for several memories."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import PAPER_MEMORIES, ballet_paper
from engrax.experiments.presets.debug import debug_size
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import (
    AbstractMemorySizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
)


def compared(hcam: HCAMSizes, gtrxl: GTrXLSizes) -> dict[str, AbstractMemorySizes]:
    """HCAM and what it is compared with on two cores, by their names."""
    width = 128
    return {
        "hcam": hcam,
        "gtrxl": gtrxl,
        "lstm": LSTMSizes(width=width),
        "none": NoMemorySizes(width=width),
    }


def short_chunks(num_chunks: int) -> HCAMSizes:
    """HCAM for what takes a few steps: chunks of 4, so that most of an episode is in chunks."""
    return HCAMSizes(
        chunk_size=4,
        num_chunks=num_chunks,
        top_k=4,
        window=4,
        read_init="identity",
        normalise_stored=True,
    )


Make = Callable[[AbstractMemorySizes], Experiment]
"""Makes the experiment with a memory."""

SIZES = {
    "paper": "in pixels with {}, at the paper's sizes: for an accelerator",
    "laptop": "with {}, for two cores",
    "demo": "at an easy level with {}: minutes on two cores",
    "debug": "with {}, tiny: runs in seconds, too small to learn",
}
"""What a preset's description says of its size and memory."""


def described(title: str, name: str, size: str, experiment: Experiment) -> Preset:
    """A preset by the title of its task, the name of its memory or agent, and its size."""
    return Preset(f"{title} {SIZES[size].format(TITLES[name])}", experiment)


def three_sizes(
    name: str, task: str, title: str, *, laptop: Experiment, demo: Experiment
) -> dict[str, Preset]:
    """An agent's presets by name, `NAME-TASK-SIZE`, none at the paper's sizes; the debug size is
    the demo's, made small.

    Args:
        name: of the agent, in the names of the presets.
        task: likewise.
        title: what descriptions call the task.
        laptop: the experiment for two cores.
        demo: the one that takes minutes.
    """
    sizes = {"laptop": laptop, "demo": demo, "debug": debug_size(demo)}
    return {
        f"{name}-{task}-{size}": described(title, name, size, experiment)
        for size, experiment in sizes.items()
    }


def four_sizes(
    task: str,
    title: str,
    memories: Mapping[str, AbstractMemorySizes],
    *,
    paper: Task,
    laptop: Make,
    demo: Make,
) -> dict[str, Preset]:
    """Presets by name, `MEMORY-TASK-SIZE`; the debug size is the demo's, made small.

    Args:
        task: its name in those of the presets.
        title: what descriptions call it.
        memories: those of the laptop and the demo; of the same names are those of the paper.
        paper: the task in pixels, for Ballet's experiment at the paper's sizes.
        laptop: makes the one for two cores.
        demo: makes the one that takes minutes.
    """
    makers = {
        "paper": lambda m: replace(ballet_paper(m), task=paper),
        "laptop": laptop,
        "demo": demo,
        "debug": lambda m: debug_size(demo(m)),
    }
    return {
        f"{name}-{task}-{size}": described(
            title, name, size, makers[size](PAPER_MEMORIES[name] if size == "paper" else memory)
        )
        for size in SIZES
        for name, memory in memories.items()
    }
