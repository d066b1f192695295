"""The parts of a replay's picture: the present step, the episode so far, and what was recalled of
it.
"""

import textwrap
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from engrax.viewing.choices import action_words, bar_labels, chosen_bars
from engrax.viewing.pictures import Frames
from engrax.viewing.story import RECALLED, Story, strongest

# Okabe and Ito's colours, as in `plots`.
_BLUE, _SKY, _AMBER = "#0072B2", "#56B4E9", "#E69F00"
_SLOTS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#0072B2")
_DARK, _GREY, _PALE, _PAPER = "#222222", "#767676", "#c9c9c9", "#eeeeee"
_LEFT, _WIDE = 0.445, 0.53  # of the panels on the right, in parts of the figure


class Present:
    """The current observation, and the agent's outputs."""

    def __init__(self, figure: Figure, story: Story):
        self._story = story
        self._image = _picture(figure.add_axes((0.03, 0.315, 0.335, 0.5956)), story.frames[0])
        self._words = figure.text(
            0.1975, 0.268, "", fontsize=12.5, fontweight="bold", color=_DARK, ha="center"
        )
        self._values = []
        for x, name in zip((0.03, 0.165, 0.275), ("action", "reward", "value"), strict=True):
            figure.text(x, 0.207, name, fontsize=8.5, color=_GREY)
            self._values.append(
                figure.text(x + 0.012 + 0.0072 * len(name), 0.207, "", fontsize=10, color=_DARK)
            )
        axes = figure.add_axes((0.03, 0.062, 0.335, 0.12))
        labels = bar_labels(story.interface)
        count = len(labels)
        axes.set(xlim=(-0.6, count - 0.4), ylim=(0, 1))
        axes.set_yticks([])
        axes.set_xticks(
            range(0, count, 1 + count // 17), labels[:: 1 + count // 17], fontsize=7.5, color=_GREY
        )
        axes.tick_params(length=0, pad=2)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(_PALE)
        axes.set_xlabel("policy", fontsize=8, color=_GREY, labelpad=1)
        self._bars = axes.bar(range(count), np.zeros(count), width=0.75)
        self.moving: list[Artist] = [self._image, self._words, *self._values, *self._bars]

    def show(self, step: int) -> None:
        """Shows a step."""
        episode, story = self._story.episode, self._story
        action, counts = episode.action[step], bool(episode.effective[step])
        taken = chosen_bars(story.interface.actions, action)
        self._image.set_data(story.frames[step])
        self._words.set_text(textwrap.shorten(story.words[step], 36, placeholder=" …"))
        chosen = action_words(story.interface, action) if counts else "no effect"
        said = (chosen, f"{episode.reward[step]:.3g}", f"{episode.value[step]:.2f}")
        for text, value in zip(self._values, said, strict=True):
            text.set_text(value)
        for index, (bar, height) in enumerate(zip(self._bars, episode.policy[step], strict=True)):
            bar.set_height(float(height))
            bar.set_color(_PALE if not counts else _BLUE if index in taken else _SKY)


class Past:
    """The episode along time: observations, and the current step's attention to them."""

    def __init__(self, figure: Figure, story: Story):
        self._story = story
        self._strip = Strip(figure, (_LEFT, 0.772, _WIDE, 0.105), story.frames)
        length, top = story.episode.length, float(story.attention.max(initial=0.0)) or 1.0
        axes = figure.add_axes((_LEFT, 0.515, _WIDE, 0.23))
        axes.set(xlim=(-0.5, length - 0.5), ylim=(0, 1.08 * top))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(_GREY)
        axes.tick_params(colors=_GREY, labelsize=8, length=2, pad=2)
        axes.locator_params(axis="x", integer=True, nbins=10)
        axes.locator_params(axis="y", nbins=3)
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_ylabel("attention", fontsize=8.5, color=_GREY, labelpad=3)
        figure.text(0.998, 0.497, "step", fontsize=8, color=_GREY, ha="right", va="center")
        edges = np.arange(length + 1) - 0.5
        self._weights = axes.stairs(np.zeros(length), edges, fill=True, color=_PALE)
        self._chosen = axes.bar(np.zeros(RECALLED), np.zeros(RECALLED), width=0.9, color=_SLOTS)
        self._future = Rectangle((0, 0), length, 2 * top, color="#f4f4f4")
        axes.add_patch(self._future)
        self._now = axes.axvline(0, color=_DARK, linewidth=1.4, zorder=4)
        self._label = axes.text(
            0, 1.0, "now", transform=axes.get_xaxis_transform(), fontsize=8.5, color=_DARK
        )
        spans, labels = _mark_effective(axes, story.episode.effective)
        self.moving: list[Artist] = [
            self._strip.image,
            self._future,
            *spans,
            self._weights,
            *self._chosen,
        ]
        self.moving += [*labels, self._now, self._label]

    def show(self, step: int) -> None:
        """Shows a step."""
        attention = self._story.attention[step]
        self._strip.show(step)
        self._weights.set_data(values=attention)
        steps = strongest(attention)
        for index, bar in enumerate(self._chosen):
            bar.set_visible(index < len(steps))
            if index < len(steps):
                bar.set_x(steps[index] - 0.45)
                bar.set_height(attention[steps[index]])
        self._future.set_x(step + 0.5)
        self._now.set_xdata([step, step])
        late = step > 0.9 * len(attention)
        self._label.set(
            x=step + (-0.006 if late else 0.006) * len(attention), ha="right" if late else "left"
        )


class Strip:
    """Pictures of the episode side by side, above the times at which they were seen; the future is
    blank.
    """

    def __init__(self, figure: Figure, place: tuple[float, float, float, float], frames: Frames):
        axes = figure.add_axes(place)
        box = axes.get_window_extent()
        wide, high = round(box.width), round(box.height)
        count = min(len(frames), max(1, int(wide / (high * frames.shape[2] / frames.shape[1] + 2))))
        edges = np.linspace(0, wide, count + 1).round().astype(int).tolist()
        self._steps = ((np.arange(count) + 0.5) * len(frames) / count).astype(int)
        self._filled = np.full((high, wide, 3), 255, np.uint8)
        self._blank = self._filled.copy()
        for step, low, end in zip(self._steps, edges[:-1], edges[1:], strict=True):
            tile = _fit(frames[step], end - low - 2, high)
            left, top = low + (end - low - tile.shape[1]) // 2, (high - tile.shape[0]) // 2
            self._filled[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
            self._blank[top : top + tile.shape[0], left : left + tile.shape[1]] = 244
        self._edges = edges
        self.image = _picture(axes, self._blank, frame=False)

    def show(self, step: int) -> None:
        """Shows what was seen up to a step."""
        known = self._edges[int(np.sum(self._steps <= step))]
        self.image.set_data(
            np.concatenate([self._filled[:, :known], self._blank[:, known:]], axis=1)
        )


class Recollection:
    """The observations of the steps with the most attention."""

    def __init__(self, figure: Figure, story: Story):
        self._story = story
        self._share = figure.text(_LEFT + _WIDE, 0.893, "", fontsize=8.5, color=_GREY, ha="right")
        figure.text(
            _LEFT, 0.893, "recalled at this step", fontsize=10, fontweight="bold", color=_DARK
        )
        why = (
            "attends to nothing at this step"
            if story.remembers
            else "this memory attends to no steps of its past"
        )
        self._nothing = figure.text(
            _LEFT + _WIDE / 2, 0.28, why, fontsize=10.5, color=_GREY, ha="center"
        )
        self._slots = [Slot(figure, index, story.frames[0]) for index in range(RECALLED)]
        self.moving: list[Artist] = [self._share, self._nothing]
        self.moving += [artist for slot in self._slots for artist in slot.moving]

    def show(self, step: int) -> None:
        """Shows a step."""
        attention, story = self._story.attention[step], self._story
        steps = strongest(attention)
        self._nothing.set_visible(not len(steps))
        share = attention[steps].sum() / max(float(attention.sum()), 1e-9)
        self._share.set_text(
            f"the {len(steps)} strongest hold {share:.0%} of the attention"
            if len(steps) > 1
            else ""
        )
        for index, slot in enumerate(self._slots):
            recalled = int(steps[index]) if index < len(steps) else None
            slot.show(story, step, recalled, best=recalled == int(np.argmax(attention)))


class Slot:
    """A place for one recalled step, and the line that ties it to its time."""

    def __init__(self, figure: Figure, index: int, frame: np.ndarray):
        pitch, self._colour = _WIDE / RECALLED, _SLOTS[index]
        self._centre = _LEFT + (index + 0.5) * pitch
        self._axes = figure.add_axes(
            (_LEFT + (index + 0.03) * pitch, 0.175, 0.94 * pitch, 0.94 * pitch * 16 / 9)
        )
        self._image = _picture(self._axes, frame)
        for spine in self._axes.spines.values():
            spine.set(color=self._colour, linewidth=2.2)
        self._top = 0.175 + 0.94 * pitch * 16 / 9
        self._line = Line2D([], [], color=self._colour, linewidth=1.2)
        figure.add_artist(self._line)
        centred: dict[str, Any] = {"ha": "center", "va": "top"}
        self._weight = figure.text(
            self._centre, 0.163, "", fontsize=11, color=self._colour, **centred
        )
        self._when = figure.text(self._centre, 0.119, "", fontsize=8, color=_DARK, **centred)
        self._text = figure.text(self._centre, 0.083, "", fontsize=8, color=_GREY, **centred)
        self.moving: list[Artist] = [self._line, self._axes, self._weight, self._when, self._text]

    def show(self, story: Story, now: int, recalled: int | None, best: bool) -> None:
        """Shows a recalled step, or nothing."""
        for artist in self.moving:
            artist.set_visible(recalled is not None)
        if recalled is None:
            return
        self._image.set_data(story.frames[recalled])
        x = _LEFT + _WIDE * (recalled + 0.5) / story.episode.length
        self._line.set_data(
            [x, x, self._centre, self._centre], [0.515, 0.468, self._top + 0.018, self._top]
        )
        self._weight.set_text(f"{story.attention[now][recalled]:.2f}")
        self._weight.set_fontweight("bold" if best else "normal")
        self._when.set_text(f"step {recalled}, {now - recalled} ago")
        self._text.set_text(textwrap.shorten(story.words[recalled], 18, placeholder=" …"))


def _picture(axes: Axes, pixels: np.ndarray, frame: bool = True) -> Any:
    """A picture that fills its axes, without ticks."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(_PALE)
    axes.set_frame_on(frame)
    return axes.imshow(pixels, aspect="auto" if not frame else "equal")


def _fit(frame: np.ndarray, wide: int, high: int) -> np.ndarray:
    """A picture scaled to the largest size that fits."""
    scale = min(wide / frame.shape[1], high / frame.shape[0])
    size = max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX))


def _mark_effective(axes: Axes, effective: np.ndarray) -> tuple[list[Artist], list[Artist]]:
    """Shades the steps on which actions count, unless all do but the last; the shades, and what
    says what they are.
    """
    if effective[:-1].all() or not effective.any():
        return [], []
    changes = np.flatnonzero(np.diff(np.concatenate([[False], effective, [False]]).astype(int)))
    label = axes.annotate(
        "actions count", (changes[0] - 0.5, 0.97), (-3, 0), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", fontsize=8, color="#9a6a00", ha="right", va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip
    spans: list[Artist] = [
        axes.axvspan(low - 0.5, end - 0.5, color=_AMBER, alpha=0.2, lw=0)
        for low, end in changes.reshape(-1, 2)
    ]
    return spans, [label]
