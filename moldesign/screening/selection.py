"""Which of the best rows become hits: all of them, some of each scaffold, or those that differ."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.leaders import Leaders
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import Mol
from moldesign.screening.executor import Fall
from moldesign.screening.molecules import read_molecule
from moldesign.screening.settings import ScreeningSettings
from moldesign.screening.store import Candidate, Store


def select_hits(store: Store, settings: ScreeningSettings) -> Iterator[Candidate]:
    """Yield the hits, best first or in the order of the library."""
    if not settings.diverse and settings.per_scaffold is None:
        yield from store.iterate_hits(in_input_order=settings.in_input_order)
        return
    best = list(store.iterate_hits())
    mols = [_read(one) for one in best]
    rows = list(range(len(best)))
    if settings.per_scaffold is not None:
        rows = limit_scaffolds([murcko_scaffold(mol) for mol in mols], settings.per_scaffold)
    if settings.diverse:
        rows = [rows[place] for place in pick_diverse([mols[row] for row in rows], settings.similarity, settings.top)]
    hits = [best[row] for row in rows[: settings.top]]
    yield from sorted(hits, key=lambda one: one.place) if settings.in_input_order else hits


def limit_scaffolds(scaffolds: Sequence[str], n: int) -> list[int]:
    """Return the rows that are among the first `n` of their scaffold.

    >>> limit_scaffolds(["a", "b", "a", "a"], 2)
    [0, 1, 2]
    """
    seen: Counter[str] = Counter()
    rows = []
    for row, scaffold in enumerate(scaffolds):
        seen[scaffold] += 1
        if seen[scaffold] <= n:
            rows.append(row)
    return rows


def pick_diverse(mols: Sequence[Mol], similarity: float, n: int | None = None) -> list[int]:
    """Return rows, each less similar to all before it than `similarity`: sphere exclusion from the best row on.

    Similarity is Tanimoto's, of Morgan fingerprints with radius 2 (doi:10.1021/ci025554v).

    Args:
        mols: best first.
        similarity: from which on a molecule is too similar.
        n: how many rows are enough.

    >>> from moldesign.chem.smiles import require_mols
    >>> pick_diverse(require_mols(["CCCCO", "CCCCCO", "c1ccccc1"]), 0.5)
    [0, 2]
    """
    numbers = Leaders(similarity).assign(morgan_bits(mols))
    _, first = np.unique(numbers, return_index=True)  # leaders are numbered in the order they came
    picked: list[int] = first[:n].tolist()
    return picked


def _read(candidate: Candidate) -> Mol:
    molecule = read_molecule(candidate.text, is_block=candidate.is_block)
    if isinstance(molecule, Fall):
        raise ValueError(f"a row that had a score cannot be read any more: {molecule.reason}")
    return molecule.mol
