"""Small charts as SVG for a page: lines, bars, points. Colours are classes of the page's style sheet.

`plots` draws with matplotlib, for pictures that stand alone; these follow the page into the dark, take a kilobyte or
two, and their points can be links.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 22, 10, 38
MAX_POINTS = 300
"""Of a line; more would not be seen."""


class Line(NamedTuple):
    """A line of a chart."""

    name: str
    values: Sequence[float]


class Frame(NamedTuple):
    """Width and height of a chart; a larger one is shown smaller, so its text is, too."""

    width: int
    height: int


WIDE, SMALL = Frame(420, 230), Frame(300, 150)


class Axis(NamedTuple):
    """One direction of a chart."""

    low: float
    high: float
    length: float
    offset: float
    is_flipped: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, in pixels."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.offset + self.length * (1 - share if self.is_flipped else share)


def choose_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about n round numbers between two values.

    >>> choose_ticks(0, 1), choose_ticks(0, 1000, 4)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0])
    """
    span = (high - low) or 1.0
    raw = span / max(n, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.8)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.10g}") for k in range(first, last + 1)]


def draw_lines(
    x: Sequence[float], lines: Sequence[Line], *, label: str, x_label: str, top: float | None = None
) -> Markup:
    """Return a chart of lines over x; their names stand in a legend below.

    Args:
        x: [N], rising.
        lines: each with N values; at most four, as there are so many colours.
        label: what a screen reader says.
        x_label: under the axis.
        top: the end of the axis of values; without it, the largest value.
    """
    keep = _thin(len(x))
    known = [value for line in lines for value in line.values if math.isfinite(value)]
    high = top if top is not None else max([*known, 0.0]) or 1.0
    across, up = _make_axes((min(x), max(x)), (min([0.0, *known]), high), WIDE)
    strokes = [
        Markup('<polyline class="s{}" points="{}"/>').format(
            number,
            " ".join(
                f"{across.place(x[k]):.1f},{up.place(line.values[k]):.1f}"
                for k in keep
                if math.isfinite(line.values[k])
            ),
        )
        for number, line in enumerate(lines, start=1)
    ]
    # A run of one batch has a point, no line.
    dots = [
        Markup('<circle class="d{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(
            number, across.place(x[-1]), up.place(line.values[-1])
        )
        for number, line in enumerate(lines, start=1)
    ]
    return _finish([*strokes, *dots], across, up, label, x_label, WIDE) + _list_names(lines)


def draw_histogram(values: Sequence[float], *, label: str, x_label: str, mark: float | None = None) -> Markup:
    """Return how often scores between 0 and 1 occur, in twentieths, with a line where `mark` is."""
    counts, edges = np.histogram(np.asarray(values, dtype=float), bins=20, range=(0.0, 1.0))
    across, up = _make_axes((0.0, 1.0), (0.0, float(max(counts.max(), 1))), WIDE)
    bars = [
        Markup(
            '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
        ).format(
            across.place(low) + 0.5,
            up.place(count),
            across.place(high) - across.place(low) - 1,
            up.place(0) - up.place(count),
            f"{low:.2f} to {high:.2f}: {count:,}",
        )
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        if count
    ]
    if mark is not None:
        place = Markup('<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>')
        bars.append(place.format(across.place(mark), _TOP, WIDE.height - _BOTTOM))
    return _finish(bars, across, up, label, x_label, WIDE)


def draw_curve(x: Sequence[float], y: Sequence[float], rug: Sequence[float], *, label: str, x_label: str) -> Markup:
    """Return a curve of values between 0 and 1, with a tick below for each value of a set."""
    across, up = _make_axes((min(x), max(x)), (0.0, 1.0), SMALL)
    points = " ".join(f"{across.place(a):.1f},{up.place(b):.1f}" for a, b in zip(x, y, strict=True))
    places = sorted({round(across.place(value), 1) for value in rug})
    ticks = "".join(f"M{place:g} {up.place(0):g}v-10" for place in places)
    shapes = [Markup('<polyline class="s1" points="{}"/><path class="rug" d="{}"/>').format(points, ticks)]
    return _finish(shapes, across, up, label, x_label, SMALL)


def _make_axes(x: tuple[float, float], y: tuple[float, float], frame: Frame) -> tuple[Axis, Axis]:
    across = Axis(*x, frame.width - _LEFT - _RIGHT, _LEFT)
    return across, Axis(*y, frame.height - _TOP - _BOTTOM, _TOP, is_flipped=True)


def _finish(shapes: Iterable[Markup], across: Axis, up: Axis, label: str, x_label: str, frame: Frame) -> Markup:
    grid = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
            _LEFT, frame.width - _RIGHT, y=up.place(tick)
        )
        + Markup('<text class="end" x="{}" y="{:.1f}">{}</text>').format(_LEFT - 6, up.place(tick) + 4, f"{tick:,g}")
        for tick in choose_ticks(up.low, up.high, frame.height // 50)
    ]
    ticks = [
        Markup('<text class="middle" x="{:.1f}" y="{}">{}</text>').format(
            across.place(tick), frame.height - _BOTTOM + 16, f"{tick:,g}"
        )
        for tick in choose_ticks(across.low, across.high, 5)
    ]
    title = Markup('<text class="middle soft" x="{}" y="{}">{}</text>').format(
        _LEFT + across.length / 2, frame.height - 5, x_label
    )
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        *frame, label, Markup().join([*grid, *ticks, title, *shapes])
    )


def _list_names(lines: Sequence[Line]) -> Markup:
    names = [
        Markup('<span><i class="key k{}"></i>{}</span>').format(number, line.name)
        for number, line in enumerate(lines, start=1)
    ]
    return Markup('<p class="legend">{}</p>').format(Markup().join(names))


def _thin(n: int) -> list[int]:
    step = max(1, math.ceil(n / MAX_POINTS))
    return sorted({*range(0, n, step), n - 1})
