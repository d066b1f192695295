"""How training goes, in a few numbers."""

import pytest

from engrax.cli.pace import Pace, clock


def row(update: int, **metrics: float | None) -> dict[str, int | float | None]:
    return {
        "update": update,
        "environment_steps": 100 * update,
        "seconds": 2.0 * update,
        "episodes": 1.0,
        **metrics,
    }


def test_a_glance_has_speed_time_left_and_recent_means():
    pace = Pace(until=10)
    assert pace.look(row(1, loss=1.0)).seconds_left is None
    glance = pace.look({**row(2, loss=3.0), "return": 0.5})
    assert (glance.steps_per_second, glance.seconds_left) == (50.0, 16.0)
    assert list(glance.means.items()) == [("return", 0.5), ("loss", 2.0)]


def test_an_update_without_an_episode_does_not_spoil_the_mean():
    pace = Pace(until=30)
    assert pace.look({**row(1), "return": None}).means["return"] is None
    assert pace.look({**row(2), "return": 0.5}).means["return"] == 0.5
    assert pace.look({**row(3), "return": None}).means["return"] == 0.5


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0.4, "0:00:00"), (59.6, "0:01:00"), (3725.0, "1:02:05")]
)
def test_clock(seconds: float | None, text: str):
    assert clock(seconds) == text
