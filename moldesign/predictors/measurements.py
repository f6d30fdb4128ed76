"""What a model was made of, kept in its folder: every measurement, and the part that its molecule was dealt to.

`moldesign train --continue` goes on from it. It is a table like any other, `measurements.csv.gz`, one row per measured
row of the user's table, so that measurements that come later are merged as if they had stood in the same table.
"""

import gzip
import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from moldesign.checkpoint import write_bytes_atomically
from moldesign.datasets.delimited import DelimitedWriter
from moldesign.datasets.growing import NEW, TEST, TRAIN, VALID
from moldesign.datasets.splits import Split
from moldesign.datasets.tables import read_table
from moldesign.errors import ModelFormatError
from moldesign.predictors.assay import Assay
from moldesign.predictors.assay_rows import PART_COLUMN, UNNUMBERED, MeasuredRows, read_rows

MEASUREMENTS_FILE = "measurements.csv.gz"

_SMILES = "smiles"
_PART_NAMES: Mapping[int, str] = {TRAIN: "train", VALID: "valid", TEST: "test", NEW: ""}
"""A molecule of no part has contradicting measurements alone, or no graph."""
_PARTS = {name: part for part, name in _PART_NAMES.items()}


class OldData(NamedTuple):
    """What a model was made of."""

    rows: MeasuredRows
    """With a column per endpoint"""
    parts: Mapping[str, int]
    """By InChIKey; see `growing.Parts`"""


def find_parts(assay: Assay, split: Split) -> dict[str, int]:
    """Return the part of each molecule by InChIKey."""
    pairs = zip((TRAIN, VALID, TEST), split, strict=True)
    return {assay.table.keys[row]: part for part, rows in pairs for row in rows.tolist()}


def write_measurements(folder: Path, assay: Assay, split: Split) -> None:
    """Write `measurements.csv.gz`; the same measurements give the same bytes."""
    if assay.rows is None:
        raise ValueError("the assay does not hold the rows that it was made of")
    rows, parts = assay.rows, find_parts(assay, split)
    frame = pd.DataFrame(rows.labels, columns=[target.name for target in assay.targets])
    frame.insert(0, _SMILES, [rows.smiles[key] for key in rows.keys])
    frame.insert(1, PART_COLUMN, [_PART_NAMES[parts.get(key, NEW)] for key in rows.keys])
    stream = io.BytesIO()
    DelimitedWriter(stream, ",").write(frame.iloc[np.flatnonzero(np.isfinite(rows.labels).any(axis=1))])
    write_bytes_atomically(folder / MEASUREMENTS_FILE, gzip.compress(stream.getvalue(), mtime=0))


def read_measurements(folder: Path, endpoints: Sequence[str]) -> OldData | None:
    """Read what `write_measurements` wrote; None where there is no such file.

    Raises:
        TableError: the file cannot be read, or lacks a column.
        ModelFormatError: it names a part that there is none of.
    """
    path = folder / MEASUREMENTS_FILE
    if not path.is_file():
        return None
    rows = read_rows(path, endpoints, smiles_column=_SMILES)
    chunks = read_table(path, smiles_column=_SMILES, columns=[PART_COLUMN])
    names = [name for chunk in chunks for name in chunk.frame[PART_COLUMN].tolist()]
    if unknown := set(names) - _PARTS.keys():
        raise ModelFormatError(
            f"{path} names a part {min(unknown)!r}, which there is none of; copy the complete model folder again"
        )
    parts = {key: _PARTS[names[number - 1]] for key, number in zip(rows.keys, rows.numbers.tolist(), strict=True)}
    return OldData(rows._replace(source=folder.name, numbers=np.full_like(rows.numbers, UNNUMBERED)), parts)


def copy_measurements(source: Path, folder: Path) -> None:
    """Copy `measurements.csv.gz` to another folder of the same networks, where there is one."""
    if (source / MEASUREMENTS_FILE).is_file():
        shutil.copyfile(source / MEASUREMENTS_FILE, folder / MEASUREMENTS_FILE)
