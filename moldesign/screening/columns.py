"""The columns of the hits: those of the library, unchanged, and what the screening adds."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import pandas as pd

from moldesign.datasets.parquet import SOURCE_TYPES, dump_types, load_types
from moldesign.datasets.rows import TEXT
from moldesign.objectives.terms import Term
from moldesign.screening.library import FileNotes, label_file
from moldesign.screening.likeness import NEAREST_QUERY, SIMILARITY, find_likeness, is_about_likeness
from moldesign.screening.store import Candidate, split_place

Columns = dict[str, list[Any]]

_DTYPES = {"int": "Int64", "uint64": "UInt64", "float": "float64", "bool": "boolean", TEXT: "object"}


def find_free_name(name: str, taken: Collection[str]) -> str:
    """Return `name`, or what an added column is called instead where the library has such a column already.

    >>> find_free_name("rank", ["rank"]), find_free_name("rank", ["rank", "screen_rank"])
    ('screen_rank', 'screen_2_rank')
    """
    candidates = chain([name, f"screen_{name}"], (f"screen_{n}_{name}" for n in count(2)))
    return next(one for one in candidates if one not in taken)


@dataclass(frozen=True)
class Layout:
    """What stands in which column.

    Args:
        files: those of the library.
        terms: those of the profile.
        is_ranked: whether the hits are in the order of their score.
    """

    files: Sequence[FileNotes]
    terms: Sequence[Term]
    is_ranked: bool

    def make_frame(self, hits: Sequence[Candidate], described: Columns, first_rank: int) -> pd.DataFrame:
        """Return one row per hit.

        Columns: rank (of ranked hits), score; every column of the library; file and row; standardized_smiles; per term
        its value, of a goal `<term>_score`, and what describes it; what describes the molecule. An added column whose
        name the library has, too, is called `screen_<name>`, or by the first free one of `screen_2_<name>` and so on.

        Args:
            hits: n of them.
            described: what `describe_molecules` says of them.
            first_rank: rank of the first.
        """
        own = self._read_cells(hits)
        added = self._list_added(hits, described, first_rank)
        taken = {*own, *added}
        names = {name: find_free_name(name, taken) if name in own else name for name in added}
        front = [name for name in ("rank", "score") if name in added]
        columns = {names[name]: _to_series(added.pop(name)) for name in front} | own
        frame = pd.DataFrame(columns | {names[name]: _to_series(values) for name, values in added.items()})
        frame.attrs[SOURCE_TYPES] = dump_types(self._merge_source_types())
        return frame

    @property
    def smiles_column(self) -> str:
        """The name of the column with the standardised SMILES."""
        return find_free_name("standardized_smiles", self._merge_types())

    def _list_added(self, hits: Sequence[Candidate], described: Columns, first: int) -> Columns:
        places = [split_place(hit.place) for hit in hits]
        rest = dict(described)
        columns: Columns = {"rank": list(range(first, first + len(hits)))} if self.is_ranked else {}
        columns["score"] = [hit.score for hit in hits]
        columns["file"] = [label_file(self.files[file].path) for file, _ in places]
        columns["row"] = [row for _, row in places]
        columns["standardized_smiles"] = rest.pop("standardized_smiles")
        figures = [json.loads(hit.figures) for hit in hits]
        likeness = find_likeness(self.terms)
        for k, term in enumerate(self.terms):
            if term.weight == 0 and is_about_likeness(term, likeness):
                continue
            name = SIMILARITY if term is likeness else term.name
            columns[name] = [float(raw[k]) for raw, _ in figures]
            if term is likeness:
                columns[NEAREST_QUERY] = rest.pop(NEAREST_QUERY)
            elif term.weight > 0:
                columns[f"{term.name}_score"] = [float(score[k]) for _, score in figures]
            for name in [f"{term.name}_{ending}" for ending in ("std", "low", "high", "in_domain")]:
                if name in rest:
                    columns[name] = rest.pop(name)
        return columns | rest

    def _read_cells(self, hits: Sequence[Candidate]) -> dict[str, pd.Series]:
        types, source_types = self._merge_types(), self._merge_source_types()
        cells: dict[str, list[Any]] = {name: [] for name in types}
        for hit in hits:
            own = dict(zip(self.files[split_place(hit.place)[0]].columns, json.loads(hit.cells), strict=False))
            for name, kind in types.items():
                value = own.get(name)
                is_text = kind == TEXT and name not in source_types and value is not None
                cells[name].append(str(value) if is_text else value)
        return {name: pd.Series(cells[name], dtype=_DTYPES[kind]) for name, kind in types.items()}

    def _merge_types(self) -> dict[str, str]:
        """Return the type of each column of the library: text, unless all files that have it agree on another."""
        types: dict[str, str] = {}
        for notes in self.files:
            for name in notes.columns:
                kind = notes.types.get(name, TEXT)
                types[name] = kind if types.get(name, kind) == kind else TEXT
        return types

    def _merge_source_types(self) -> dict[str, Any]:
        """Return the Arrow type of each column whose cells stand for it, if all files that have the column agree."""
        types: dict[str, Any] = {}
        for notes in self.files:
            known = load_types(notes.source_types)
            for name in notes.columns:
                types[name] = known.get(name) if types.get(name, known.get(name)) == known.get(name) else None
        return {name: kind for name, kind in types.items() if kind is not None}


def _to_series(values: list[Any]) -> pd.Series:
    present = [value for value in values if value is not None]
    if present and isinstance(present[0], bool):
        return pd.Series(values, dtype="boolean")
    return pd.Series(values) if present and not isinstance(present[0], str) else pd.Series(values, dtype="object")
