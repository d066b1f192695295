"""MERLIN's store against a list of all that was written, from which every row is computed again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory import RetroactiveSizes, RLMEMSizes
from engrax.memory.retroactive import recalled, written
from engrax.nn.masking import masked_softmax
from engrax.testing.contract import quick_jit

from oracles import merlin as oracle

STEPS, WIDTH, HEADS = 300, 3, 2
FIRSTS = np.isin(np.arange(STEPS), [0, 90, 91, 95, 250])
STORES = {
    "overwriting": RetroactiveSizes(rows=7, discount=0.8),
    "mean": RetroactiveSizes(rows=7, discount=0.8, reuse="mean"),
    "roomy": RetroactiveSizes(rows=160, discount=0.96),
    "one half": RetroactiveSizes(rows=7, retroactive=False),
    "one half, mean": RetroactiveSizes(rows=7, retroactive=False, reuse="mean"),
    "few rows a read": RetroactiveSizes(rows=20, read_rows=3),
    "one row": RetroactiveSizes(rows=1, discount=0.0),
}


def random_inputs(store):
    """Keys, strengths from faint to sharp, what is written, and where episodes begin."""
    numbers = np.random.default_rng(0)
    keys = numbers.standard_normal((STEPS, HEADS, store.row_width))
    strengths = numbers.uniform(0, 12, (STEPS, HEADS))
    inputs = (keys, strengths, numbers.standard_normal((STEPS, WIDTH)))
    return *(jnp.asarray(part, jnp.float32) for part in inputs), jnp.asarray(FIRSTS)


def step(store, state, now):
    """Reads, then writes: the state, and what was read, with which weights, out of and into
    what.
    """
    keys, strengths, z, first = now
    before = store.reset(state, first)
    reads, weights, state = store.read(before, keys, strengths)
    state = store.write(state, z)
    contents = jnp.where(written(state)[:, None], state.contents, 0.0)
    return state, (reads, weights, contents, recalled(before, weights))


def scan(store, state, inputs):
    return jax.lax.scan(lambda state, now: step(store, state, now), state, inputs)


run = quick_jit(scan)
write = quick_jit(lambda store, state, z: store.write(state, z))
read = quick_jit(lambda store, *arguments: store.read(*arguments))


def oracle_run(store, inputs):
    for keys, strengths, z, first in zip(
        *(np.asarray(part, np.float64) for part in inputs), strict=True
    ):
        if first:
            memory = oracle.store_of(store)
        ages = [
            len(memory.past) - memory.time[n] if n in memory.time else 0 for n in range(store.rows)
        ]
        reads, weights = memory.read(keys, strengths)
        memory.write(z)
        yield reads, weights, memory.contents(), np.array(ages)


@pytest.mark.parametrize("sizes", STORES.values(), ids=STORES)
def test_the_store_equals_the_oracle(sizes):
    store = sizes.build(WIDTH)
    inputs = random_inputs(store)
    _, (reads, weights, contents, recall) = run(store, store.init_state(), inputs)
    wanted = [np.stack(part) for part in zip(*oracle_run(store, inputs), strict=True)]
    for got, want in zip((reads, weights, contents), wanted, strict=False):
        np.testing.assert_allclose(got, want, atol=1e-4)
    np.testing.assert_array_equal(recall.steps_ago, wanted[3])
    np.testing.assert_array_equal(recall.valid, wanted[3] > 0)
    np.testing.assert_allclose(recall.weights, wanted[1], atol=1e-4)


@pytest.mark.parametrize("length", [1, 60, 100])
def test_windows_make_the_whole(length):
    """Retroactive weights (and all else) are carried from one training window to the next."""
    store = STORES["overwriting"].build(WIDTH)
    inputs = random_inputs(store)
    state, wanted = run(store, store.init_state(), inputs)
    carried, parts = store.init_state(), []
    for start in range(0, STEPS, length):
        carried, outs = run(store, carried, tuple(part[start : start + length] for part in inputs))
        parts.append(outs)
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    for got, want in zip(
        jax.tree.leaves((carried, joined)), jax.tree.leaves((state, wanted)), strict=True
    ):
        np.testing.assert_allclose(got, want, atol=1e-6)
    assert np.any(np.asarray(carried.trace) > 0.01)


def full_store(reuse="kept"):
    """A store of three rows, each written once: [1, 1], [2, 2], [3, 3]."""
    store = RetroactiveSizes(rows=3, discount=0.5, reuse=reuse).build(2)
    state = store.init_state()
    for number in (1.0, 2.0, 3.0):
        state = write(store, state, jnp.full(2, number))
    return store, state


def test_rows_hold_what_was_written_and_half_of_what_came_after():
    _, state = full_store()
    wanted = [[1, 1, 0.5 * 2 + 0.25 * 3, 1.75], [2, 2, 0.5 * 3, 1.5], [3, 3, 0, 0]]
    np.testing.assert_allclose(state.contents, wanted, rtol=1e-6)


def test_the_row_of_least_usage_is_taken_and_the_first_of_equals():
    store, state = full_store()
    for usage, row in (([0.5, 0.2, 0.2], 1), ([0.0, 0.0, 0.0], 0), ([3.0, 2.0, 1.0], 2)):
        after = write(store, state._replace(usage=jnp.asarray(usage)), jnp.full(2, 9.0))
        assert np.flatnonzero(after.contents[:, 0] == 9).tolist() == [row]
        assert after.ages.tolist() == [
            1 if n == row else age + 1 for n, age in enumerate((3, 2, 1))
        ]


def test_a_row_used_again_holds_nothing_of_the_old_one():
    """The row just written is taken again at once: what it was owed of the next write is cancelled
    as well.
    """
    store, state = full_store()
    state = state._replace(usage=jnp.asarray([1.0, 1.0, 0.0]))
    after = write(store, state, jnp.full(2, 8.0))
    np.testing.assert_array_equal(after.contents[2], [8, 8, 0, 0])
    np.testing.assert_allclose(after.trace, [0.0625 + 0.0, 0.125, 0.5])
    later = write(store, after._replace(usage=jnp.asarray([0.0, 1.0, 1.0])), jnp.full(2, 4.0))
    np.testing.assert_allclose(later.contents[2], [8, 8, 2, 2])
    np.testing.assert_array_equal(later.contents[0], [4, 4, 0, 0])


@pytest.mark.parametrize(("reuse", "usage"), [("kept", 0.0), ("mean", 1.0)])
def test_what_usage_a_row_used_again_starts_from(reuse, usage):
    store, state = full_store(reuse)
    after = write(store, state._replace(usage=jnp.asarray([2.0, 0.0, 1.0])), jnp.ones(2))
    np.testing.assert_allclose(after.usage, [2, usage, 1])


def test_a_free_row_starts_unused():
    store = RetroactiveSizes(rows=3, reuse="mean").build(2)
    state = write(store, store.init_state(), jnp.ones(2))._replace(
        usage=jnp.asarray([5.0, 0.0, 0.0])
    )
    np.testing.assert_array_equal(write(store, state, jnp.ones(2)).usage, [5, 0, 0])


def test_an_empty_store_reads_zeros_and_gives_no_gradient():
    store = RetroactiveSizes(rows=4).build(2)

    def total(keys, strengths, contents):
        state = store.init_state()._replace(contents=contents)
        reads, weights, after = store.read(state, keys, strengths)
        return jnp.sum(reads) + jnp.sum(weights), (reads, weights, after.usage)

    arguments = (jnp.zeros((2, 4)), jnp.ones(2), jnp.zeros((4, 4)))
    gradients, seen = quick_jit(jax.grad(total, argnums=(0, 1, 2), has_aux=True))(*arguments)
    for leaf in jax.tree.leaves((gradients, seen)):
        np.testing.assert_array_equal(leaf, 0)


def test_rows_not_written_are_not_read():
    store = RetroactiveSizes(rows=4).build(2)
    state = write(store, store.init_state(), jnp.ones(2))
    state = state._replace(contents=state.contents.at[1:].set(5.0))
    reads, weights, _ = read(store, state, jnp.full((1, 4), 5.0), jnp.full(1, 9.0))
    np.testing.assert_array_equal(written(state), [True, False, False, False])
    np.testing.assert_array_equal(weights, [[1, 0, 0, 0]])
    np.testing.assert_allclose(reads, [[1, 1, 0, 0]])


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e3])
def test_gradients_through_reads_are_finite(scale):
    """With rows and keys of zeros too, and strengths at which the softmax is one-hot."""
    store = STORES["overwriting"].build(WIDTH)
    inputs = tuple(part[:20] for part in random_inputs(store))

    def loss(keys, strengths, zs):
        return jnp.sum(
            scan(store, store.init_state(), (scale * keys, strengths, scale * zs, inputs[3]))[1][0]
        )

    gradients = quick_jit(jax.grad(loss, argnums=(0, 1, 2)))(inputs[0], 1e3 * inputs[1], inputs[2])
    assert all(np.isfinite(leaf).all() for leaf in gradients)
    assert np.any(np.asarray(gradients[2]) != 0) or scale == 0


def test_reading_leaves_no_gradient_in_the_usage():
    store, state = full_store()
    usage = lambda strengths: jnp.sum(store.read(state, jnp.eye(4)[:1], strengths)[2].usage[:2])  # noqa: E731
    np.testing.assert_array_equal(quick_jit(jax.grad(usage))(jnp.ones(1)), 0)


def test_a_softmax_over_nothing_is_zero_and_of_huge_scores_finite():
    scores, mask = (
        jnp.asarray([[1e30, 3.0], [1e4, 1e4], [1.0, 2.0]]),
        jnp.asarray([[False, True], [True] * 2, [False] * 2]),
    )
    np.testing.assert_allclose(masked_softmax(scores, mask), [[0, 1], [0.5, 0.5], [0, 0]])


SMALL_RL_MEM = RLMEMSizes(width=5, heads=2, word=WIDTH, store=STORES["mean"])


def test_rl_mem_equals_the_oracle():
    """An LSTM on [x, m] gives h; keys of h read m; a map of h is written; out come [h, m]."""
    memory = oracle.random_parameters(lambda: SMALL_RL_MEM.build(4, key=jax.random.key(0)))
    xs = jax.random.normal(jax.random.key(1), (60, 4))
    got = quick_jit(memory.unroll)(None, xs, jnp.asarray(FIRSTS[60:120]))[1].h
    for t, (x, first) in enumerate(zip(np.asarray(xs, np.float64), FIRSTS[60:120], strict=True)):
        if first or t == 0:
            store, states, m = (
                oracle.Store(7, WIDTH, 0.8, reuse="mean"),
                oracle.still(memory.lstm),
                np.zeros(2 * 6),
            )
        states, h = oracle.lstm(memory.lstm, states, np.concatenate([x, m]))
        keys, strengths = memory.heads(jnp.asarray(h, jnp.float32))
        m = store.read(np.asarray(keys, np.float64), np.asarray(strengths, np.float64))[0].ravel()
        store.write(oracle.linear(memory.to_store, h))
        np.testing.assert_allclose(got[t], np.concatenate([h, m]), atol=1e-4)
