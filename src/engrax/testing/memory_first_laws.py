"""The laws of a memory about `first`: nothing before it matters to an output."""

from typing import Any

import numpy as np

from engrax.memory.base import AbstractMemory
from engrax.testing.contract import Settings, expect_close
from engrax.testing.memory_laws import fresh_states, past_states
from engrax.testing.memory_runs import PATHS, Path, run_streams
from engrax.testing.random_inputs import garbage_like, no_firsts, on_host, random_streams

NOT_FINITE = (np.nan, np.inf, -np.inf)


def check_memory_first_forgets(memory: AbstractMemory, settings: Settings) -> None:
    """From `first` on, outputs are those of an empty memory, whatever finite state came before."""
    law, places = "first_forgets", first_places(settings)
    xs, _ = random_streams(settings, memory.input_size, salt=5)
    hint = (
        "Reset every leaf or mask it, counters too; select with jnp.where, as 0 * garbage may not "
        "be 0."
    )
    for path in PATHS:
        for name, states, starts in _starts_to_forget(memory, settings, places):
            pair = _from_first(path, memory, settings, (states, xs), starts)
            for index, (got, expected, before) in enumerate(pair):
                # What is not finite before `first` was not finite garbage when `first` met it.
                if np.isfinite(before).all():
                    what = _what(index, path, starts, f"after {name}")
                    expect_close(law, got, expected, settings.tolerance, what, hint)


def check_memory_first_forgets_what_is_not_finite(
    memory: AbstractMemory, settings: Settings
) -> None:
    """From `first` on, outputs are those of an empty memory, after inputs of NaN too."""
    law, places = "first_forgets_what_is_not_finite", first_places(settings)
    xs, _ = random_streams(settings, memory.input_size, salt=5)
    hint = "A weight of 0 does not mask a NaN: remember zeros in place of what is not finite."
    for path in PATHS:
        empty, spoilt = (
            fresh_states(memory, settings),
            not_finite(xs, np.full_like(places, settings.steps)),
        )
        carried = on_host(run_streams(path, memory, empty, spoilt, no_firsts(settings))[0])
        cases = ((empty, not_finite(xs, places), places), (carried, xs, np.zeros_like(places)))
        for states, inputs, starts in cases:
            pair = _from_first(path, memory, settings, (states, inputs), starts)
            for index, (got, expected, _) in enumerate(pair):
                what = _what(index, path, starts, "after inputs that are not finite")
                expect_close(law, got, expected, settings.tolerance, what, hint)


def first_places(settings: Settings) -> np.ndarray:
    """A step a stream, from the first one on: where an episode begins."""
    return np.arange(settings.streams) * (settings.steps // settings.streams)


def not_finite(xs: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """The same inputs, every second of which is not finite in one place, up to a stop a stream."""
    spoilt = xs.copy()
    for index, stop in enumerate(stops):
        for step in range(0, stop, 2):
            spoilt[index, step, step % xs.shape[2]] = NOT_FINITE[step // 2 % len(NOT_FINITE)]
    return spoilt


def _starts_to_forget(
    memory: AbstractMemory, settings: Settings, places: np.ndarray
) -> list[tuple[str, Any, np.ndarray]]:
    fresh = fresh_states(memory, settings)
    dirty = [garbage_like(fresh, settings.numbers(salt)) for salt in (3, 4)]
    return [
        ("a state full of garbage", dirty[0], np.zeros_like(places)),
        ("a state full of garbage", dirty[1], places),
        ("an earlier episode", past_states(memory, settings), places),
    ]


def _from_first(
    path: Path,
    memory: AbstractMemory,
    settings: Settings,
    streams: tuple[Any, np.ndarray],
    starts: np.ndarray,
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Outputs from `first` on, those of an empty memory that begins there, and those before it."""
    states, xs = streams
    firsts = np.arange(settings.steps) == starts[:, None]
    rolled = np.stack([np.roll(x, -start, axis=0) for x, start in zip(xs, starts, strict=True)])
    fresh = fresh_states(memory, settings)
    ys = np.asarray(run_streams(path, memory, states, xs, firsts)[1])
    empty = np.asarray(run_streams(path, memory, fresh, rolled, no_firsts(settings))[1])
    parts = zip(ys, empty, starts, strict=True)
    return [(y[start:], e[: settings.steps - start], y[:start]) for y, e, start in parts]


def _what(index: int, path: Path, starts: np.ndarray, after: str) -> str:
    first = f"`first` (step {starts[index]})"
    return f"output of stream {index} by {path} from {first} on, {after} [step, h]"
