"""An episode as an animation: the observation of each step beside what was recalled."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engrax.runtime.worlds import as_world
from engrax.viewing.panels import Past, Present, Recollection
from engrax.viewing.record import Episode
from engrax.viewing.story import tell

SIZE = (960, 540)
"""Width and height of a frame in pixels, at scale 1."""
_CHOICE, _END = 4, 8  # how much longer the steps that matter are shown
_SAMPLED = 5


class Shot(NamedTuple):
    """A frame of a film, and how many beats it stays."""

    frame: UInt8[np.ndarray, "h w 3"]
    beats: int


class Reel(NamedTuple):
    """A film to be written: some of its frames, to choose colours by, and all of them in order."""

    sample: Sequence[np.ndarray]
    shots: Iterable[Shot]


class Film:
    """Draws the steps of one episode, in any order.

    Static parts are drawn once; a frame restores them and draws the rest on top.
    """

    def __init__(
        self, world: object, episode: Episode, *, title: str = "", name: str = "", scale: int = 1
    ):
        """Draws all that does not move.

        Args:
            world: where the episode was played; what `engrax.runtime.as_world` takes.
            episode: as it was recorded.
            title: above the picture, on the left.
            name: which episode it is; on the right.
            scale: how many times larger than `SIZE` the picture is.
        """
        self._episode, self._name = episode, name
        self._figure = Figure(
            figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100 * scale, facecolor="white"
        )
        self._canvas = FigureCanvasAgg(self._figure)
        self._figure.text(0.03, 0.945, title, fontsize=11.5, fontweight="bold", color="#222222")
        self._status = self._figure.text(0.975, 0.945, "", fontsize=10, color="#222222", ha="right")
        story = tell(as_world(world), episode)
        self._panels = [panel(self._figure, story) for panel in (Present, Past, Recollection)]
        self._moving: list[Artist] = [self._status]
        self._moving += [artist for panel in self._panels for artist in panel.moving]
        for artist in self._moving:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)

    def frame(self, step: int) -> UInt8[np.ndarray, "h w 3"]:
        """The picture of a step."""
        for panel in self._panels:
            panel.show(step)
        self._status.set_text(self._describe(step))
        self._canvas.restore_region(self._background)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def reel(self) -> Reel:
        """The film from beginning to end."""
        evenly = np.linspace(0, self._episode.length - 1, _SAMPLED).round().astype(int).tolist()
        first_choice = np.flatnonzero(self._episode.effective)[:1].tolist()
        return Reel([self.frame(step) for step in sorted({*evenly, *first_choice})], self.shots())

    def shots(self) -> Iterator[Shot]:
        """All steps in order. Steps with effective actions, if not all are, and the last step are
        shown longer.
        """
        effective = self._episode.effective
        some = not effective[:-1].all()
        for step in range(self._episode.length):
            last = step == self._episode.length - 1
            yield Shot(
                self.frame(step), _END if last else _CHOICE if some and effective[step] else 1
            )

    def _describe(self, step: int) -> str:
        episode = self._episode
        parts = [self._name] if self._name else []
        parts.append(f"step {step} of {episode.length - 1}")
        if episode.last[step]:
            outcome = {None: "ended", True: "success", False: "failure"}[episode.success]
            parts.append(f"{outcome}, return {episode.total:.3g}")
        return "  ·  ".join(parts)
