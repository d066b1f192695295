"""`engrax replay`: films and pictures of a run, and what cannot be made."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import pytest
from PIL import Image

from engrax.agents import ActorCriticSizes
from engrax.cli.main import main
from engrax.envs import Recall
from engrax.experiments.presets import PRESETS
from engrax.memory import HCAMSizes, LSTMSizes, NoMemorySizes
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory
from engrax.viewing.film import SIZE, Film
from engrax.viewing.movie import ffmpeg

LENGTH = 6 + 3
MEMORIES = {
    "hcam": HCAMSizes(
        width=8,
        num_layers=1,
        num_heads=2,
        chunk_size=2,
        num_chunks=3,
        top_k=2,
        window=2,
        mlp_size=8,
    ),
    "lstm": LSTMSizes(width=8),
    "none": NoMemorySizes(width=8),
}


TASK = Recall(delay=6)


def with_memory(memory: Any) -> ActorCriticSizes:
    """The settings of a small agent."""
    return ActorCriticSizes(memory=memory, hidden=8)


def run_directory(path: Path, agent: Any, task: Any = TASK) -> RunDirectory:
    """A run that has weights and has never trained."""
    experiment = replace(PRESETS["debug"], task=task, agent=agent)
    directory = RunDirectory.create(path, experiment, preset="debug", command=["engrax", "train"])
    build = eqx.filter_jit(lambda key: experiment.build_agent(experiment.task.interface, key))
    counters = {"updates": "1", "environment_steps": "2"}
    checkpoint.save_weights(directory.weights, build(jax.random.key(0)), counters)
    return directory


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    for name, sizes in MEMORIES.items():
        run_directory(root / name, with_memory(sizes))
    return root


def replayed(runs: Path, name: str, out: Path, *words: str) -> str:
    assert main(["replay", str(runs / name), "--out", str(out), *words]) == 0
    return str(out)


def opened(path: Path | str) -> Any:
    """A picture of any kind: Pillow's types know of no number of frames."""
    return Image.open(path)


@pytest.mark.slow
def test_a_gif_has_a_frame_a_step(runs: Path, tmp_path: Path, capsys: Any):
    out = tmp_path / "new" / "replay.gif"
    replayed(runs, "hcam", out, "--episodes", "2", "--fps", "10")
    assert capsys.readouterr().out.startswith(f"{out}: 2 episodes, ")
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    durations = []
    with opened(out) as film:
        assert (film.n_frames, film.size) == (2 * LENGTH, SIZE)
        for index in range(film.n_frames):
            film.seek(index)
            assert min(film.convert("RGB").getpixel((2, 2))) > 245
            durations.append(film.info["duration"])
    assert durations == 2 * ([100] * 7 + [400, 800])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["none", "lstm"])
def test_a_memory_without_recall_is_shown_too(runs: Path, tmp_path: Path, name: str):
    with opened(replayed(runs, name, tmp_path / "replay.gif")) as film:
        assert film.n_frames == LENGTH


def mp4_frames(path: Path) -> int:
    options = "-map 0:v -f rawvideo -pix_fmt gray -loglevel error -"
    command = [ffmpeg(), "-i", str(path), *options.split()]
    read = subprocess.run(command, check=True, capture_output=True)
    return len(read.stdout) // (SIZE[0] * SIZE[1])


@pytest.mark.slow
def test_an_mp4_can_be_read_back(runs: Path, tmp_path: Path, capsys: Any):
    out = tmp_path / "-odd name: é.MP4"
    replayed(runs, "hcam", out, "--greedy")
    assert "1 episode, " in capsys.readouterr().out
    assert mp4_frames(out) == 7 + 4 + 8


@pytest.mark.slow
def test_a_png_is_one_picture(runs: Path, tmp_path: Path, capsys: Any):
    for name in ("hcam", "none"):
        out = replayed(runs, name, tmp_path / f"{name}.png", "--episodes", "3")
        with opened(out) as picture:
            assert picture.size == (2 * SIZE[0], 2 * SIZE[1])
        assert "step 7" in capsys.readouterr().out  # the query: the only step whose action counts


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "{runs}/hcam --out film.avi",
            "--out 'film.avi' ends in '.avi', expected one of .gif, .mp4, .png",
        ),
        ("{runs}/hcam --out film", "--out 'film' ends in '', expected one of .gif, .mp4, .png"),
        ("{runs}/hcam --out {tmp}/dir.gif", "--out '{tmp}/dir.gif' is a directory"),
        ("{runs}/hcam --out /proc/here/film.gif", "/proc/here: No such file or directory"),
        ("{runs}/hcam --out {tmp}/file/film.gif", "{tmp}/file: "),
        ("{runs}/hcam --out /proc/film.mp4", "/proc/film.mp4: "),
        ("{runs}/hcam --out /proc/film.png", "/proc/film.png: "),
        (
            "{runs}/hcam --out film.gif --fps 0",
            "argument --fps: expected an integer from 1 to 50",
        ),
        (
            "{runs}/hcam --out film.gif --episodes 0",
            "argument --episodes: expected an integer from 1",
        ),
        ("{runs}/hcam", "the following arguments are required: --out"),
        ("nowhere --out film.gif", "nowhere is not a run directory"),
    ],
)
def test_wrong_input_is_one_line(runs: Path, tmp_path: Path, capsys: Any, words: str, message: str):
    (tmp_path / "dir.gif").mkdir()
    (tmp_path / "file").touch()
    fill = {"runs": runs, "tmp": tmp_path}
    assert main(["replay", *words.format(**fill).split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"engrax: {message.format(**fill)}")
    assert err.count("\n") == 1


def test_without_weights_it_says_so(tmp_path: Path, capsys: Any):
    directory = RunDirectory.create(tmp_path / "run", PRESETS["debug"], preset="debug", command=[])
    assert main(["replay", str(directory.path), "--out", str(tmp_path / "film.gif")]) == 2
    assert "has no weights yet" in capsys.readouterr().err


def test_what_breaks_off_leaves_what_was_there(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def breaks(self: Film, step: int) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Film, "frame", breaks)
    for ending in (".gif", ".mp4", ".png"):
        out = tmp_path / f"film{ending}"
        out.write_bytes(b"before")
        assert main(["replay", str(runs / "none"), "--out", str(out)]) == 130
        assert out.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 3
