"""The glyphs: as many as stated, far enough apart, and the same for ever."""

import hashlib

import numpy as np

from engrax.envs.memory_game.strokes import GLYPHS, LEAST_DISTANCE, SIDE, glyphs, spread_out


def distances(bitmaps):
    """In how many pixels each two differ."""
    flat = bitmaps.reshape(len(bitmaps), -1)
    return np.stack([np.count_nonzero(flat != one, axis=1) for one in flat])


def test_any_two_are_clearly_distinct():
    assert (GLYPHS, LEAST_DISTANCE, SIDE) == (1024, 8, 6)
    apart = distances(glyphs())
    np.fill_diagonal(apart, 99)
    assert apart.shape == (1024, 1024)
    assert apart.min() == 8


def test_each_has_ink_and_ground():
    lit = glyphs().sum((1, 2))
    assert lit.min() >= 8
    assert lit.max() <= 22


def test_each_is_one_stroke():
    for glyph in glyphs():
        lit = {tuple(place) for place in np.argwhere(glyph).tolist()}
        reached = {lit.pop()}
        edge = list(reached)
        while edge:
            i, j = edge.pop()
            near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & lit
            lit -= near
            edge.extend(near)
        assert not lit


def test_they_never_change():
    """Agents trained on them know these."""
    assert hashlib.sha256(np.packbits(glyphs()).tobytes()).hexdigest()[:16] == "a2594e168eebaace"


def test_spread_out_passes_over_what_is_too_close():
    candidates = np.array(
        [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0]], bool
    )
    np.testing.assert_array_equal(spread_out(candidates, 2, 3), candidates[[0, 2, 4]])
