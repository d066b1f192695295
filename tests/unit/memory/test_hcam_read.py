"""The read against a slow float64 oracle written from the spec."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.hcam import FlatRead, HierarchicalRead, NoRead
from engrax.memory.hcam import read as read_module
from engrax.memory.hcam.chunks import Chunks, chunks_of
from engrax.nn.linear import apply
from engrax.nn.positions import age_code

from oracles.hcam import PROJECTIONS, oracle_read, random_biases


@pytest.mark.parametrize(
    ("num_chunks", "top_k", "valid"),
    [
        (5, 2, "11111"),
        (5, 2, "01011"),
        (5, 3, "00100"),  # fewer valid than k
        (5, 2, "00000"),  # none: the first k share the weight
        (4, 4, "1111"),
        (1, 1, "1"),
    ],
)
def test_read_equals_the_oracle(num_chunks, top_k, valid):
    keys = jax.random.split(jax.random.key(num_chunks), 4)
    attention = random_biases(HierarchicalRead(6, 8, 2, top_k, key=keys[0]), keys[3])
    query = jax.random.normal(keys[1], (6,))
    contents = jax.random.normal(keys[2], (num_chunks, 3, 8))
    flags = np.array([c == "1" for c in valid])
    got = attention(query, contents, jnp.asarray(flags))
    np.testing.assert_allclose(got, oracle_read(attention, query, contents, flags), atol=1e-5)


@pytest.fixture(params=["each query's chunks", "all chunks"], autouse=False)
def form(request, monkeypatch):
    """Both forms of a sequence of reads, whatever its size."""
    monkeypatch.setattr(read_module, "MOST_TAKEN", 0 if request.param == "all chunks" else 2**30)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("num_chunks", [4, 16, 40])
def test_reading_a_sequence_equals_reading_one_by_one(num_chunks):
    keys = jax.random.split(jax.random.key(1), 4)
    attention = HierarchicalRead(8, 8, 2, 2, key=keys[0])
    queries, contents = (
        jax.random.normal(keys[1], (7, 8)),
        jax.random.normal(keys[2], (num_chunks, 3, 8)),
    )
    valid = jax.random.bernoulli(keys[3], 0.3, (7, num_chunks)).at[0].set(False)
    got = attention.read_sequence(queries, chunks_of(contents), valid)
    want = [
        oracle_read(attention, q, contents, np.asarray(v))
        for q, v in zip(queries, valid, strict=True)
    ]
    np.testing.assert_allclose(got[1:], want[1:], atol=1e-5)
    assert np.all(np.isfinite(got))


@pytest.mark.slow
def test_no_gradient_reaches_the_contents_and_every_projection_learns():
    keys = jax.random.split(jax.random.key(2), 3)
    attention = HierarchicalRead(6, 8, 2, 2, key=keys[0])
    query, contents = jax.random.normal(keys[1], (6,)), jax.random.normal(keys[2], (5, 3, 8))

    def loss(attention, contents):
        return jnp.sum(jnp.square(attention(query, contents, jnp.ones(5, bool))))

    to_parameters, to_contents = jax.grad(loss, argnums=(0, 1))(attention, contents)
    assert np.all(np.asarray(to_contents) == 0)
    for name in PROJECTIONS:
        assert np.any(np.asarray(getattr(to_parameters, name).weight) != 0), name


def test_outside_numbers_can_be_loaded():
    attention = HierarchicalRead(6, 8, 2, 2, key=jax.random.key(0))
    assert isinstance(attention.relevance_query, eqx.nn.Linear)
    assert attention.relevance_query.weight.shape == (8, 6)
    assert attention.relevance_query.bias is None
    assert attention.relevance_key.bias is None
    doubled = eqx.tree_at(
        lambda a: a.detail_output.weight, attention, 2 * attention.detail_output.weight
    )
    arguments = (jnp.ones(6), jnp.ones((3, 4, 8)), jnp.ones(3, bool))
    np.testing.assert_allclose(doubled(*arguments), 2 * attention(*arguments), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((6, 9, 3, 2), "even"), ((6, 8, 3, 2), "heads divide"), ((6, 8, 2, 0), "top_k is 0")],
)
def test_sizes_that_do_not_fit_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalRead(*arguments, key=jax.random.key(0))


def test_more_chunks_wanted_than_there_are():
    attention = HierarchicalRead(6, 8, 2, 4, key=jax.random.key(0))
    with pytest.raises(
        ValueError,
        match="top_k is 4 and there are 3 chunks, expected at most all of them: set top_k to 3",
    ):
        attention(jnp.ones(6), jnp.ones((3, 4, 8)), jnp.ones(3, bool))


@pytest.mark.parametrize(("read_init", "factor"), [("identity", 1.0), ("contrast", -0.5)])
def test_at_first_a_read_is_the_mean_of_what_is_remembered_added_or_half_of_it_taken_away(
    read_init, factor
):
    """The rows of a chunk are equal and the query is zero, so that what is read is the row plus the
    mean of the codes of its ages.
    """
    attention = HierarchicalRead(6, 8, 2, 1, key=jax.random.key(0), read_init=read_init)
    attention = eqx.tree_at(lambda a: a.detail_query.weight, attention, jnp.zeros((8, 6)))
    row = jax.random.normal(jax.random.key(1), (8,))
    got = attention(jnp.ones(6), jnp.tile(row, (1, 4, 1)), jnp.ones(1, bool))
    np.testing.assert_allclose(got, factor * (row + jnp.mean(age_code(4, 8), axis=0)), atol=1e-5)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("num_chunks", [4, 40])
@pytest.mark.parametrize("relevance", [-1e7, -1e30, 1e30])
def test_chunks_that_are_not_valid_weigh_nothing_whatever_the_relevance_of_the_others(
    relevance, num_chunks
):
    """Fewer valid than k, and all of them of a relevance far below, or above, that of the rest."""
    keys = jax.random.split(jax.random.key(3), 4)
    attention = random_biases(HierarchicalRead(8, 8, 2, 3, key=keys[0]), keys[3])
    query, contents = jnp.ones(8), jax.random.normal(keys[2], (num_chunks, 3, 8))
    valid = jnp.zeros(num_chunks, bool).at[jnp.array([1, 3])].set(True)
    unit = apply(attention.relevance_query, query) @ attention.relevance_key.weight
    towards = jnp.where(valid[:, None], relevance * unit / jnp.sum(unit**2), 0.0)
    chunks = Chunks((contents,), towards * 8**0.5)
    read = attention.read(query, chunks, valid)
    weights = jnp.mean(jnp.sum(read.weights, axis=2), axis=0)
    shown = jnp.zeros(num_chunks).at[read.chunks].add(weights)
    np.testing.assert_allclose(shown[valid], 0.5, atol=1e-5)
    np.testing.assert_array_equal(shown[~valid], 0.0)
    in_sequence = attention.read_sequence(query[None], chunks, valid[None])[0]
    np.testing.assert_allclose(in_sequence, read.output, atol=1e-5)


def test_arrays_that_follow_one_another_are_one():
    contents = jax.random.normal(jax.random.key(0), (7, 3, 8))
    parts = Chunks((contents[:4], contents[4:5], contents[5:]), jnp.mean(contents, axis=1))
    chosen = jnp.array([6, 0, 4, 3, 5])
    np.testing.assert_array_equal(parts.take(chosen), contents[chosen])


def test_a_flat_read_is_one_softmax_over_the_rows_of_valid_chunks():
    keys = jax.random.split(jax.random.key(4), 4)
    flat = random_biases(FlatRead(8, 2, key=keys[0], read_init="he"), keys[3])
    query, contents = jax.random.normal(keys[1], (8,)), jax.random.normal(keys[2], (4, 3, 8))
    valid = np.array([True, False, True, False])
    rows = (np.asarray(contents, np.float64) + np.asarray(age_code(3, 8)))[valid].reshape(6, 8)
    parts = flat.details.query, flat.details.key, flat.details.value
    q, k, v = (
        np.asarray(x, np.float64) @ np.asarray(layer.weight, np.float64).T + np.asarray(layer.bias)
        for x, layer in zip((query, rows, rows), parts, strict=True)
    )
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = np.exp(k[:, head] @ q[head] / 2)
        heads.append(scores / scores.sum() @ v[:, head])
    output = flat.details.output
    want = np.concatenate(heads) @ np.asarray(output.weight).T + np.asarray(output.bias)
    np.testing.assert_allclose(flat(query, contents, jnp.asarray(valid)), want, atol=1e-5)


def test_no_read_is_nothing():
    found = NoRead()(jnp.ones(8), jnp.ones((4, 3, 8)), jnp.ones(4, bool))
    np.testing.assert_array_equal(found, np.zeros(8))
