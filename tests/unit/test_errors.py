"""Parts of error messages: values in one short line, and what was meant."""

from engrax.errors import describe, show, suggest


def test_a_value_is_shown_in_one_short_line():
    assert show("a\nb") == r"'a\nb'"
    assert len(show("x" * 1000)) < 50
    assert len(show(list(range(1000)))) < 50


def test_near_names_are_suggested():
    assert suggest("hcma", ["lstm", "hcam"]) == "did you mean hcam?"
    assert suggest("lstn", ["lstm", "lsts"]) == "did you mean lsts or lstm?"


def test_without_a_near_name_all_are_listed_or_something_else_is_said():
    assert suggest("zzz", ["lstm", "hcam"]) == "known: lstm, hcam"
    assert suggest("zzz", ["lstm", "hcam"], "see the list") == "see the list"
    assert suggest("zzz", [], "") == ""


def test_an_error_of_the_system_names_its_file():
    assert describe(FileNotFoundError(2, "No such file", "run/x")) == "run/x: No such file"
    assert describe(OSError("broken")) == "broken"
