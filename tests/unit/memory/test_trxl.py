"""Transformer-XL, plain and gated, against slow float64 loops; how far it remembers; the gates."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.trxl import GTrXLSizes, TrXLSizes
from engrax.nn.gating import GRUGate
from engrax.nn.local_attention import LocalAttention
from engrax.testing.contract import quick_jit

from oracles import trxl as oracle
from oracles.merlin import random_parameters

STEPS, INPUT_SIZE = 40, 5
FIRSTS = np.isin(np.arange(STEPS), [0, 17, 18, 25])
SMALL = {"width": 8, "num_layers": 2, "num_heads": 2, "window": 6, "mlp_size": 12}
KINDS = {"trxl": (TrXLSizes, oracle.plain_layer), "gtrxl": (GTrXLSizes, oracle.gated_layer)}


def make(kind, **changed):
    """A small memory with random numbers for all parameters."""
    sizes = KINDS[kind][0](**{**SMALL, **changed})
    return random_parameters(lambda: sizes.build(INPUT_SIZE, key=jax.random.key(0)))


def scan(memory, state, xs, firsts):
    """By `step`: the state after, outputs, and what is recalled."""

    def turn(state, now):
        state, output = memory.step(state, *now)
        return state, (output.h, output.recall)

    return jax.lax.scan(turn, state, (xs, firsts))


run = quick_jit(scan)


@quick_jit
def unroll(memory, *arguments):
    """By `unroll`: the state after, and outputs."""
    state, output = memory.unroll(*arguments)
    return state, output.h


@quick_jit
def slope(memory, xs, firsts):
    """The gradient of the output of step 30."""
    return jax.grad(lambda xs: jnp.sum(memory.unroll(None, xs, firsts)[1].h[30]))(xs)


attend_sequence = quick_jit(lambda attention, *arguments: attention.attend_sequence(*arguments))


@pytest.fixture(scope="module", params=KINDS)
def case(request):
    memory = make(request.param)
    xs = jnp.asarray(np.random.default_rng(1).standard_normal((STEPS, INPUT_SIZE)), jnp.float32)
    return memory, xs, *oracle.run(memory, KINDS[request.param][1], xs, FIRSTS)


def test_steps_equal_the_oracle_and_so_does_what_they_recall(case):
    memory, xs, outputs, shown = case
    _, (ys, recall) = run(memory, memory.init_state(), xs, jnp.asarray(FIRSTS))
    np.testing.assert_allclose(ys, outputs, atol=1e-4)
    age = np.arange(STEPS) - np.maximum.accumulate(np.where(FIRSTS, np.arange(STEPS), 0))
    for t, reach in enumerate(np.minimum(age, SMALL["window"] - 1)):
        ago, valid = np.asarray(recall.steps_ago[t]), np.asarray(recall.valid[t])
        assert sorted(ago[valid]) == list(range(1, reach + 1))
        mean = np.asarray(recall.mean[t])
        np.testing.assert_allclose(mean[valid], shown[t][ago[valid]], atol=1e-5)
        assert np.all(np.asarray(recall.weights[t])[:, ~valid] == 0)
    heads = [f"layer {layer}, head {head}" for layer in (1, 2) for head in (1, 2)]
    assert recall.readers == tuple(heads)


@pytest.mark.parametrize("pieces", [[40], [3, 7, 6, 24]], ids=["at once", "in pieces"])
def test_unroll_equals_the_oracle(case, pieces):
    memory, xs, outputs, _ = case
    state, start = None, 0
    for length in pieces:
        piece = slice(start, start + length)
        state, ys = unroll(memory, state, xs[piece], jnp.asarray(FIRSTS[piece]))
        np.testing.assert_allclose(ys, outputs[piece], atol=1e-4)
        start += length


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "reach"), [(1, 5), (2, 10)])
@pytest.mark.parametrize("first", [0, 26], ids=["one episode", "another began"])
def test_each_layer_reaches_the_window_and_none_the_episode_before(kind, layers, reach, first):
    """The inputs that the output of step 30 depends on, by its gradient: with window 6, 5 steps a
    layer.
    """
    memory, firsts = make(kind, num_layers=layers), jnp.arange(STEPS) == first
    xs = jnp.asarray(np.random.default_rng(2).standard_normal((STEPS, INPUT_SIZE)), jnp.float32)
    gradient = slope(memory, xs, firsts)
    np.testing.assert_array_equal(
        np.flatnonzero(np.any(gradient != 0, axis=1)), np.arange(max(first, 30 - reach), 31)
    )


def with_bias(gate, number):
    return eqx.tree_at(lambda gate: gate.bias, gate, jnp.full_like(gate.bias, number))


def test_a_gate_starts_near_the_identity():
    """With b = 2 and no weights, z is sigmoid(-2) = 0.12; the larger b, the less a fresh gate
    changes.
    """
    x, y = jax.random.normal(jax.random.key(1), (2, 7, 8))
    gate = quick_jit(lambda: GRUGate(8, 2.0, key=jax.random.key(0)))()
    silent = jax.tree.map(lambda leaf: leaf if leaf.ndim == 1 else 0 * leaf, gate)
    np.testing.assert_allclose(silent(x, y), x * (1 - 1 / (1 + np.exp(2.0))), rtol=1e-5)
    changes = [
        float(jnp.mean(jnp.abs(with_bias(gate, b)(x, y) - x))) for b in (-4.0, 0.0, 2.0, 20.0)
    ]
    assert changes == sorted(changes, reverse=True)
    assert changes[2] < 0.4 * changes[1]
    assert changes[3] < 1e-6


@pytest.mark.parametrize(("bias", "least", "most"), [(2.0, 0.01, 0.6), (20.0, 0.0, 1e-5)])
def test_a_gated_stack_starts_near_the_identity(bias, least, most):
    """What comes out is mostly the projected input; the bias to start with can be given."""
    sizes = GTrXLSizes(**SMALL, gate_bias=bias)
    memory = quick_jit(lambda: sizes.build(INPUT_SIZE, key=jax.random.key(0)))()
    xs = jax.random.normal(jax.random.key(1), (12, INPUT_SIZE))
    _, ys = unroll(memory, None, xs, jnp.zeros(12, bool))
    projected = jax.vmap(memory.input_projection)(xs)
    assert least <= jnp.mean(jnp.abs(ys - projected)) / jnp.mean(jnp.abs(projected)) <= most


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_can_start_as_what_is_attended_to(kind):
    """With `identity`, attention to equal inputs gives that input; by default it does not."""
    x = jax.random.normal(jax.random.key(1), (8,))
    found = {}
    for start in ("identity", "lecun"):
        sizes = KINDS[kind][0](**SMALL, read_init=start)
        memory = quick_jit(lambda sizes=sizes: sizes.build(INPUT_SIZE, key=jax.random.key(0)))()
        attention = memory.layers[0].attention
        past = attention.project(jnp.broadcast_to(x, (5, 8)))
        reaches = jnp.full(4, 5, jnp.int32)
        xs = jnp.broadcast_to(x, (4, 8))
        found[start] = np.asarray(attend_sequence(attention, xs, past, reaches) - xs)
    np.testing.assert_allclose(found["identity"], 0.0, atol=1e-5)
    assert np.abs(found["lecun"]).max() > 0.1


@pytest.mark.parametrize("window", [2, 7, 70])
@pytest.mark.parametrize("length", [1, 5, 150])
def test_attention_to_a_sequence_equals_the_oracle(window, length):
    """Segments shorter and longer than window and block, and windows that blocks do not divide."""
    attention = random_parameters(lambda: LocalAttention(8, 2, window, key=jax.random.key(0)))
    numbers = np.random.default_rng(3)
    rows = jnp.asarray(numbers.standard_normal((window - 1 + length, 8)), jnp.float32)
    reaches = numbers.integers(0, window + 5, length)
    past = attention.project(rows[: window - 1])
    got = attend_sequence(attention, rows[window - 1 :], past, jnp.asarray(reaches, jnp.int32))
    for t in {0, 1, 63, 64, 127, 128, length - 1} & set(range(length)):
        seen = rows[window - 1 + t - min(reaches[t], window - 1) : window + t]
        np.testing.assert_allclose(
            got[t], oracle.attend(attention, list(oracle.numbers(seen)))[0], atol=1e-4
        )
