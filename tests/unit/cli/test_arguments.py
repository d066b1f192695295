"""Arguments: numbers as people write them, and options of other programs."""

import argparse

import pytest

from engrax.cli.arguments import Parser, add_budget, check_budget, count
from engrax.cli.foreign import WORDS, check_words
from engrax.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("2e6", 2_000_000), ("1.5e3", 1500), (str(10**17 + 1), 10**17 + 1)],
)
def test_a_count_may_have_an_exponent(text: str, value: int):
    assert count(1, 10**18)(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", "nan", "inf", "1e999", "1e-3", ""])
def test_any_other_number_is_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match="expected an integer from 1 to 9, such"):
        count(1, 9)(text)


@pytest.mark.parametrize(
    "words", [["--device", "gpu"], ["--num-envs=3"], ["--total_timesteps", "9"]]
)
def test_options_of_other_programs_are_answered_with_ours(words: list[str]):
    with pytest.raises(UsageError, match=r"unknown argument '--[a-z_-]+'; "):
        check_words(["debug", *words], known=())


def test_an_option_of_the_commands_own_is_no_other_programs():
    assert "checkpoint" in WORDS
    check_words(["--checkpoint", "3", "checkpoint"], known={"--checkpoint"})


def test_a_budget_is_given_once():
    parser = Parser("try", "A try.", "  none")
    add_budget(parser)
    assert parser.read(["--steps", "2e6"]).steps == 2_000_000
    with pytest.raises(UsageError, match="give one of them"):
        check_budget(parser.read(["--steps", "2e6", "--updates", "3"]))
