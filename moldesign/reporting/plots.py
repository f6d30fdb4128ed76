"""Plots as SVG text for a report: one function per kind of plot, data in, picture out, nothing on a screen."""

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from moldesign.metrics import compute_ece

MODEL, BASELINE, NEUTRAL = "#1f6f8b", "#d98032", "#8a8f98"
"""Colours of the model, of the baseline and of the rest; told apart with every common form of colour blindness."""

MAX_VECTOR_POINTS = 2_000
"""More points are drawn as an image inside the SVG, which would otherwise grow to many megabytes."""

LOG_FROM = 10.0
"""Losses whose largest is so many times the smallest are drawn on a logarithmic scale."""

N_GROUPS = 10
"""Equally large groups of molecules in which probabilities are compared with what was measured."""

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.axisbelow": True,
    "axes.edgecolor": "#9aa0a6",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": "#e6e8eb",
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "moldesign",
}


class Curve(NamedTuple):
    """The losses of one network."""

    train: Sequence[float]
    valid: Sequence[float | None]
    best_epoch: int


def draw_losses(curves: Sequence[Curve], title: str) -> str:
    """Return the training and validation losses of all networks; a dot marks the epoch whose weights were kept.

    Args:
        curves: one per network, at least one.
        title: of the plot.
    """

    def fill(axes: Axes) -> None:
        for number, curve in enumerate(curves):
            names = ("training", "validation", "kept") if number == 0 else (None, None, None)
            marker = "." if len(curve.train) == 1 else None  # a line of one point would not be seen
            axes.plot(range(1, len(curve.train) + 1), curve.train, marker=marker, color=NEUTRAL, lw=1, label=names[0])
            measured = [(epoch, loss) for epoch, loss in enumerate(curve.valid, start=1) if loss is not None]
            if measured:
                axes.plot(*zip(*measured, strict=True), color=MODEL, lw=1.2, label=names[1])
                axes.plot(*measured[curve.best_epoch - 1], "o", color=MODEL, ms=5, label=names[2])
        losses = [loss for curve in curves for loss in (*curve.train, *curve.valid) if loss is not None]
        if min(losses) > 0 and max(losses) > LOG_FROM * min(losses):
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend()

    return _draw(title, "epoch", "loss", fill)


def draw_parity(truth: ArrayLike, values: ArrayLike, std: ArrayLike, unit: str, *, log_scale: bool) -> str:
    """Return predicted over measured values; on the dashed line both agree.

    Args:
        truth: measured, [N].
        values: predicted, [N].
        std: of the predictions, [N], drawn as bars.
        unit: of all of them.
        log_scale: draw decades, without bars.
    """
    x, y = np.asarray(truth, dtype=float), np.asarray(values, dtype=float)
    both = np.concatenate([x, y])
    both = both[both > 0] if log_scale else both
    ends = _widen(both, log_scale=log_scale)
    is_image = len(x) > MAX_VECTOR_POINTS

    def fill(axes: Axes) -> None:
        if log_scale:
            axes.loglog()
        elif not is_image:
            axes.errorbar(x, y, yerr=std, fmt="none", ecolor=MODEL, alpha=0.2, lw=1)
        axes.scatter(x, y, s=14, color=MODEL, alpha=0.6, lw=0, rasterized=is_image)
        axes.plot(ends, ends, color=NEUTRAL, lw=1, ls="--")
        axes.set(xlim=ends, ylim=ends, aspect="equal")
        if not log_scale:
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.yaxis.set_major_locator(MaxNLocator(6))

    suffix = f" [{unit}]" if unit else ""
    return _draw("Predicted and measured", f"measured{suffix}", f"predicted{suffix}", fill)


def draw_roc(truth: ArrayLike, model: ArrayLike, baseline: ArrayLike) -> str:
    """Return the ROC curves of a model and its baseline; both classes must be there."""

    def fill(axes: Axes) -> None:
        for values, color, name in ((baseline, BASELINE, "baseline"), (model, MODEL, "this model")):
            false, true, _ = roc_curve(truth, values)
            axes.plot(false, true, color=color, lw=1.6, label=f"{name}, area {auc(false, true):.3f}")
        axes.plot([0, 1], [0, 1], color=NEUTRAL, lw=1, ls="--", label="guessing")
        axes.legend(loc="lower right")

    return _draw("ROC", "share of negatives called positive", "share of positives found (recall)", fill)


def draw_precision_recall(truth: ArrayLike, model: ArrayLike, baseline: ArrayLike) -> str:
    """Return the precision-recall curves of a model and its baseline; there must be a positive."""
    share = float(np.mean(np.asarray(truth) > 0.5))

    def fill(axes: Axes) -> None:
        for values, color, name in ((baseline, BASELINE, "baseline"), (model, MODEL, "this model")):
            precision, recall, _ = precision_recall_curve(truth, values)
            average = average_precision_score(truth, values)
            axes.plot(recall, precision, color=color, lw=1.6, label=f"{name}, average {average:.3f}")
        axes.axhline(share, color=NEUTRAL, lw=1, ls="--", label=f"guessing, {share:.3f}")
        axes.set_ylim(-0.02, 1.02)
        axes.legend(loc="lower left")

    return _draw("Precision and recall", "share of positives found (recall)", "precision", fill)


def draw_histograms(values: ArrayLike, reference: ArrayLike | None, title: str, x_label: str) -> str:
    """Return the distribution of a property in a set and, where there is one, in its reference, each with area 1.

    Args:
        values: of the set, at least one.
        reference: of the reference; None or empty for none.
        title: of the plot.
        x_label: what the values are.
    """
    sets = [("reference", NEUTRAL, reference), ("this set", MODEL, values)]
    drawn = [(name, color, np.asarray(one, dtype=float)) for name, color, one in sets if one is not None]
    drawn = [(name, color, one) for name, color, one in drawn if len(one)]
    both = np.concatenate([one for _, _, one in drawn])
    bins = np.histogram_bin_edges(both, bins=int(np.clip(2 * np.sqrt(len(both)), 8, 30)))

    def fill(axes: Axes) -> None:
        for name, color, one in drawn:
            axes.hist(one, bins=bins.tolist(), density=True, color=color, alpha=0.55, label=f"{name}, {len(one):,}")
        axes.legend()

    return _draw(title, x_label, "density", fill)


def draw_reliability(truth: ArrayLike, values: ArrayLike) -> str:
    """Return which share of the molecules was positive where the model said so much; on the dashed line both agree.

    Args:
        truth: 0 or 1, [N].
        values: predicted probabilities, [N].
    """
    x, y = np.asarray(values, dtype=float), np.asarray(truth, dtype=float)
    groups = [rows for rows in np.array_split(np.argsort(x, kind="stable"), min(N_GROUPS, len(x))) if len(rows)]
    said, seen = ([float(column[rows].mean()) for rows in groups] for column in (x, y))
    spread = [float(np.sqrt(share * (1 - share) / len(rows))) for share, rows in zip(seen, groups, strict=True)]

    def fill(axes: Axes) -> None:
        name = f"this model, expected calibration error {compute_ece(y, x):.3f}"
        axes.errorbar(said, seen, yerr=spread, color=MODEL, lw=1.4, marker="o", ms=5, elinewidth=0.8, label=name)
        axes.plot([0, 1], [0, 1], color=NEUTRAL, lw=1, ls="--", label="right")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower right")

    return _draw("Calibration of the probabilities", "predicted probability", "share that was positive", fill)


def draw_coverage(errors: ArrayLike, std: ArrayLike) -> str:
    """Return how many values lay within error bars of each width; on the dashed line as many as a normal law says.

    Args:
        errors: of the predictions, [N].
        std: their standard deviations, [N], above 0.
    """
    widths = np.abs(np.asarray(errors, dtype=float)) / np.asarray(std, dtype=float)
    promised = np.sort(erf(widths / np.sqrt(2)))
    held = np.arange(1, len(promised) + 1) / len(promised)

    def fill(axes: Axes) -> None:
        within = float(np.mean(widths <= 1))
        axes.step([0, *promised, 1], [0, *held, 1], where="post", color=MODEL, lw=1.6, label="this model")
        axes.plot([0, 1], [0, 1], color=NEUTRAL, lw=1, ls="--", label="right")
        axes.plot([], [], " ", label=f"within one std: {within:.0%} (right: 68 %)")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower right")

    return _draw("Calibration of the error bars", "share that should lie within the bars", "share that did", fill)


def _widen(values: NDArray[np.float64], *, log_scale: bool) -> tuple[float, float]:
    """Return the ends of an axis on which the values do not touch its edge."""
    scaled = np.log10(values) if log_scale else values
    margin = 0.05 * (np.ptp(scaled) or 1.0)
    low, high = float(scaled.min() - margin), float(scaled.max() + margin)
    return (10.0**low, 10.0**high) if log_scale else (low, high)


def _draw(title: str, x_label: str, y_label: str, fill: Callable[[Axes], None]) -> str:
    """Return a plot as an SVG element, the same text for the same data."""
    text = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.6, 4.0), layout="constrained")
        axes = figure.subplots()
        axes.set(title=title, xlabel=x_label, ylabel=y_label)
        fill(axes)
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    return text.getvalue()[text.getvalue().index("<svg") :]
