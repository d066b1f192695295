"""The probe keeps the environment contract in all its forms."""

import pytest

from engrax.envs.recall import Recall
from engrax.testing import check_environment


@pytest.mark.parametrize("cues", ["contradictory", "late"])
def test_recall(cues):
    check_environment(Recall(2, num_cues=3, distractors=cues == "late", cues=cues), steps=40)
