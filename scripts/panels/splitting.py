"""From published labels to held-out rows: copies of a molecule merged, scaffolds dealt once for a whole panel."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.chem.smiles import parse_smiles
from moldesign.datasets.splits import scaffold_split
from moldesign.predictors.endpoints import TaskType
from moldesign.predictors.fitting import key_molecules
from scripts.panels.records import Task
from scripts.teacher.store import digest, load_arrays, save_arrays

FRACTIONS = (0.85, 0.0, 0.15)
N_INACTIVES = 8_000
BLOCK = 4096
"""Molecules that are in memory at once."""


def key_rows(table: pd.DataFrame, cache: Path | None = None) -> pd.DataFrame:
    """Return key, smiles (of the standardised parent) and label of the rows whose molecule can be read.

    The parent itself must be readable: that of a salt such as `[SbH6+3]` is not always a molecule.

    Args:
        table: with columns `smiles` and `label`.
        cache: folder that keeps standardised molecules, as `scripts.teacher.tasks` does.
    """
    smiles = table["smiles"].tolist()
    path = cache / f"{digest(smiles)}.npz" if cache else None
    if path and path.is_file():
        arrays = load_arrays(path)
        keys, parents = arrays["keys"].tolist(), arrays["parents"].tolist()
    else:
        keyed = key_molecules(smiles)
        parents = [parent or "" for parent in keyed.smiles]
        keys = [key or parent for key, parent in zip(keyed.keys, parents, strict=True)]
        if path:
            save_arrays(path, {"keys": np.array(keys), "parents": np.array(parents)})
    rows = pd.DataFrame({"key": keys, "smiles": parents, "label": table["label"].to_numpy(float)})
    return rows[_can_be_read(parents)].reset_index(drop=True)


def merge_copies(rows: pd.DataFrame, kind: TaskType, *, positive_wins: bool = False) -> pd.DataFrame:
    """Return one row per key: the median of its labels, and no row where its classes disagree.

    Args:
        rows: with columns key, smiles and label.
        kind: of the labels.
        positive_wins: give class 1 to a key with both classes, because class 0 says only that nothing was reported.

    >>> rows = pd.DataFrame({"key": ["a", "b", "a"], "smiles": ["C", "N", "C"], "label": [1.0, 1.0, 0.0]})
    >>> merge_copies(rows, "classification").to_dict("list")
    {'key': ['b'], 'smiles': ['N'], 'label': [1.0]}
    """
    how = "median" if kind == "regression" else "max" if positive_wins else "mean"
    merged = rows.groupby("key", as_index=False, sort=False).agg(smiles=("smiles", "first"), label=("label", how))
    agreed = merged if kind == "regression" else merged[merged["label"].isin([0.0, 1.0])]
    return agreed.reset_index(drop=True)


def deal_scaffolds(
    tables: Mapping[str, pd.DataFrame], known_train: Collection[str] = (), known_test: Collection[str] = ()
) -> dict[str, Task]:
    """Hold out the same molecules of every table: all those known as tests, and 15 % of the others, by scaffold.

    With a split per table, hardly a molecule would be left to train a common network on: nearly every one would be in
    the test set of some endpoint.

    Args:
        tables: with columns key, smiles and label, each key once.
        known_train: keys that stay in training, because other endpoints train on them ...
        known_test: ... unless they are here: no endpoint may train on them.
    """
    if not tables:
        return {}
    pooled = pd.concat(tables.values()).drop_duplicates("key")
    free = pooled[~pooled["key"].isin({*known_train, *known_test})]
    split = scaffold_split(free["smiles"].tolist(), FRACTIONS, np.random.default_rng(0))
    held_out = {*known_test, *free["key"].iloc[split.test]}
    return {name: _cut(table, table["key"].isin(held_out)) for name, table in tables.items()}


def sample_inactives(train: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the actives, and after them a sample of the inactives."""
    actives, inactives = train[train["label"] == 1], train[train["label"] == 0]
    return pd.concat([actives, inactives.sample(min(most, len(inactives)), random_state=0)])


def _can_be_read(smiles: Sequence[str]) -> list[bool]:
    blocks = (smiles[start : start + BLOCK] for start in range(0, len(smiles), BLOCK))
    return [
        text != "" and error is None
        for block in blocks
        for text, error in zip(block, parse_smiles(block).errors, strict=True)
    ]


def _cut(table: pd.DataFrame, is_test: "pd.Series[bool]") -> Task:
    columns = table[["smiles", "label"]]
    return Task(columns[~is_test].reset_index(drop=True), columns[is_test].reset_index(drop=True))
