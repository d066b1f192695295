"""The Memory Game, slowly and from its rules alone: cards on a table as plain Python has them,
drawn pixel by pixel.
"""

import numpy as np

GRIDS = {1: (1, 2), 2: (2, 2), 3: (2, 3), 4: (2, 4), 5: (2, 5), 6: (3, 4), 7: (2, 7), 8: (4, 4)}

BLACK, BLUE, DARK, WHITE = (0, 0, 0), (64, 96, 160), (32, 32, 32), (255, 255, 255)


class MemoryGameOracle:
    """One episode.

    Attributes:
        cards: the number on each card.
        waiting: the card that the next flip can make a pair with, or None.
        face_up: the card that shows its glyph on this step, or None.
        shown: what the last flip showed: 0, a number, or "gone".
        gone: the cards removed.
        seen: the cards whose glyph was shown.
        reward: of the last flip.
        flips_left: until the end.
    """

    def __init__(self, cards):
        self.cards = [int(number) for number in cards]
        self.pairs = len(self.cards) // 2
        assert sorted(self.cards) == [
            number for number in range(1, self.pairs + 1) for _ in range(2)
        ]
        self.waiting = self.face_up = None
        self.shown, self.reward, self.flips_left = 0, 0, 3 * self.pairs
        self.gone, self.seen = set(), set()

    def flip(self, card):
        assert self.flips_left, "the episode is over"
        self.flips_left -= 1
        self.reward = 0
        if card in self.gone:
            self.shown, self.face_up, self.waiting = "gone", None, None
            return
        self.shown, self.face_up = self.cards[card], card
        self.seen.add(card)
        if (
            self.waiting is None
            or self.waiting == card
            or self.cards[self.waiting] != self.cards[card]
        ):
            self.waiting = card
            return
        self.reward = 1
        self.gone |= {self.waiting, card}
        self.waiting = None

    @property
    def symbol(self):
        return self.pairs + 1 if self.shown == "gone" else self.shown

    @property
    def last(self):
        return self.flips_left == 0

    def choose(self, numbers):
        """A card to flip: often the one that makes a pair, sometimes the same again or one gone,
        else any.
        """
        kind = numbers.random()
        if kind < 0.4 and self.waiting is not None:
            twins = [i for i, number in enumerate(self.cards) if number == self.cards[self.waiting]]
            return twins[0] if twins[1] == self.waiting else twins[1]
        if kind < 0.5 and self.face_up is not None:
            return self.face_up
        if kind < 0.6 and self.gone:
            return int(numbers.choice(sorted(self.gone)))
        return int(numbers.integers(len(self.cards)))

    def draw(self, bitmaps, scale):
        """The table as an image; `bitmaps` has the glyph of each number, 1 first."""
        rows, columns = GRIDS[self.pairs]
        image = np.zeros((8 * scale * rows, 8 * scale * columns, 3), np.uint8)
        for y in range(image.shape[0]):
            for x in range(image.shape[1]):
                row, i = divmod(y // scale, 8)
                column, j = divmod(x // scale, 8)
                image[y, x] = self._colour(row * columns + column, i, j, bitmaps)
        return image

    def _colour(self, card, i, j, bitmaps):
        if i in (0, 7) or j in (0, 7):
            return BLACK
        if card == self.face_up:
            return WHITE if bitmaps[self.cards[card] - 1][i - 1][j - 1] else DARK
        return BLACK if card in self.gone else BLUE
