"""What is printed: whatever the stream, and wherever it leads."""

import io
import sys

import pytest

from engrax.cli.output import last_word, printable, say, standard_streams


class Closed(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_what_a_terminal_might_obey_is_spelt_out():
    assert printable("a\x1b[31m\u202eé") == "a\\x1b[31m\\u202eé"


def test_what_an_encoding_lacks_is_an_escape_and_the_stream_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stderr", stream)
    with standard_streams():
        say("ünï")
    assert raw.getvalue() == b"\\xfcn\\xef\n"
    assert stream.errors == "strict"


def test_a_last_word_goes_where_it_can_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    last_word("first")
    monkeypatch.setattr(sys, "stderr", Closed())
    last_word("second")
    assert capsys.readouterr().out == "second\n"
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr("builtins.open", _no_terminal)
    last_word("third")


def _no_terminal(*words: object, **named: object) -> object:
    raise OSError("no such device")
