"""Rows of SDF and Parquet files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow
from pyarrow import parquet

from moldesign.datasets.columns import find_smiles_column, refuse_doubled
from moldesign.datasets.parquet import decode_binary, dump_types
from moldesign.datasets.rows import TEXT, Row, Table, take_from
from moldesign.datasets.sdf_records import parse_record, split_records

N_HEADER_LINES = 4
"""Of a mol block, title and counts included."""

_BATCH = 1_024
_NARROW = {pyarrow.float16(): np.float16, pyarrow.float32(): np.float32}


def is_mol_block(lines: Sequence[str]) -> bool:
    """Say whether the first lines of a text are the header of a mol block, whose last one ends with the version.

    >>> is_mol_block(["", "  RDKit", "", "  3  2  0  0  0  0  0  0  0  0999 V2000"]), is_mol_block(["CCO", "CCN"])
    (True, False)
    """
    return len(lines) >= N_HEADER_LINES and lines[N_HEADER_LINES - 1].rstrip().endswith(("V2000", "V3000"))


def read_sdf(lines: Iterable[str]) -> Table:
    """Return a table with the columns `name` (the title line) and every data item, as records bring them."""
    columns = ["name"]
    rows = (_read_record(record, columns) for record in split_records(lines))
    return Table(columns, "", take_from(rows), holds_blocks=True)


def read_parquet(path: str, label: str, smiles_column: str | None) -> Table:
    """Return the table of a Parquet file, row group by row group.

    Raises:
        TableError: there is no SMILES column, or a name is there twice.
        OSError: the file cannot be read.
        pyarrow.ArrowException: it is no Parquet file, or damaged.
    """
    file = parquet.ParquetFile(path)
    columns = [str(name) for name in file.schema_arrow.names]
    refuse_doubled(columns, label)
    column = find_smiles_column(columns, label, smiles_column)
    types = {field.name: name_type(field.type) for field in file.schema_arrow}
    known = {name: kind for name, kind in types.items() if kind != TEXT}
    rows = _read_batches(file, columns.index(column), list(types.values()))
    source = {field.name: field.type for field in file.schema_arrow if _comes_back(field.type)}
    return Table(columns, column, take_from(rows), known, dump_types(source))


def name_type(kind: Any) -> str:
    """Return what the cells of an Arrow type become: "int", "uint64", "float", "bool" or "text".

    >>> name_type(pyarrow.int32()), name_type(pyarrow.uint64()), name_type(pyarrow.string())
    ('int', 'uint64', 'text')
    """
    if pyarrow.types.is_boolean(kind):
        return "bool"
    if pyarrow.types.is_integer(kind):
        return "uint64" if pyarrow.types.is_uint64(kind) else "int"  # half of its numbers are beyond int64
    return "float" if pyarrow.types.is_floating(kind) else TEXT


def _read_batches(file: Any, column: int, types: list[str]) -> Iterator[Row]:
    for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
        arrays = map(decode_binary, batch.columns)
        values = [_to_cells(array, kind) for array, kind in zip(arrays, types, strict=True)]
        for cells in zip(*values, strict=True):
            yield Row(cells[column] if isinstance(cells[column], str) else "", list(cells))


def _to_cells(array: Any, kind: str) -> list[Any]:
    values: list[Any] = array.to_pylist()
    if kind == TEXT:
        return values if _is_plain_list(array.type) else [_to_text(value) for value in values]
    if narrow := _NARROW.get(array.type):  # else 0.1 would become 0.10000000149011612
        return [None if value is None else float(str(narrow(value))) for value in values]
    return values


def _comes_back(kind: Any) -> bool:
    """Return whether the cells of a column, as they are kept here, can be written with its Arrow type again."""
    if pyarrow.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    is_written_alike = pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind) or pyarrow.types.is_decimal(kind)
    return is_written_alike or _is_plain_list(kind)


def _is_plain_list(kind: Any) -> bool:
    """Return whether the cells are lists that JSON can hold."""
    if not (pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind)):
        return False
    return name_type(kind.value_type) != TEXT or _is_text(kind.value_type)


def _is_text(kind: Any) -> bool:
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _to_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _read_record(lines: list[str], columns: list[str]) -> Row:
    record = parse_record(lines)
    columns += [name for name in record.items if name not in columns]
    return Row(record.block, [record.items.get(name, "") for name in columns])
