"""What is left out of a memory is not found: whatever was in its place, the step is the same."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory import MEMORIES, make_memory
from engrax.testing.contract import quick_jit

STEPS = 11
WITH_ITEMS = ["dnc", "gtrxl", "hcam", "ntm", "rl_mem", "trxl"]


def made(name):
    return make_memory(MEMORIES[name].tiny(), 3, key=jax.random.key(0))


def after(memory, steps=STEPS):
    """The state after some steps, the next input, and what the next step recalls."""
    xs = 3.0 * jax.random.normal(jax.random.key(3), (steps + 1, 3))
    state = memory.init_state()
    step = eqx.filter_jit(lambda state, x, first: memory.step(state, x, first))
    for time in range(steps):
        state, _ = step(state, xs[time], jnp.asarray(time == 0))
    return state, xs[-1], step(state, xs[-1], jnp.asarray(False))[1]


def output(memory, state, x, unit):
    other, cut = memory.without(state, jnp.int32(unit))
    return other.step(cut, x, jnp.asarray(False))[1]


@pytest.mark.parametrize("name", WITH_ITEMS)
def test_leaving_out_nothing_changes_nothing(name):
    memory = made(name)
    state, x, whole = after(memory)
    same = quick_jit(lambda: output(memory, state, x, -1))()
    np.testing.assert_allclose(same.h, whole.h, atol=1e-6)
    np.testing.assert_allclose(same.recall.weights, whole.recall.weights, atol=1e-6)


@pytest.mark.parametrize("name", WITH_ITEMS)
def test_what_is_left_out_is_not_attended_to_and_the_rest_is(name):
    memory = made(name)
    for steps in range(STEPS, 0, -1):  # an NTM's heads may all be on a row that is just written
        state, x, whole = after(memory, steps)
        group = whole.recall.group
        shares = np.asarray(whole.recall.mean).reshape(-1, group).sum(axis=1)
        unit = int(shares.argmax())
        if shares[unit] > 0.0:
            break
    assert shares[unit] > 0.0
    cut = quick_jit(lambda: output(memory, state, x, unit))()
    left = np.asarray(cut.recall.mean).reshape(-1, group).sum(axis=1)
    assert left[unit] == 0.0
    assert np.abs(np.asarray(cut.h) - np.asarray(whole.h)).max() > 1e-4
    assert np.all(np.isfinite(cut.h))


@pytest.mark.parametrize("name", ["hcam", "gtrxl", "trxl", "rl_mem"])
def test_what_was_stored_there_does_not_matter(name):
    """A memory that was really cut: other contents in the place of what is left out."""
    memory = made(name)
    state, x, whole = after(memory)
    group = whole.recall.group
    unit = int(np.asarray(whole.recall.mean).reshape(-1, group).sum(axis=1).argmax())
    other = changed(state, unit)
    change = lambda unit: quick_jit(lambda: output(memory, other, x, unit).h)()  # noqa: E731
    assert np.abs(change(-1) - np.asarray(whole.h)).max() > 1e-4
    expected = quick_jit(lambda: output(memory, state, x, unit).h)()
    np.testing.assert_array_equal(change(unit), expected)


def changed(state, unit):
    """The state with other numbers in the place of one chunk, step or row."""
    other = lambda rows: rows.at[unit].set(-3.0 * rows[unit] + 1.0)  # noqa: E731
    if hasattr(state, "store"):
        contents = other(state.store.contents)
        return eqx.tree_at(lambda s: s.store, state, state.store._replace(contents=contents))
    if hasattr(state.layers[0], "means"):
        change = lambda one: {"contents": other(one.contents), "means": other(one.means)}  # noqa: E731
        layers = [one._replace(**change(one)) for one in state.layers]
    else:
        layers = [jax.tree.map(other, one) for one in state.layers]
    return eqx.tree_at(lambda s: s.layers, state, tuple(layers))


def test_without_its_only_chunk_hcam_adds_nothing_to_the_step():
    """Where there is no chunk to read, the block's residual connection is all there is."""
    memory = made("hcam")
    size = memory.layers[0].chunk_size
    state, x, whole = after(memory, steps=size + 1)
    there = np.asarray(whole.recall.valid).reshape(-1, size).any(axis=1)
    assert there.sum() == 1
    cut = output(memory, state, x, int(there.argmax()))
    assert np.all(np.asarray(cut.recall.weights) == 0.0)
    where = lambda m: [layer.attention.detail_output.weight for layer in m.layers]  # noqa: E731
    silent = eqx.tree_at(where, memory, replace_fn=jnp.zeros_like)
    where = lambda m: [layer.attention.detail_output.bias for layer in m.layers]  # noqa: E731
    silent = eqx.tree_at(where, silent, replace_fn=jnp.zeros_like)
    alone = silent.step(state, x, jnp.asarray(False))[1]
    np.testing.assert_allclose(cut.h, alone.h, atol=1e-6)


def test_all_memories_are_here():
    units = {name: made(name).unit for name in MEMORIES}
    assert {name for name, unit in units.items() if unit} == set(WITH_ITEMS)
    assert units["hcam"] == "chunk"
    assert (units["trxl"], units["dnc"]) == ("step", "row")


def test_a_memory_without_items_says_so():
    memory = made("lstm")
    assert memory.unit is None
    with pytest.raises(NotImplementedError, match="LSTM has no items that could be left out"):
        memory.without(memory.init_state(), jnp.int32(0))
