"""Draws episodes as the released environment does, so that seeds give the same episodes."""

from collections.abc import Sequence

import numpy as np

from engrax.envs.ballet.tables import DANCES, HOMES
from engrax.envs.grid.tables import COLOURS, SHAPES


def released_deal(
    generator: np.random.Generator, num_dancers: int, dances: Sequence[str] = tuple(DANCES)
) -> tuple[np.ndarray, ...]:
    """Draws a cast as the released environment does: the target, then homes, dances, colours and
    shapes shuffled.

    Args:
        generator: one stream an environment; `np.random.default_rng(seed)` gives the released
            episodes of the seed.
        num_dancers: from 1 to 8.
        dances: the names to draw from. The released environment has all.

    Returns:
        The leaves of a `Cast`, in its order.
    """
    target = np.int32(generator.integers(num_dancers))
    repertoire = [list(DANCES).index(name) for name in dances]
    decks = [range(len(HOMES)), repertoire, range(len(COLOURS)), range(len(SHAPES))]
    return np.array(target), *(_dealt(generator, deck, num_dancers) for deck in decks)


def _dealt(generator: np.random.Generator, deck: Sequence[int], count: int) -> np.ndarray:
    """The first cards of a shuffled copy; of a list, since NumPy spends its stream on arrays
    differently.
    """
    cards = list(deck)
    generator.shuffle(cards)
    return np.array(cards[:count], np.int32)
