"""The rows of a table of measurements that are molecules: what is read, before copies of a molecule are merged."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.cells import is_missing
from moldesign.datasets.tables import TableChunk, read_table
from moldesign.errors import TableError
from moldesign.predictors.cells import Finding, LabelColumn, collect, parse_times
from moldesign.predictors.fitting import key_molecules

PART_COLUMN = "moldesign_part"
"""Of the table of measurements in a model folder: the part that a molecule was dealt to."""

UNNUMBERED = -1
"""The number of a row that stands in no table of the user's: a model folder kept it."""

_CHUNK = 1_000
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*$")


class MeasuredRows(NamedTuple):
    """R rows with T columns of measurements."""

    source: str
    """What messages call the table"""
    numbers: NDArray[np.int64]
    """[R], the row of the file, from 1 (the header not counted), or `UNNUMBERED`"""
    keys: list[str]
    """[R], InChIKey"""
    smiles: dict[str, str]
    """Standardised SMILES by key"""
    labels: NDArray[np.float64]
    """[R, T], NaN where nothing was measured"""
    bad_cells: tuple[Finding, ...]
    """[T], cells that hold no number; they are left out"""
    times: NDArray[np.float64] | None
    """[R], NaN where there is none"""
    n_rows: int
    """Of the file"""
    problems: list[str]
    """Rows that are no molecule, or have no time"""


class _Columns(NamedTuple):
    numbers: list[int]
    keys: list[str]
    smiles: dict[str, str]
    columns: list[LabelColumn]
    times: list[Any]
    problems: list[str]


def read_rows(
    path: str | Path,
    targets: Sequence[str],
    *,
    smiles_column: str | None = None,
    time_column: str | None = None,
    skip_bad: bool = False,
    on_rows: Callable[[int], None] | None = None,
) -> MeasuredRows:
    """Read measurements, and standardise the molecules.

    Args:
        path: the table; its ending names the format.
        targets: names of the columns of measurements.
        smiles_column: name of the SMILES column; without it, the column whose name says so.
        time_column: name of a column of numbers or ISO dates.
        skip_bad: leave out cells that hold no number instead of refusing the table.
        on_rows: called with the number of rows read so far.

    Raises:
        TableError: the table cannot be read, lacks a column, holds no molecule, or has cells that are no measurement.
    """
    wanted = [*targets, *([time_column] if time_column else [])]
    chunks = read_table(path, chunk_size=_CHUNK, smiles_column=smiles_column, columns=wanted)
    read, n_rows = _read_chunks(chunks, targets, time_column, on_rows)
    source, numbers = Path(path).name, np.array(read.numbers, dtype=np.int64)
    if not read.keys:
        raise TableError(f"{source}: no row is a molecule ({collect(read.problems).describe(1)}); see --smiles-column")
    times = parse_times(read.times) if time_column else None
    untimed = _find_untimed(numbers, times, read.times, source, time_column, skip_bad=skip_bad)
    columns = [
        _finish_column(source, name, column, skip_bad=skip_bad)
        for name, column in zip(targets, read.columns, strict=True)
    ]
    labels = np.column_stack([one for one, _ in columns])
    bad_cells = tuple(bad for _, bad in columns)
    return MeasuredRows(
        source, numbers, read.keys, read.smiles, labels, bad_cells, times, n_rows, read.problems + untimed
    )


def join_rows(old: MeasuredRows, new: MeasuredRows) -> MeasuredRows:
    """Return the rows of both tables, as if they stood in one, without times; what was odd is that of the new one."""
    return MeasuredRows(
        source=f"{old.source} and {new.source}",
        numbers=np.concatenate([old.numbers, new.numbers]),
        keys=old.keys + new.keys,
        smiles=new.smiles | old.smiles,
        labels=np.concatenate([old.labels, new.labels]),
        bad_cells=new.bad_cells,
        times=None,
        n_rows=old.n_rows + new.n_rows,
        problems=new.problems,
    )


def _read_chunks(
    chunks: Iterator[TableChunk],
    targets: Sequence[str],
    time_column: str | None,
    on_rows: Callable[[int], None] | None,
) -> tuple[_Columns, int]:
    read, n_rows = _Columns([], [], {}, [LabelColumn() for _ in targets], [], []), 0
    for chunk in chunks:
        _take_in(read, chunk, targets, time_column)
        n_rows += len(chunk.smiles)
        if on_rows:
            on_rows(n_rows)
    return read, n_rows


def _take_in(read: _Columns, chunk: TableChunk, targets: Sequence[str], time_column: str | None) -> None:
    first_row = chunk.first_row + 1  # users count the rows of a file from 1
    keyed = key_molecules(chunk.smiles, first_row=first_row)
    read.problems.extend(error for error in keyed.errors if error)
    cells = [chunk.frame[name].tolist() for name in targets]
    dates = chunk.frame[time_column].tolist() if time_column else []
    for place, (key, text) in enumerate(zip(keyed.keys, keyed.smiles, strict=True)):
        if key is None or text is None:
            continue
        read.numbers.append(first_row + place)
        read.keys.append(key)
        read.smiles.setdefault(key, text)
        read.times.extend(dates[place : place + 1])
        for column, values in zip(read.columns, cells, strict=True):
            column.add(read.numbers[-1], values[place])


def _find_untimed(
    numbers: NDArray[np.int64],
    times: NDArray[np.float64] | None,
    cells: Sequence[Any],
    source: str,
    time_column: str | None,
    *,
    skip_bad: bool,
) -> list[str]:
    """Return what to say of each row without a time.

    Raises:
        TableError: there is one and it must not be skipped, or no row has a time.
    """
    missing = [] if times is None else np.flatnonzero(np.isnan(times)).tolist()
    untimed = [f"row {numbers[place]}: {_quote(cells[place])}" for place in missing]
    if untimed and (not skip_bad or len(untimed) == len(numbers)):
        raise TableError(
            f"{source}: {time_column} is neither a number nor a date like 2021-03-31: {collect(untimed).describe()} "
            "(rows count from 1, below the header); correct the cells, or leave these rows out with --skip-bad"
        )
    return untimed


def _quote(cell: Any) -> str:
    return "no time" if is_missing(cell) or not str(cell).strip() else repr(str(cell))


def _finish_column(
    source: str, name: str, column: LabelColumn, *, skip_bad: bool
) -> tuple[NDArray[np.float64], Finding]:
    labels, bad = column.finish()
    bad_cells = collect([f"row {row}: {text!r}" for row, text in bad])
    if bad_cells.n and not skip_bad:
        advice = _advise([text for _, text in bad], has_numbers=bool(np.isfinite(labels).any()))
        raise TableError(
            f"{source}: {name} is no number in {bad_cells.describe()} (rows count from 1, below the header); {advice}"
        )
    return labels, bad_cells


def _advise(texts: Sequence[str], *, has_numbers: bool) -> str:
    """Return what to do about cells that hold no number."""
    if all(_DECIMAL_COMMA.match(text) for text in texts):
        return "write decimals with a point, as in 0.5"
    if not has_numbers and len(set(texts)) == 2:
        return "write the two classes as 0 and 1, or as inactive and active"
    return "correct these cells, empty those where nothing was measured, or leave them out with --skip-bad"
