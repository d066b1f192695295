"""Laws of memories about gradients and changes of parameters."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from engrax.memory.base import AbstractMemory
from engrax.testing.contract import Settings, expect, expect_close, expect_trees_close
from engrax.testing.memory_first_laws import first_places
from engrax.testing.memory_laws import fresh_states, future, past_states
from engrax.testing.memory_runs import (
    PATHS,
    gradients,
    num_columns,
    refresh_streams,
    refreshed_gradients,
)
from engrax.testing.random_inputs import garbage_like, no_firsts, random_streams

DIRECTIONS = 6
STRIDES = (
    3e-4,
    1e-4,
    3e-5,
)  # per parameter: small against weights of order 0.1, large against rounding of float32


def _weights(memory: AbstractMemory, settings: Settings) -> np.ndarray:
    shape = (settings.streams, settings.steps, num_columns(memory))
    return settings.numbers(salt=6).standard_normal(shape).astype(np.float32)


def check_memory_gradients_are_finite(memory: AbstractMemory, settings: Settings) -> None:
    """Gradients from an empty memory are finite, with inputs of zero too."""
    xs, firsts = random_streams(settings, memory.input_size)
    empty, weights = fresh_states(memory, settings), _weights(memory, settings)
    for name, inputs in {"random": xs, "zero": np.zeros_like(xs)}.items():
        for path, states in (("step", empty), ("unroll", empty), ("unroll", None)):
            grads = gradients(path, memory, states, inputs, firsts, weights)
            for place, leaf in jax.tree_util.tree_leaves_with_path(grads):
                what = (
                    f"gradient{jax.tree_util.keystr(place)} by {path} from "
                    f"{'None' if states is None else 'empty'}"
                )
                message = (
                    f"{what}, {name} inputs, is not finite. Roots, norms and divisions need an "
                    "epsilon inside."
                )
                expect(np.isfinite(leaf).all(), "gradients_are_finite", message)


def check_memory_gradients_agree(memory: AbstractMemory, settings: Settings) -> None:
    """From a refreshed state, `unroll` has the gradients of a scan of `step`."""
    states, streams = past_states(memory, settings), random_streams(settings, memory.input_size)
    by_step, by_unroll = (
        gradients(path, memory, states, *streams, _weights(memory, settings)) for path in PATHS
    )
    for index, name in (
        (0, "gradient of the parameters"),
        (2, "gradient of the inputs [stream, step, d]"),
    ):
        hint = "Does `unroll` stop a gradient where `step` does not, or drop one across a chunk?"
        expect_trees_close(
            "gradients_agree", by_unroll[index], by_step[index], 5 * settings.tolerance, name, hint
        )


def check_memory_gradients_reach_back(memory: AbstractMemory, settings: Settings) -> None:
    """The gradient of the last output reaches earlier inputs, or memory would never be trained.

    A memory that says `carries_gradient` is false is left out.
    """
    if not memory.carries_gradient:
        return
    xs, _ = random_streams(settings, memory.input_size)
    weights = _weights(memory, settings)
    weights[:, :-1] = 0
    for path in PATHS:
        arguments = (None if path == "unroll" else fresh_states(memory, settings), xs)
        of_xs = gradients(path, memory, *arguments, no_firsts(settings), weights)[2]
        earlier = np.abs(np.asarray(of_xs)[:, :-1]).max(axis=(1, 2))
        message = (
            f"the gradient of the last output by {path} is 0 for all earlier inputs of stream "
            f"{int(np.argmin(earlier))}. Is a gradient stopped on the way, or the state not passed "
            "on?"
        )
        expect((earlier > 0).all(), "gradients_reach_back", message)


def check_memory_first_cuts_gradients(memory: AbstractMemory, settings: Settings) -> None:
    """No gradient passes a `first`: it is zero before, and that of an empty memory after."""
    dirty = garbage_like(fresh_states(memory, settings), settings.numbers(salt=7))
    places = first_places(settings)
    for path in PATHS:
        for name, states, starts in (
            ("a state full of garbage", dirty, np.zeros_like(places)),
            ("an earlier episode", past_states(memory, settings), places),
        ):
            _cuts_gradients(
                path, memory, settings, states, starts, f"by {path}, with `first` after {name}"
            )


def _cuts_gradients(
    path: Any, memory: AbstractMemory, settings: Settings, states: Any, starts: Any, name: str
) -> None:
    law, hint = (
        "first_cuts_gradients",
        "Select with jnp.where and safe numbers on both sides: 0 * inf is NaN.",
    )
    xs, _ = random_streams(settings, memory.input_size, salt=5)
    steps = np.arange(settings.steps)
    weights = np.where((steps >= starts[:, None])[..., None], _weights(memory, settings), 0)
    ours, of_states, of_xs = gradients(path, memory, states, xs, steps == starts[:, None], weights)
    for place, leaf in jax.tree_util.tree_leaves_with_path(of_states):
        what = f"gradient of the state before{jax.tree_util.keystr(place)} {name}"
        expect((np.asarray(leaf) == 0).all(), law, f"{what} is not exactly zero. {hint}")
    before = np.asarray(of_xs)[steps < starts[:, None]]
    expect(
        (before == 0).all(),
        law,
        f"gradient of inputs before `first`, {name}, is not exactly zero. {hint}",
    )

    def roll(a: np.ndarray | Array) -> np.ndarray:
        pairs = zip(a, starts, strict=True)
        return np.stack([np.roll(one, -start, axis=0) for one, start in pairs])

    reference = gradients(
        path, memory, fresh_states(memory, settings), roll(xs), no_firsts(settings), roll(weights)
    )
    expect_trees_close(
        law, ours, reference[0], 5 * settings.tolerance, f"gradient of the parameters {name}", hint
    )
    expect_close(
        law,
        roll(of_xs),
        reference[2],
        5 * settings.tolerance,
        f"gradient of the inputs {name}",
        hint,
    )


def check_memory_refresh_follows_parameters(memory: AbstractMemory, settings: Settings) -> None:
    """Under new parameters, refreshing once is enough, and gradients flow through `refresh`.

    The gradient of the next output, `unroll(refresh(stop_gradient(state)), xs)` at step 0, agrees
    with finite differences: what `refresh` recomputes is not cut off, so caches hide nothing from
    the gradient. Outputs after that are left out, as a memory may by definition store its items
    without gradient.
    """
    law, changed = "refresh_follows_parameters", perturbed(memory, settings.numbers(salt=8), 0.1)
    once = refresh_streams(changed, past_states(memory, settings))
    twice = future(changed, refresh_streams(changed, once), settings)
    hint = "`refresh` must recompute from what does not depend on the parameters."
    expect_close(
        law,
        twice,
        future(changed, once, settings),
        settings.tolerance,
        "output after a second refresh",
        hint,
    )
    if not jax.tree.leaves(eqx.filter(memory, eqx.is_inexact_array)):
        return  # without parameters there is nothing to follow
    slopes, measured = _slopes(changed, past_states(memory, settings), settings)
    scale = max(1e-2, float(np.sqrt(np.mean(slopes**2))))
    # The median, as a step in a random direction may cross the jump of a top-k or the kink of a
    # relu; the best of all strides, as a long one bends where there are many parameters, and a
    # short one is rounded off.
    error = float(np.min(np.median(np.abs(slopes - measured), axis=1))) / scale
    message = (
        f"slopes by gradient {slopes}, by finite differences {measured}. Is a gradient stopped "
        "inside refresh?"
    )
    expect(
        np.isfinite(error) and error < 0.03,
        law,
        f"the gradient through `refresh` is not that of its value: {message}",
    )


def perturbed(owner: Any, numbers: np.random.Generator, scale: float) -> Any:
    """The same memory or agent with every parameter moved a little."""
    moved = lambda leaf: leaf + jnp.asarray(scale * numbers.standard_normal(leaf.shape), leaf.dtype)  # noqa: E731
    return jax.tree.map(lambda leaf: moved(leaf) if eqx.is_inexact_array(leaf) else leaf, owner)


def _slopes(
    memory: AbstractMemory, states: Any, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the next outputs in random directions: by gradient, and by finite differences."""
    xs, firsts = random_streams(settings, memory.input_size, salt=1)
    parameters, rest = eqx.partition(memory, eqx.is_inexact_array)
    numbers = settings.numbers(salt=9)
    directions = jax.tree.map(lambda p: numbers.standard_normal((DIRECTIONS, *p.shape)), parameters)
    there = [stride * sign for stride in STRIDES for sign in (1, -1)]
    offsets = jax.tree.map(
        lambda d: np.concatenate([0 * d[:1], *(length * d for length in there)]), directions
    )
    moved = jax.tree.map(lambda p, o: np.asarray(p) + o.astype(p.dtype), parameters, offsets)
    # Only the next output: what is stored from here on may be stored without gradient, by
    # definition.
    arguments = (states, xs[:, :1], np.zeros_like(firsts[:, :1]), _weights(memory, settings)[:, :1])
    with jax.default_matmul_precision("highest"):  # differences magnify what products round
        losses, grads = refreshed_gradients(eqx.combine(moved, rest), *arguments)
    grads = eqx.filter(grads, eqx.is_inexact_array)
    dots = jax.tree.map(
        lambda g, d: (np.asarray(g[0]) * d).reshape(DIRECTIONS, -1).sum(1), grads, directions
    )
    ahead, behind = np.moveaxis(
        np.asarray(losses, np.float64)[1:].reshape(len(STRIDES), 2, DIRECTIONS), 1, 0
    )
    return sum(jax.tree.leaves(dots), np.zeros(DIRECTIONS)), (ahead - behind) / (
        2 * np.asarray(STRIDES)[:, None]
    )
