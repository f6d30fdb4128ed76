"""Cells of a table as labels: numbers, class words, gaps, and everything else named by its row."""

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.datasets.cells import is_missing

MISSING = frozenset({"", "-", "?", "#n/a", "n/a", "na", "nan", "n.d.", "nd", "none", "null", "<na>"})
"""Texts, in lower case, that say that nothing was measured."""

CLASS_WORDS = {
    "active": 1.0, "positive": 1.0, "true": 1.0, "yes": 1.0,
    "inactive": 0.0, "negative": 0.0, "false": 0.0, "no": 0.0,
}  # fmt: skip
"""Words for the two classes, in lower case; they count where a column holds no number."""

_LARGEST = float(np.finfo(np.float32).max)
"""What a network can hold."""

N_EXAMPLES = 20
"""Of each kind of problem, so many are kept word for word."""


class Finding(NamedTuple):
    """Something in a table that its owner should know."""

    n: int = 0
    examples: tuple[str, ...] = ()
    """The first `N_EXAMPLES` of them."""

    def describe(self, n_shown: int = 5) -> str:
        """Return the first few in one line.

        >>> Finding(7, ("row 1: '>10'", "row 4: 'x'")).describe(1)
        "row 1: '>10', and 6 more"
        """
        shown = self.examples[:n_shown]
        rest = f", and {self.n - len(shown)} more" if self.n > len(shown) else ""
        return ", ".join(shown) + rest


def collect(texts: Sequence[str]) -> Finding:
    """Count the texts and keep the first of them."""
    return Finding(len(texts), tuple(texts[:N_EXAMPLES]))


def parse_number(cell: Any) -> float | None:
    """Return the number in a cell, NaN for a gap, None where the cell holds something else.

    >>> parse_number(" 5.3 "), parse_number(7), parse_number("n/a"), parse_number(">10"), parse_number("2021_03")
    (5.3, 7.0, nan, None, None)
    """
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        return np.nan
    if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
        return None  # numbers for Python alone
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return np.nan if is_missing(cell) else None
    return None if abs(value) > _LARGEST else value


class LabelColumn:
    """Takes in the cells of one column, one after another."""

    def __init__(self) -> None:
        self._values = array("d")
        self._words: dict[int, tuple[int, str]] = {}
        self._others: list[tuple[int, str]] = []

    def add(self, row: int, cell: Any) -> None:
        """Take in the cell of a row."""
        value = parse_number(cell)
        if value is None:
            if str(cell).strip().lower() in CLASS_WORDS:
                self._words[len(self._values)] = (row, str(cell))
            else:
                self._others.append((row, str(cell)))
        self._values.append(np.nan if value is None else value)

    def finish(self) -> tuple[NDArray[np.float64], list[tuple[int, str]]]:
        """Return the labels, NaN for gaps, float64 [R], and (row, text) of each cell that is none."""
        labels = np.array(self._values, dtype=np.float64)
        if self._words and np.isfinite(labels).any():  # a class amid numbers is no measurement
            return labels, sorted([*self._others, *self._words.values()])
        for place, (_, word) in self._words.items():
            labels[place] = CLASS_WORDS[word.strip().lower()]
        return labels, self._others


def parse_times(cells: Sequence[Any]) -> NDArray[np.float64]:
    """Return times that can be ordered, float64 [R]: the numbers, or the dates as seconds; NaN for what is neither.

    Dates are written as in ISO 8601; a column holds numbers or dates, not both.

    >>> parse_times(["2019", "2021.5", "x"]), np.diff(parse_times(["2021-03-01", "2021-03-02"]))
    (array([2019. , 2021.5,    nan]), array([86400.]))
    """
    series = pd.Series(list(cells), dtype=object)
    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isfinite(numbers).any():
        return np.where(np.isfinite(numbers), numbers, np.nan)
    dates = pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True)
    seconds = (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(seconds, dtype=np.float64)
