"""Pictures: that they are there, of the right size, and show what they were given."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from engrax.evaluation.plots import Curve, learning_curve


def curves(count: int) -> list[Curve]:
    steps = np.linspace(0, 2e6, 50)
    return [Curve(f"agent {i}", steps, np.clip(steps / 2e6 / (i + 1), 0, 1)) for i in range(count)]


def test_a_picture_is_drawn(tmp_path: Path):
    path = tmp_path / "curve.png"
    learning_curve(path, curves(7), title="Ballet", chance=0.25)
    picture = image.imread(path)
    assert picture.shape == (800, 1280, 4)
    assert picture.std() > 0


def test_the_chance_line_and_gaps_are_drawn(tmp_path: Path):
    plain, chance = tmp_path / "plain.png", tmp_path / "chance.png"
    gaps = [Curve("gaps", [1.0, 2.0, 3.0], [None, 0.5, None])]
    learning_curve(plain, gaps)
    learning_curve(chance, gaps, chance=0.1)
    assert plain.read_bytes() != chance.read_bytes()


def test_the_same_curve_is_the_same_file(tmp_path: Path):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for path in (first, second):
        learning_curve(path, curves(2))
    assert first.read_bytes() == second.read_bytes()


def test_nothing_to_draw_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="at least one curve"):
        learning_curve(tmp_path / "none.png", [])


def test_steps_and_values_that_do_not_belong_together_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="'odd' has 2 steps but 1 values"):
        learning_curve(tmp_path / "odd.png", [Curve("odd", [1.0, 2.0], [1.0])])
