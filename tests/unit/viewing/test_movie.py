"""Frames as files that can be read back."""

import builtins
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engrax.errors import UserError
from engrax.viewing.film import Film, Reel, Shot
from engrax.viewing.movie import ffmpeg, write_gif, write_mp4, write_png

from .episodes import SCREEN, nothing_recalled, scripted

FRAMES = [np.full((6, 8, 3), grey, np.uint8) for grey in (10, 120, 250)]
BEATS = (1, 4, 2)


def reel() -> Reel:
    shots = [Shot(frame, beats) for frame, beats in zip(FRAMES, BEATS, strict=True)]
    return Reel(FRAMES, shots)


def test_a_gif_has_a_frame_a_step_that_stays_for_its_beats(tmp_path: Path):
    assert write_gif(tmp_path / "film", [reel(), reel()], 10) == 6
    durations, greys = [], []
    with Image.open(tmp_path / "film") as film:
        assert (film.n_frames, film.size) == (6, (8, 6))
        for index in range(film.n_frames):
            film.seek(index)
            greys.append(film.convert("RGB").getpixel((2, 2))[0])
            durations.append(film.info["duration"])
    assert durations == 2 * [100, 400, 200]
    np.testing.assert_allclose(greys, 2 * [10, 120, 250], atol=3)


def test_an_mp4_repeats_a_frame_for_each_of_its_beats(tmp_path: Path):
    path = tmp_path / "-odd name: é.MP4"
    frames = [
        Shot(np.full((32, 64, 3), grey, np.uint8), beats) for grey, beats in ((10, 2), (200, 3))
    ]
    assert write_mp4(path, [Reel([], frames)], 5) == 5
    options = "-map 0:v -f rawvideo -pix_fmt gray -loglevel error -"
    command = [ffmpeg(), "-i", f"file:{path}", *options.split()]
    read = subprocess.run(command, check=True, capture_output=True).stdout
    shown = np.frombuffer(read, np.uint8).reshape(-1, 32 * 64).mean(axis=1)
    np.testing.assert_allclose(shown, [10, 10, 200, 200, 200], atol=8)


def test_a_png_is_the_picture(tmp_path: Path):
    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    write_png(tmp_path / "picture", picture)
    with Image.open(tmp_path / "picture") as read:
        np.testing.assert_array_equal(np.asarray(read), picture)


def test_no_frames_are_an_error(tmp_path: Path):
    for write in (write_gif, write_mp4):
        with pytest.raises(ValueError, match="at least one frame"):
            write(tmp_path / "film", [], 5)


def test_an_error_of_ffmpeg_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("engrax.viewing.movie.ffmpeg", lambda: "false")
    episode = scripted(*nothing_recalled(3))
    with pytest.raises(OSError, match="ffmpeg could not write"):
        write_mp4(tmp_path / "film", [Film(SCREEN, episode).reel()], 5)


@pytest.fixture
def without_imageio(monkeypatch: pytest.MonkeyPatch):
    """As where the extra `video` is not installed."""
    real = builtins.__import__

    def importing(name, *rest, **more):
        if name == "imageio_ffmpeg":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_an_mp4_without_its_extra_says_what_to_install(without_imageio, tmp_path: Path):
    with pytest.raises(UserError, match=r"install engrax\[video\], or write a .gif"):
        write_mp4(tmp_path / "film", [reel()], 5)
    assert not list(tmp_path.iterdir())
