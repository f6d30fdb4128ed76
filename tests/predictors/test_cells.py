"""Cells: numbers, gaps, class words, and what is none of them keeps its row."""

import datetime

import numpy as np
import pandas as pd
import pytest

from moldesign.predictors.cells import N_EXAMPLES, Finding, LabelColumn, collect, parse_number, parse_times


def read(cells):
    column = LabelColumn()
    for row, cell in enumerate(cells):
        column.add(row, cell)
    return column.finish()


@pytest.mark.parametrize("cell", ["", "  ", "NA", "n/a", "NaN", "-", "#N/A", None, float("nan"), pd.NA, pd.NaT])
def test_a_gap_is_no_mistake(cell):
    assert np.isnan(parse_number(cell))


@pytest.mark.parametrize(
    ("cell", "number"), [("5", 5.0), (" 1e-3 ", 0.001), (7, 7.0), (np.float32(2), 2.0), (True, 1.0)]
)
def test_numbers_of_every_format(cell, number):
    assert parse_number(cell) == number


@pytest.mark.parametrize(
    "cell", [">10", "5,3", "inf", "n.t.", "12 nM", float("inf"), [1], np.array([1, 2]), {}, "1e39", -1e300]
)
def test_anything_else_is_no_number(cell):
    assert parse_number(cell) is None


def test_cells_that_are_no_numbers_keep_row_and_text():
    labels, bad = read(["1", ">10", "", "2", "n.t."])
    np.testing.assert_array_equal(labels, [1, np.nan, np.nan, 2, np.nan])
    assert bad == [(1, ">10"), (4, "n.t.")]


def test_words_are_classes_where_there_is_no_number():
    labels, bad = read(["Active", "inactive", "", "YES", " no ", "perhaps"])
    np.testing.assert_array_equal(labels, [1, 0, np.nan, 1, 0, np.nan])
    assert bad == [(5, "perhaps")]


def test_a_word_amid_numbers_is_no_measurement():
    labels, bad = read(["0.5", "inactive", "x"])
    np.testing.assert_array_equal(labels, [0.5, np.nan, np.nan])
    assert bad == [(1, "inactive"), (2, "x")]


def test_times_are_numbers_or_dates():
    assert parse_times(["2019", 2020, "2018.5"]).tolist() == [2019, 2020, 2018.5]
    dates = parse_times(["2021-03-31", "2021-04", "2020-01-01T12:00:00", datetime.date(2022, 1, 1), "", "soon"])
    assert np.argsort(dates)[:4].tolist() == [2, 0, 1, 3]
    assert np.isnan(dates).tolist() == [False, False, False, False, True, True]
    assert np.isnan(parse_times(["2019", "2021-03-31"])).tolist() == [False, True]


def test_a_finding_counts_all_and_keeps_the_first():
    finding = collect([f"row {row}" for row in range(50)])
    assert (finding.n, len(finding.examples)) == (50, N_EXAMPLES)
    assert finding.describe(2) == "row 0, row 1, and 48 more"
    assert Finding(1, ("row 3",)).describe() == "row 3"
