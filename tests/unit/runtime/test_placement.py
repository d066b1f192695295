"""How streams are divided: what divides, what is chosen, and what is computed where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.runtime import Placement
from engrax.runtime.placement import divisors, in_turn, largest_divisor


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (Placement(devices=3), "placement.devices is 3, expected one of 1, 2, 4: each device"),
        (Placement(devices=2, acting_tile=3), "placement.acting_tile is 3, expected one of 1, 2,"),
        (Placement(learning_tile=3), "placement.learning_tile is 3, expected one of 1, 2, 4:"),
    ],
)
def test_what_does_not_divide_the_streams_is_named(placement, message):
    with pytest.raises(ValueError, match=message):
        placement.check(streams=16, minibatches=4)


def test_minibatches_must_divide_the_streams():
    with pytest.raises(ValueError, match=r"streams is 6, which learner.minibatches, 4, does not"):
        Placement().check(streams=6, minibatches=4)


@pytest.mark.parametrize("name", ["devices", "acting_tile", "learning_tile"])
def test_nothing_is_less_than_1(name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        Placement(**{name: 0})


def test_a_tile_of_more_streams_than_there_are_is_all_of_them():
    Placement(devices=2, acting_tile=64, learning_tile=64).check(streams=16, minibatches=4)


def settled(placement, available, acting=5, learning=3):
    tiles = {"acting_tile": acting, "learning_tile": learning}
    return placement.settled(available, streams=48, minibatches=4, precision="tf32", **tiles)


def test_the_most_devices_and_the_largest_tiles_that_divide_the_streams_are_chosen():
    decided = lambda *numbers: Placement(  # noqa: E731
        **dict(zip(("devices", "acting_tile", "learning_tile"), numbers, strict=True)),
        precision="tf32",
    )
    assert settled(Placement(), 1) == decided(1, 4, 3)
    assert settled(Placement(), 5) == decided(4, 4, 3)
    assert settled(Placement(), 2, 1000, 0) == decided(2, 24, 1)


def test_what_is_given_is_kept():
    given = Placement(devices=2, acting_tile=12, learning_tile=2, precision="bfloat16")
    assert settled(given, 1) == given


@pytest.mark.parametrize(
    ("precision", "said"),
    [
        (None, "precision = [DEFAULT, DEFAULT] :"),
        ("float32", "precision = [HIGHEST, HIGHEST] :"),
        ("tf32", "precision = [HIGH, HIGH] :"),
        (
            "bfloat16",
            "lhs_precision_type = bf16, rhs_precision_type = bf16, accumulation_type = f32",
        ),
    ],
)
def test_products_are_computed_as_the_placement_says(precision, said):
    """Also those of gradients; on a processor the numbers are the same."""
    square = jnp.arange(9.0).reshape(3, 3)
    gradient = Placement(precision=precision).jit(jax.grad(lambda a: jnp.sum((a @ a) ** 2)))
    program = gradient.lower(square).as_text()
    products = [line for line in program.splitlines() if "dot_general" in line]
    assert len(products) == 3
    assert all(said in line for line in products)
    np.testing.assert_allclose(
        gradient(square), jax.grad(lambda a: jnp.sum((a @ a) ** 2))(square), rtol=1e-6
    )


def test_divisors():
    assert divisors(12) == [1, 2, 3, 4, 6, 12]
    assert divisors(10**40, most=10) == [1, 2, 4, 5, 8, 10]
    assert [largest_divisor(12, most) for most in (0, 1, 5, 12, 99)] == [1, 1, 4, 12, 12]
    assert largest_divisor(10**40, 99) == 80


def test_tiles_in_turn_are_as_all_at_once():
    arrays = {"x": jnp.arange(24.0).reshape(12, 2), "empty": jnp.zeros((12, 0))}
    double = lambda a: {"x": 2 * a["x"], "empty": a["empty"]}  # noqa: E731
    for tile in (None, 1, 4, 12, 100):
        got = in_turn(double, arrays, tile)
        np.testing.assert_array_equal(got["x"], 2 * arrays["x"])
        assert got["empty"].shape == (12, 0)


@pytest.mark.parametrize("available", [1, 2])
def test_every_device_has_its_share_and_the_sum_of_all(available, monkeypatch):
    """By two devices, and by one that computes both shares."""
    monkeypatch.setattr(jax, "device_count", lambda: available)
    placement = Placement(devices=2)
    assert (placement.mesh is None) == (available == 1)

    def work(total, factor, part):
        x, keys = part
        assert x.shape == (3,)
        sums = total({"x": jnp.sum(x), "more": (jnp.sum(x**2), jnp.ones(2))})
        return sums, (factor * x, keys)

    keys = jax.random.split(jax.random.key(0), 6)
    run = placement.jit(lambda *given: placement.spread(work, *given))
    sums, (scaled, same) = run(jnp.float32(3), (jnp.arange(6.0), keys))
    assert float(sums["x"]) == 15
    assert float(sums["more"][0]) == 55
    np.testing.assert_array_equal(sums["more"][1], [2, 2])
    np.testing.assert_array_equal(scaled, 3 * np.arange(6))
    np.testing.assert_array_equal(jax.random.key_data(same), jax.random.key_data(keys))
