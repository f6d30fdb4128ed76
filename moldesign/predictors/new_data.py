"""A table of new measurements, read as a model means them: its endpoints, its tasks, its scales."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.streams import STANDARD_INPUT
from moldesign.datasets.tables import read_table
from moldesign.errors import TableError
from moldesign.predictors.assay_rows import MeasuredRows, read_rows
from moldesign.predictors.cells import Finding
from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.endpoints import Endpoint, number_names
from moldesign.predictors.ensemble import Predictor


class _Column(NamedTuple):
    name: str
    number: int
    """Of the endpoint"""


def read_new_data(
    predictor: Predictor,
    table: str | Path,
    targets: Sequence[str] | None,
    options: ContinueOptions,
    on_rows: Callable[[int], None] | None,
) -> MeasuredRows:
    """Return the rows of a table, with a column for each endpoint of the predictor, NaN where the table has none.

    Args:
        predictor: says what the columns are.
        table: CSV, TSV, SMI, SDF or Parquet.
        targets: columns, each called like an endpoint, or like its alias; None: all that are.
        options: how the table is read.
        on_rows: called with the number of rows read so far.

    Raises:
        TableError: the table cannot be read, has no such column, or measures something else; names the column.
    """
    columns = _find_columns(predictor, table, targets, options.smiles_column)
    rows = read_rows(
        table,
        [column.name for column in columns],
        smiles_column=options.smiles_column,
        time_column=options.time_column if options.split == "time" else None,
        skip_bad=options.skip_bad,
        on_rows=on_rows,
    )
    labels = np.full((len(rows.keys), len(predictor.endpoints)), np.nan)
    bad_cells = [Finding()] * len(predictor.endpoints)
    for place, column in enumerate(columns):
        require_same_kind(
            rows.source, column.name, predictor, predictor.endpoints[column.number], rows.labels[:, place]
        )
        labels[:, column.number] = rows.labels[:, place]
        bad_cells[column.number] = rows.bad_cells[place]
    return rows._replace(labels=labels, bad_cells=tuple(bad_cells))


def require_same_kind(
    source: str, column: str, predictor: Predictor, endpoint: Endpoint, labels: NDArray[np.float64]
) -> None:
    """Refuse a column that cannot hold the values of an endpoint.

    Raises:
        TableError: it holds nothing, classes instead of numbers, numbers instead of classes, or what has no logarithm.
    """
    known = labels[np.isfinite(labels)]
    if len(known) == 0:
        raise TableError(
            f"{source}: no row that is a molecule has a number in {column}; fill in what was measured, or name the "
            "other columns with --target"
        )
    are_classes = bool(np.isin(known, (0.0, 1.0)).all())
    if endpoint.task == "classification" and not are_classes:
        odd = known[~np.isin(known, (0.0, 1.0))][0]
        raise TableError(
            f"{source}: {column} holds numbers such as {odd:g}, and {predictor.name} has learned it as a "
            "classification; write classes as 0 and 1"
        )
    if endpoint.task == "regression" and are_classes:
        unit = f", {endpoint.unit}" if endpoint.unit else ""
        raise TableError(
            f"{source}: {column} holds the classes 0 and 1 alone, and {predictor.name} has learned it as a regression; "
            f"give values in its unit{unit}"
        )
    require_logarithms(source, column, predictor, endpoint, known)


def require_logarithms(
    source: str, column: str, predictor: Predictor, endpoint: Endpoint, labels: NDArray[np.float64]
) -> None:
    """Refuse a column of values that the scale of an endpoint cannot hold.

    Raises:
        TableError: the endpoint was learned as log10, and a value lies below 0.
    """
    below = labels[labels < 0]
    if endpoint.log_scale and len(below):
        raise TableError(
            f"{source}: {column} has values below 0, such as {below.min():g}, and {predictor.name} has learned its "
            "logarithm; give the values themselves, not logarithms, or correct them"
        )


def _find_columns(
    predictor: Predictor, table: str | Path, targets: Sequence[str] | None, smiles_column: str | None
) -> list[_Column]:
    numbers = number_names(predictor.endpoints)
    there = _list_columns(table, smiles_column)
    known = f"its endpoints: {', '.join(one.name for one in predictor.endpoints)}"
    if there is not None:
        known += f"; columns of the table: {', '.join(there)}"
    if targets is None and there is None:
        raise TableError(f"columns from standard input must be named: add --target COLUMN; {predictor.name}: {known}")
    wanted = [name for name in there or () if name in numbers] if targets is None else list(targets)
    if unknown := [name for name in wanted if name not in numbers]:
        raise TableError(f"{table}: {unknown[0]} is no endpoint of {predictor.name}; {known}")
    if not wanted:
        raise TableError(f"{table}: no column is called like an endpoint of {predictor.name}; {known}")
    columns = [_Column(name, numbers[name]) for name in wanted]
    if len({column.number for column in columns}) < len(columns):
        raise TableError(
            f"{table}: two of the columns {', '.join(wanted)} are the same endpoint of {predictor.name}; name one of "
            "them with --target"
        )
    return columns


def _list_columns(table: str | Path, smiles_column: str | None) -> list[str] | None:
    """Return the names of the columns of a table; None for standard input, which can be read only once."""
    if str(table) == STANDARD_INPUT:
        return None
    [chunk] = islice(read_table(table, chunk_size=1, smiles_column=smiles_column), 1)
    return [str(name) for name in chunk.frame.columns]
