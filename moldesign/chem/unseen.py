"""What is odd about a molecule: ring systems and surroundings of atoms that none of ChEMBL has, unstable groups.

A ring system that nobody has reported is often one that cannot be made, or does not last; a model that was trained on
measured molecules knows nothing of it. `scripts.list_known_parts` makes the lists.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.atom_graph import join_atoms
from moldesign.chem.parts import Parts, find_ring_systems, find_surroundings
from moldesign.chem.smiles import Mol
from moldesign.chem.unstable import list_groups

Codes = NDArray[np.uint32]

_NONE: Codes = np.empty(0, dtype=np.uint32)

KNOWN_PARTS_FILE = "known_parts.npz"
_MAX_CELLS = 2**20
"""Of the bond tables of molecules that are looked at together: about 600 drugs, or one molecule of 1,000 atoms."""


class KnownParts(NamedTuple):
    """What molecules are known to have, each code once, ascending."""

    ring_systems: Codes
    surroundings: Codes
    groups: Codes = _NONE
    """Unstable ones that are there all the same: their places in `unstable.GROUPS`"""

    @classmethod
    def of(cls, mols: Sequence[Mol]) -> "KnownParts":
        """Return the ring systems and surroundings of these molecules."""
        parts = [cls(*(np.unique(found.codes) for found in find_parts(block))) for block in _deal_blocks(mols)]
        return cls(*(_unite(codes) for codes in zip(*parts, strict=True))) if parts else cls(_NONE, _NONE)

    def __or__(self, other: "KnownParts") -> "KnownParts":
        """Return what either has."""
        return KnownParts(*(_unite(codes) for codes in zip(self, other, strict=True)))


class Unseen(NamedTuple):
    """How much of N molecules is not known, or known not to last."""

    ring_systems: NDArray[np.int64]
    """[N], ring systems that are not known"""
    atoms: NDArray[np.int64]
    """[N], atoms with surroundings that are not known"""
    groups: NDArray[np.int64]
    """[N], kinds of unstable groups"""


@cache
def load_known_parts() -> KnownParts:
    """Return the parts of the molecules of ChEMBL."""
    with resources.files("moldesign.chem").joinpath(KNOWN_PARTS_FILE).open("rb") as handle, np.load(handle) as steps:
        return KnownParts(*(np.cumsum(steps[name], dtype=np.uint32) for name in ("ring_systems", "surroundings")))


def accept(mols: Sequence[Mol]) -> KnownParts:
    """Return what molecules of ChEMBL or these have, with the unstable groups of these."""
    groups = _unite([np.array(own, dtype=np.uint32) for own in list_groups(mols)])
    return load_known_parts() | KnownParts.of(mols)._replace(groups=groups)


def count_unseen(mols: Sequence[Mol], known: KnownParts | None = None) -> Unseen:
    """Return how many ring systems and atoms of each molecule have no like, and how many kinds of groups do not last.

    Args:
        mols: N molecules, as RDKit sanitizes them.
        known: what is seen; by default `load_known_parts`.

    >>> from rdkit import Chem
    >>> aspirin, odd = (Chem.MolFromSmiles(text) for text in ("CC(=O)Oc1ccccc1C(=O)O", "C1CC2CCCCNC2CCN1"))
    >>> [counts.tolist() for counts in count_unseen([aspirin, odd])]
    [[0, 1], [0, 0], [0, 0]]
    """
    lists, counts = known or load_known_parts(), [np.zeros((2, 0), dtype=np.int64)]
    for block in _deal_blocks(mols):
        found = zip(find_parts(block), lists[:2], strict=True)
        counts.append(np.stack([_count(parts, codes, len(block)) for parts, codes in found]))
    accepted = set(lists.groups.tolist())
    groups = [sum(group not in accepted for group in own) for own in list_groups(mols)]
    ring_systems, atoms = np.concatenate(counts, axis=1)
    return Unseen(ring_systems, atoms, np.array(groups, dtype=np.int64))


def find_parts(mols: Sequence[Mol]) -> tuple[Parts, Parts]:
    """Return the ring systems, and the surroundings of the atoms, of a few molecules."""
    graph = join_atoms(mols)
    return find_ring_systems(graph), find_surroundings(graph)


def _deal_blocks(mols: Sequence[Mol]) -> Iterator[Sequence[Mol]]:
    """Yield molecules in their order, so few at a time that the table of their bonds is small."""
    start, width = 0, 0
    for stop, mol in enumerate(mols):
        width = max(width, mol.GetNumAtoms())
        if stop > start and (stop + 1 - start) * width**2 > _MAX_CELLS:
            yield mols[start:stop]
            start, width = stop, mol.GetNumAtoms()
    if start < len(mols):
        yield mols[start:]


def _count(parts: Parts, codes: Codes, n_mols: int) -> NDArray[np.int64]:
    """Return how many parts of each molecule are not among the ascending codes, int64 [n_mols]."""
    places = np.minimum(np.searchsorted(codes, parts.codes), len(codes) - 1)
    is_new = codes[places] != parts.codes if len(codes) else np.ones(len(parts.codes), dtype=bool)
    return np.bincount(parts.owner[is_new], minlength=n_mols)


def _unite(codes: Sequence[Codes]) -> Codes:
    return np.unique(np.concatenate([_NONE, *codes]))
