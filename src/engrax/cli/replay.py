"""`engrax replay`: shows what a trained agent sees, does and recalls."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from engrax.cli.arguments import Parser, add_directory, integer
from engrax.cli.experiment import Trained, load_trained
from engrax.cli.output import say
from engrax.errors import UserError
from engrax.runs.directory import RunDirectory
from engrax.runs.storage import replacing
from engrax.viewing.film import Film, Shot
from engrax.viewing.movie import MOVIES, ffmpeg, write_png
from engrax.viewing.record import Episode, most_telling, record

ENDINGS = (*MOVIES, ".png")
_SECONDS_BETWEEN_LINES = 10.0

_EXAMPLES = """\
  engrax replay runs/hcam --out replay.gif                # one episode
  engrax replay runs/hcam --episodes 5 --seed 3 --greedy --fps 4 --out replay.mp4
  engrax replay runs/hcam --episodes 20 --out recall.png  # the step of all these that recalls most sharply

On the left is what the agent sees at a step, and what it makes of it; on the right what its memory recalls: how much
attention each step of the episode gets, and how the steps with the most of it looked. The episodes are the first
that `engrax evaluate` plays under the same seed. Steps on which actions count, if not all do, are shown longer.
"""

Tell = Callable[[str], object]


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax replay --help`."""
    arguments = _parser().read(words)
    out = arguments.out
    check_out(out)
    trained = load_trained(RunDirectory.open(arguments.directory))
    with written_whole(out) as path, progress() as tell:
        tell("compiling")
        played = record(
            trained.agent,
            trained.environment,
            episodes=arguments.episodes,
            seed=arguments.seed,
            greedy=arguments.greedy,
        )
        draw = still if out.suffix.lower() == ".png" else film
        what = draw(path, out.suffix.lower(), trained, played, arguments.episodes, arguments.fps, tell)
    print(f"{out}: {what}, {out.stat().st_size / 1e6:.2f} MB")
    return 0


def film(
    path: Path, ending: str, trained: Trained, played: Iterator[Episode], episodes: int, fps: int, tell: Tell
) -> str:
    """Writes all episodes as a film; says in words what was written."""
    title, successes = _title(trained), []

    def reels():
        for number, episode in enumerate(played, start=1):
            name = _name(number, episodes)
            successes.append(episode.success)
            reel = Film(trained.environment, episode, title=title, name=name).reel()
            yield reel._replace(shots=_told(reel.shots, name or "the episode", episode.length, tell))

    frames = MOVIES[ending](path, reels(), fps)
    outcome = "" if None in successes else f", {sum(successes)} successful"
    return f"{episodes} episode{'s' if episodes > 1 else ''}{outcome}, {frames} frames"


def still(
    path: Path, ending: str, trained: Trained, played: Iterator[Episode], episodes: int, fps: int, tell: Tell
) -> str:
    """Writes the step of all episodes that recalls most sharply; says in words which it is."""
    del ending, fps
    best: tuple[float, int, int, Episode] | None = None
    for number, episode in enumerate(played, start=1):
        tell(f"played {number} of {episodes} episodes")
        step, sharpness = most_telling(episode)
        if best is None or sharpness > best[0]:
            best = sharpness, number, step, episode
    assert best is not None
    _, number, step, episode = best
    name = _name(number, episodes)
    write_png(path, Film(trained.environment, episode, title=_title(trained), name=name, scale=2).frame(step))
    return f"episode {number}, step {step}"


def check_out(out: Path) -> None:
    """Raises a `UserError` where the file cannot be made as named, before any work goes into it."""
    if out.suffix.lower() not in ENDINGS:
        raise UserError(f"--out {str(out)!r} ends in {out.suffix!r}, expected one of {', '.join(ENDINGS)}")
    if out.is_dir():
        raise UserError(f"--out {str(out)!r} is a directory, expected a file to write")
    if out.suffix.lower() == ".mp4":
        ffmpeg()


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A path to write to, which becomes `out` when all went well and disappears when not.

    Raises:
        OSError: it, or the directory it is to be in, cannot be written; what was there before is untouched.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.open("xb").close()  # what cannot be written is known before any work goes into it
        yield temporary


@contextmanager
def progress() -> Iterator[Tell]:
    """Shows the latest of what it is told: in place on a terminal, else as a line now and then."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    told = time.monotonic() - _SECONDS_BETWEEN_LINES + 2.0

    def tell(message: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            say(message)

    yield tell


def _told(shots: Iterable[Shot], name: str, length: int, tell: Tell) -> Iterator[Shot]:
    for step, shot in enumerate(shots):
        tell(f"drawing {name}: step {step} of {length - 1}")
        yield shot


def _title(trained: Trained) -> str:
    return f"{trained.experiment.memory.kind} on {trained.experiment.task.kind}"


def _name(number: int, episodes: int) -> str:
    return f"episode {number} of {episodes}" if episodes > 1 else ""


def _parser() -> Parser:
    parser = Parser("replay", "Watch a trained agent play, beside what it recalled at each step.", _EXAMPLES)
    add_directory(parser, "a run directory, or a published result")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="a .gif or .mp4; a .png for one picture"
    )
    parser.add_argument("--episodes", metavar="N", type=integer(1, 1000), default=1, help="how many (1)")
    parser.add_argument("--seed", metavar="S", type=integer(0, 2**32 - 1), default=0, help="which episodes (0)")
    parser.add_argument("--greedy", action="store_true", help="take the likeliest action instead of sampling")
    parser.add_argument("--fps", metavar="F", type=integer(1, 50), default=6, help="steps a second (6)")
    return parser
