"""CSV, TSV and SMI: one molecule a line; every cell stays the text that the file holds."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Literal, cast

import pandas as pd

from moldesign.datasets.cells import split_extended
from moldesign.datasets.columns import is_smiles_name, refuse_doubled
from moldesign.datasets.streams import read_lines
from moldesign.errors import TableError

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = ",;\t|"
SMI_COLUMNS = ["smiles", "name"]

_QUOTED = re.compile(rf'(?:^|(?<=[{SEPARATORS}]))"(?:[^"]|"")*(?:"|$)')
"""A quoted cell of a line; the quote may end in another line."""

MAX_CELL = 10_000_000
"""Characters; a longer cell is a quote that nothing closes, and must not fill the memory with the rest of the file."""

_END = "\x04end of the table\x04"
"""Stands behind the last line: where it is not a row of its own, a quote before it is never closed."""


def read_delimited(stream: IO[bytes], label: str, chunk_size: int) -> Iterator[pd.DataFrame]:
    """Yield chunks of a table with a header, which tells the separator (see `find_separator`).

    Raises:
        TableError: names file and line of what cannot be read.
    """
    lines = read_lines(stream, label)
    header = next((line for line in lines if line.strip()), None)
    if header is None:
        raise TableError(f"{label}: the file is empty; expected a header line with column names")
    separator = find_separator(header)
    rows = _read_rows(chain([header], lines), separator, label)
    yield from batch_rows(rows, _name_columns(next(rows), label), chunk_size)


def read_smi(stream: IO[bytes], label: str, chunk_size: int, *, errors: str = "strict") -> Iterator[pd.DataFrame]:
    """Yield chunks of `SMILES name` lines; a first line that starts with a name like `smiles` is a header.

    The extension of a CXSMILES, behind a blank, belongs to the cell of the SMILES. `errors` is as in `read_lines`.

    Raises:
        TableError: names file and line of what cannot be read.
    """
    lines = (line.rstrip("\r\n") for line in read_lines(stream, label, errors=errors))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise TableError(f"{label}: the file is empty; expected one SMILES per line")
    has_header = is_smiles_name(first.split()[0])
    columns, separator = SMI_COLUMNS, r"[ \t]+"
    if has_header:
        separator = r"\t" if "\t" in first else " +"
        columns = _name_columns(re.split(separator, first.strip(" ")), label)
    body = lines if has_header else chain([first], lines)
    rows = (_split_smi(line, separator, len(columns)) for line in body if line.strip())
    yield from batch_rows(rows, columns, chunk_size)


def find_separator(header: str) -> str:
    """Return the commonest of comma, semicolon, tab and | outside the quoted names of a header.

    >>> find_separator('smiles,"Ki | human | 5-HT2A | nM"'), find_separator("smiles;Ki, nM;IC50")
    (',', ';')
    """
    return max(SEPARATORS, key=_QUOTED.sub("", header).count)


def parse_lines(lines: Iterable[str], separator: str, *, strict: bool = False) -> "Reader":
    """Return the rows of the lines as the csv module reads them, with cells of up to `MAX_CELL` characters.

    Args:
        lines: with their ends.
        separator: between cells.
        strict: whether text behind a closing quote, or a quote that nothing closes, is an error.
    """
    _allow_long_cells()
    return csv.reader(lines, delimiter=separator, strict=strict)


@cache
def _allow_long_cells() -> None:
    csv.field_size_limit(MAX_CELL)  # of the whole process; by itself, the csv module refuses more than 131,072


def batch_rows(rows: Iterator[list[str]], columns: list[str], chunk_size: int) -> Iterator[pd.DataFrame]:
    """Yield the rows as frames of text, `chunk_size` rows each."""
    while batch := list(islice(rows, chunk_size)):
        yield pd.DataFrame(batch, columns=columns, dtype=str)


class RowStream:
    """Takes rows that the csv module ends by a carriage return and a line feed; ends them by the line feed alone.

    The csv module quotes a carriage return in a cell, where it would end the row for readers, only if rows end by one.

    Args:
        stream: takes text; it stays open.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        """Write a whole row, with its end."""
        return self._stream.write(row.removesuffix("\r\n") + "\n")


class DelimitedWriter:
    """Writes frames as CSV or TSV (RFC 4180 quoting, UTF-8, header first)."""

    def __init__(self, stream: IO[bytes], separator: str) -> None:
        self._stream, self._separator, self._header = stream, separator, True

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""
        text = io.StringIO()
        rows = cast("IO[str]", RowStream(text))
        if self._header:
            # Unquoted, another separator in the names could be taken for that of the table.
            is_plain = set(SEPARATORS).isdisjoint("".join(map(str, frame.columns)))
            quoting: Literal[0, 1] = csv.QUOTE_MINIMAL if is_plain else csv.QUOTE_ALL
            frame.head(0).to_csv(rows, sep=self._separator, index=False, quoting=quoting, lineterminator="\r\n")
            self._header = False
        frame.to_csv(rows, sep=self._separator, index=False, header=False, lineterminator="\r\n")
        self._stream.write(text.getvalue().encode())

    def close(self) -> None:
        """Nothing is left to write."""


class SmiWriter:
    """Writes `SMILES<tab>other columns` lines without a header, as docking and search programs expect."""

    def __init__(self, stream: IO[bytes], smiles_column: str) -> None:
        self._stream, self._smiles_column = stream, smiles_column

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""
        others = [column for column in frame.columns if column != self._smiles_column]
        cells = frame[[self._smiles_column, *others]].astype(object).where(frame.notna(), "")
        for row in cells.itertuples(index=False, name=None):
            self._stream.write(("\t".join(" ".join(str(cell).split()) for cell in row) + "\n").encode())

    def close(self) -> None:
        """Nothing is left to write."""


def _name_columns(names: list[str], label: str) -> list[str]:
    """Return the header's names; an empty one (the index that pandas writes) is called `column_<number>`."""
    names = [name.strip() or f"column_{number}" for number, name in enumerate(names, start=1)]
    refuse_doubled(names, f"{label}, line 1")
    return names


def _read_rows(lines: Iterable[str], separator: str, label: str) -> Iterator[list[str]]:
    """Yield the cells of each line that is not blank; all must have as many as the first."""
    reader = parse_lines(chain(lines, [_END]), separator)
    n_columns, n_lines = 0, 0
    try:
        for row in reader:
            if row and row[-1].endswith(_END):
                if reader.line_num > n_lines + 1:
                    raise TableError(f"{label}, line {n_lines + 1}: there is a quote that is never closed; close it")
                return
            n_columns, n_lines = n_columns or len(row), reader.line_num
            if row and len(row) != n_columns:
                raise TableError(
                    f"{label}, line {n_lines}: {len(row)} cells where the header names {n_columns}; "
                    f"fill the row up, or quote cells that contain {separator!r}"
                )
            if row:
                yield row
    except csv.Error as error:
        raise TableError(f"{label}, line {n_lines + 1}: {error}; look for a quote that is never closed") from error


def _split_smi(line: str, separator: str, n_columns: int) -> list[str]:
    if n_columns == 1:
        return [line.strip()]
    extended = None if separator == r"\t" else split_extended(line)
    *front, rest = extended or [line.lstrip(" ").rstrip()]
    n_splits = n_columns - 1 - len(front)
    cells = [*front, *(re.split(separator, rest, maxsplit=n_splits) if n_splits else [rest])]
    return cells + [""] * (n_columns - len(cells))
