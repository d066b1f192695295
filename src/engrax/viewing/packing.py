"""Inspected episodes as the data of the page: plain JSON, with arrays compressed in it."""

import base64
import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from engrax.runtime.worlds import Pure, World
from engrax.viewing.choices import action_words, bar_labels, chosen_bars
from engrax.viewing.inspection import Inspected
from engrax.viewing.pictures import DRAWN, pictures, words

FORMAT = 1
_KINDS = {"u8": np.uint8, "u16": np.uint16, "i16": np.int16, "f16": np.float16, "f32": np.float32}
_FAINT = 2.0**-12
"""Attention below it is stored as 0: it takes space and is not seen."""


def blob(array: Any, kind: str) -> dict[str, Any]:
    """An array in JSON: little-endian, compressed by zlib, in base64."""
    plain = np.ascontiguousarray(np.asarray(array).astype(_KINDS[kind]))
    data = zlib.compress(plain.astype(plain.dtype.newbyteorder("<")).tobytes(), 9)
    text = base64.b64encode(data).decode("ascii")
    return {"dtype": kind, "shape": list(plain.shape), "data": text}


def coarse(array: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """The numbers to three digits, with the range of float32: what is left compresses well."""
    bits = np.asarray(array, np.float32).view(np.uint32)
    return ((bits + 0x1000) & np.uint32(0xFFFFE000)).view(np.float32)


def sheet(frames: UInt8[np.ndarray, "t h w 3"], columns: int | None = None) -> dict[str, Any]:
    """The distinct frames side by side in one PNG, and which of them each step shows.

    Args:
        frames: one a step.
        columns: of the PNG; as many as make it about a square if not given.
    """
    length, height, width = frames.shape[:3]
    _, firsts, places = np.unique(
        frames.reshape(length, -1), axis=0, return_index=True, return_inverse=True
    )
    distinct = frames[firsts]
    columns = columns or max(1, round((len(distinct) * height / width) ** 0.5))
    rows = -(-len(distinct) // columns)
    whole = np.zeros((rows * columns, height, width, 3), np.uint8)
    whole[: len(distinct)] = distinct
    picture = whole.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(picture.reshape(rows * height, columns * width, 3)).save(
        file, format="PNG", optimize=True
    )
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return {
        "frames": f"data:image/png;base64,{data}",
        "frame_size": [height, width],
        "sheet_columns": columns,
        "frame_of": blob(places.reshape(-1), "u16"),
    }


def run_data(world: World, seen: Inspected) -> dict[str, Any]:
    """One agent's run through an episode, as the page has it."""
    episode, interface = seen.episode, world.interface
    frames = pictures(world, episode.observation)
    shown = sheet(frames) if frames is not None else {
        "frames": None, "frame_size": [1, 1], "sheet_columns": 1,
        "frame_of": blob(np.zeros(episode.length), "u16"),
    }  # fmt: skip
    chosen = np.zeros(np.shape(episode.policy), np.uint8)
    for step, action in enumerate(episode.action):
        chosen[step, sorted(chosen_bars(interface.actions, action))] = 1
    return {
        "length": episode.length,
        "return": episode.total,
        "success": episode.success,
        **shown,
        "words": words(interface, episode.observation),
        "actions": [action_words(interface, action) for action in episode.action],
        "effective": blob(episode.effective, "u8"),
        "reward": blob(episode.reward, "f32"),
        "value": blob(episode.value, "f32"),
        "policy": blob(episode.policy, "f32"),
        "chosen": blob(chosen, "u8"),
        **memory_data(seen),
        "recalled": recalled_data(world, seen, shown["sheet_columns"]),
        "events": events_data(world, seen),
    }


def memory_data(seen: Inspected) -> dict[str, Any]:
    """How the steps of an episode relate to those before, as the page has it."""
    attention = np.where(seen.attention < _FAINT, 0.0, seen.attention)
    attends = bool(seen.readers)
    written = None if seen.written is None else blob(seen.written, "i16")
    counted = seen.episode.detail.usage
    usage = None if counted is None else blob(counted, "f16")
    return {
        "attention": blob(attention, "f16") if attends else None,
        "visible": blob(seen.visible, "u8") if attends else None,
        "saliency": None if seen.saliency is None else blob(coarse(seen.saliency), "f32"),
        "ablation": None if seen.ablation is None else blob(seen.ablation, "f16"),
        "chunks": None if seen.chunk is None else list(range(0, seen.episode.length, seen.chunk)),
        "slots": None if written is None else {"written": written, "usage": usage},
    }


def events_data(world: World, seen: Inspected) -> dict[str, Any] | None:
    """What each step shows, where the environment names it."""
    if not isinstance(world, Pure) or seen.episode.event is None:
        return None
    return {"names": list(world.environment.events), "of": blob(seen.episode.event, "u8")}


def recalled_data(world: World, seen: Inspected, columns: int) -> dict[str, Any] | None:
    """Pictures of what memory still knows of each step; None where a part of them is not known."""
    known = seen.recollected or {}
    specs = world.interface.observations.items()
    if not known or any(name not in known and type(spec) in DRAWN for name, spec in specs):
        return None
    frames = pictures(world, {**seen.episode.observation, **known})
    if frames is None:
        return None
    packed = sheet(frames, columns)
    return {name: packed[name] for name in ("frames", "frame_of")}


def page_data(
    title: str,
    task: str,
    made_by: str,
    labels: Sequence[str],
    agents: Sequence[dict[str, Any]],
    episodes: Sequence[Sequence[dict[str, Any]]],
) -> dict[str, Any]:
    """The data of a page.

    Args:
        title: of the page.
        task: where the episodes were played.
        made_by: the program and its version.
        labels: of the policy's bars.
        agents: one, or two to compare: name, directory, memory, steps_trained, readers, unit.
        episodes: for each episode the runs of all agents, see `run_data`.
    """
    numbered = [{"number": i, "runs": list(runs)} for i, runs in enumerate(episodes, start=1)]
    return {
        "format": FORMAT,
        "title": title,
        "task": task,
        "made_by": made_by,
        "choices": list(labels),
        "agents": list(agents),
        "episodes": numbered,
    }


def labels_of(world: World) -> tuple[str, ...]:
    """What the policy's bars are called."""
    return bar_labels(world.interface)
