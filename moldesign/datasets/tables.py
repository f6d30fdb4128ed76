"""Tables of molecules as streams of chunks, in and out: CSV, TSV, SMI, SDF, Parquet, each also as .gz or .zst."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Protocol, TypeVar

import pandas as pd

from moldesign.datasets.cells import drop_extension
from moldesign.datasets.columns import find_smiles_column
from moldesign.datasets.delimited import DelimitedWriter, SmiWriter, read_delimited, read_smi
from moldesign.datasets.delimited_rows import PROBLEMS, read_faulty
from moldesign.datasets.parquet import ParquetWriter, read_parquet
from moldesign.datasets.sdf import SdfWriter, read_sdf
from moldesign.datasets.streams import STANDARD_INPUT, AtomicFile, allow_latin_1, classify_path, open_input
from moldesign.errors import TableError

Format = TypeVar("Format")

DEFAULT_CHUNK_SIZE = 10_000


class TableChunk(NamedTuple):
    """Consecutive rows of a table."""

    frame: pd.DataFrame
    """Every input column, indexed from 0; cells of text formats are the text of the file."""
    smiles: list[str]
    """One per row of `frame`, without the extensions of CXSMILES; empty where the table has none."""
    first_row: int
    """Number, from 0, of the chunk's first row in the whole table."""
    problems: Mapping[int, str]
    """What is wrong with rows that are written wrongly, by their number in `frame`; none but with `is_lenient`."""


class FrameWriter(Protocol):
    """Writes frames to an open stream in one format."""

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""

    def close(self) -> None:
        """Write what the format needs at its end; the stream stays open."""


_Reader = Callable[[IO[bytes], str, int], Iterator[pd.DataFrame]]

_READERS: Mapping[str, _Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".smi": read_smi,
    ".smiles": read_smi,
    ".cxsmiles": read_smi,
    ".sdf": read_sdf,
    ".parquet": read_parquet,
}


def read_table(
    path: str | Path,
    *,
    chunk_size: int = DEFAULT_CHUNK_SIZE,
    smiles_column: str | None = None,
    columns: Sequence[str] | None = None,
    is_lenient: bool = False,
) -> Iterator[TableChunk]:
    """Yield a table of molecules chunk by chunk; no row that is not blank is ever left out.

    Args:
        path: the file; its ending names the format. `-` reads CSV from standard input.
        chunk_size: rows per chunk.
        smiles_column: name of the SMILES column; without it, the column whose name says so.
        columns: names of other columns that must be there.
        is_lenient: whether faults of the text are taken as a screening takes them, instead of refusing the table: a
            row with too few or too many cells stays, with its problem (cells beyond the last column are left out); a
            quote that is never closed is a character; a byte that is not UTF-8 is one of Latin-1.

    Raises:
        TableError: the table cannot be read or lacks a column; names file, line and remedy.
    """
    reader, label, first_row = _find_format(path, _READERS), _label(path), 0
    if is_lenient:
        reader = _find_lenient(reader, smiles_column)
    with open_input(path) as stream:
        for frame in reader(stream, label, chunk_size):
            name = find_smiles_column(frame.columns, label, smiles_column)
            _require_columns(frame, columns or (), label)
            smiles = [drop_extension(cell) if isinstance(cell, str) else "" for cell in frame[name].tolist()]
            yield TableChunk(frame, smiles, first_row, frame.attrs.pop(PROBLEMS, {}))
            first_row += len(frame)
    if first_row == 0:
        raise TableError(f"{label}: the file has no rows; expected at least one molecule")


def check_table(path: str | Path, *, smiles_column: str | None = None, columns: Sequence[str] | None = None) -> None:
    """Refuse a table for what its beginning shows: to be asked before anything that takes its time.

    Standard input, which can be read but once, is left alone; an SDF, whose columns its end alone tells, is opened.

    Args:
        path: the file.
        smiles_column: name of the SMILES column.
        columns: names of other columns that must be there.

    Raises:
        TableError: see `read_table`.
    """
    if str(path) == STANDARD_INPUT:
        return
    if _find_format(path, _READERS) is read_sdf:
        with open_input(path):
            return
    next(read_table(path, chunk_size=1, smiles_column=smiles_column, columns=columns))


def read_smiles(path: str | Path, *, smiles_column: str | None = None) -> list[str]:
    """Return the SMILES of every row, as they stand in the file, without the extensions of CXSMILES.

    Raises:
        TableError: see `read_table`.
    """
    return [text for chunk in read_table(path, smiles_column=smiles_column) for text in chunk.smiles]


class TableWriter:
    """Writes frames to one file, which gets its name only once it is complete.

    Leaving the `with` block by an exception keeps an older file of that name and leaves nothing behind.

    Args:
        path: the file; its ending names the format.
        smiles_column: for structure formats, the column that holds the SMILES; without it, the one whose name says so.

    >>> TableWriter("hits.xlsx")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    moldesign.errors.TableError: hits.xlsx: unknown ending '.xlsx'; known: .csv .cxsmiles ...
    """

    def __init__(self, path: str | Path, *, smiles_column: str | None = None) -> None:
        self.path = Path(path)
        self._smiles_column = smiles_column
        self._make_writer = _find_format(path, _WRITERS)
        self._columns: list[str] | None = None
        self._writer: FrameWriter | None = None

    def __enter__(self) -> "TableWriter":
        self._file = AtomicFile(self.path)
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`; the first frame fixes the columns and their order.

        Raises:
            TableError: other columns than before, values the format cannot hold, or a full disk.
        """
        if self._writer is None:
            self._columns = list(frame.columns)
            self._writer = self._make_writer(
                self._file.stream, lambda: find_smiles_column(frame.columns, str(self.path), self._smiles_column)
            )
        if set(frame.columns) != set(self._columns or ()):
            raise TableError(
                f"{self.path}: a chunk has the columns {list(frame.columns)}, the first had {self._columns}"
            )
        try:
            self._writer.write(frame.reindex(columns=self._columns))
        except OSError as error:
            raise self._explain(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._writer is not None:
                self._writer.close()
                if error is None:
                    self._file.commit()
        except OSError as failure:
            raise self._explain(failure) from failure
        finally:
            self._file.discard()
        if self._writer is None and error is None:
            raise TableError(f"{self.path}: nothing was written; write at least a frame that has columns")

    def _explain(self, error: OSError) -> TableError:
        return TableError(f"{self.path}: cannot be written ({error.strerror}); free some space or name another file")


def write_table(path: str | Path, frames: Iterable[pd.DataFrame]) -> None:
    """Write the frames one after another; the file appears only once it is complete.

    Raises:
        TableError: see `TableWriter`.
    """
    with TableWriter(path) as writer:
        for frame in frames:
            writer.write(frame)


_WRITERS: Mapping[str, Callable[[IO[bytes], Callable[[], str]], FrameWriter]] = {
    ".csv": lambda stream, find_smiles: DelimitedWriter(stream, ","),
    ".tsv": lambda stream, find_smiles: DelimitedWriter(stream, "\t"),
    ".smi": lambda stream, find_smiles: SmiWriter(stream, find_smiles()),
    ".smiles": lambda stream, find_smiles: SmiWriter(stream, find_smiles()),
    ".cxsmiles": lambda stream, find_smiles: SmiWriter(stream, find_smiles()),
    ".sdf": lambda stream, find_smiles: SdfWriter(stream, find_smiles()),
    ".parquet": lambda stream, find_smiles: ParquetWriter(stream),
}
"""By ending; a structure format asks which column holds the SMILES, the others need not know."""


def _find_format(path: str | Path, formats: Mapping[str, Format]) -> Format:
    ending = classify_path(path).ending
    if ending not in formats:
        raise TableError(
            f"{path}: unknown ending {ending!r}; known: {' '.join(sorted(formats))} (each also .gz or .zst)"
        )
    return formats[ending]


def _find_lenient(reader: _Reader, smiles_column: str | None) -> _Reader:
    """Return what reads the same format, and takes its faults as they are."""
    lenient: dict[_Reader, _Reader] = {
        read_delimited: partial(read_faulty, smiles_column=smiles_column),
        read_smi: partial(read_smi, errors=allow_latin_1()),
        read_sdf: partial(read_sdf, errors=allow_latin_1()),
    }
    return lenient.get(reader, reader)


def _require_columns(frame: pd.DataFrame, wanted: Sequence[str], label: str) -> None:
    if missing := [name for name in wanted if name not in frame.columns]:
        found = f"columns: {', '.join(map(str, frame.columns))}"
        if len(frame.columns) == 1:
            found = f"the only column is {frame.columns[0]!r}; columns are separated by comma, semicolon, tab or |"
        raise TableError(f"{label}: no column {missing[0]!r}; {found}")


def _label(path: str | Path) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else str(path)
