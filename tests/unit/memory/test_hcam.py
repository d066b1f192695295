"""The whole memory against a slow float64 oracle that keeps plain lists of what happened."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.hcam import HCAM, HCAMSizes
from engrax.testing.contract import quick_jit

from oracles.hcam import oracle_attention, oracle_memory, random_biases

SIZES = HCAMSizes(
    width=8,
    num_layers=2,
    num_heads=2,
    chunk_size=3,
    num_chunks=2,
    top_k=2,
    window=4,
    mlp_size=16,
    read_init="he",  # after diagonals an exchange of values and output would not show
)


@pytest.fixture(scope="module", params=[False, True], ids=["stored as it is", "normalised"])
def case(request):
    keys = jax.random.split(jax.random.key(0), 4)
    memory = HCAM(5, replace(SIZES, normalise_stored=request.param), key=keys[0])
    memory = eqx.tree_at(lambda m: m.layers, memory, random_biases(memory.layers, keys[1]))
    xs = jax.random.normal(keys[2], (25, 5))
    firsts = jnp.zeros(25, bool).at[jnp.array([0, 5, 6])].set(True)
    return memory, xs, firsts


@quick_jit
def scan(memory, state, *inputs):
    """By steps: the state after, and outputs."""

    def step(state, now):
        state, output = memory.step(state, *now)
        return state, output.h

    return jax.lax.scan(step, state, inputs)


@quick_jit
def unroll(memory, *inputs):
    """By `unroll`: the state after, and outputs."""
    state, output = memory.unroll(*inputs)
    return state, output.h


def test_unroll_equals_the_oracle(case):
    memory, xs, firsts = case
    got = unroll(memory, memory.init_state(), xs, firsts)[1]
    np.testing.assert_allclose(got, oracle_memory(memory, xs, np.asarray(firsts)), atol=2e-5)


def test_step_equals_the_oracle(case):
    memory, xs, firsts = case
    got = scan(memory, memory.init_state(), xs, firsts)[1]
    np.testing.assert_allclose(got, oracle_memory(memory, xs, np.asarray(firsts)), atol=2e-5)


def test_rows_in_bfloat16_are_rounded_rows():
    """Of the oracle, whose rows are exact, the outputs differ by roundings to 8 bits, and do."""
    keys = jax.random.split(jax.random.key(0), 2)
    memory = HCAM(5, replace(SIZES, row_dtype="bfloat16"), key=keys[0])
    xs, firsts = jax.random.normal(keys[1], (25, 5)), jnp.zeros(25, bool).at[0].set(True)
    stored = memory.init_state().layers[0].contents
    assert stored.dtype == jnp.bfloat16
    wanted = oracle_memory(memory, xs, np.asarray(firsts))
    for run in (scan, unroll):
        state, got = run(memory, memory.init_state(), xs, firsts)
        assert state.layers[0].contents.dtype == jnp.bfloat16
        assert 1e-4 < np.abs(got - wanted).max() < 0.05


@pytest.mark.slow
def test_recall_shows_the_rows_that_can_be_read(case):
    """After 11 steps of chunks of 3, with 2 chunks kept, steps 3..8 are 8..3 steps ago; all weight
    is on them.
    """
    memory, xs, _ = case
    state, _ = memory.unroll(None, xs[:11], jnp.zeros(11, bool))
    recall = memory.step(state, xs[11], jnp.asarray(False))[1].recall
    valid = np.asarray(recall.valid)
    assert sorted(np.asarray(recall.steps_ago)[valid]) == list(range(3, 9))
    assert len(recall.readers) == SIZES.num_layers * SIZES.num_heads
    np.testing.assert_allclose(np.asarray(recall.weights).sum(1), 1.0, atol=1e-5)
    assert np.all(np.asarray(recall.weights)[:, ~valid] == 0)


@pytest.mark.slow
def test_recall_is_what_the_step_read():
    """In the read's place in the layer, by the oracle."""
    memory = replace(SIZES, num_layers=1).build(5, key=jax.random.key(5))
    xs = jax.random.normal(jax.random.key(6), (12, 5))
    state, _ = memory.unroll(None, xs[:11], jnp.zeros(11, bool))
    recall = memory.step(state, xs[11], jnp.asarray(False))[1].recall
    layer, before = memory.layers[0], state.layers[0]
    x = memory.input_norm(memory.input_projection(xs[11]))
    query = query_of(layer, before, state.count, x)
    valid = np.asarray(recall.valid).reshape(-1, layer.chunk_size)[:, 0]
    output, weights = oracle_attention(layer.attention, query, before.contents, valid)
    np.testing.assert_allclose(recall.mean, np.ravel(weights), atol=1e-5)
    np.testing.assert_allclose(layer.step(before, state.count, x)[2].output, output, atol=1e-5)


def query_of(layer, state, count, x):
    """The hierarchical block's query at a step, as the layer forms it."""
    back = (count - jnp.arange(layer.local.window)) % layer.local.window
    ring = layer.recent.write(state.recent, count, x).local
    attended = layer.local.attend_window(layer.local_norm(x), ring, back, count)
    return layer.block_norm(x + attended)


@pytest.mark.parametrize("top_k", [1, 2])
@pytest.mark.parametrize("num_chunks", [4, 40], ids=["few chunks", "many chunks"])
def test_of_chunks_of_equal_relevance_the_newest_are_read(num_chunks, top_k):
    """By step, by unroll, and by unroll in pieces: whatever slots of the ring the chunks are in."""
    sizes = replace(SIZES, num_chunks=num_chunks, top_k=top_k, num_layers=1)
    memory = sizes.build(5, key=jax.random.key(3))
    memory = eqx.tree_at(relevance_keys, memory, replace_fn=jnp.zeros_like)
    xs, firsts = jax.random.normal(jax.random.key(4), (50, 5)), jnp.arange(50) == 13
    wanted = oracle_memory(memory, xs, np.isin(np.arange(50), [0, 13]))
    stepped = scan(memory, memory.init_state(), xs, firsts)[1]
    np.testing.assert_allclose(stepped, wanted, atol=3e-5)
    np.testing.assert_allclose(unroll(memory, None, xs, firsts)[1], wanted, atol=3e-5)
    state, first_half = unroll(memory, None, xs[:29], firsts[:29])
    second_half = unroll(memory, state, xs[29:], firsts[29:])[1]
    np.testing.assert_allclose(jnp.concatenate([first_half, second_half]), wanted, atol=3e-5)


def relevance_keys(memory):
    return [layer.attention.relevance_key.weight for layer in memory.layers]
