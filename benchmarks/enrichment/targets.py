"""Targets of DUD-E, DUD and MUV: unique molecules, and a split in which nothing of the test part was seen in training.

A molecule is known by the first block of its InChIKey, so that copies, salts and stereoisomers count once. All
molecules of one Murcko scaffold, actives and decoys, are in one part. A test molecule that is nearly a copy of a
training molecule of its own class is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits, nearest
from moldesign.chem.smiles import require_mols
from moldesign.datasets.splits import Rows, group_by_scaffold
from moldesign.predictors.fitting import key_molecules

TABLES = {
    "dude": "dude_20targets.csv.gz",
    "dude_plus": "dude_plus_diverse.csv.gz",
    "dud": "riniker_DUD.csv.gz",
    "muv": "riniker_MUV.csv.gz",
}
"""Files of the folder `vs`, by the short name of the set."""

REPEATED = frozenset(
    {
        "dude_plus/hs90a", "dude_plus/nos1", "dude_plus/pa2ga", "dud/sahh", "dud/hivrt", "dud/ache", "dud/ar",
        "dud/cox2", "dud/gr",
    }
)  # fmt: skip
"""Proteins that another set before has, under this name or that of UniProt; each is counted once."""

MAX_DECOYS = 2_500
"""Of each target; more are sampled, because every method reads them all."""
DECOYS_PER_ACTIVE = 10
FEWEST_DECOYS, MOST_DECOYS = 300, 600
"""In training, where there are so many."""
LARGE_SERIES = 0.25
"""Scaffolds with more than this share of the actives are learned first: a test on one series says little."""
NEAR_COPY = 0.8
"""Tanimoto similarity (ECFP4) from which a test molecule is left out."""
FEWEST_ACTIVES = 8
"""In either part, for a target to be measured."""


class TooSmallError(ValueError):
    """A target has too few actives for a test that says anything."""


class Part(NamedTuple):
    """Molecules in their standard form, and which of them are active."""

    smiles: list[str]
    is_active: NDArray[np.bool_]

    def select(self, rows: Rows) -> "Part":
        """Return the given rows, in that order."""
        return Part([self.smiles[row] for row in rows.tolist()], self.is_active[rows])


@dataclass(frozen=True)
class EnrichmentTask:
    """One target."""

    name: str
    train: Part
    test: Part
    left_out: dict[str, int]
    """How many molecules are in neither part, by reason."""

    @property
    def counts(self) -> dict[str, int]:
        """Actives and decoys of both parts."""
        return {
            f"{title}_{kind}": int((part.is_active == active).sum())
            for title, part in (("train", self.train), ("test", self.test))
            for kind, active in (("actives", True), ("decoys", False))
        }


def list_targets(folder: Path) -> list[str]:
    """Return the names `set/target`, one target of each set in turn, so that any beginning holds all sets."""
    by_set = [[name for name in _list_set(folder, short) if name not in REPEATED] for short in TABLES]
    longest = max(map(len, by_set))
    return [names[place] for place in range(longest) for names in by_set if place < len(names)]


def load_task(folder: Path, name: str, seed: int) -> EnrichmentTask:
    """Return a target, split.

    Raises:
        TooSmallError: too few actives are left in one part.
    """
    short, target = name.split("/")
    table = _read_set(folder, short)
    rows = table[table["target"] == target]
    return split_task(name, rows["smiles"].tolist(), rows["active"].to_numpy(bool), np.random.default_rng(seed))


def split_task(
    name: str, smiles: Sequence[str], is_active: NDArray[np.bool_], rng: np.random.Generator
) -> EnrichmentTask:
    """Return the target made of these rows; see the top of this file.

    Raises:
        TooSmallError: too few actives are left in one part.
    """
    if not is_active.any():
        raise TooSmallError(f"{name}: there is no active")
    decoys = np.flatnonzero(~is_active)
    chosen = np.sort(np.concatenate([np.flatnonzero(is_active), rng.permutation(decoys)[:MAX_DECOYS]]))
    molecules, left_out = merge_copies([smiles[row] for row in chosen.tolist()], is_active[chosen])
    train, test = _split_by_scaffold(molecules, rng)
    n_unused = len(molecules.smiles) - len(train) - len(test)
    far = _find_far(molecules, train, test)
    left_out |= {
        "decoys not sampled": len(smiles) - len(chosen),
        "training decoys above the limit": n_unused,
        "near copies of training molecules": len(test) - len(far),
    }
    task = EnrichmentTask(name, molecules.select(train), molecules.select(far), left_out)
    fewest = min(task.counts["train_actives"], task.counts["test_actives"])
    if fewest < FEWEST_ACTIVES:
        raise TooSmallError(f"{name}: {fewest} actives are left in one part; {FEWEST_ACTIVES} are needed")
    return task


def merge_copies(smiles: Sequence[str], is_active: NDArray[np.bool_]) -> tuple[Part, dict[str, int]]:
    """Return each molecule once, by the first block of its InChIKey, and how many rows are gone for which reason.

    A molecule that is both an active and a decoy is neither.
    """
    keyed = key_molecules(smiles)
    rows = pd.DataFrame({"smiles": keyed.smiles, "key": keyed.keys, "active": is_active}).dropna()
    # What InChI refuses has its SMILES as the key, in which a dash is a bond and no end of a block.
    blocks = rows["key"].where(rows["key"].str.len() != 27, rows["key"].str[:14])
    grouped = rows.groupby(blocks, sort=False).agg(
        smiles=("smiles", "first"), low=("active", "min"), high=("active", "max")
    )
    certain = grouped[grouped["low"] == grouped["high"]]
    left_out = {
        "unreadable": len(smiles) - len(rows),
        "copies": len(rows) - len(grouped),
        "both active and decoy": len(grouped) - len(certain),
    }
    return Part(certain["smiles"].tolist(), certain["high"].to_numpy(bool)), left_out


def _split_by_scaffold(molecules: Part, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the rows to learn from, half of the actives and some decoys, and the rows of all other scaffolds."""
    active = molecules.is_active
    groups = group_by_scaffold(molecules.smiles)
    groups = [groups[place] for place in rng.permutation(len(groups))]
    with_active = [rows for rows in groups if active[rows].any()]
    # Python's sort keeps the random order of the others.
    with_active.sort(key=lambda rows: -max(int(active[rows].sum()), LARGE_SERIES * active.sum()))
    half, largest = -(-int(active.sum()) // 2), int(active[with_active[0]].sum())
    train, test = _fill(with_active, lambda rows: int(active[rows].sum()), max(half, largest))
    n_decoys = int(np.clip(DECOYS_PER_ACTIVE * active[train].sum(), FEWEST_DECOYS, MOST_DECOYS))
    learned, own = train[active[train]], rng.permutation(train[~active[train]])[:n_decoys]
    decoys, rest = _fill([rows for rows in groups if not active[rows].any()], len, n_decoys - len(own))
    return np.sort(np.concatenate([learned, own, decoys])), np.sort(np.concatenate([test, rest]))


def _fill(groups: Sequence[Rows], measure: Callable[[Rows], int], room: int) -> tuple[Rows, Rows]:
    """Return the rows of the groups that fit into the room, one after another, and those of the others."""
    parts: tuple[list[Rows], list[Rows]] = ([np.empty(0, np.int64)], [np.empty(0, np.int64)])
    for rows in groups:
        fits = measure(rows) <= room
        parts[0 if fits else 1].append(rows)
        room -= measure(rows) if fits else 0
    return np.concatenate(parts[0]), np.concatenate(parts[1])


def _find_far(molecules: Part, train: Rows, test: Rows) -> Rows:
    """Return the test rows that are no near copy of a training molecule of their class."""
    bits = morgan_bits(require_mols(molecules.smiles))
    kept = []
    for active in (True, False):
        known, asked = (rows[molecules.is_active[rows] == active] for rows in (train, test))
        kept.append(asked if len(known) == 0 else asked[nearest(bits[asked], bits[known]).similarity < NEAR_COPY])
    return np.sort(np.concatenate(kept))


def _list_set(folder: Path, short: str) -> Iterator[str]:
    return (f"{short}/{target}" for target in sorted(_read_set(folder, short)["target"].unique()))


@cache
def _read_set(folder: Path, short: str) -> pd.DataFrame:
    return pd.read_csv(folder / TABLES[short], dtype={"target": str})
