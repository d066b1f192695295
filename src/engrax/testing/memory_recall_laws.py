"""The law of memories about what they recall."""

import jax
import numpy as np
from jaxtyping import PyTree

from engrax.memory.base import AbstractMemory
from engrax.testing.contract import Settings, expect
from engrax.testing.memory_laws import fresh_states
from engrax.testing.memory_runs import recall_streams
from engrax.testing.random_inputs import garbage_like, random_streams
from engrax.types import Recall


def check_memory_recall_is_of_this_episode(memory: AbstractMemory, settings: Settings) -> None:
    """A recall shows items of this episode only, with weights that are a share of attention.

    A memory whose steps recall nothing is left out.
    """
    law = "recall_is_of_this_episode"
    empty, (xs, firsts) = (
        fresh_states(memory, settings),
        random_streams(settings, memory.input_size),
    )
    dirty, at_once = garbage_like(empty, settings.numbers(salt=10)), firsts.copy()
    at_once[:, 0] = True
    for name, states, begins in (("an empty memory", empty, firsts), ("garbage", dirty, at_once)):
        shown = recall_streams(memory, states, xs, begins)
        if shown is None:
            return
        message = f"`step` recalls a {type(shown).__name__}, expected a Recall or None"
        expect(isinstance(shown, Recall), law, message)
        _check_shown(
            law,
            jax.tree.map(np.asarray, shown),
            begins,
            f"in a run from {name} [stream, step, reader, item]",
        )


def _check_shown(law: str, shown: PyTree, firsts: np.ndarray, where: str) -> None:
    weights, ago, valid = shown.weights, shown.steps_ago[..., None, :], shown.valid[..., None, :]
    named, readers = len(shown.readers), weights.shape[-2]
    expect(named == readers, law, f"recall names {named} readers and has weights of {readers}")
    steps = _steps_since_first(firsts)[..., None, None]
    kinds = (weights.dtype.kind, ago.dtype.kind, valid.dtype.kind)
    expect(
        kinds in (("f", "i", "b"), ("f", "u", "b")),
        law,
        f"dtypes of recall: {kinds}, expected float, int and bool",
    )
    laws = {
        "weights are not finite": np.isfinite(weights),
        "weights are negative": weights >= 0,
        "weights are not 0 at items that are not valid": (weights == 0) | valid,
        "an item is of this very step or of the future (steps_ago < 1)": (ago >= 1) | ~valid,
        "an item is of an earlier episode (steps_ago exceeds the steps since `first`)": (
            ago <= steps
        )
        | ~valid,
        "weights add up to more than 1": weights.sum(-1) <= 1 + 1e-4,
    }
    for message, holds in laws.items():
        places = np.argwhere(~holds)
        expect(holds.all(), law, f"recall: {message} {where} at index {places[:1].tolist()}.")


def _steps_since_first(firsts: np.ndarray) -> np.ndarray:
    """The number of each step in its episode; the start of the run counts as a beginning."""
    steps = np.arange(firsts.shape[1])
    return steps - np.maximum.accumulate(np.where(firsts, steps, 0), axis=1)
