"""A library as numbered chunks of rows: of one file or many, in constant memory, with proof of what was read."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from moldesign.checkpoint import hash_file
from moldesign.datasets.delimited_rows import read_delimited, read_either, read_smi
from moldesign.datasets.rows import Rows, Table
from moldesign.datasets.streams import STANDARD_INPUT, classify_path
from moldesign.errors import TableError
from moldesign.screening.record_rows import N_HEADER_LINES, is_mol_block, read_parquet, read_sdf
from moldesign.screening.sources import HashedFile, find_files, naming_damage, open_text

_TEXT_READERS = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".smi": read_smi,
    ".smiles": read_smi,
    ".cxsmiles": read_smi,
}
_SDF, _PARQUET = (".sdf", ".sd"), (".parquet", ".pq")
KNOWN_ENDINGS = (*_TEXT_READERS, *_SDF, *_PARQUET)


class LibraryChunk(NamedTuple):
    """Consecutive rows of one file."""

    number: int
    """From 0, over all files."""
    file: int
    """Number of the file, from 0."""
    first_row: int
    """Number, from 1, of the first row in its file."""
    rows: Rows
    holds_blocks: bool
    """Whether the texts are mol blocks of an SDF, not SMILES."""
    share: float | None
    """Of all files, read up to here; None where that is unknown."""

    @property
    def digest(self) -> str:
        """A hash of everything in the rows."""
        content = json.dumps(list(zip(self.rows.texts, self.rows.cells, strict=True)), default=str)
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass
class FileNotes:
    """What is known of a file of the library; complete once it has been read to its end."""

    path: str
    columns: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    source_types: str = ""
    smiles_column: str = ""
    n_rows: int = 0
    n_bytes: int = 0
    sha256: str = ""


class Library:
    """Reads files one after another, each once.

    Args:
        names: files or patterns; `-` is standard input.
        smiles_column: name of the SMILES column; without it, the column whose name says so.
        chunk_size: rows per chunk; the last chunk of a file may have fewer.

    Raises:
        TableError: a file is missing or of an unknown kind.
    """

    def __init__(self, names: Sequence[str | Path], *, smiles_column: str | None = None, chunk_size: int) -> None:
        self.files = [FileNotes(path) for path in find_files(names)]
        self._smiles_column, self._chunk_size = smiles_column, chunk_size
        for notes in self.files:
            _require_kind(notes.path)
        self._sizes = [_measure(notes.path) for notes in self.files]
        self._n_bytes_before = 0
        self._raw: HashedFile | None = None

    def read(self) -> Iterator[LibraryChunk]:
        """Yield every row of every file, in order.

        Raises:
            TableError: a file cannot be read (to its end), or has no SMILES column; names file, row and remedy.
        """
        number = 0
        for file, notes in enumerate(self.files):
            for first_row, rows, holds_blocks in self._read_file(notes):
                yield LibraryChunk(number, file, first_row, rows, holds_blocks, self._measure_share())
                number += 1
            self._n_bytes_before += notes.n_bytes

    def _read_file(self, notes: FileNotes) -> Iterator[tuple[int, Rows, bool]]:
        label, n_rows = label_file(notes.path), [0]
        with naming_damage(label, n_rows):
            if classify_path(notes.path).ending in _PARQUET:
                yield from self._read_table(read_parquet(notes.path, label, self._smiles_column), notes, n_rows)
                notes.sha256, notes.n_bytes = hash_file(Path(notes.path)), Path(notes.path).stat().st_size
                return
            self._raw = HashedFile(notes.path)
            # The text closes the file when nobody holds it any more.
            with self._raw, open_text(self._raw, classify_path(notes.path).packing, label) as lines:
                yield from self._read_table(self._make_table(lines, notes.path, label), notes, n_rows)
                notes.sha256, notes.n_bytes = self._raw.finish(), self._raw.n_bytes

    def _make_table(self, lines: Iterable[str], path: str, label: str) -> Table:
        ending = classify_path(path).ending
        if path == STANDARD_INPUT:
            return _read_stream(lines, label, self._smiles_column)
        return read_sdf(lines) if ending in _SDF else _TEXT_READERS[ending](lines, label, self._smiles_column)

    def _read_table(self, table: Table, notes: FileNotes, n_rows: list[int]) -> Iterator[tuple[int, Rows, bool]]:
        notes.columns, notes.smiles_column = table.columns, table.smiles_column
        notes.types, notes.source_types = table.types, table.source_types
        while rows := table.take(self._chunk_size):
            yield n_rows[0] + 1, rows, table.holds_blocks
            n_rows[0] += len(rows)
        notes.n_rows = n_rows[0]

    def _measure_share(self) -> float | None:
        if any(size is None for size in self._sizes):
            return None
        total = sum(size for size in self._sizes if size is not None)
        current = 0 if self._raw is None or self._raw.closed else self._raw.n_bytes
        return min(1.0, (self._n_bytes_before + current) / total) if total else 1.0


def label_file(path: str) -> str:
    """Return what messages call a file."""
    return "standard input" if path == STANDARD_INPUT else path


def _read_stream(lines: Iterable[str], label: str, smiles_column: str | None) -> Table:
    """Return the table of a stream, which has no name that says what it is.

    Raises:
        TableError: it is empty, or lacks the column that was asked for.
    """
    lines = iter(lines)
    first = list(islice(lines, N_HEADER_LINES))
    whole = chain(first, lines)
    return read_sdf(whole) if is_mol_block(first) else read_either(whole, label, smiles_column)


def _require_kind(path: str) -> None:
    if path == STANDARD_INPUT:
        return
    ending, packing = classify_path(path)
    if ending == "":
        raise TableError(f"{path}: the name has no ending; known: {' '.join(KNOWN_ENDINGS)} (each also .gz or .zst)")
    if ending not in KNOWN_ENDINGS:
        raise TableError(f"{path}: unknown ending {ending!r}; known: {' '.join(KNOWN_ENDINGS)} (each also .gz or .zst)")
    if ending in _PARQUET and packing:
        raise TableError(f"{path}: Parquet is compressed inside; unpack the file first")


def _measure(path: str) -> int | None:
    return None if path == STANDARD_INPUT else Path(path).stat().st_size


def describe_files(files: Sequence[FileNotes]) -> list[dict[str, Any]]:
    """Return what a manifest says of the files."""
    return [
        {"path": one.path, "rows": one.n_rows, "bytes": one.n_bytes, "sha256": one.sha256, "columns": one.columns}
        for one in files
    ]
