"""Settings of memories: what they build, and that every wrong value is named when they are made."""

import dataclasses

import equinox as eqx
import jax
import jaxtyping
import pytest

from engrax.memory import (
    HCAM,
    LSTM,
    MEMORIES,
    AbstractMemorySizes,
    HCAMSizes,
    LSTMSizes,
    NTMSizes,
    RetroactiveSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.nn.linear import linear


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """Without the checks of annotations that tests run under: as users have it."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


CLASSES = {**MEMORIES, "retroactive": RetroactiveSizes}
WHOLE_NUMBERS = [
    (sizes, field.name)
    for sizes in CLASSES.values()
    for field in dataclasses.fields(sizes)
    if isinstance(field.default, int) and not isinstance(field.default, bool)
]


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "8"])
@pytest.mark.parametrize(
    ("sizes", "name"), WHOLE_NUMBERS, ids=lambda part: getattr(part, "__name__", part)
)
def test_sizes_that_are_no_whole_numbers_above_0(sizes, name, wrong):
    with pytest.raises(
        ValueError, match=f"{name} is {wrong!r}, expected a whole number of at least"
    ) as caught:
        sizes(**{name: wrong})
    assert f"set {name} to " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sizes", "wrong", "message"),
    [
        (
            HCAMSizes,
            {"chunk_size": 32},
            "window is 16 and chunk_size 32, expected .*: set window to 32",
        ),
        (
            HCAMSizes,
            {"top_k": 9},
            "top_k is 9 and num_chunks 8, expected .*: set top_k to 8, or num_chunks to 9",
        ),
        (HCAMSizes, {"num_heads": 3}, "width is 64 and num_heads 3, expected .*: set width to 66"),
        (
            HCAMSizes,
            {"read_init": "xavier"},
            "read_init is 'xavier', expected one of: contrast, identity, he",
        ),
        (
            TrXLSizes,
            {"width": 9, "num_heads": 3},
            "width is 9 and num_heads 3, expected .*: set width to 12",
        ),
        (TrXLSizes, {"window": 1}, "window is 1, expected a whole number of at least 2"),
        (
            RetroactiveSizes,
            {"discount": 1.0},
            "discount is 1.0, expected at least 0 and less than 1",
        ),
        (RetroactiveSizes, {"reuse": "none"}, "reuse is 'none', expected one of: kept, mean"),
    ],
)
def test_values_that_do_not_fit_are_named(sizes, wrong, message):
    with pytest.raises(ValueError, match=message):
        sizes(**wrong)


@pytest.mark.parametrize("name", MEMORIES)
def test_the_smallest_sizes_are_tiny_and_the_defaults_are_larger(name):
    tiny, default = (
        eqx.filter_eval_shape(lambda sizes=sizes: sizes.build(5, key=jax.random.key(0)))
        for sizes in (MEMORIES[name].tiny(), MEMORIES[name]())
    )
    assert tiny.input_size == default.input_size == 5
    assert 10 * numbers_in(tiny) < numbers_in(default)


def numbers_in(memory):
    return sum(leaf.size for leaf in jax.tree.leaves(memory) if hasattr(leaf, "size"))


@pytest.mark.parametrize("name", CLASSES)
def test_settings_are_values(name):
    """Equal ones are equal and hash alike; they cannot be changed."""
    sizes = CLASSES[name]
    assert sizes.tiny() == sizes.tiny() != sizes()
    assert hash(sizes()) == hash(sizes())
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(sizes(), dataclasses.fields(sizes)[0].name, 4)


def test_a_constructor_and_build_are_the_same():
    direct = HCAM(5, HCAMSizes.tiny(), key=jax.random.key(1))
    assert eqx.tree_equal(direct, HCAMSizes.tiny().build(5, key=jax.random.key(1)))
    assert LSTM(5, key=jax.random.key(1)).output_size == LSTMSizes().width


def test_rl_mem_takes_the_settings_of_its_store():
    memory = RLMEMSizes(word=3, store=RetroactiveSizes(rows=7)).build(4, key=jax.random.key(0))
    assert (memory.store.rows, memory.store.width) == (7, 3)


@pytest.mark.parametrize("sizes", [LSTMSizes(), NTMSizes.tiny(), HCAMSizes.tiny()])
@pytest.mark.parametrize("wrong", [0, -3, 1.5])
def test_a_width_of_inputs_that_makes_no_sense(sizes, wrong):
    with pytest.raises(
        ValueError, match=r"_size is -?[0-9.]+, expected a whole number of at least 1"
    ):
        sizes.build(wrong, key=jax.random.key(0))


def test_an_unknown_initialiser():
    with pytest.raises(ValueError, match="init is 'xavier', expected one of: lecun, he"):
        linear(2, 3, key=jax.random.key(0), init="xavier")


def test_settings_of_one_s_own_must_say_how_they_are_built():
    with pytest.raises(TypeError, match="build"):
        type("Mine", (AbstractMemorySizes,), {})()
