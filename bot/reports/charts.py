"""Pictures of how well buyers are understood, as SVG that stands in a page by itself.

They say nothing that is not said in words or figures beside them. Drawn in any thread, one at a time.
"""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

_INK = "#1c2733"
#: Told apart by those who do not see all colours (Okabe and Ito); beside them the lines' styles differ.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#000000")
_STYLES = ("-", "--", "-.", ":")
_MAIN = "#1f6f8b"
_WRONG = "#c8553d"
#: The same as ink on the lighter shades.
_WRONG_DARK = "#8a2a14"
#: Above this many names the numbers in a confusion matrix would not be legible.
_LEGIBLE = 12


#: What matplotlib is told lies in one place for all threads.
_DRAWING = threading.Lock()


class Band(Protocol):
    """The messages whose confidence lies between two bounds; shares are between 0 and 1."""

    @property
    def low(self) -> float:
        """Where it begins."""

    @property
    def high(self) -> float:
        """Where it ends."""

    @property
    def count(self) -> int:
        """Its messages."""

    @property
    def confidence(self) -> float:
        """How sure the model is of them on average."""

    @property
    def accuracy(self) -> float:
        """The share that is right."""


def confusion_picture(names: Sequence[str], table: npt.NDArray[np.int64]) -> str:
    """Return the matrix as SVG: a row is a meaning, a column what it was taken for, shades are shares."""
    from matplotlib.figure import Figure

    size = 2.2 + 0.16 * len(names) + (2.0 if len(names) <= _LEGIBLE else 0.0)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest")
    labels = [_label(name) for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=90)
    axes.set_yticks(range(len(names)), labels)
    axes.tick_params(labelsize=9 if len(names) <= _LEGIBLE else 6, length=0, colors=_INK)
    axes.set_xlabel("taken for", color=_INK)
    axes.set_ylabel("means", color=_INK)
    for row, column in zip(*np.nonzero(table), strict=True):
        if len(names) <= _LEGIBLE or row != column:
            colour = "white" if shares[row, column] > 0.5 else (_WRONG_DARK if row != column else _INK)
            axes.text(
                column,
                row,
                str(table[row, column]),
                ha="center",
                va="center",
                fontsize=8 if len(names) <= _LEGIBLE else 5,
                color=colour,
                # It lies inside its cell: nothing has to make room for it.
                in_layout=False,
            )
    return _svg(figure)


def reliability_picture(bands: Sequence[Band]) -> str:
    """Return the reliability curve as SVG: how often the model is right when it is so sure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
    upper.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":")
    upper.plot(
        [band.confidence for band in bands], [band.accuracy for band in bands], color=_MAIN, marker="o"
    )
    upper.set_ylabel("share that is right", color=_INK)
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1)
    middles = [(band.low + band.high) / 2 for band in bands]
    lower.bar(middles, [band.count for band in bands], width=0.08, color=_MAIN)
    lower.set_ylabel("messages", color=_INK)
    lower.set_xlabel("confidence", color=_INK)
    return _svg(figure)


def languages_picture(shares: Mapping[str, float], counts: Mapping[str, int]) -> str:
    """Return a bar for each language as SVG: the share of its messages that is right."""
    from matplotlib.figure import Figure

    names = sorted(shares, key=lambda name: -shares[name])
    figure = Figure(figsize=(6.4, 0.8 + 0.34 * max(len(names), 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(range(len(names)), [100 * shares[name] for name in names], color=_MAIN, height=0.7)
    labels = [_label(f"{name} ({counts[name]:,})" if name in counts else name) for name in names]
    axes.set_yticks(range(len(names)), labels)
    axes.invert_yaxis()
    for row, name in enumerate(names):
        axes.text(
            100 * shares[name] - 1, row, f"{100 * shares[name]:.1f}", ha="right", va="center", color="white"
        )
    axes.set_xlim(0, 100)
    axes.set_xlabel("% right", color=_INK)
    return _svg(figure)


def accuracy_picture(versions: Sequence[tuple[str, float, bool]]) -> str:
    """Return accuracy over versions as SVG: of each its name, its share that is right, and whether it serves.

    A line joins those that may be compared; the caller leaves out the others.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    axes = figure.add_subplot()
    shares = [100 * share for _, share, _ in versions]
    axes.plot(range(len(versions)), shares, color=_MAIN, marker="o", linewidth=1.5)
    for place, (_, share, serves) in enumerate(versions):
        if serves:
            axes.plot([place], [100 * share], color=_WRONG, marker="D", markersize=9, linestyle="none")
            axes.annotate("serves", (place, 100 * share), (0, 9), textcoords="offset points", ha="center")
    # Of many, some names are enough to find one's way.
    step = max(1, -(-len(versions) // 8))
    names = [_label(name) for name, _, _ in versions[::step]]
    axes.set_xticks(range(0, len(versions), step), names, rotation=20, ha="right", fontsize=8)
    if shares:
        axes.set_ylim(max(0.0, min(shares) - 2.0), min(100.0, max(shares) + 2.0))
    axes.set_ylabel("% right", color=_INK)
    axes.grid(axis="y", color="#e3e8eb")
    return _svg(figure)


def coverage_picture(weeks: Sequence[tuple[dt.date, float, float, float]]) -> str:
    """Return a bar for each week as SVG: the shares answered by the bot, handed over, and not understood."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    axes = figure.add_subplot()
    base = np.zeros(len(weeks))
    parts = (
        ("answered by the bot", _MAIN, ""),
        ("handed over", "#e69f00", "//"),
        ("not understood", _WRONG, "xx"),
    )
    shares = np.array([rest for _, *rest in weeks], dtype=float).reshape(-1, len(parts))
    for number, (name, colour, hatch) in enumerate(parts):
        heights = 100 * shares[:, number]
        axes.bar(
            range(len(weeks)), heights, bottom=base, color=colour, hatch=hatch, edgecolor="white", label=name
        )
        base = base + heights
    _weekly(axes, [week for week, *_ in weeks])
    axes.set_ylim(0, 100)
    axes.set_ylabel("% of messages", color=_INK)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=8)
    return _svg(figure)


def drift_picture(weeks: Sequence[dt.date], shares: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Return a line for each intent as SVG: its share of what was asked in each week."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for number, (name, line) in enumerate(shares):
        axes.plot(
            range(len(weeks)),
            [100 * share for share in line],
            color=_COLOURS[number % len(_COLOURS)],
            linestyle=_STYLES[number % len(_STYLES)],
            marker="o",
            markersize=3,
            label=_label(name),
        )
    _weekly(axes, weeks)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("% of messages", color=_INK)
    axes.grid(axis="y", color="#e3e8eb")
    if shares:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=2, frameon=False, fontsize=8)
    return _svg(figure)


def _weekly(axes: Any, weeks: Sequence[dt.date]) -> None:
    step = max(1, -(-len(weeks) // 9))
    axes.set_xticks(range(0, len(weeks), step), [f"{week:%d %b}" for week in weeks[::step]])
    axes.tick_params(axis="x", labelsize=8)


def _label(name: str) -> str:
    # Between dollar signs matplotlib reads formulas, and its own font has few scripts.
    return name.encode("ascii", "backslashreplace").decode().replace("$", r"\$")


def _svg(figure: Any) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    target = io.StringIO()
    # Text stays text (the page's own font, searchable); the same figures give the same file.
    with (
        _DRAWING,
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crossdesk", "font.family": "sans-serif"}),
    ):
        # ``savefig`` would draw all of it twice.
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None})
    whole = target.getvalue()
    return whole[whole.index("<svg") :]
