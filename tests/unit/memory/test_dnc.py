"""The DNC's allocation, usage and links: what the paper says of them, and cases worked out by
hand.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.dnc import DNC, allocation, linked, used
from engrax.testing.contract import quick_jit

from oracles import dnc as oracle

allocate = quick_jit(allocation)
NUMBERS = np.random.default_rng(0)
USAGES = {
    "free": np.zeros(6),
    "full": np.ones(6),
    "tied": np.array([0.5, 0.2, 0.5, 0.2, 0.5, 0.2]),
    "free and full": np.array([1.0, 0, 1, 0, 1, 0]),
    "mixed": NUMBERS.uniform(0, 1, 6),
    "nearly full": 1 - NUMBERS.uniform(0, 1e-3, 6),
    "nearly free": NUMBERS.uniform(0, 1e-3, 6),
}


@pytest.fixture(params=USAGES)
def usage(request):
    return jnp.asarray(USAGES[request.param], jnp.float32)


def test_allocation_equals_the_sorted_free_list(usage):
    np.testing.assert_allclose(
        allocate(usage), oracle.allocation(np.asarray(usage, np.float64)), atol=1e-6
    )


def test_allocation_sums_to_one_less_the_product_of_usages(usage):
    """Which is at most 1: where all is in use, nothing is allocated."""
    np.testing.assert_allclose(
        jnp.sum(allocate(usage)), 1 - np.prod(np.asarray(usage, np.float64)), atol=1e-6
    )


def test_allocation_prefers_free_rows():
    np.testing.assert_allclose(
        allocate(jnp.asarray([0.7, 0.0, 0.2, 0.0])), [0, 1, 0, 0], atol=1e-20
    )
    np.testing.assert_allclose(
        allocate(jnp.asarray([0.5, 0.8, 0.1])), [0.05, 0.2 * 0.05, 0.9], rtol=1e-6
    )


def test_gradients_of_allocation_are_finite_at_ties_and_at_the_ends(usage):
    gradient = quick_jit(jax.jacrev(allocation))(usage)
    assert np.isfinite(gradient).all()


def test_the_gradient_of_allocation_is_that_of_its_value():
    usage = jnp.asarray([0.4, 0.9, 0.15, 0.6])
    moved = [
        oracle.allocation(np.asarray(usage, np.float64) + 1e-6 * np.eye(4)[i]) for i in range(4)
    ]
    slopes = (
        np.stack(moved, axis=1) - oracle.allocation(np.asarray(usage, np.float64))[:, None]
    ) / 1e-6
    np.testing.assert_allclose(quick_jit(jax.jacrev(allocation))(usage), slopes, atol=1e-4)


def test_at_a_tie_the_first_row_goes_first_and_its_gradient_says_so():
    """a = (1 - u, (1 - u') u): the row that comes second depends on the first, not the other way
    round.
    """
    gradient = quick_jit(jax.jacrev(allocation))(jnp.asarray([0.25, 0.25]))
    np.testing.assert_allclose(gradient, [[-1, 0], [0.75, -0.25]], rtol=1e-6)


def test_rows_written_are_used_and_rows_read_are_freed():
    usage, write = jnp.asarray([0.0, 0.5, 1.0, 1.0]), jnp.asarray([0.5, 0.5, 0.0, 0.0])
    reads, gates = jnp.asarray([[0, 0, 0.5, 0], [0, 0, 0.5, 1.0]]), jnp.asarray([1.0, 0.5])
    np.testing.assert_allclose(
        used(usage, write, reads, gates), [0.5, 0.75, 0.5 * 0.75, 0.5], rtol=1e-6
    )


def scan_links(writes):
    def step(state, weights):
        link, precedence = state
        link = linked(link, precedence, weights)
        return (link, (1 - jnp.sum(weights)) * precedence + weights), link

    count = writes.shape[1]
    return quick_jit(
        lambda w: jax.lax.scan(step, (jnp.zeros((count, count)), jnp.zeros(count)), w)[1]
    )(writes)


def test_links_follow_the_order_of_writing():
    """Rows 2, 0, 3 are written one after another: from each the link leads to the next, and
    back.
    """
    link = scan_links(jnp.eye(4)[jnp.asarray([2, 0, 3])])[-1]
    np.testing.assert_array_equal(link @ jnp.eye(4)[2], np.eye(4)[0])
    np.testing.assert_array_equal(link @ jnp.eye(4)[0], np.eye(4)[3])
    np.testing.assert_array_equal(link.T @ jnp.eye(4)[3], np.eye(4)[0])
    np.testing.assert_array_equal(link @ jnp.eye(4)[1], 0)


def test_a_row_written_again_loses_its_old_links():
    link = scan_links(jnp.eye(3)[jnp.asarray([0, 1, 2, 0])])[-1]
    np.testing.assert_array_equal(link, [[0, 0, 1], [0, 0, 0], [0, 1, 0]])


def test_links_have_no_diagonal_and_rows_and_columns_of_at_most_one():
    numbers = np.random.default_rng(2)
    writes = numbers.dirichlet(np.full(7, 0.3), 400) * numbers.uniform(0, 1, (400, 1))
    links = np.asarray(scan_links(jnp.asarray(writes, jnp.float32)))
    np.testing.assert_array_equal(np.diagonal(links, axis1=1, axis2=2), 0)
    assert links.min() >= -1e-6
    assert links.sum(1).max() <= 1 + 1e-5
    assert links.sum(2).max() <= 1 + 1e-5
    assert links.sum(1).max() > 0.5


def test_a_run_keeps_weights_and_usage_within_their_bounds():
    """With random interface vectors, usage is within 0 and 1, and weights are not negative and sum
    to at most 1.
    """
    store, numbers = DNC(6, 3, 2), np.random.default_rng(3)
    given = jnp.asarray(3 * numbers.standard_normal((200, store.interface_size)), jnp.float32)
    states = quick_jit(
        lambda given: jax.lax.scan(
            lambda s, i: (store.access(s, i)[0],) * 2, store.init_state(), given
        )
    )
    state = jax.tree.map(np.asarray, states(given)[1])
    for weights in (
        state.read_weights,
        state.write_weights,
        state.usage[..., None],
        state.precedence,
    ):
        assert weights.min() >= -1e-6
        assert weights.sum(-1).max() <= 1 + 1e-5
    assert state.usage.max() > 0.9


def test_it_reads_back_in_the_order_of_writing():
    """Three words are written into free rows; a read by content finds the first, and reads forward
    find the others.
    """
    store = DNC(4, 3, 1)
    words = 2.0 * np.eye(3)
    tell = [interface(store, word=word) for word in words]
    tell += [interface(store, key=words[0]), interface(store, mode=2), interface(store, mode=2)]
    tell += [interface(store, mode=0)]
    run = quick_jit(
        lambda vectors: jax.lax.scan(
            lambda s, i: store.access(s, i)[:2], store.init_state(), vectors
        )[1]
    )
    reads = run(jnp.asarray(np.stack(tell), jnp.float32))
    np.testing.assert_allclose(reads[3:], words[[0, 1, 2, 1]], atol=0.05)


def interface(store, word=None, key=(0.0, 0.0, 0.0), mode=1):
    """Writes a word into a free row, or nothing; reads by a mode: backward, by content, forward."""
    written = np.zeros(3) if word is None else word
    gates = [-30.0, 30.0, -30.0 if word is None else 30.0]  # free, allocation, write
    modes = np.where(np.arange(3) == mode, 30.0, -30.0)
    return np.concatenate([key, [30.0], np.zeros(3), [0.0], np.zeros(3), written, gates, modes])
