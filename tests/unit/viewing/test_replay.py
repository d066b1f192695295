"""Replays: what is recorded is what happened, and what is drawn is what was recorded."""

import builtins
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.cli.main import main
from engrax.envs import AbstractEnvironment, Ballet, Recall
from engrax.errors import UserError
from engrax.evaluation.play import play
from engrax.experiments import HCAMMemory, LSTMMemory, NoneMemory, RecallTask
from engrax.experiments.presets import PRESETS
from engrax.memory import HCAM, NoMemory
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory
from engrax.runs.replaying import check_out
from engrax.runtime.rollout import act, advance, start
from engrax.types import AgentInput, ImageSpec, TextSpec
from engrax.viewing.film import SIZE, Film
from engrax.viewing.movie import ffmpeg, write_gif, write_mp4
from engrax.viewing.pictures import pictures, symbols_pictures, vector_pictures, words
from engrax.viewing.record import Episode, most_telling, record
from engrax.viewing.story import strongest

SIZES = ActorCriticSizes(hidden=8, reconstruction=False)
TASK = RecallTask(delay=6)
LENGTH = 6 + 3


def hcam(input_size: int, *, key: jax.Array) -> HCAM:
    return HCAM(
        input_size, width=8, num_layers=1, num_heads=2, chunk_size=2, num_chunks=3, top_k=2, mlp_size=8, key=key
    )


def make_agent(environment: AbstractEnvironment, memory: Any) -> ActorCritic:
    return ActorCritic(
        environment.observation_spec, environment.num_actions, memory=memory, sizes=SIZES, key=jax.random.key(0)
    )


@pytest.fixture(scope="module")
def recalled() -> tuple[ActorCritic, Recall, list[Episode]]:
    environment = Recall(delay=6, distractors=True)
    agent = make_agent(environment, hcam)
    return agent, environment, list(record(agent, environment, episodes=3, seed=5))


class Varied(Recall):
    """Its episodes take 5, 35, 65 or 95 steps; they succeed by the action that leads to the last."""

    def is_last(self, state):
        return state.time >= 4 + 30 * state.cue

    def advance(self, state, action, key):
        return super().advance(state, action, key)._replace(success=action == state.answer)


@pytest.mark.slow
def test_episodes_are_whole_and_those_that_play_plays():
    environment = Varied(delay=1, num_cues=4)
    agent = make_agent(environment, lambda size, key: NoMemory(size, width=8, key=key))
    episodes = list(record(agent, environment, episodes=12, seed=3))
    played = play(agent, environment, episodes=12, seed=3)
    assert played.successes is not None
    assert [episode.length for episode in episodes] == played.lengths.tolist()
    assert len(set(played.lengths)) > 1
    assert max(played.lengths) > 64  # more than one block was played
    assert [episode.total for episode in episodes] == played.returns.tolist()
    assert [episode.success for episode in episodes] == played.successes.tolist()
    for episode in episodes:
        assert np.flatnonzero(episode.first).tolist() == [0]
        assert np.flatnonzero(episode.last).tolist() == [episode.length - 1]
        assert all(len(leaf) == episode.length for leaf in jax.tree.leaves(episode))
        np.testing.assert_allclose(episode.policy.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_a_seed_names_the_episodes(recalled: Any):
    agent, environment, episodes = recalled
    again, other = (next(record(agent, environment, episodes=1, seed=seed)) for seed in (5, 6))
    jax.tree.map(np.testing.assert_array_equal, again, episodes[0])
    assert np.any(other.observation["vector"] != again.observation["vector"])


def test_greedy_takes_the_likeliest_action(recalled: Any):
    agent, environment, _ = recalled
    episode = next(record(agent, environment, episodes=1, seed=5, greedy=True))
    np.testing.assert_array_equal(episode.action, episode.policy.argmax(axis=1))


def test_no_episodes_is_an_error(recalled: Any):
    with pytest.raises(ValueError, match="episodes is 0"):
        record(*recalled[:2], episodes=0, seed=0)


@pytest.mark.slow
def test_what_is_recorded_is_what_the_agent_recalls_at_that_state(recalled: Any):
    agent, environment, episodes = recalled
    key = jax.random.split(jax.random.key(5), 3)[1]

    @eqx.filter_jit
    def by_hand(actor, key):
        step = actor.step
        inp = AgentInput(step.observation, actor.previous_action, step.reward, step.first)
        state, action, output = act(agent, actor)
        return agent.recall(actor.agent, inp, key=actor.key), output, advance(environment, actor, state, action, key)

    actor = start(agent, environment, jax.random.fold_in(key, 0))
    for time in range(LENGTH):
        recall, output, actor = by_hand(actor, jax.random.fold_in(key, time + 1))
        np.testing.assert_allclose(episodes[1].weights[time], recall.weights, atol=1e-5)
        np.testing.assert_array_equal(episodes[1].steps_ago[time], recall.steps_ago)
        np.testing.assert_array_equal(episodes[1].valid[time], recall.valid)
        np.testing.assert_allclose(episodes[1].value[time], output.value, atol=1e-5)


def test_an_actor_critic_recalls_what_its_memory_does(recalled: Any):
    _, _, episodes = recalled
    for episode in episodes:
        for step in range(LENGTH):
            steps_ago = episode.steps_ago[step][episode.valid[step]]
            assert np.all((steps_ago >= 1) & (steps_ago <= step))
            assert np.all(episode.weights[step][~episode.valid[step]] == 0)
            assert episode.attention(step)[step:].sum() == 0
    assert episodes[0].attention(LENGTH - 1).sum() > 0.5


def scripted(weights: Any, steps_ago: Any, *, choice: Any = None, valid: Any = None) -> Episode:
    """An episode whose step t shows a picture that is grey 20 t all over."""
    weights, steps_ago = np.asarray(weights, np.float32), np.asarray(steps_ago, np.int32)
    length = len(weights)
    images = np.broadcast_to(20 * np.arange(length, dtype=np.uint8)[:, None, None, None], (length, 8, 8, 1))
    zeros = np.zeros(length, np.float32)
    return Episode(
        observation={"image": images, "text": np.arange(length)[:, None] % 2},
        action=np.zeros(length, np.int32),
        reward=zeros,
        first=np.arange(length) == 0,
        last=np.arange(length) == length - 1,
        info={} if choice is None else {"choice_phase": np.asarray(choice)},
        policy=np.full((length, 2), 0.5, np.float32),
        value=zeros,
        weights=weights,
        steps_ago=steps_ago,
        valid=np.ones_like(steps_ago, bool) if valid is None else np.asarray(valid),
    )


class Screen(Recall):
    """A task that shows a picture and a word."""

    @property
    def observation_spec(self):
        return {"image": ImageSpec(8, 8, 1), "text": TextSpec(1, ("look", ""))}


class Speech(Recall):
    """A task of words only."""

    @property
    def observation_spec(self):
        return {"text": TextSpec(2, ("look", "", "there"))}


screen = Screen(num_cues=2)


def test_attention_is_added_up_by_step_and_only_of_the_past():
    weights, ago = [[0.0] * 4] * 3 + [[0.1, 0.2, 0.3, 0.4]], [[1] * 4] * 3 + [[1, 3, 3, 9]]
    np.testing.assert_allclose(scripted(weights, ago).attention(3), [0.5, 0, 0.1, 0], atol=1e-6)
    valid = [[True] * 4] * 3 + [[True, True, False, True]]
    np.testing.assert_allclose(scripted(weights, ago, valid=valid).attention(3), [0.2, 0, 0.1, 0], atol=1e-6)


def test_the_strongest_steps_are_in_the_order_of_time():
    assert strongest(np.array([0.0, 0.3, 0.001, 0.5, 0.2]), most=3).tolist() == [1, 3, 4]
    assert strongest(np.array([0.0, 0.3, 0.001, 0.5, 0.2]), most=5).tolist() == [1, 3, 4]
    assert strongest(np.zeros(5)).tolist() == []


def test_the_most_telling_step_is_one_of_choice():
    weights = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]
    ago = [[1, 1], [1, 1], [1, 2], [1, 2], [1, 2]]
    assert most_telling(scripted(weights, ago))[0] == 1
    assert most_telling(scripted(weights, ago, choice=[False, False, True, True, False]))[0] == 3
    assert most_telling(scripted(np.zeros((4, 0)), np.zeros((4, 0)), choice=[False, False, True, False])) == (2, 0.0)
    assert most_telling(scripted(weights, ago, choice=[False] * 5))[0] in (1, 4)


def test_pictures_of_recalled_steps_are_those_of_now_minus_steps_ago():
    weights, ago = np.zeros((9, 2)), np.ones((9, 2))
    weights[8], ago[8] = [0.7, 0.3], [6, 1]  # steps 2 and 7
    film = Film(screen, scripted(weights, ago))
    frame, pitch = film.frame(8), 0.53 / 5
    row = round(SIZE[1] * (1 - 0.175 - 0.47 * pitch * 16 / 9))
    centres = [frame[row, round(SIZE[0] * (0.445 + (index + 0.5) * pitch))].tolist() for index in range(3)]
    assert centres == [[40] * 3, [140] * 3, [255] * 3]
    assert frame[200, 190].tolist() == [160] * 3  # and the present step is the present step
    assert np.any(film.frame(7) != frame)
    np.testing.assert_array_equal(film.frame(8), frame)


def test_steps_of_choice_stay_longer():
    episode = scripted(np.zeros((4, 0)), np.zeros((4, 0)), choice=[False, True, True, False])
    assert [shot.beats for shot in Film(screen, episode).shots()] == [1, 4, 4, 8]
    assert [shot.beats for shot in Film(screen, scripted(np.zeros((3, 0)), np.zeros((3, 0)))).shots()] == [1, 1, 8]


def test_every_kind_of_observation_is_drawn():
    ballet = Ballet(view="symbols")
    shown = ballet.reset(jax.random.key(0))[1].observation
    seen = {name: np.asarray(array)[None] for name, array in shown.items()}
    pixels = Ballet(view="pixels").reset(jax.random.key(0))[1].observation["image"]
    np.testing.assert_array_equal(pictures(ballet, seen), pixels[None])
    assert words(ballet, seen) == ["watch"]
    drawn = pictures(Recall(), {"vector": np.zeros((2, 6), np.float32)})
    assert drawn is not None
    assert drawn.shape[0] == 2
    said = {"text": np.array([[0, 1], [0, 2]])}
    assert pictures(Speech(), said) is None
    assert words(Speech(), said) == ["look", "look there"]
    assert len(np.unique(symbols_pictures(np.arange(60).reshape(1, 6, 5, 2)).reshape(-1, 3), axis=0)) >= 50
    bars = vector_pictures(np.array([[1.0, -1.0, 0.0], [0.5, 0.0, np.inf]], np.float32))
    blue, red = (np.all(bars == colour, axis=-1).sum(axis=(1, 2)) for colour in ((0, 114, 178), (213, 94, 0)))
    assert blue[0] > blue[1] > 0
    assert red[0] > red[1] == 0


def mp4_frames(path: Path) -> int:
    command = [
        ffmpeg(),
        "-i",
        str(path),
        "-map",
        "0:v",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-loglevel",
        "error",
        "-",
    ]
    read = subprocess.run(command, check=True, capture_output=True)
    return len(read.stdout) // (SIZE[0] * SIZE[1])


def run_directory(path: Path, memory: Any) -> RunDirectory:
    experiment = replace(PRESETS["debug"], task=TASK, memory=memory)
    directory = RunDirectory.create(path, experiment, preset="debug", command=["engrax", "train"])
    agent = experiment.build_agent(experiment.task.build(), jax.random.key(0))
    checkpoint.save_weights(directory.weights, agent, {"updates": "1", "environment_steps": "2"})
    return directory


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    sizes: dict[str, Any] = {
        "width": 8,
        "num_layers": 1,
        "num_heads": 2,
        "chunk_size": 2,
        "num_chunks": 3,
        "top_k": 2,
        "window": 2,
    }
    run_directory(root / "hcam", HCAMMemory(**sizes, mlp_size=8))
    run_directory(root / "lstm", LSTMMemory(width=8))
    run_directory(root / "none", NoneMemory(width=8))
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


@pytest.mark.parametrize("name", ["none", pytest.param("lstm", marks=pytest.mark.slow)])
def test_a_memory_without_recall_is_shown_too(runs: Path, tmp_path: Path, name: str):
    with opened(replayed(runs, name, tmp_path / "replay.gif")) as film:
        assert film.n_frames == LENGTH


@pytest.mark.slow
def test_an_mp4_can_be_read_back(runs: Path, tmp_path: Path, capsys: Any):
    out = tmp_path / "-odd name: é.MP4"
    replayed(runs, "hcam", out, "--greedy")
    assert "1 episode, " in capsys.readouterr().out
    assert mp4_frames(out) == 7 + 4 + 8


def test_a_png_is_one_picture(runs: Path, tmp_path: Path, capsys: Any):
    for name in ("hcam", "none"):
        with opened(replayed(runs, name, tmp_path / f"{name}.png", "--episodes", "3")) as picture:
            assert picture.size == (2 * SIZE[0], 2 * SIZE[1])
        assert "step 7" in capsys.readouterr().out  # the query: the only step on which the action counts


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{runs}/hcam --out film.avi", "--out 'film.avi' ends in '.avi', expected one of .gif, .mp4, .png"),
        ("{runs}/hcam --out film", "--out 'film' ends in '', expected one of .gif, .mp4, .png"),
        ("{runs}/hcam --out {tmp}/dir.gif", "--out '{tmp}/dir.gif' is a directory"),
        ("{runs}/hcam --out /proc/here/film.gif", "/proc/here: No such file or directory"),
        ("{runs}/hcam --out {tmp}/file/film.gif", "{tmp}/file: "),
        ("{runs}/hcam --out /proc/film.mp4", "/proc/film.mp4: "),
        ("{runs}/hcam --out /proc/film.png", "/proc/film.png: "),
        ("{runs}/hcam --out film.gif --fps 0", "argument --fps: expected an integer from 1 to 50"),
        ("{runs}/hcam --out film.gif --episodes 0", "argument --episodes: expected an integer from 1"),
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


def test_an_mp4_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "imageio_ffmpeg":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"install engrax\[video\], or write a .gif"):
        check_out(tmp_path / "film.mp4")


def test_what_breaks_off_leaves_what_was_there(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
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


def test_no_frames_are_an_error(tmp_path: Path):
    for write in (write_gif, write_mp4):
        with pytest.raises(ValueError, match="at least one frame"):
            write(tmp_path / "film", [], 5)


def test_an_error_of_ffmpeg_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("engrax.viewing.movie.ffmpeg", lambda: "false")
    episode = scripted(jnp.zeros((3, 0)), jnp.zeros((3, 0)))
    with pytest.raises(OSError, match="ffmpeg could not write"):
        write_mp4(tmp_path / "film", [Film(screen, episode).reel()], 5)
