"""A memory from whatever names or holds one."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jaxtyping
import pytest

from engrax.memory import LSTM, MEMORIES, HCAMSizes, LSTMSizes, NoMemory, make_memory

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    "choice",
    [
        "lstm",
        LSTMSizes(),
        LSTMSizes,
        LSTM,
        lambda layout, key: LSTM(layout, key=key),
        LSTM(5, key=KEY),
    ],
    ids=["name", "sizes", "class of sizes", "class", "callable", "memory"],
)
def test_a_memory_is_made_from(choice):
    assert eqx.tree_equal(make_memory(choice, 5, key=KEY), LSTM(5, key=KEY))


def test_a_built_memory_is_taken_as_it_is():
    memory = LSTM(5, key=KEY)
    assert make_memory(memory, 5, key=jax.random.key(1)) is memory


@pytest.mark.parametrize("choice", [LSTM(5, key=KEY), lambda layout, key: NoMemory(5, key=key)])
def test_a_memory_for_inputs_of_another_width(choice):
    with pytest.raises(
        ValueError, match=r"has input_size 5, expected 7: build it with input_size 7, or"
    ):
        make_memory(choice, 7, key=KEY)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hcma", "memory is 'hcma', expected a name in MEMORIES: did you mean hcam"),
        ("LSTM", "memory is 'LSTM', .*: did you mean lstm"),
        ("quux", "memory is 'quux', .*: known: dnc, gtrxl, hcam, lstm, none, ntm, rl_mem, trxl"),
    ],
)
def test_a_name_that_is_not_registered(name, message):
    with pytest.raises(ValueError, match=message):
        make_memory(name, 5, key=KEY)


@pytest.mark.parametrize("choice", [None, 3, lambda layout, key: layout])
def test_what_makes_no_memory(choice, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as users have it
    with pytest.raises(TypeError, match="makes no memory, expected a name"):
        make_memory(choice, 5, key=KEY)


def test_others_add_to_the_registry(monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class Mine(HCAMSizes):
        pass

    monkeypatch.setitem(MEMORIES, "mine", Mine)
    assert make_memory("mine", 5, key=KEY).output_size == Mine().width
