"""Settings that are one of a few names."""

from typing import Literal

import pytest

from engrax.envs import MemoryGame
from engrax.envs.choices import one_of


def test_only_the_names_pass():
    checked = one_of(Literal["symbols", "pixels"], "view")
    assert checked("pixels") == "pixels"
    with pytest.raises(ValueError, match="view is 'sound', expected one of symbols, pixels"):
        checked("sound")


def test_a_task_checks_its_settings():
    with pytest.raises(ValueError, match="view is 'sound', expected one of symbols, pixels"):
        MemoryGame(3, "sound")
