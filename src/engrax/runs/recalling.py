"""Where the attention of a trained agent goes, over many episodes."""

from collections.abc import Callable, Iterator

from engrax.errors import UserError
from engrax.runs.building import Trained
from engrax.runtime.worlds import Pure, as_world
from engrax.viewing.recollection import Recollection, recollection
from engrax.viewing.record import Episode, record


def recall(
    trained: Trained,
    episodes: int,
    seed: int,
    greedy: bool = False,
    progress: Callable[[str], object] = lambda line: None,
) -> Recollection:
    """Plays, and sums up what decisions recall.

    Args:
        trained: who plays what.
        episodes: how many.
        seed: which ones: the first that `evaluate` plays under the same seed.
        greedy: whether to take the likeliest action instead of sampling.
        progress: called with a line after every episode.

    Raises:
        UserError: nothing is recalled in these episodes.
    """
    world = as_world(trained.environment)
    events = world.environment.events if isinstance(world, Pure) else ()
    progress("compiling")
    played = record(trained.agent, world, episodes=episodes, seed=seed, greedy=greedy)
    found = recollection(_reported(played, episodes, progress), events)
    if found is None:
        raise UserError(
            "no decision of these episodes recalls anything: play more of them by --episodes"
        )
    return found


def _reported(
    played: Iterator[Episode], episodes: int, progress: Callable[[str], object]
) -> Iterator[Episode]:
    for number, episode in enumerate(played, start=1):
        progress(f"played {number} of {episodes} episodes")
        yield episode
