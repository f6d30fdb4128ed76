"""Rows of CSV, TSV and SMI files, one after another; a row that is written wrongly stays a row, with its problem."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice

from moldesign.datasets.columns import find_smiles_column, is_smiles_name, refuse_doubled
from moldesign.datasets.delimited import SEPARATORS, SMI_COLUMNS, parse_lines
from moldesign.errors import TableError
from moldesign.screening.rows import Row, Table

MAX_CELL_LINES = 100
"""Lines that one quoted cell may span; what is not closed by then is a quote that was never meant as one."""

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


def read_smi(lines: Iterable[str], label: str, smiles_column: str | None) -> Table:
    """Return a table of `SMILES name` lines; a first line that starts with a name like `smiles` is a header.

    Raises:
        TableError: the file is empty.
    """
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise TableError(f"{label}: the file is empty; expected one SMILES per line")
    if is_smiles_name(first.split()[0]):
        separator = "\t" if "\t" in first else " "
        names = re.split(r"\t" if separator == "\t" else " +", first.strip())
        columns = name_columns(names, label)
        column = columns.index(find_smiles_column(columns, label, smiles_column))
        rows = (_fill(re.split(r"\t" if separator == "\t" else " +", line.strip("\n")), columns) for line in lines)
        return Table(columns, columns[column], (_take(cells, column) for cells in rows if any(cells)))
    if smiles_column is not None:
        find_smiles_column(SMI_COLUMNS, label, smiles_column)
    rows = (_fill(line.split(maxsplit=1), SMI_COLUMNS) for line in chain([first], lines) if line.strip())
    return Table(list(SMI_COLUMNS), "smiles", (_take(cells, 0) for cells in rows))


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
    separator = max(SEPARATORS, key=header.count)
    names, lines = _read_header(header, lines, separator)
    columns = name_columns(names, label)
    column = columns.index(find_smiles_column(columns, label, smiles_column))
    return Table(columns, columns[column], _read_rows(lines, separator, columns, column))


def _read_header(header: str, lines: Iterator[str], separator: str) -> tuple[list[str], Iterator[str]]:
    """Return the names of a header, which a quoted name may stretch over several lines, and the lines below it."""
    ahead = [header]
    if '"' in header and _read_quoted(header, separator) is None:
        ahead += islice(lines, MAX_CELL_LINES - 1)
        reader = parse_lines(ahead, separator, strict=True)
        with suppress(csv.Error):
            return next(reader), chain(ahead[reader.line_num :], lines)
    return next(parse_lines([header], separator)), chain(ahead[1:], lines)


def _read_rows(lines: Iterator[str], separator: str, columns: list[str], column: int) -> Iterator[Row]:
    waiting: deque[str] = deque()
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        if not line.strip():
            continue
        cells = line.rstrip("\n").split(separator)
        if '"' in line:
            cells = _read_quoted(line, separator) or _read_spanning(line, waiting, lines, separator, columns) or cells
        yield _take(_fit(cells, len(columns)), column, len(columns), separator)


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


def _read_spanning(
    line: str, waiting: deque[str], lines: Iterator[str], separator: str, columns: list[str]
) -> list[str] | None:
    """Return the cells of a line and of those below that a quoted cell spans.

    Where no quote closes the cell as a quote should, it is None: the quote is a character like others, and the lines
    below are rows of their own.
    """
    spanned = [line]
    while len(spanned) < MAX_CELL_LINES:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            break
        spanned.append(following)
        if '"' in following:
            with suppress(csv.Error):
                rows = list(parse_lines(spanned, separator, strict=True))
                if len(rows) == 1 and len(rows[0]) == len(columns):
                    return rows[0]
    waiting.extendleft(reversed(spanned[1:]))
    return None


def _fit(cells: list[str], n: int) -> list[str]:
    """Drop empty cells beyond the last column, which spreadsheets like to write."""
    return cells[:n] if len(cells) > n and not any(cell.strip() for cell in cells[n:]) else cells


def _fill(cells: list[str], columns: Sequence[str]) -> list[str]:
    if len(cells) > len(columns):
        cells = [*cells[: len(columns) - 1], " ".join(cells[len(columns) - 1 :])]
    return [*map(str.strip, cells), *[""] * (len(columns) - len(cells))]


def _take(cells: list[str], column: int, n: int | None = None, separator: str = "") -> Row:
    if n is None or len(cells) == n:
        return Row(cells[column], cells)
    problem = (
        f"{len(cells)} cells where the header names {n}; fill the row up, or quote cells that contain {separator!r}"
    )
    return Row(cells[column] if column < len(cells) else "", cells, problem)
