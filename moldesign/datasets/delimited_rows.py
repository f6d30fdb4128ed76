"""Rows of CSV, TSV and SMI files; a row that is written wrongly stays a row, with its problem.

Lines are cut many at a time, which is several times as fast as one by one; only where a quote opens a cell that its
line does not close, the lines around it are looked at one after another.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from typing import IO

import pandas as pd

from moldesign.datasets.cells import split_extended
from moldesign.datasets.columns import find_smiles_column, is_smiles_name, refuse_doubled
from moldesign.datasets.delimited import SEPARATORS, SMI_COLUMNS, find_separator, parse_lines
from moldesign.datasets.rows import Rows, Table
from moldesign.datasets.streams import allow_latin_1, read_lines
from moldesign.errors import TableError

MAX_CELL_LINES = 1000
"""Lines that one quoted cell may span; what is not closed by then is a quote that was never meant as one."""

PROBLEMS = "moldesign.problems"
"""Attribute of frames."""

_OPEN_AT_END = "unexpected end of data"
"""What the csv module says of a quote that nothing closes."""


def read_delimited(lines: Iterable[str], label: str, smiles_column: str | None) -> Table:
    """Return a table with a header; of comma, semicolon, tab and |, the header's commonest separates.

    Raises:
        TableError: the file has no header, no SMILES column, or a column twice.
    """
    lines = iter(lines)
    header = next((line for line in lines if line.strip()), None)
    if header is None:
        raise TableError(f"{label}: the file is empty; expected a header line with column names")
    return _read_below(header, lines, label, smiles_column)


def read_faulty(stream: IO[bytes], label: str, chunk_size: int, *, smiles_column: str | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of such a table as frames; the attribute `PROBLEMS` of each says what is wrong with its rows.

    Raises:
        TableError: see `read_delimited`.
    """
    table = read_delimited(read_lines(stream, label, errors=allow_latin_1()), label, smiles_column)
    n = len(table.columns)
    while rows := table.take(chunk_size):
        cells = [[*row[:n], *[""] * (n - len(row))] for row in rows.cells]
        frame = pd.DataFrame(cells, columns=table.columns, dtype=str)
        frame.attrs[PROBLEMS] = rows.problems
        yield frame


def read_smi(lines: Iterable[str], label: str, smiles_column: str | None) -> Table:
    """Return a table of `SMILES name` lines; a first line that starts with a name like `smiles` is a header.

    The extension of a CXSMILES, behind a blank, belongs to the cell of the SMILES.

    Raises:
        TableError: the file is empty.
    """
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise TableError(f"{label}: the file is empty; expected one SMILES per line")
    if is_smiles_name(first.split()[0]):
        separator = "\t" if "\t" in first else " "
        columns = name_columns(_cut_at(separator, first.strip()), label)
        column = columns.index(find_smiles_column(columns, label, smiles_column))
        cut = partial(_cut_named, separator, columns)
        return Table(columns, columns[column], partial(_take_filled, lines, cut, column))
    if smiles_column is not None:
        find_smiles_column(SMI_COLUMNS, label, smiles_column)
    return Table(list(SMI_COLUMNS), "smiles", partial(_take_filled, chain([first], lines), _cut_smi, 0))


def read_either(lines: Iterable[str], label: str, smiles_column: str | None) -> Table:
    """Return the table of a stream without a name: one with a header if its first line names a SMILES column.

    Raises:
        TableError: it is empty, or lacks the column that was asked for.
    """
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise TableError(f"{label}: it is empty; expected a header line, or one SMILES per line")
    words = re.split(f"[{re.escape(SEPARATORS)}]", first.strip())
    has_header = smiles_column is not None or any(is_smiles_name(word.strip('" ')) for word in words)
    return (read_delimited if has_header else read_smi)(chain([first], lines), label, smiles_column)


def name_columns(names: Sequence[str], label: str) -> list[str]:
    """Return the names of a header; an empty one (the index that pandas writes) is called `column_<number>`.

    Raises:
        TableError: a name is there twice.
    """
    named = [name.strip() or f"column_{number}" for number, name in enumerate(names, start=1)]
    refuse_doubled(named, label)
    return named


def _read_below(header: str, lines: Iterator[str], label: str, smiles_column: str | None) -> Table:
    separator = find_separator(header)
    names, lines = _read_header(header, lines, separator)
    columns = name_columns(names, label)
    column = columns.index(find_smiles_column(columns, label, smiles_column))
    return Table(columns, columns[column], _DelimitedLines(lines, separator, columns, column).take)


def _read_header(header: str, lines: Iterator[str], separator: str) -> tuple[list[str], Iterator[str]]:
    """Return the names of a header, which a quoted name may stretch over several lines, and the lines below it."""
    ahead = [header]
    if '"' in header and _read_quoted(header, separator) is None:
        ahead += islice(lines, MAX_CELL_LINES - 1)
        reader = parse_lines(ahead, separator, strict=True)
        with suppress(csv.Error):
            return next(reader), chain(ahead[reader.line_num :], lines)
    return next(parse_lines([header], separator)), chain(ahead[1:], lines)


class _DelimitedLines:
    """The lines below a header, and the rows that they hold."""

    def __init__(self, lines: Iterator[str], separator: str, columns: list[str], column: int) -> None:
        self._lines, self._separator, self._columns, self._column = lines, separator, columns, column
        self._waiting: deque[str] = deque()
        """Lines that have been looked at, and are to be looked at again."""

    def take(self, n: int) -> Rows:
        """Return the next n rows; fewer at the end."""
        rows: list[list[str]] = []
        while len(rows) < n and (lines := self._take_lines(n - len(rows))):
            cut = _cut_lines(lines, self._separator)
            if cut is None:
                self._waiting.extendleft(reversed(lines))
                cut = self._cut_one_by_one(n - len(rows))
            rows += cut
        return self._fit(rows)

    def _take_lines(self, n: int) -> list[str]:
        waiting = [self._waiting.popleft() for _ in range(min(n, len(self._waiting)))]
        return waiting or list(islice(self._lines, n))

    def _cut_one_by_one(self, n: int) -> list[list[str]]:
        """Return the rows of the lines that wait, at most n; a cell may go on in lines that have not waited."""
        rows: list[list[str]] = []
        while self._waiting and len(rows) < n:
            line = self._waiting.popleft()
            if not line.strip():
                continue
            cells = line.rstrip("\r\n").split(self._separator)
            if '"' in line:
                cells = _read_quoted(line, self._separator) or self._read_spanning(line) or cells
            rows.append(cells)
        return rows

    def _read_spanning(self, line: str) -> list[str] | None:
        """Return the cells of a line and of those below that a quoted cell spans.

        Where no quote closes the cell as a quote should, it is None: the quote is a character like others, and the
        lines below are rows of their own.
        """
        spanned = [line]
        while len(spanned) < MAX_CELL_LINES:
            following = self._waiting.popleft() if self._waiting else next(self._lines, None)
            if following is None:
                break
            spanned.append(following)
            if '"' in following:
                with suppress(csv.Error):
                    rows = list(parse_lines(spanned, self._separator, strict=True))
                    if len(rows) == 1 and len(rows[0]) == len(self._columns):
                        return rows[0]
        self._waiting.extendleft(reversed(spanned[1:]))
        return None

    def _fit(self, rows: list[list[str]]) -> Rows:
        """Return the rows, with what is wrong with those that have not a cell for each column."""
        n, column, problems = len(self._columns), self._column, dict[int, str]()
        for row in [row for row, length in enumerate(map(len, rows)) if length != n]:
            cells = rows[row] = _drop_empty(rows[row], n)
            if len(cells) != n:
                problems[row] = (
                    f"{len(cells)} cells where the header names {n}; fill the row up, or quote cells that contain "
                    f"{self._separator!r}"
                )
        return Rows([cells[column] if column < len(cells) else "" for cells in rows], rows, problems)


def _cut_lines(lines: Sequence[str], separator: str) -> list[list[str]] | None:
    """Return the cells of the lines that are not blank; None where a quote is not closed on its line, or wrongly."""
    written = [line for line in lines if not line.isspace()]
    if '"' not in "".join(written):
        return [line.rstrip("\r\n").split(separator) for line in written]
    with suppress(csv.Error):
        rows = list(parse_lines(written, separator, strict=True))
        if len(rows) == len(written):  # otherwise, a row has taken more than one
            return rows
    return None


def _read_quoted(line: str, separator: str) -> list[str] | None:
    """Return the cells of a line, or None where a quote is still open at its end."""
    try:
        return next(parse_lines([line], separator, strict=True))
    except csv.Error as error:
        if _OPEN_AT_END in str(error):
            return None
    with suppress(csv.Error):  # what is left are cells beyond the limit of the csv module
        return next(parse_lines([line], separator))
    return None


def _drop_empty(cells: list[str], n: int) -> list[str]:
    """Drop empty cells beyond the last column, which spreadsheets like to write."""
    return cells[:n] if len(cells) > n and not any(cell.strip() for cell in cells[n:]) else cells


def _take_filled(lines: Iterator[str], cut: Callable[[list[str]], list[list[str]]], column: int, n: int) -> Rows:
    """Return the next n rows of lines each of which is a row or nothing; `cut` fills them up."""
    rows: list[list[str]] = []
    while len(rows) < n and (taken := list(islice(lines, n - len(rows)))):
        rows += cut(taken)
    return Rows([cells[column] for cells in rows], rows)


def _cut_smi(lines: list[str]) -> list[list[str]]:
    rows = [split_extended(line) or line.split(maxsplit=1) for line in map(str.strip, lines) if line]
    return [cells if len(cells) == len(SMI_COLUMNS) else [*cells, ""] for cells in rows]


def _cut_named(separator: str, columns: Sequence[str], lines: list[str]) -> list[list[str]]:
    rows = (_fill(_cut_at(separator, line.strip("\n")), columns) for line in lines)
    return [cells for cells in rows if any(cells)]


def _cut_at(separator: str, line: str) -> list[str]:
    """Return the cells of a line; between two of them there is one tab, or any number of spaces."""
    if separator != " ":
        return line.split(separator)
    *smiles, rest = split_extended(line) or [line.strip(" ")]
    return [*smiles, *(re.split(" +", rest) if "  " in rest else rest.split(" "))]


def _fill(cells: list[str], columns: Sequence[str]) -> list[str]:
    if len(cells) > len(columns):
        cells = [*cells[: len(columns) - 1], " ".join(cells[len(columns) - 1 :])]
    return [*map(str.strip, cells), *[""] * (len(columns) - len(cells))]
