"""The tables of shapes and dances."""

from engrax.envs.ballet.tables import PATHS
from engrax.envs.grid import SHAPES


def test_lit_pixels_of_every_shape():
    expected = [41, 56, 45, 36, 45, 36, 49, 32, 45, 45, 63, 63, 63, 45, 45]
    assert [int(mask.sum()) for mask in SHAPES.values()] == expected


def test_dances_stay_in_their_block_and_end_at_home():
    assert PATHS.shape == (13, 17, 2)
    assert abs(PATHS).max() == 1
    assert not PATHS[:, [0, -1]].any()
