"""The whole memory against a slow float64 oracle that keeps plain lists of what happened."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.hcam import HCAM, HCAMSizes

from oracles.hcam import oracle_memory, random_biases

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


@pytest.fixture(scope="module")
def case():
    keys = jax.random.split(jax.random.key(0), 4)
    memory = HCAM(5, SIZES, key=keys[0])
    memory = eqx.tree_at(lambda m: m.layers, memory, random_biases(memory.layers, keys[1]))
    xs = jax.random.normal(keys[2], (25, 5))
    firsts = jnp.zeros(25, bool).at[jnp.array([0, 5, 6])].set(True)
    return memory, xs, firsts


def test_unroll_equals_the_oracle(case):
    memory, xs, firsts = case
    got = eqx.filter_jit(memory.unroll)(memory.init_state(), xs, firsts)[1]
    np.testing.assert_allclose(got, oracle_memory(memory, xs, np.asarray(firsts)), atol=2e-5)


def test_step_equals_the_oracle(case):
    memory, xs, firsts = case
    run = jax.jit(lambda state, xs, firsts: jax.lax.scan(lambda s, i: memory.step(s, *i), state, (xs, firsts)))
    got = run(memory.init_state(), xs, firsts)[1]
    np.testing.assert_allclose(got, oracle_memory(memory, xs, np.asarray(firsts)), atol=2e-5)


@pytest.mark.slow
def test_recall_shows_the_rows_that_can_be_read(case):
    """After 11 steps of chunks of 3, with 2 chunks kept, steps 3..8 are 8..3 steps ago; all weight is on them."""
    memory, xs, _ = case
    state, _ = memory.unroll(None, xs[:11], jnp.zeros(11, bool))
    recall = memory.recall(state, xs[11], jnp.asarray(False))
    valid = np.asarray(recall.valid)
    assert sorted(np.asarray(recall.steps_ago)[valid]) == list(range(3, 9))
    np.testing.assert_allclose(np.asarray(recall.weights).sum(), 1.0, atol=1e-5)
    assert np.all(np.asarray(recall.weights)[~valid] == 0)


@pytest.mark.slow
def test_recall_is_what_the_step_read():
    """A memory whose values are the stored rows' first numbers: its output is the recalled mean of them."""
    memory = replace(SIZES, num_layers=1).build(5, key=jax.random.key(5))
    xs = jax.random.normal(jax.random.key(6), (12, 5))
    state, _ = memory.unroll(None, xs[:11], jnp.zeros(11, bool))
    recall = memory.recall(state, xs[11], jnp.asarray(False))
    layer, layer_state = memory.layers[0], state.layers[0]
    values = jnp.arange(recall.weights.shape[0], dtype=jnp.float32)
    everywhere = values.reshape(-1, 1, layer.chunk_size, 1)  # [slots, heads, places, head size]
    cache = layer_state.cache._replace(values=jnp.broadcast_to(everywhere, layer_state.cache.values.shape))
    identity = eqx.tree_at(lambda a: a.detail_output.weight, layer.attention, jnp.eye(8))
    x = memory.input_norm(memory.input_projection(xs[11]))
    _, _, read = layer.step(layer_state, state.count, x)
    query = query_of(layer, layer_state, state.count, x)
    np.testing.assert_allclose(read.output, layer.attention.read(query, layer_state.cache, recall.valid[::3]).output)
    mean = jnp.mean(identity.read(query, cache, recall.valid[::3]).output)
    np.testing.assert_allclose(mean, jnp.sum(recall.weights * values), rtol=1e-4)


def query_of(layer, state, count, x):
    """The hierarchical block's query at a step, as the layer forms it."""
    back = (count - jnp.arange(layer.local.window)) % layer.local.window
    ring = layer.recent.write(state, count, x).local
    attended = layer.local.attend_window(layer.local_norm(x), ring, back, count)
    return layer.block_norm(x + attended)
