"""Data of the page by its contract, with contents that tests know."""

import base64
import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

DTYPES = {"u8": "<u1", "i16": "<i2", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
CHOICES = ["north", "east", "south", "west"]
COLOURS = np.array(
    [[220, 60, 60], [60, 160, 220], [240, 200, 70], [120, 200, 110], [190, 110, 210]]
)
CHUNK = 8
EVENTS = ["waiting", "target's dance", "choice"]

Run = dict[str, Any]


def blob(values: ArrayLike, dtype: str) -> dict[str, Any]:
    """An array as the page reads it: little-endian, compressed, in base64."""
    array = np.ascontiguousarray(np.asarray(values), DTYPES[dtype])
    data = base64.b64encode(zlib.compress(array.tobytes())).decode()
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def sheet(frames: NDArray[np.uint8], columns: int) -> str:
    """Frames [n, h, w, 3] side by side in rows of `columns`, as a PNG in a data URL."""
    count, height, width, _ = frames.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width, 3), np.uint8)
    padded[:count] = frames
    grid = padded.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(grid.reshape(rows * height, columns * width, 3)).save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def room_frames(length: int, size: int = 9) -> NDArray[np.uint8]:
    """Pictures of a small room in which a dot moves; its colour changes with each chunk."""
    frames = np.full((length, size, size, 3), 28, np.uint8)
    frames[:, [0, -1]] = frames[:, :, [0, -1]] = 90
    for step in range(length):
        row, column = 1 + step % (size - 2), 1 + (step * 3) % (size - 2)
        frames[step, row, column] = COLOURS[(step // CHUNK) % len(COLOURS)]
        frames[step, 1, 1 + (step // CHUNK) % (size - 2)] = 230
    return frames


def causal(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zero where a step would look at itself or ahead; rows are then made to sum to one."""
    values = np.tril(values, -1)
    sums = values.sum(-1, keepdims=True)
    return np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)


def base_run(length: int, *, seed: int = 0, success: bool | None = True) -> Run:
    """A run without a memory that can be looked at; the others add to it."""
    generator = np.random.default_rng(seed)
    policy = generator.dirichlet(np.ones(len(CHOICES)), length)
    action = policy.argmax(-1)
    reward = np.zeros(length)
    reward[-1] = float(success is True)
    return {
        "length": length,
        "return": float(reward.sum()),
        "success": success,
        "frames": sheet(room_frames(length), 16),
        "frame_size": [9, 9],
        "sheet_columns": 16,
        "frame_of": blob(np.arange(length), "u16"),
        "words": ["watch" if step < length - 6 else "the circle" for step in range(length)],
        "actions": [CHOICES[index] for index in action],
        "effective": blob(np.arange(length) >= length - 6, "u8"),
        "reward": blob(reward, "f32"),
        "value": blob(np.linspace(0, 1, length) ** 2, "f32"),
        "policy": blob(policy, "f32"),
        "chosen": blob(np.eye(len(CHOICES))[action], "u8"),
        "attention": None,
        "visible": None,
        "saliency": None,
        "ablation": None,
        "chunks": None,
        "slots": None,
        "recalled": None,
        "events": None,
    }


def chunked_run(length: int = 40, *, readers: int = 4, seed: int = 0, **changed: Any) -> Run:
    """A run of a memory with chunks (HCAM).

    At the last step but two, 0.5 of the attention of every reader goes to step 11, 0.25 to 12,
    0.125 to 3, 0.0625 to 20 and 0.03125 to 21. Leaving out chunk 1 (steps 8 to 15) has the effect
    1.5 there, and chunk 2 the effect -0.5. Saliency is 3 at step 12 and 1 at step 3.
    Reader 0 alone looks at step 0 at the last step. Chunk 1 shows the target's dance, and the last
    six steps the choice.
    """
    generator = np.random.default_rng(seed)
    attention = generator.gamma(0.15, size=(readers, length, length)).astype(np.float32)
    known = length - 3
    attention = causal(attention).swapaxes(0, 1)
    attention[known] = 0
    for step, share in {11: 0.5, 12: 0.25, 3: 0.125, 20: 0.0625, 21: 0.03125}.items():
        attention[known, :, step] = share
    attention[-1, 0] = np.eye(length)[0]
    ablation = np.full((length, length), np.nan, np.float32)
    for t in range(length):
        for first in range(0, t, CHUNK):
            if first + CHUNK <= t:
                ablation[t, first : first + CHUNK] = generator.normal() * 0.05
    ablation[known, 8:16] = 1.5
    ablation[known, 16:24] = -0.5
    saliency = np.tril(generator.gamma(0.5, size=(length, length)) * 0.01)
    saliency[known, :known] = 0
    saliency[known, 12], saliency[known, 3] = 3, 1
    times = np.arange(length)
    event = np.where(times >= length - 6, 2, times // CHUNK == 1)
    frames = room_frames(length)
    blurred = (frames // 2 + frames.mean((1, 2), keepdims=True) / 2).astype(np.uint8)
    return {
        **base_run(length, seed=seed),
        "attention": blob(attention, "f16"),
        "ablation": blob(ablation, "f16"),
        "saliency": blob(saliency, "f16"),
        "chunks": list(range(0, length, CHUNK)),
        "recalled": {"frames": sheet(blurred, 16), "frame_of": blob(times, "u16")},
        "events": {"names": EVENTS, "of": blob(event, "u8")},
        **changed,
    }


def row_run(length: int = 60, *, rows: int = 16, seed: int = 1, **changed: Any) -> Run:
    """A run of a memory with rows: each step is written to row t % rows, over the oldest."""
    generator = np.random.default_rng(seed)
    times = np.arange(length)
    ages = times[:, None] - times[None]
    visible = (ages > 0) & (ages <= rows)
    written = np.full((length, rows), -1)
    for t in range(length):
        written[t] = written[t - 1] if t else -1
        written[t, t % rows] = t
    attention = causal(generator.gamma(0.2, size=(length, length)).astype(np.float32) * visible)
    return {
        **base_run(length, seed=seed, success=False),
        "effective": blob(np.ones(length), "u8"),
        "attention": blob(attention[:, None], "f16"),
        "visible": blob(visible, "u8"),
        "saliency": blob(np.tril(generator.gamma(0.5, size=(length, length))), "f16"),
        "slots": {
            "written": blob(written, "i16"),
            "usage": blob(generator.uniform(size=(length, rows)), "f16"),
        },
        **changed,
    }


def recurrent_run(length: int = 34, *, seed: int = 2, **changed: Any) -> Run:
    """A run of an LSTM: saliency that fades with age, and no attention."""
    times = np.arange(length)
    ages = times[:, None] - times[None]
    saliency = np.where(ages >= 0, 0.9**ages, 0)
    saliency[:, 5] += np.where(times > 5, 0.4, 0)
    return {
        **base_run(length, seed=seed, success=False),
        "saliency": blob(saliency, "f16"),
        **changed,
    }


def agent(name: str, memory: str, readers: int = 0, unit: str | None = None) -> dict[str, Any]:
    """An agent with so many readers, two heads for each layer."""
    names = [f"layer {index // 2 + 1}, head {index % 2 + 1}" for index in range(readers)]
    return {
        "name": name,
        "directory": f"results/{memory}",
        "memory": memory,
        "steps_trained": 1000000,
        "readers": names,
        "unit": unit,
    }


def page_data(agents: list[dict[str, Any]], *episodes: list[Run]) -> dict[str, Any]:
    """The data of a page: each episode is a list of runs, one for each agent."""
    numbered = [{"number": index + 1, "runs": list(runs)} for index, runs in enumerate(episodes)]
    return {
        "format": 1,
        "title": f"{agents[0]['name']} on a test",
        "task": "test",
        "made_by": "engrax test",
        "choices": CHOICES,
        "agents": agents,
        "episodes": numbered,
    }


HCAM = agent("HCAM", "hcam", readers=4, unit="chunk")
ROWS = agent("MERLIN", "merlin", readers=1, unit="row")
LSTM = agent("LSTM", "lstm")


def chunks_page() -> dict[str, Any]:
    """Three episodes of a memory with chunks; the second one fails."""
    failed = chunked_run(seed=3, success=False)
    return page_data([HCAM], [chunked_run()], [failed], [chunked_run(seed=4)])


def rows_page() -> dict[str, Any]:
    """An episode of a memory with rows; every step is a decision."""
    return page_data([ROWS], [row_run()])


def recurrent_page() -> dict[str, Any]:
    """An episode of an LSTM without pictures."""
    return page_data([LSTM], [recurrent_run(frames=None)])


def two_agents_page() -> dict[str, Any]:
    """HCAM and an LSTM on the same episode; that of the LSTM ends six steps earlier."""
    return page_data([HCAM, LSTM], [chunked_run(), recurrent_run()])


def mixed_page() -> dict[str, Any]:
    """Runs of one step and of many, with pictures and rows, or without any measure or number."""
    zero = np.zeros((1, 4, 1))
    single = {
        **base_run(1),
        "attention": blob(zero, "f16"),
        "saliency": blob(zero[:, 0], "f16"),
        "ablation": blob([[np.nan]], "f16"),
        "chunks": [0],
    }
    rows = row_run(1)
    shapes = {"attention": (50, 1, 50), "saliency": (50, 50)}
    lost = row_run(50)
    lost |= {name: blob(np.full(shape, np.nan), "f16") for name, shape in shapes.items()}
    lost |= {name: blob(np.full(50, np.nan), "f32") for name in ("value", "reward")}
    lost["policy"] = blob(np.full((50, len(CHOICES)), np.nan), "f32")
    lost["slots"] = {**lost["slots"], "usage": blob(np.full((50, 16), np.nan), "f16")}
    return page_data(
        [HCAM, ROWS],
        [single, rows],
        [chunked_run(), rows],
        [single, row_run(slots={**row_run()["slots"], "usage": None})],
        [chunked_run(ablation=blob(np.full((40, 40), np.nan), "f16")), lost],
    )


def bare_agent_page() -> dict[str, Any]:
    """Two agents of one kind; only the first one has anything to look at."""
    agents = [
        {**HCAM, "name": f"HCAM, {part}", "directory": f"results/{part}"}
        for part in ("seed-1", "seed-2-" + "x" * 60)
    ]
    return page_data(agents, [chunked_run(), base_run(40)], [base_run(30), base_run(20)])


def long_page(episodes: int = 20, length: int = 500, readers: int = 8) -> dict[str, Any]:
    """Many long episodes; they share their contents, since only speed is measured."""
    generator = np.random.default_rng(0)
    looked_at = generator.random((length, readers, length)) < 0.02
    attention = looked_at * generator.choice([0.5, 0.25, 0.125], size=looked_at.shape)
    attention *= np.tril(np.ones((length, length)), -1)[:, None]
    run = chunked_run(length, readers=1, attention=blob(attention, "f16"))
    return page_data([agent("HCAM", "hcam", readers, "chunk")], *([run] for _ in range(episodes)))
