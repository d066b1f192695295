"""Frames as files: GIF, MP4 and PNG."""

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from engrax.errors import UserError
from engrax.viewing.film import Reel

_COLOURS = 255
"""Of a GIF's palette; its 256th is left for what does not change."""


def write_gif(path: Path, reels: Iterable[Reel], fps: int) -> int:
    """Writes reels one after another, a frame a step; each has a palette of its own, so that no
    colour flickers.

    Args:
        path: the file.
        reels: what to show.
        fps: beats a second, at most 50.

    Returns:
        How many frames were written.

    Raises:
        ValueError: there are no frames.
        OSError: it cannot be written.
    """
    written = 0

    def frames() -> Iterator[Image.Image]:
        nonlocal written
        for reel in reels:
            palette = Image.fromarray(np.concatenate(reel.sample)).quantize(_COLOURS)
            for shot in reel.shots:
                written += 1
                frame = Image.fromarray(shot.frame).quantize(
                    palette=palette, dither=Image.Dither.NONE
                )
                frame.info["duration"] = 10 * round(100 / fps * shot.beats)
                yield frame

    with path.open("wb") as file:
        all_frames = frames()
        first = next(all_frames, None)
        if first is None:
            raise ValueError("there is nothing to write: give at least one frame")
        first.save(
            file,
            format="GIF",
            save_all=True,
            append_images=all_frames,
            loop=0,
            optimize=True,
            disposal=1,
        )
    return written


def write_mp4(path: Path, reels: Iterable[Reel], fps: int) -> int:
    """Writes reels one after another as H.264, which any browser plays; a frame is repeated for
    each of its beats.

    Args:
        path: the file; its ending does not matter.
        reels: what to show; all frames have one size, of even numbers.
        fps: beats a second.

    Returns:
        How many frames were written, repetitions included.

    Raises:
        UserError: imageio-ffmpeg is not installed.
        ValueError: there are no frames.
        OSError: it cannot be written.
    """
    program = ffmpeg()
    path.open(
        "wb"
    ).close()  # Python's own error for a file that cannot be written is clearer than ffmpeg's
    frames = (shot.frame for reel in reels for shot in reel.shots for _ in range(shot.beats))
    first = next(frames, None)
    if first is None:
        raise ValueError("there is nothing to write: give at least one frame")
    written = 1
    command, pipe = _command(program, path, first.shape, fps), subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(first.tobytes())
            for frame in frames:
                process.stdin.write(frame.tobytes())
                written += 1
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            process.kill()
            raise
        _, complaint = process.communicate()
    if process.returncode:
        raise OSError(
            f"ffmpeg could not write {path}: {complaint.decode(errors='replace').strip()[-300:]}"
        )
    return written


def ffmpeg() -> str:
    """The program that makes MP4 files; raises `UserError` where it is not installed."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        raise UserError(
            "an .mp4 file needs imageio-ffmpeg: install engrax[video], or write a .gif"
        ) from None
    return get_ffmpeg_exe()


def write_png(path: Path, frame: UInt8[np.ndarray, "h w 3"]) -> None:
    """Writes one picture; raises `OSError` where it cannot be written."""
    with path.open("wb") as file:
        Image.fromarray(frame).save(file, format="PNG", optimize=True)


MOVIES: Mapping[str, Callable[[Path, Iterable[Reel], int], int]] = {
    ".gif": write_gif,
    ".mp4": write_mp4,
}
"""What writes films, by the ending of the file."""


def _command(program: str, path: Path, shape: tuple[int, ...], fps: int) -> list[str]:
    frames_in = f"-f rawvideo -pix_fmt rgb24 -s {shape[1]}x{shape[0]} -r {fps:g} -i -"
    video_out = (
        "-an -c:v libx264 -preset medium -crf 18 -pix_fmt yuv420p -movflags +faststart -f mp4"
    )
    # `file:` keeps ffmpeg from reading a path as an option or as an address.
    return [
        program,
        "-y",
        "-loglevel",
        "error",
        *frames_in.split(),
        *video_out.split(),
        f"file:{path}",
    ]
