"""All that the figures of a set need, gathered chunk by chunk: the molecules themselves are not kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.alerts import count_alerts
from moldesign.chem.descriptors import compute_descriptors
from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles
from moldesign.evaluation.pieces import cut_fragments, find_ring_systems, find_scaffold

PROPERTIES = ("logp", "sa", "qed", "mw")
RADIUS, N_BITS = 2, 1024
"""Of the fingerprints, as in MOSES."""


@dataclass(frozen=True)
class MoleculeSet:
    """The valid molecules of a list, in its order, as often as they occur in it."""

    n_rows: int
    """Of the list, those that are no molecule included"""
    smiles: list[str]
    """Canonical SMILES of the N valid rows"""
    bits: NDArray[np.uint8]
    """Packed Morgan fingerprints, uint8 [N, 128]"""
    properties: NDArray[np.float64]
    """Float64 [N, 4], in the order of `PROPERTIES`"""
    n_alerts: NDArray[np.int64]
    """Int64 [N]: structural alerts of each molecule"""
    ring_systems: list[tuple[str, ...]]
    """The different ring systems of each molecule"""
    fragments: Counter[str]
    """How often each BRICS fragment occurs"""
    scaffolds: Counter[str]
    """How many molecules have each scaffold of at least two rings"""

    def __len__(self) -> int:
        return len(self.smiles)


def gather(
    chunks: Iterable[Sequence[str]], *, on_chunk: Callable[[int, int], None] = lambda n_rows, n_valid: None
) -> MoleculeSet:
    """Read a list of SMILES; a row that is no molecule is counted, and left out of all else.

    Args:
        chunks: the list, in pieces.
        on_chunk: called after each piece with the number of rows and of valid ones so far.
    """
    n_rows, n_valid = 0, 0
    smiles: list[str] = []
    rings: list[tuple[str, ...]] = []
    fragments: Counter[str] = Counter()
    scaffolds: Counter[str] = Counter()
    bits = [np.zeros((0, N_BITS // 8), dtype=np.uint8)]
    properties = [np.zeros((0, len(PROPERTIES)))]
    alerts = [np.zeros(0, dtype=np.int64)]
    known: dict[str, str] = {}
    for texts in chunks:
        mols = [mol for mol in parse_smiles(texts).mols if mol is not None]
        n_rows, n_valid = n_rows + len(texts), n_valid + len(mols)
        smiles += map(canonicalize, mols)
        bits.append(morgan_bits(mols, radius=RADIUS, n_bits=N_BITS))
        properties.append(compute_descriptors(mols, PROPERTIES))
        alerts.append(count_alerts(mols))
        rings += (_share(find_ring_systems(mol), known) for mol in mols)
        fragments.update(fragment for mol in mols for fragment in cut_fragments(mol))
        scaffolds.update(_list_scaffolds(mols))
        on_chunk(n_rows, n_valid)
    return MoleculeSet(
        n_rows,
        smiles,
        np.concatenate(bits),
        np.concatenate(properties),
        np.concatenate(alerts),
        rings,
        fragments,
        scaffolds,
    )


def _list_scaffolds(mols: Sequence[Mol]) -> list[str]:
    return [scaffold for mol in mols if (scaffold := find_scaffold(mol)) is not None]


def _share(texts: list[str], known: dict[str, str]) -> tuple[str, ...]:
    """Return the texts, each as the one object that stands for it: a few thousand serve millions of molecules."""
    return tuple(known.setdefault(text, text) for text in texts)
