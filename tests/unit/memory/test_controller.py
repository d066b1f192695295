"""An LSTM around the NTM's and the DNC's store against slow loops; what the stores have in
common.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.addressing import empty_rows, look_up, recalled, write
from engrax.memory.dnc import DNC, DNCSizes
from engrax.memory.ntm import NTM, NTMSizes
from engrax.nn.recurrent import StackedLSTM
from engrax.testing.contract import quick_jit

from oracles import dnc, ntm
from oracles.controller import run
from oracles.merlin import random_parameters

STEPS, SIZES = 300, (6, 3, 2)
FIRSTS = np.isin(np.arange(STEPS), [0, 90, 91, 95, 250])
STORES = {"ntm": (NTMSizes, ntm.NTM), "dnc": (DNCSizes, dnc.DNC)}


def random_case(store):
    """A memory whose interface is loud, so that gates open and shut; inputs; what every step should
    come to.
    """
    rows, word, heads = SIZES
    sizes = store[0](width=5, layers=2, rows=rows, word=word, heads=heads)
    memory = random_parameters(lambda: sizes.build(4, key=jax.random.key(0)))
    memory = eqx.tree_at(
        lambda where: where.interface.weight, memory, replace_fn=lambda weight: 12 * weight
    )
    xs = np.random.default_rng(1).standard_normal((STEPS, 4)).astype(np.float32)
    return memory, jnp.asarray(xs), run(memory, lambda: store[1](*SIZES), xs, FIRSTS)


@pytest.fixture(scope="module", params=STORES)
def case(request):
    return random_case(STORES[request.param])


@quick_jit
def scan(memory, xs, firsts):
    """By steps: outputs, and what is recalled in each."""

    def step(state, now):
        state, output = memory.step(state, *now)
        return state, (output.h, output.recall)

    return jax.lax.scan(step, memory.init_state(), (xs, firsts))[1]


def test_unroll_equals_the_oracle(case):
    memory, xs, (outputs, _, _) = case
    got = quick_jit(lambda *arguments: memory.unroll(None, *arguments)[1].h)(
        xs, jnp.asarray(FIRSTS)
    )
    np.testing.assert_allclose(got, outputs, rtol=1e-4, atol=1e-4)


def test_steps_and_recall_equal_the_oracle(case):
    """Rows of the DNC with the same history may change places: shares are added up by age."""
    memory, xs, (outputs, weights, ages) = case
    got, recall = scan(memory, xs, jnp.asarray(FIRSTS))
    np.testing.assert_allclose(got, outputs, rtol=1e-4, atol=1e-4)
    for t in range(STEPS):
        shown, wanted = np.zeros(STEPS), np.zeros(STEPS)
        np.add.at(shown, recall.steps_ago[t][recall.valid[t]], recall.mean[t][recall.valid[t]])
        np.add.at(wanted, ages[t], weights[t].mean(0))
        np.testing.assert_allclose(shown[1:], wanted[1:], atol=1e-4, err_msg=f"step {t}")
        assert shown[0] == 0


def test_the_case_is_a_hard_one(case):
    """Rows are read sharply and evenly, from long ago and from now."""
    _, _, (_, weights, ages) = case
    assert weights.max() > 0.4
    assert np.sum(np.where(ages > 5, weights.mean(1), 0)) > 1
    assert np.sum(np.where(ages == 0, weights.mean(1), 0)) > 1


def test_parts_of_the_gates_add_up():
    stack = StackedLSTM(5, 3, 2, key=jax.random.key(0))
    x = jnp.arange(5.0)
    known, rest = stack.part(2)
    np.testing.assert_allclose(known(x[:2]) + rest(x[2:]), stack.drive(x), rtol=1e-5)


def test_rows_are_erased_and_added_to():
    rows = empty_rows(3, 2)._replace(contents=jnp.ones((3, 2)))
    after = write(
        rows, jnp.asarray([1.0, 0.5, 0.0]), jnp.asarray([1.0, 0.5]), jnp.asarray([3.0, 4.0])
    )
    np.testing.assert_allclose(after.contents, [[3, 4.5], [2, 2.75], [1, 1]])
    np.testing.assert_allclose(after.scales, 1 / np.linalg.norm(after.contents, axis=1), rtol=1e-5)
    np.testing.assert_allclose(after.left, [5, 2.5, 0])
    np.testing.assert_array_equal(after.ages, [1, 1, 0])


def test_a_row_is_as_old_as_the_write_that_left_most():
    """A faint write leaves the row's age to the one before, until that has been erased."""
    rows = write(empty_rows(1, 2), jnp.ones(1), jnp.zeros(2), jnp.ones(2))
    faint = jnp.full(1, 0.4), jnp.full(2, 0.5), jnp.ones(2)
    ages = []
    for _ in range(5):
        rows = write(rows, *faint)
        ages.append(int(rows.ages[0]))
    assert ages == [2, 3, 4, 5, 1]  # 0.8 ** 4 > 0.4 > 0.8 ** 5
    np.testing.assert_allclose(rows.left, 0.4 * np.sqrt(2), rtol=1e-6)


def test_what_was_written_now_is_not_recalled():
    rows = empty_rows(4, 2)._replace(ages=jnp.asarray([0, 1, 2, 7]))
    shown = recalled(rows, jnp.asarray([[0.1, 0.2, 0.3, 0.4], [0.4, 0.4, 0.1, -1e-9]]))
    np.testing.assert_array_equal(shown.valid, [False, False, True, True])
    np.testing.assert_array_equal(shown.steps_ago[shown.valid], [1, 6])
    np.testing.assert_allclose(shown.weights, [[0, 0, 0.3, 0.4], [0, 0, 0.1, 0]], rtol=1e-6)
    assert shown.readers == ("head 1", "head 2")


def test_looking_up_empty_rows_is_even_and_has_a_gradient():
    def total(contents, keys):
        rows = write(empty_rows(3, 2), jnp.ones(3), jnp.ones(2), jnp.zeros(2))._replace(
            contents=contents
        )
        return jnp.sum(look_up(rows, keys, jnp.full(2, 9.0)) @ jnp.arange(3.0)), look_up(
            rows, keys, jnp.ones(2)
        )

    arguments = jnp.zeros((3, 2)), jnp.zeros((2, 2))
    gradients, weights = quick_jit(jax.grad(total, argnums=(0, 1), has_aux=True))(*arguments)
    np.testing.assert_allclose(weights, np.full((2, 3), 1 / 3), rtol=1e-6)
    assert all(np.isfinite(leaf).all() for leaf in gradients)


@pytest.mark.parametrize("make", [NTM, DNC])
@pytest.mark.parametrize(
    ("sizes", "named"),
    [((0, 2, 1), "rows is 0"), ((2, 0, 1), "width is 0"), ((2, 2, 0), "heads is 0")],
)
def test_sizes_that_make_no_sense_are_named(make, sizes, named):
    with pytest.raises(ValueError, match=named):
        make(*sizes)
