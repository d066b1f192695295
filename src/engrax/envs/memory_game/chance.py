"""What uniform play of the Memory Game is worth, exactly."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from math import comb, factorial, prod
from typing import NamedTuple

Kind = int | None
"""Which kind of card lies face up: an index into `Odds.cards`; None where none does."""


class Odds(NamedTuple):
    """How likely a flip is of one card of each kind.

    Where the actions are no multiple of the cards, the first cards are flipped more often than the
    others. So pairs are of three types: two frequent cards, one of each, two rare ones.

    Attributes:
        frequent: the probability of each frequent card.
        rare: that of each rare card.
    """

    frequent: float
    rare: float

    def of(self, kind: int) -> float:
        """The probability of one card of a kind."""
        return self.frequent if kind < 2 else self.rare


PAIR_OF = (0, 1, 1, 2)
"""Kinds of card: frequent in a frequent pair, frequent in a mixed one, rare in a mixed one, rare in
a rare one; and the type of pair that each is in."""
PARTNER = (0, 2, 1, 3)
"""The kind of the other card of the pair."""
CARDS = (2, 1, 1, 2)
"""Cards of each kind in a pair of its type."""

Left = tuple[int, int, int]
"""How many pairs of each type are left."""


@cache
def chance(cards: int, flips: int, actions: int) -> float:
    """The mean number of pairs that uniform actions find.

    Args:
        cards: on the table.
        flips: of an episode.
        actions: how many there are; action a flips card a modulo `cards`.
    """
    often, frequent = divmod(actions, cards)
    odds = Odds((often + 1) / actions, often / actions)
    return sum(
        share * _found(left, odds, flips) for left, share in _deals(frequent, cards - frequent)
    )


def _deals(frequent: int, rare: int) -> Iterator[tuple[Left, float]]:
    """Numbers of pairs of each type, and the share of deals that have them."""
    total = _matchings(frequent + rare)
    for mixed in range(frequent % 2, min(frequent, rare) + 1, 2):
        ways = comb(frequent, mixed) * comb(rare, mixed) * factorial(mixed)
        ways *= _matchings(frequent - mixed) * _matchings(rare - mixed)
        yield ((frequent - mixed) // 2, mixed, (rare - mixed) // 2), ways / total


def _matchings(cards: int) -> int:
    """Ways to pair cards."""
    return prod(range(1, cards, 2))


def _found(pairs: Left, odds: Odds, flips: int) -> float:
    """The mean number of pairs found in deals with so many pairs of each type."""
    states: dict[tuple[Left, Kind], float] = {(pairs, None): 1.0}
    found = 0.0
    for _ in range(flips):
        after: dict[tuple[Left, Kind], float] = defaultdict(float)
        for (left, face_up), probability in states.items():
            for state, share in _flip(left, face_up, odds):
                after[state] += probability * share
                found += probability * share * (sum(left) - sum(state[0]))
        states = after
    return found


def _flip(left: Left, face_up: Kind, odds: Odds) -> Iterator[tuple[tuple[Left, Kind], float]]:
    """What a flip leads to, with probabilities: a card gone, the partner of the card face up, or
    any other card.
    """
    masses = [CARDS[kind] * left[PAIR_OF[kind]] * odds.of(kind) for kind in range(4)]
    yield (left, None), 1 - sum(masses)
    if face_up is not None:
        partner = PARTNER[face_up]
        masses[partner] -= odds.of(partner)
        yield (_without(left, PAIR_OF[partner]), None), odds.of(partner)
    for kind, mass in enumerate(masses):
        yield (left, kind), mass


def _without(left: Left, pair: int) -> Left:
    first, second, third = (count - (place == pair) for place, count in enumerate(left))
    return first, second, third
