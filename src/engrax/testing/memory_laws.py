"""Laws of memories about outputs and states."""

import io
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from engrax.memory.base import AbstractMemory, MemoryOutput
from engrax.testing.contract import Settings, expect, expect_close, expect_same_kind, quick_jit
from engrax.testing.memory_runs import PATHS, keys_of, run_one, run_streams
from engrax.testing.random_inputs import (
    PIECES,
    broadcast_state,
    key_words,
    no_firsts,
    on_host,
    random_streams,
    stream,
    with_key,
)


def fresh_states(memory: AbstractMemory, settings: Settings) -> Any:
    """An empty memory a stream."""
    return broadcast_state(memory.init_state(), settings.streams)


def past_states(memory: AbstractMemory, settings: Settings, salt: int = 99) -> Any:
    """States after steps of other inputs, each stream at a different step of its episode."""
    streams = random_streams(settings, memory.input_size, salt)
    return on_host(run_streams("step", memory, fresh_states(memory, settings), *streams)[0])


def future(memory: AbstractMemory, states: Any, settings: Settings) -> jax.Array:
    """The outputs over the next steps of the same episode: states are compared by these."""
    xs, _ = random_streams(settings, memory.input_size, salt=1)
    return run_streams("step", memory, states, xs, no_firsts(settings))[1]


def check_memory_state_is_stable(memory: AbstractMemory, settings: Settings) -> None:
    """The state's tree, shapes and dtypes never change; outputs are float32 `[h]` and `[t, h]`, and
    losses float32 `[]` and `[t]`.
    """
    law = "state_is_stable"
    state = memory.init_state()
    xs, firsts = (jnp.asarray(array[0]) for array in random_streams(settings, memory.input_size))
    x, first = jnp.zeros(memory.input_size, jnp.float32), jnp.zeros((), bool)
    for leaf in jax.tree.leaves(memory.init_state()):
        expect(
            eqx.is_array(leaf),
            law,
            f"init_state holds {leaf!r}, expected arrays only. Use jnp.zeros or jnp.asarray.",
        )
    keys = keys_of(xs)
    calls = {
        "step": lambda: memory.step(state, x, first, key=keys[0]),
        "unroll": lambda: memory.unroll(state, xs, firsts, keys=keys),
        "unroll of None": lambda: memory.unroll(None, xs, firsts, keys=keys),
    }
    after = eqx.filter_eval_shape(memory.refresh, state)
    expect_same_kind(law, after, state, "the state after `refresh` differs from init_state()")
    losses = None
    for name, call in calls.items():
        after, output = eqx.filter_eval_shape(call)
        expect_same_kind(law, after, state, f"the state after `{name}` differs from init_state()")
        times = () if name == "step" else (settings.steps,)
        _check_output(law, name, output, times, memory.output_size)
        losses = output.auxiliary.keys() if losses is None else losses
        same = output.auxiliary.keys() == losses
        expect(same, law, f"`{name}` has losses {list(output.auxiliary)}, `step` {list(losses)}.")


def _check_output(
    law: str, name: str, output: Any, times: tuple[int, ...], output_size: int
) -> None:
    message = (
        f"`{name}` puts out a {type(output).__name__}, expected a MemoryOutput: return the state "
        "and MemoryOutput(h)."
    )
    expect(isinstance(output, MemoryOutput), law, message)
    named = {"h": (output.h, (*times, output_size))}
    named |= {f"the loss {loss!r}": (value, times) for loss, value in output.auxiliary.items()}
    for part, (value, shape) in named.items():
        good = value.shape == shape and value.dtype == jnp.float32
        expect(good, law, f"{part} of `{name}` is {value}, expected float32{list(shape)}.")


def check_memory_unroll_is_scan(memory: AbstractMemory, settings: Settings) -> None:
    """`unroll` equals a scan of `step`: its outputs, and how its end state behaves from then on."""
    law = "unroll_is_scan"
    for states in (fresh_states(memory, settings), past_states(memory, settings)):
        streams = random_streams(settings, memory.input_size)
        ends, ys = zip(
            *(run_streams(path, memory, states, *streams) for path in PATHS), strict=True
        )
        hint = (
            "Is the incoming state used, is every `first` obeyed, and is an item seen only by "
            "later steps?"
        )
        expect_close(
            law, ys[1], ys[0], settings.tolerance, "output of unroll [stream, step, h]", hint
        )
        after = [future(memory, end, settings) for end in ends]
        hint = (
            "Does the state hold all steps, the last one included, and counters of the open "
            "episode?"
        )
        expect_close(
            law,
            after[1],
            after[0],
            settings.tolerance,
            "output after unroll [stream, step, h]",
            hint,
        )


def check_memory_pieces_make_the_whole(memory: AbstractMemory, settings: Settings) -> None:
    """`unroll` in pieces equals `unroll` in one; episodes begin at the joints and elsewhere."""
    law = "pieces_make_the_whole"
    xs, firsts = random_streams(settings, memory.input_size)
    lengths = piece_lengths(settings)
    joints = np.cumsum(lengths)[:-1]
    firsts[3, joints[::3]] = True
    states = whole_states = past_states(memory, settings)
    outputs = []
    for start, length in zip([0, *joints], lengths, strict=True):
        piece = slice(int(start), int(start) + length)
        states, ys = run_streams("unroll", memory, states, xs[:, piece], firsts[:, piece])
        outputs.append(np.asarray(ys))
    ends, whole = run_streams("unroll", memory, whole_states, xs, firsts)
    hint = (
        f"The joints are at steps {joints.tolist()}: is the state after a piece the one after its "
        "last step?"
    )
    got = np.concatenate(outputs, axis=1)
    expect_close(law, got, whole, settings.tolerance, "output in pieces [stream, step, h]", hint)
    after = [future(memory, end, settings) for end in (states, ends)]
    expect_close(
        law,
        after[0],
        after[1],
        settings.tolerance,
        "output after the pieces [stream, step, h]",
        hint,
    )


def piece_lengths(settings: Settings) -> list[int]:
    """Lengths from PIECES, in varying order, that add up to the number of steps."""
    numbers, lengths = settings.numbers(salt=2), list(PIECES)
    while sum(lengths) < settings.steps:
        lengths.append(
            int(
                numbers.choice(
                    [piece for piece in PIECES if piece <= settings.steps - sum(lengths)]
                )
            )
        )
    return lengths


def check_memory_streams_stay_apart(memory: AbstractMemory, settings: Settings) -> None:
    """Streams under `vmap`, at different steps of their episodes, equal each stream alone."""
    states, streams = past_states(memory, settings), random_streams(settings, memory.input_size)
    for path in PATHS:
        together = np.asarray(run_streams(path, memory, states, *streams)[1])
        for index in range(settings.streams):
            _, alone = run_one(path, memory, *stream((states, *streams), index))
            what, hint = (
                f"output of stream {index} by {path} [step, h]",
                "Does a counter or a scale mix streams?",
            )
            expect_close(
                "streams_stay_apart", together[index], alone, settings.tolerance, what, hint
            )


def check_memory_none_is_empty(memory: AbstractMemory, settings: Settings) -> None:
    """`unroll(None, ...)` equals `unroll(init_state(), ...)`, with and without a `first` at
    once.
    """
    streams = random_streams(settings, memory.input_size)
    runs = [
        run_streams("unroll", memory, states, *streams)
        for states in (None, fresh_states(memory, settings))
    ]
    hint = "None is an empty memory, and nothing else."
    what = "output of unroll(None, ...) [stream, step, h]"
    expect_close("none_is_empty", runs[0][1], runs[1][1], settings.tolerance, what, hint)
    after = [future(memory, end, settings) for end, _ in runs]
    expect_close(
        "none_is_empty",
        after[0],
        after[1],
        settings.tolerance,
        "output after unroll(None, ...) [stream, step, h]",
        hint,
    )


def check_memory_one_trace(memory: AbstractMemory, settings: Settings) -> None:
    """A compiled `step` is traced once, however often it is called and whatever the numbers are."""
    traces = []

    @quick_jit
    def step(memory: AbstractMemory, state: Any, x: Any, first: Any) -> Any:
        traces.append(1)
        return memory.step(state, x, first, key=jax.random.key(0))[0]

    xs, firsts = (jnp.asarray(array[1]) for array in random_streams(settings, memory.input_size))
    state = memory.init_state()
    for x, first in zip(xs[:4], firsts[:4], strict=True):
        state = step(memory, state, x, first)
    message = (
        f"`step` was traced {len(traces)} times in 4 calls, expected once. Is a dtype or a weak "
        "type unstable?"
    )
    expect(len(traces) == 1, "one_trace", message)


def check_memory_save_and_load(memory: AbstractMemory, settings: Settings) -> None:
    """A state written to bytes and read back is the same to the last bit, and continues alike."""
    states = past_states(memory, settings)
    template = key_words(fresh_states(memory, settings))
    file = io.BytesIO()
    eqx.tree_serialise_leaves(file, key_words(states))
    file.seek(0)
    loaded = eqx.tree_deserialise_leaves(file, template)
    pairs = zip(jax.tree.leaves(loaded), jax.tree.leaves(key_words(states)), strict=True)
    same = all(
        np.asarray(a).tobytes() == np.asarray(b).tobytes() and a.dtype == b.dtype for a, b in pairs
    )
    expect(
        same,
        "save_and_load",
        "a leaf of the state changed on its way through a file. Hold plain arrays only.",
    )
    restored = jax.tree.map(with_key, loaded, states)
    after = [future(memory, one, settings) for one in (restored, states)]
    hint = "Is something kept outside of the state?"
    expect_close(
        "save_and_load", after[0], after[1], 0.0, "output after loading [stream, step, h]", hint
    )
