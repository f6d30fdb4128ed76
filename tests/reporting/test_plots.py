"""Plots: SVG that can be read, the same for the same data, small also for many points."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from moldesign.reporting.plots import (
    Curve,
    draw_coverage,
    draw_losses,
    draw_parity,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)

TRUTH = np.array([0, 0, 1, 1, 0, 1])
MODEL = np.array([0.1, 0.4, 0.35, 0.8, 0.2, 0.9])
BASELINE = np.array([0.5, 0.5, 0.5, 0.5, 0.4, 0.6])
CURVES = [Curve([1.0, 0.5, 0.2], [1.1, 0.7, 0.8], 2), Curve([0.9, 0.4, 0.1], [None, None, None], 3)]

PLOTS = {
    "losses": lambda: draw_losses(CURVES, "Loss"),
    "parity": lambda: draw_parity([1, 2, 3], [1.1, 2.2, 2.5], [0.1, 0.2, 0.3], "nM", log_scale=False),
    "parity of decades": lambda: draw_parity([1, 10, 1000], [2, 20, 500], [1, 1, 1], "nM", log_scale=True),
    "roc": lambda: draw_roc(TRUTH, MODEL, BASELINE),
    "precision and recall": lambda: draw_precision_recall(TRUTH, MODEL, BASELINE),
    "reliability": lambda: draw_reliability(TRUTH, MODEL),
    "coverage": lambda: draw_coverage([0.5, -0.5, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]),
}


def read_texts(svg: str) -> list[str]:
    return [text.strip() for text in ET.fromstring(svg).itertext() if text.strip()]  # noqa: S314  the text is our own


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_an_svg_element_and_repeats_itself(name: str) -> None:
    svg = PLOTS[name]()
    assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314
    assert svg == PLOTS[name]()


def test_axes_and_curves_are_named() -> None:
    assert {"Loss", "epoch", "training", "validation", "kept"} <= set(read_texts(PLOTS["losses"]()))
    assert {"measured [nM]", "predicted [nM]"} <= set(read_texts(PLOTS["parity"]()))
    assert {"this model, area 0.889", "guessing"} <= set(read_texts(PLOTS["roc"]()))
    assert "guessing, 0.500" in read_texts(PLOTS["precision and recall"]())


def test_many_points_are_an_image() -> None:
    points = np.linspace(0, 1, 5_000)
    svg = draw_parity(points, points**2, np.ones(5_000), "", log_scale=False)
    assert "<image" in svg
    assert len(svg) < 200_000


def test_a_parity_plot_is_square_and_shows_every_point() -> None:
    svg = draw_parity([1, 2, 3], [1.1, 2.2, 9.0], [0.1, 0.2, 0.3], "nM", log_scale=False)
    texts = read_texts(svg)
    ticks = [text for text in texts if re.fullmatch(r"[\d.]+", text)]
    assert len(ticks) % 2 == 0
    assert float(ticks[-1]) >= 8
    assert ticks[: len(ticks) // 2] == ticks[len(ticks) // 2 :]


def test_losses_over_decades_have_plain_numbers() -> None:
    wide = [Curve([1.0, 0.1, 0.02], [1.1, 0.3, 0.2], 3)]
    assert {"0.02", "0.05", "0.1", "0.2", "0.5", "1"} <= set(read_texts(draw_losses(wide, "Loss")))
    narrow = [Curve([0.45, 0.3], [0.4, 0.25], 2)]
    assert sum(text.startswith("0.") for text in read_texts(draw_losses(narrow, "Loss"))) >= 3


def test_losses_without_validation_have_no_validation_curve() -> None:
    assert "validation" not in read_texts(draw_losses(CURVES[1:], "Loss"))


def test_calibration_is_stated_in_a_number() -> None:
    always_half = draw_reliability([0, 1] * 50, [0.5] * 100)
    assert "this model, expected calibration error 0.000" in read_texts(always_half)
    assert "within one std: 75% (right: 68 %)" in read_texts(PLOTS["coverage"]())
