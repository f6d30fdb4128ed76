"""Charts of a page: well-formed, with every value in its place, and nothing a user typed as markup."""

import math
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from moldesign.reporting.charts import Line, choose_ticks, draw_curve, draw_histogram, draw_lines

HOSTILE = "<b>&"


def parse(svg: Markup) -> ET.Element:
    return ET.fromstring(f"<div>{svg}</div>")  # noqa: S314  the text is our own


def read_points(line: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in str(line.get("points")).split())]


def test_lines_rise_to_the_right() -> None:
    chart = parse(
        draw_lines(
            [1, 2, 3], [Line(HOSTILE, [0.0, 0.5, 1.0]), Line("b", [1.0, math.nan, 0.0])], label=HOSTILE, x_label="x"
        )
    )
    first, second = (read_points(line) for line in chart.iter("polyline"))
    assert first == sorted(first)
    assert [y for _, y in first] == sorted((y for _, y in first), reverse=True)
    assert len(second) == 2
    assert HOSTILE in list(chart.itertext())


def test_long_runs_are_thinned_and_keep_their_end() -> None:
    n = 5_000
    [line] = parse(draw_lines(range(n), [Line("a", [k / n for k in range(n)])], label="a", x_label="x")).iter(
        "polyline"
    )
    points = read_points(line)
    assert len(points) <= 302
    assert points[-1][0] == max(x for x, _ in points)


def test_a_run_of_one_batch_is_a_point() -> None:
    chart = parse(draw_lines([96], [Line("a", [0.0])], label="a", x_label="x"))
    assert len(list(chart.iter("circle"))) == 1


def test_a_histogram_counts_every_value() -> None:
    chart = parse(draw_histogram([0.0, 0.01, 0.5, 1.0], label="a", x_label="score", mark=0.5))
    assert [title.text for title in chart.iter("title")] == ["0.00 to 0.05: 2", "0.50 to 0.55: 1", "0.95 to 1.00: 1"]
    assert len([line for line in chart.iter("line") if line.get("class") == "mark"]) == 1


def test_a_curve_has_a_tick_for_each_value() -> None:
    chart = parse(draw_curve([0, 1, 2], [0, 1, 0], [0.5, 0.5, 1.5], label="a", x_label=HOSTILE))
    [rug] = [path for path in chart.iter("path") if path.get("class") == "rug"]
    assert str(rug.get("d")).count("M") == 2


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-4.2, 0.7), (0, 12_345), (1e-6, 3e-6), (5, 5)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    ticks = choose_ticks(low, high)
    assert 1 <= len(ticks) <= 12
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
