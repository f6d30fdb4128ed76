"""The hits of a run or a screening as a page shows them: drawn, compared, and with every column that they have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rdkit import Chem

from moldesign.chem.alerts import find_alerts
from moldesign.chem.descriptors import DESCRIPTORS, compute_descriptors
from moldesign.chem.smiles import Mol, parse_smiles
from moldesign.chem.unstable import find_unstable
from moldesign.predictors.predictions import DETAILS
from moldesign.reporting.comparing import Comparison, compare_all
from moldesign.reporting.depictions import Depiction, draw_compactly, lay_out, lay_out_like
from moldesign.reporting.molecule_data import describe_graph
from moldesign.reporting.wishes import Wish

MAX_HITS = 100
"""Drawn on a page, unless the user asks for more; each takes about ten kilobytes."""

NEAREST, SIMILARITY = "nearest_training_smiles", "nearest_training_similarity"
_EXTRA = ("mw", "logp", "tpsa", "hbd", "hba", "rotatable_bonds", "heavy_atoms")
"""Descriptors by which hits can be filtered, whatever the goals are."""
_ENDINGS = ("_score", *DETAILS)


@dataclass(frozen=True)
class Hit:
    """A hit as it is drawn."""

    row: int
    """In the table, from 0"""
    smiles: str
    mol: Mol | None
    """With flat coordinates; None for what cannot be read, which is said instead"""
    picture: Depiction | None
    known: Depiction | None
    """The nearest known molecule, its common part laid over that of the hit"""
    known_smiles: str = ""
    similarity: float = math.nan
    alerts: list[str] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    """Groups that do not last"""
    comparison: Comparison = field(default_factory=Comparison)
    """With the nearest known molecule"""


@dataclass(frozen=True)
class HitTable:
    """Hits with their goals.

    Args:
        frame: the first rows of a table of hits.
        wishes: its goals.
        own_columns: those that the library brought.
        n_all: rows of the whole table.
    """

    frame: pd.DataFrame
    wishes: Sequence[Wish]
    hits: Sequence[Hit]
    own_columns: Sequence[str] = ()
    n_all: int = 0

    @property
    def values(self) -> dict[str, list[float]]:
        """The values of the goals, by column."""
        return {wish.column: _to_floats(self.frame[wish.column]) for wish in self.wishes}

    @property
    def has_domain(self) -> bool:
        """Whether a goal is a prediction."""
        return any(wish.endpoint for wish in self.wishes)

    def find_property_columns(self) -> list[str]:
        """Return the columns of numbers that one sorts and filters by: properties, not what is said about them."""
        goals = [wish.column for wish in self.wishes]
        about = {f"{goal}{ending}" for goal in goals for ending in _ENDINGS}
        hidden = about | {"row", "cluster"}
        numbers = [name for name in self.frame.columns if _is_number(self.frame[name]) and name not in hidden]
        front = [name for name in ("rank", "score") if name in numbers]
        limits = [name for name in numbers if name.startswith("must ")]
        return list(dict.fromkeys([*front, *goals, *(name for name in numbers if name not in limits)]))


def make_hit_table(
    frame: pd.DataFrame,
    wishes: Sequence[Wish],
    *,
    smiles_column: str,
    own_columns: Sequence[str] = (),
    max_hits: int = MAX_HITS,
) -> HitTable:
    """Draw the first hits of a table.

    Args:
        frame: the table.
        wishes: the goals that have columns in it.
        smiles_column: name of the column that is drawn.
        own_columns: those that the library brought.
        max_hits: drawn; the others are left out.
    """
    shown = frame.head(max_hits).reset_index(drop=True)
    smiles = ["" if cell is None else str(cell) for cell in shown[smiles_column].tolist()]
    mols = parse_smiles(smiles).mols
    texts = shown[NEAREST].tolist() if NEAREST in shown.columns else [None] * len(shown)
    similarities = _to_floats(shown[SIMILARITY]) if SIMILARITY in shown.columns else [math.nan] * len(shown)
    known = parse_smiles(texts).mols
    comparisons = compare_all(mols, known, similarities)
    rows = zip(smiles, mols, known, texts, similarities, comparisons, strict=True)
    hits = [_draw(row, *cells) for row, cells in enumerate(rows)]
    return HitTable(_add_descriptors(shown, mols), wishes, hits, own_columns, len(frame))


def describe_hits(table: HitTable) -> dict[str, Any]:
    """Return everything that the scripts of the page need of the hits, as JSON can hold it."""
    frame = table.frame
    return {
        "columns": [str(name) for name in frame.columns],
        "properties": table.find_property_columns(),
        "rows": [[_to_json(cell) for cell in row] for row in frame.astype(object).itertuples(index=False)],
        "smiles": [hit.smiles for hit in table.hits],
        "graphs": [None if hit.mol is None else describe_graph(hit.mol) for hit in table.hits],
        "blocks": ["" if hit.mol is None else str(Chem.MolToMolBlock(hit.mol)) for hit in table.hits],
        "places": [[] if hit.picture is None else hit.picture.places for hit in table.hits],
    }


def _draw(
    row: int,
    smiles: str,
    mol: Mol | None,
    known: Mol | None,
    known_smiles: Any,
    similarity: float,
    comparison: Comparison,
) -> Hit:
    if mol is None:
        return Hit(row, smiles, None, None, None)
    flat = lay_out(mol)
    pairs = comparison.pairs
    picture = draw_compactly(flat, f"structure {smiles}", shaded=[own for own, _ in pairs])
    other = None
    if known is not None:
        mirrored = [(there, here) for here, there in pairs]
        other = draw_compactly(
            lay_out_like(known, flat, mirrored), f"structure {known_smiles}", shaded=[there for there, _ in mirrored]
        )
    [alerts], [unstable] = find_alerts([mol]), find_unstable([mol])
    named = "" if other is None else str(known_smiles)
    return Hit(row, smiles, flat, picture, other, named, similarity, alerts, unstable, comparison)


def _add_descriptors(frame: pd.DataFrame, mols: Sequence[Mol | None]) -> pd.DataFrame:
    """Return the table with the usual descriptors and the names of alerts, where it has no such column."""
    missing = [name for name in _EXTRA if name not in frame.columns]
    computed = compute_descriptors(mols, missing)
    added = {name: computed[:, column] for column, name in enumerate(missing)}
    counts = [name for name in missing if DESCRIPTORS[name].unit == "" and name != "logp"]
    extra = pd.DataFrame(added, index=frame.index)
    is_known = np.array([mol is not None for mol in mols], dtype=bool)
    if is_known.all():
        extra[counts] = extra[counts].astype(int)
    return pd.concat([frame, extra], axis=1)


def _is_number(column: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def _to_floats(column: "pd.Series[Any]") -> list[float]:
    floats: list[float] = pd.to_numeric(column, errors="coerce").astype(float).tolist()
    return floats


def _to_json(cell: Any) -> str | float | int | bool | None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | np.integer):
        return int(cell)
    return float(f"{float(cell):.6g}") if isinstance(cell, float | np.floating) else str(cell)
