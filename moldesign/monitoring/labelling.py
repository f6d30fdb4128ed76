"""Measured values for molecules that were predicted, from a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moldesign.datasets.tables import read_table
from moldesign.errors import TableError
from moldesign.monitoring.observing import hash_molecules
from moldesign.predictors.endpoints import Endpoint

POSITIVE, NEGATIVE = {"active", "yes", "true", "1", "1.0"}, {"inactive", "no", "false", "0", "0.0"}


@dataclass(frozen=True)
class Labels:
    """What a table of measurements holds."""

    values: dict[tuple[str, str], float]
    """By hash of the molecule and endpoint; the mean of several measurements of one molecule"""
    endpoints: tuple[str, ...]
    problems: list[str]
    """Rows that could not be used, with the reason"""


def read_labels(path: str | Path, endpoints: Mapping[str, str], *, smiles_column: str | None = None) -> Labels:
    """Read measured values: a column of SMILES and one column per endpoint; an empty cell is not measured.

    Args:
        path: the table.
        endpoints: the task ("regression" or "classification") of each endpoint that a column may be called by.
        smiles_column: where its name does not tell.

    Raises:
        TableError: the table cannot be read, or has no column of an endpoint.
    """
    measured: dict[tuple[str, str], list[float]] = {}
    problems: list[str] = []
    columns: list[str] = []
    for chunk in read_table(path, smiles_column=smiles_column):
        columns = [name for name in chunk.frame.columns if name in endpoints]
        if not columns:
            raise TableError(f"{path}: no column is called like an endpoint; known are: {', '.join(sorted(endpoints))}")
        hashes = hash_molecules(chunk.smiles)
        for row, name in enumerate(hashes):
            place = f"{path}, row {chunk.first_row + row + 1}"
            if name is None:
                problems.append(f"{place}: {chunk.smiles[row]!r} is not a valid SMILES")
                continue
            for column in columns:
                cell = chunk.frame[column].iloc[row]
                value = _read_cell(cell, endpoints[column])
                if value is not None:
                    measured.setdefault((name, column), []).append(value)
                elif not _is_empty(cell):
                    problems.append(f"{place}: {cell!r} is no value of {column}")
    values = {key: float(np.mean(several)) for key, several in measured.items()}
    return Labels(values, tuple(columns), problems)


def _is_empty(cell: Any) -> bool:
    return bool(pd.isna(cell)) or not str(cell).strip()


def _read_cell(cell: Any, task: str) -> float | None:
    """Return the number of a cell; None where there is none."""
    if _is_empty(cell):
        return None
    text = str(cell).strip().lower()
    if task == "classification":
        return 1.0 if text in POSITIVE else 0.0 if text in NEGATIVE else None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def list_tasks(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """Return the task of each endpoint by its name and aliases."""
    return {name: endpoint.task for endpoint in endpoints for name in (endpoint.name, *endpoint.aliases)}
