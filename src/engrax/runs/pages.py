"""Pages that show what the agents of runs recalled, step by step."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import engrax
from engrax.errors import UserError
from engrax.runs.building import Trained, agent_name, memory_kind, task_name
from engrax.runs.replaying import Progress, written_whole
from engrax.runtime.worlds import World, as_world
from engrax.viewing.inspection import Inspected, inspect, recall_of
from engrax.viewing.packing import labels_of, page_data, run_data
from engrax.viewing.page import write

ENDING = ".html"


class Wanted(NamedTuple):
    """What to show.

    Attributes:
        out: the page.
        episodes: how many.
        seed: which ones: the first that `evaluate` plays under the same seed.
        greedy: whether to take the likeliest action instead of sampling.
        data: a file for the arrays of the first episode, for other programs; None for none.
    """

    out: Path
    episodes: int = 5
    seed: int = 0
    greedy: bool = False
    data: Path | None = None


class Player(NamedTuple):
    """An agent that plays, and the directory that it is from."""

    directory: Path
    trained: Trained


def view(players: list[Player], wanted: Wanted, progress: Progress = lambda line: None) -> str:
    """Plays, looks into every decision, and writes the page.

    Args:
        players: one agent, or two to compare, which play the same episodes of the first one's task.
        wanted: what to show, and the file.
        progress: called with a line now and then.

    Returns:
        What was written, in words.

    Raises:
        UserError: a file cannot be made as named, or the agents are of different tasks.
        OSError: it cannot be written; what was there before is untouched.
    """
    check_out(wanted)
    world = as_world(players[0].trained.environment)
    check_same_task(players)
    episodes: list[list[dict[str, Any]]] = []
    successes: list[bool | None] = []
    with written_whole(wanted.out) as path:
        progress("compiling")
        played = zip(*(_played(player, world, wanted) for player in players), strict=True)
        for number, seen in zip(count(1), played):
            episodes.append([run_data(world, one) for one in seen])
            successes.append(seen[0].episode.success)
            progress(f"played {number} of {wanted.episodes} episodes")
            if number == 1 and wanted.data is not None:
                save_arrays(wanted.data, seen[0])
        names, task = names_of(players), task_name(players[0].trained.environment)
        data = page_data(
            f"{' and '.join(names)} on {task}",
            task,
            f"engrax {engrax.__version__}",
            labels_of(world),
            [_agent(player, name) for player, name in zip(players, names, strict=True)],
            episodes,
        )
        write(path, data)
    many = f"{wanted.episodes} episode{'s' if wanted.episodes > 1 else ''}"
    return many if None in successes else f"{many}, {sum(map(bool, successes))} successful"


def check_out(wanted: Wanted) -> None:
    """Raises UserError where a file cannot be made as named, before any work goes into it."""
    for option, path, ending in (("--out", wanted.out, ENDING), ("--data", wanted.data, ".npz")):
        if path is None:
            continue
        if path.suffix.lower() != ending:
            raise UserError(f"{option} {str(path)!r}: expected a file that ends in {ending}")
        if path.is_dir():
            raise UserError(f"{option} {str(path)!r} is a directory, expected a file to write")


def check_same_task(players: list[Player]) -> None:
    """Raises UserError unless all agents can play the episodes of the first."""
    first = as_world(players[0].trained.environment).interface
    for player in players[1:]:
        other = as_world(player.trained.environment).interface
        if difference := first.difference(other):
            raise UserError(f"--against {str(player.directory)!r} is of another task: {difference}")


def save_arrays(path: Path, seen: Inspected) -> None:
    """Writes the arrays of an episode as an .npz file.

    Raises:
        OSError: it cannot be written.
    """
    episode = seen.episode
    arrays = {f"observation_{name}": part for name, part in episode.observation.items()}
    for name in ("action", "reward", "value", "policy", "effective"):
        arrays[name] = getattr(episode, name)
    for name in ("attention", "visible", "ablation", "saliency", "written"):
        if (array := getattr(seen, name)) is not None:
            arrays[name] = array
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, readers=np.array(seen.readers, np.str_), **arrays)


def names_of(players: list[Player]) -> list[str]:
    """What to call the agents: by their kinds, or by the directory where these are equal."""
    kinds = [agent_name(player.trained.experiment) for player in players]
    folders = [player.directory.resolve().name for player in players]
    paths = [str(player.directory) for player in players]
    choices = (kinds, folders, paths)
    return next((names for names in choices if len(set(names)) == len(names)), paths)


def _played(player: Player, world: World, wanted: Wanted) -> Iterator[Inspected]:
    return inspect(
        player.trained.agent,
        world,
        episodes=wanted.episodes,
        seed=wanted.seed,
        greedy=wanted.greedy,
    )


def _agent(player: Player, name: str) -> dict[str, Any]:
    trained = player.trained
    return {
        "name": name,
        "directory": str(player.directory),
        "memory": memory_kind(trained.experiment),
        "steps_trained": trained.environment_steps,
        "readers": list(recall_of(trained.agent).readers),
        "unit": trained.agent.unit,
    }
