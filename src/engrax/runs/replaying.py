"""Films and pictures of what the agent of a run sees, does and recalls."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engrax.errors import UserError
from engrax.runs.building import Trained, agent_name, task_name
from engrax.runs.storage import replacing
from engrax.viewing.film import Film, Shot
from engrax.viewing.movie import MOVIES, ffmpeg, write_png
from engrax.viewing.record import Episode, most_telling, record

ENDINGS = (*MOVIES, ".png")

Progress = Callable[[str], object]


class Replay(NamedTuple):
    """What to play and how to show it.

    Attributes:
        out: the file to make; its ending says which kind.
        episodes: how many.
        seed: which ones: the first that `evaluate` plays under the same seed.
        greedy: whether to take the likeliest action instead of sampling.
        fps: steps a second.
    """

    out: Path
    episodes: int = 1
    seed: int = 0
    greedy: bool = False
    fps: int = 6


def replay(trained: Trained, wanted: Replay, progress: Progress = lambda line: None) -> str:
    """Plays, and writes a film, or a picture of the step that recalls most sharply.

    Args:
        trained: who plays what.
        wanted: how, and the file.
        progress: called with a line now and then.

    Returns:
        What was written, in words.

    Raises:
        UserError: the file cannot be made as named.
        OSError: it cannot be written; what was there before is untouched.
    """
    check_out(wanted.out)
    with written_whole(wanted.out) as path:
        progress("compiling")
        agent, environment, episodes = trained.agent, trained.environment, wanted.episodes
        played = record(
            agent, environment, episodes=episodes, seed=wanted.seed, greedy=wanted.greedy
        )
        if wanted.out.suffix.lower() == ".png":
            return still(path, trained, played, episodes, progress)
        return film(path, trained, played, wanted, progress)


def film(
    path: Path, trained: Trained, played: Iterator[Episode], wanted: Replay, progress: Progress
) -> str:
    """Writes all episodes as a film; says in words what was written."""
    title, successes, episodes = _title(trained), [], wanted.episodes

    def reels():
        for number, episode in enumerate(played, start=1):
            name = _name(number, episodes)
            successes.append(episode.success)
            reel = Film(trained.environment, episode, title=title, name=name).reel()
            shots = _reported(reel.shots, name or "the episode", episode.length, progress)
            yield reel._replace(shots=shots)

    frames = MOVIES[wanted.out.suffix.lower()](path, reels(), wanted.fps)
    outcome = "" if None in successes else f", {sum(successes)} successful"
    return f"{episodes} episode{'s' if episodes > 1 else ''}{outcome}, {frames} frames"


def still(
    path: Path, trained: Trained, played: Iterator[Episode], episodes: int, progress: Progress
) -> str:
    """Writes the step of all episodes that recalls most sharply; says in words which it is."""
    best: tuple[float, int, int, Episode] | None = None
    for number, episode in enumerate(played, start=1):
        progress(f"played {number} of {episodes} episodes")
        step, sharpness = most_telling(episode)
        if best is None or sharpness > best[0]:
            best = sharpness, number, step, episode
    assert best is not None
    _, number, step, episode = best
    name, title = _name(number, episodes), _title(trained)
    shown = Film(trained.environment, episode, title=title, name=name, scale=2)
    write_png(path, shown.frame(step))
    return f"episode {number}, step {step}"


def check_out(out: Path) -> None:
    """Raises a `UserError` where a file cannot be made as named, before any work goes into it."""
    if out.suffix.lower() not in ENDINGS:
        raise UserError(
            f"--out {str(out)!r} ends in {out.suffix!r}, expected one of {', '.join(ENDINGS)}"
        )
    if out.is_dir():
        raise UserError(f"--out {str(out)!r} is a directory, expected a file to write")
    if out.suffix.lower() == ".mp4":
        ffmpeg()


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A path to write to, which becomes `out` when all went well and disappears when not.

    Raises:
        OSError: it, or the directory it is to be in, cannot be written; what was there before is
            untouched.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.open("xb").close()  # whether it can be written is known before any work
        yield temporary


def _reported(shots: Iterable[Shot], name: str, length: int, progress: Progress) -> Iterator[Shot]:
    for step, shot in enumerate(shots):
        progress(f"drawing {name}: step {step} of {length - 1}")
        yield shot


def _title(trained: Trained) -> str:
    return f"{agent_name(trained.experiment)} on {task_name(trained.environment)}"


def _name(number: int, episodes: int) -> str:
    return f"episode {number} of {episodes}" if episodes > 1 else ""
