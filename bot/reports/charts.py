"""Pictures of an evaluation, as SVG that stands in a page by itself."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlu.breakdown import Band

_INK = "#1c2733"
_MAIN = "#1f6f8b"
_WRONG = "#c8553d"
#: Above this many names the numbers in a confusion matrix would not be legible.
_LEGIBLE = 12


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
            colour = "white" if shares[row, column] > 0.5 else (_WRONG if row != column else _INK)
            axes.text(
                column,
                row,
                str(table[row, column]),
                ha="center",
                va="center",
                fontsize=8 if len(names) <= _LEGIBLE else 5,
                color=colour,
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


def _label(name: str) -> str:
    # Between dollar signs matplotlib reads formulas, and its own font has few scripts.
    return name.encode("ascii", "backslashreplace").decode().replace("$", r"\$")


def _svg(figure: object) -> str:
    import matplotlib as mpl

    target = io.StringIO()
    # Text stays text (the page's own font, searchable); the same figures give the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crossdesk", "font.family": "sans-serif"}):
        figure.savefig(target, format="svg", metadata={"Date": None})  # type: ignore[attr-defined]
    whole = target.getvalue()
    return whole[whole.index("<svg") :]
