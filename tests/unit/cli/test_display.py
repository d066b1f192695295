"""What is shown of training, with a terminal and without one."""

import io

import pytest
from rich.console import Console

from engrax.cli.display import PlainDisplay, picture
from engrax.cli.pace import Pace


def row(update: int, **metrics: float | None) -> dict[str, int | float | None]:
    return {
        "update": update,
        "environment_steps": 100 * update,
        "seconds": 2.0 * update,
        "episodes": 1.0,
        **metrics,
    }


def test_without_a_terminal_the_first_and_last_updates_are_told(capsys: pytest.CaptureFixture[str]):
    display = PlainDisplay(until=3)
    for update in (1, 2, 3):
        display.show(row(update, loss=0.25))
    captured = capsys.readouterr()
    first, last = captured.err.splitlines()
    assert captured.out == ""
    assert first == "update 1/3  100 steps  -  left -  loss 0.25"
    assert last == "update 3/3  300 steps  50 steps/s  left 0:00:00  loss 0.25"


def test_on_a_terminal_everything_is_shown():
    pace = Pace(until=1000)
    pace.look(row(1, loss=1.0, entropy=2.0))
    console = Console(width=100, file=io.StringIO())
    console.print(picture(pace.look(row(2, loss=3.0, entropy=2.0))))
    text = console.file.getvalue()
    for part in ("update 2 of 1,000", "50 steps/s", "0:33:16 left", "200 steps", "loss", "entropy"):
        assert part in text


def test_a_mean_that_does_not_exist_is_a_dash(capsys: pytest.CaptureFixture[str]):
    PlainDisplay(until=1).show({**row(1), "return": None})
    assert capsys.readouterr().err == "update 1/1  100 steps  -  left -  return -\n"
    console = Console(width=100, file=io.StringIO())
    console.print(picture(Pace(until=1).look({**row(1), "return": None})))
    assert "return  -" in console.file.getvalue()


class Closed(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_only_what_is_shown_of_an_update_fails_where_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("sys.stderr", Closed())
    with PlainDisplay(until=3) as display, pytest.raises(BrokenPipeError):
        display.show(row(1))
