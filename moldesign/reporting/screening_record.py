"""What a screening has left behind, finished or not: hits, manifest, and examples of rejected rows."""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from moldesign.datasets.streams import classify_path
from moldesign.datasets.tables import read_table
from moldesign.errors import RunFolderError
from moldesign.objectives.profile import Profile
from moldesign.reporting.wishes import read_profile
from moldesign.screening.columns import find_free_name
from moldesign.screening.progress import ScreeningFiles
from moldesign.screening.unfinished import UnfinishedScreening, is_unfinished, read_unfinished

OWN_MARK = " (library)"
"""After the name of a column of the library that an added one has, too."""
_SMILES = "standardized_smiles"
N_EXAMPLES = 3
"""Rejected rows per filter that are shown."""
_MAX_LOOKED_AT = 20_000
"""Rejected rows among which the examples are chosen."""


@dataclass(frozen=True)
class ScreeningRecord:
    """A screening."""

    out: Path
    profile: Profile
    hits: pd.DataFrame
    """Its first rows; a column of the library whose name an added one has is called `<name> (library)`"""
    own_columns: Sequence[str]
    """Those of the library"""
    smiles_column: str
    manifest: Mapping[str, Any]
    examples: Mapping[str, Sequence[Mapping[str, str]]]
    """Rejected rows by filter"""
    unfinished: UnfinishedScreening | None = None
    """What there is of it; None where it has finished"""


def is_screening(path: Path) -> bool:
    """Return whether this is the file of hits of a screening, there or still to come."""
    files = ScreeningFiles(path)
    return is_unfinished(files) or (path.is_file() and files.manifest.is_file())


def read_screening(out: Path, *, max_hits: int) -> ScreeningRecord:
    """Read what a screening has written; while one is unfinished, that one, and not what an earlier one has left.

    Args:
        out: the file of the hits.
        max_hits: rows to read.

    Raises:
        RunFolderError: the manifest is missing or damaged, or an unfinished one has done nothing yet.
        TableError: the hits cannot be read.
        ProfileError: the profile is of another version.
        MoldesignError: the hits of an unfinished one cannot be described, because a model has moved.
    """
    files = ScreeningFiles(out)
    return _read_unfinished(files, max_hits) if is_unfinished(files) else _read_finished(files, max_hits)


def _read_finished(files: ScreeningFiles, max_hits: int) -> ScreeningRecord:
    out = files.out
    try:
        manifest = dict(json.loads(files.manifest.read_text(encoding="utf-8")))
        text, counts = str(manifest["profile"]), manifest["counts"]
        own = _list_columns(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{files.manifest} cannot be read ({error}); screen the library again") from error
    frame = _read_hits(out, max_hits) if counts["hits"] else pd.DataFrame({_SMILES: []})
    hits, renamed = undo_clashes(frame, own)
    return ScreeningRecord(
        out=out,
        profile=read_profile(text, str(files.manifest)),
        hits=hits,
        own_columns=renamed,
        smiles_column=_SMILES,
        manifest=manifest,
        examples=_read_examples(files.rejected),
    )


def _read_unfinished(files: ScreeningFiles, max_hits: int) -> ScreeningRecord:
    found = read_unfinished(files, max_hits=max_hits, max_rejected=_MAX_LOOKED_AT)
    # As text, and back, so that each cell is what it would be in the file of the hits.
    text = io.StringIO(found.hits.to_csv(index=False, lineterminator="\r\n"))  # else a lone "\r" is not quoted
    frame = pd.read_csv(text, dtype=str, keep_default_na=False).apply(_to_numbers)
    hits, renamed = undo_clashes(frame, _list_columns(found.manifest))
    return ScreeningRecord(
        out=files.out,
        profile=read_profile(found.manifest["profile"], str(files.progress)),
        hits=hits,
        own_columns=renamed,
        smiles_column=_SMILES,
        manifest=found.manifest,
        examples=_choose_examples(found.rejected),
        unfinished=found,
    )


def _list_columns(manifest: Mapping[str, Any]) -> list[str]:
    """Return the columns of the library, each once."""
    return list(dict.fromkeys(str(name) for file in manifest["inputs"] for name in file["columns"]))


def _read_hits(out: Path, max_hits: int) -> pd.DataFrame:
    """Return the first hits; numbers are numbers, also where the file has only text."""
    chunk = next(read_table(out, chunk_size=max_hits, smiles_column=name_smiles_column(out)))
    frame = chunk.frame.head(max_hits)
    return frame.apply(_to_numbers)


def name_smiles_column(out: Path) -> str | None:
    """Return which column of hits holds the SMILES; None where the format has a place of its own for structures."""
    return _SMILES if classify_path(out).ending in (".csv", ".tsv", ".parquet") else None


def _to_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the column as numbers or flags where all of its cells are such; empty ones are missing, lists are text."""
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return column
    column = column.map(lambda cell: str(cell) if isinstance(cell, list) else cell)  # of Parquet
    filled = column[(column != "") & column.notna()]
    if len(filled) and set(filled) <= {"True", "False"}:
        return column.map({"True": True, "False": False})
    numbers = pd.to_numeric(filled, errors="coerce")
    return column if numbers.isna().any() or filled.empty else numbers.reindex(column.index)


def list_own_columns(out: Path) -> list[str]:
    """Return the columns of the library whose hits these are; none where no manifest stands beside them."""
    try:
        return _list_columns(json.loads(ScreeningFiles(out).manifest.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return []


def undo_clashes(frame: pd.DataFrame, own: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return hits where each added column has its plain name again, and what the columns of the library are called."""
    added = {name: free for name in own if (free := find_free_name(name, own)) in frame.columns}
    names = {name: f"{name}{OWN_MARK}" for name in added} | {free: name for name, free in added.items()}
    renamed = frame.rename(columns=names)
    return renamed, [names.get(name, name) for name in own if names.get(name, name) in renamed.columns]


def _read_examples(path: Path) -> dict[str, list[dict[str, str]]]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        return _choose_examples(itertools.islice(csv.DictReader(handle), _MAX_LOOKED_AT))


def _choose_examples(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    examples: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        of_filter = examples.setdefault(str(row["filter"]), [])
        if len(of_filter) < N_EXAMPLES:
            of_filter.append({str(name): str(value) for name, value in row.items()})
    return examples
