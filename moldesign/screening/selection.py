"""Which of the best rows become hits: all of them, some of each scaffold, or those that differ."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import Mol
from moldesign.screening.executor import Fall
from moldesign.screening.molecules import read_molecule
from moldesign.screening.settings import ScreeningSettings
from moldesign.screening.store import Candidate, Store

_BLOCK = 512
"""Rows compared with each other and with all picked ones at once."""


def select_hits(store: Store, settings: ScreeningSettings) -> Iterator[Candidate]:
    """Yield the hits, best first or in the order of the library."""
    if not settings.diverse and settings.per_scaffold is None:
        yield from store.iterate_hits(in_input_order=settings.in_input_order)
        return
    best = list(store.iterate_hits())
    rows = pick_rows(
        [_read(one) for one in best],
        per_scaffold=settings.per_scaffold,
        similarity=settings.similarity if settings.diverse else None,
        n=settings.top,
    )
    hits = [best[row] for row in rows]
    yield from sorted(hits, key=lambda one: one.place) if settings.in_input_order else hits


def pick_rows(
    mols: Sequence[Mol], *, per_scaffold: int | None = None, similarity: float | None = None, n: int | None = None
) -> list[int]:
    """Return rows from the best on, each of which both rules allow beside those that are picked before it.

    A row that one rule forbids takes no room of the other. Similarity is Tanimoto's, of Morgan fingerprints with
    radius 2 (doi:10.1021/ci025554v); picking by it alone is sphere exclusion from the best row on.

    Args:
        mols: best first.
        per_scaffold: how many rows may share a Murcko scaffold.
        similarity: from which on a molecule is too similar to a picked one.
        n: how many rows are enough.

    >>> from moldesign.chem.smiles import require_mols
    >>> mols = require_mols(["CCCCO", "CCCCCO", "c1ccccc1", "NC(=O)CS", "CC(C)(F)Br"])
    >>> pick_rows(mols, similarity=0.5), pick_rows(mols, per_scaffold=2)
    ([0, 2, 3, 4], [0, 1, 2])
    >>> pick_rows(mols, per_scaffold=2, similarity=0.5)
    [0, 2, 3]
    """
    room = _ScaffoldRoom(per_scaffold)
    if similarity is None:
        rows: Iterator[int] = (row for row, mol in enumerate(mols) if room.take(mol))
    else:
        rows = _find_far(mols, similarity, room)
    return list(islice(rows, n))


class _ScaffoldRoom:
    """Counts picked molecules by scaffold."""

    def __init__(self, per_scaffold: int | None) -> None:
        self._per_scaffold, self._n_taken = per_scaffold, Counter[str]()

    def take(self, mol: Mol) -> bool:
        """Return whether there is room for a molecule, which takes it."""
        if self._per_scaffold is None:
            return True
        scaffold = murcko_scaffold(mol)
        if self._n_taken[scaffold] == self._per_scaffold:
            return False
        self._n_taken[scaffold] += 1
        return True


def _find_far(mols: Sequence[Mol], similarity: float, room: _ScaffoldRoom) -> Iterator[int]:
    """Yield rows for which there is room, and that resemble none that has been yielded."""
    taken = morgan_bits([])
    for start in range(0, len(mols), _BLOCK):
        block = mols[start : start + _BLOCK]
        bits = morgan_bits(block)
        is_near: NDArray[np.bool_] = np.logical_or.reduce(tanimoto(bits, taken) >= similarity, axis=1)
        alike = tanimoto(bits, bits) >= similarity
        fresh = []
        for row, mol in enumerate(block):
            if not is_near[row] and room.take(mol):
                yield start + row
                fresh.append(row)
                is_near |= alike[row]
        taken = np.concatenate([taken, bits[fresh]])


def _read(candidate: Candidate) -> Mol:
    molecule = read_molecule(candidate.text, is_block=candidate.is_block)
    if isinstance(molecule, Fall):
        raise ValueError(f"a row that had a score cannot be read any more: {molecule.reason}")
    return molecule.mol
