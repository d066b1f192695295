"""Learning curves as pictures."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from engrax.evaluation.comparison import curve_with_band
from engrax.evaluation.statistics import smooth

# Okabe and Ito's colours, which people with any kind of colour vision tell apart; dashes for print
# in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
_GREY = "#666666"


class Curve(NamedTuple):
    """One series of a learning curve.

    Attributes:
        label: its name in the picture.
        steps: environment steps, increasing.
        values: what was measured there; None or NaN where nothing was.
    """

    label: str
    steps: Sequence[float] | np.ndarray
    values: Sequence[float | None] | np.ndarray


def learning_curve(
    path: Path,
    curves: Sequence[Curve],
    *,
    y_label: str = "return",
    title: str = "",
    chance: float | None = None,
    window: int = 20,
) -> None:
    """Draws series over environment steps: faint as measured, strong as smoothed.

    Args:
        path: the PNG file.
        curves: the series.
        y_label: what is measured.
        title: above the picture.
        chance: where to draw the line of a player without memory, if anywhere.
        window: how many points to smooth over.

    Raises:
        ValueError: there is no series, or one whose steps and values differ in number.
        OSError: the file cannot be written.
    """
    _check(curves)
    figure = Figure(figsize=(6.4, 4.0), dpi=200, layout="constrained")
    axes = figure.add_subplot()
    for index, curve in enumerate(curves):
        _draw(axes, curve, index, window)
    if chance is not None:
        axes.axhline(
            chance,
            color=_GREY,
            linewidth=1,
            linestyle=(0, (2, 2)),
            label=f"chance ({chance:.2g})",
            zorder=1,
        )
    _dress(axes, y_label, title)
    FigureCanvasAgg(figure).print_png(str(path), metadata={"Software": "engrax"})


class BandedCurve(NamedTuple):
    """The curves of several runs of one agent.

    Attributes:
        label: its name in the picture.
        steps: environment steps of each run, increasing.
        values: what was measured there, in each run; None where nothing was.
        window: how many points of each run to smooth over.
    """

    label: str
    steps: Sequence[Sequence[float]]
    values: Sequence[Sequence[float | None]]
    window: int


def banded_curves(curves: Sequence[BandedCurve], *, y_label: str = "return") -> str:
    """Draws the mean over the runs of each agent, and how sure it is, as SVG.

    Args:
        curves: one an agent.
        y_label: what is measured.
    """
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for index, curve in enumerate(curves):
        steps, mean, band = curve_with_band(curve.steps, curve.values, curve.window)
        colour, dashes = _style(index)
        axes.plot(
            steps, mean, color=colour, linestyle=dashes, linewidth=2, label=curve.label, zorder=3
        )
        if band is not None:
            axes.fill_between(steps, *band, color=colour, alpha=0.15, linewidth=0, zorder=2)
    _dress(axes, y_label, "")
    drawn = io.StringIO()
    with rc_context({"svg.hashsalt": "engrax"}):  # the same picture in the same bytes
        FigureCanvasSVG(figure).print_svg(drawn, metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


def _check(curves: Sequence[Curve]) -> None:
    if not curves:
        raise ValueError("there is nothing to draw: give at least one curve")
    for curve in curves:
        if len(curve.steps) != len(curve.values):
            raise ValueError(
                f"curve {curve.label!r} has {len(curve.steps)} steps but {len(curve.values)} values"
            )


def _draw(axes: Axes, curve: Curve, index: int, window: int) -> None:
    steps, (colour, dashes) = np.asarray(curve.steps, np.float64), _style(index)
    axes.plot(steps, smooth(curve.values, 1), color=colour, alpha=0.2, linewidth=0.8, zorder=2)
    smoothed = smooth(curve.values, window)
    axes.plot(
        steps, smoothed, color=colour, linestyle=dashes, linewidth=2, label=curve.label, zorder=3
    )


def _style(index: int) -> tuple[str, Any]:
    return _COLOURS[index % len(_COLOURS)], _DASHES[index % len(_DASHES)]


def _dress(axes: Axes, y_label: str, title: str) -> None:
    axes.set(xlabel="environment steps", ylabel=y_label)
    axes.set_title(title, loc="left", fontsize=11)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.legend(frameon=False, loc="best", handlelength=2.8)
