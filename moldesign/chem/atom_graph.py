"""Molecules of a batch as one graph in flat arrays, so that what is asked of every atom is asked of all at once."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.smiles import Mol

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

CARBON = 6
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


class AtomGraph(NamedTuple):
    """N molecules with A atoms and B bonds in all; every bond stands twice, once from either end."""

    owner: Numbers
    """[A], the molecule of each atom, ascending"""
    element: Numbers
    """[A], atomic number"""
    rings: Hashes
    """[A], a hash of the sizes of the smallest rings that the atom is in; 0 outside rings"""
    begin: Numbers
    """[2 B], an atom, ascending"""
    end: Numbers
    """[2 B], its neighbour"""
    order: Numbers
    """[2 B], twice the bond order: 3 for an aromatic bond"""
    in_ring: Mask
    """[2 B], whether the bond is in a ring"""


def join_atoms(mols: Sequence[Mol]) -> AtomGraph:
    """Return the graph of all atoms of these molecules, those of each molecule in its own order.

    The memory that this takes grows with the number of molecules times the square of the largest one.

    >>> graph = join_atoms([Chem.MolFromSmiles("CO"), Chem.MolFromSmiles("C1CC1=O")])
    >>> graph.owner.tolist(), graph.element.tolist()
    ([0, 0, 1, 1, 1, 1], [6, 8, 6, 6, 6, 8])
    >>> graph.order.tolist(), graph.in_ring.sum().item()
    ([2, 2, 2, 2, 2, 2, 2, 2, 4, 4], 6)
    """
    sizes = np.array([mol.GetNumAtoms() for mol in mols], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    width = int(sizes.max(initial=0))
    orders = np.zeros((len(mols), width, width), dtype=np.float32)
    for number, (mol, size) in enumerate(zip(mols, sizes.tolist(), strict=True)):
        orders[number, :size, :size] = Chem.GetAdjacencyMatrix(mol, useBO=True)
    cells = np.flatnonzero(orders != 0)  # of all the ways to list the bonds of a molecule the fastest one
    owner, begin, end = np.unravel_index(cells, orders.shape)
    begin, end = begin + offsets[owner], end + offsets[owner]
    in_ring, rings = _find_rings(mols, offsets, begin, end)
    return AtomGraph(
        owner=np.repeat(np.arange(len(mols)), sizes),
        element=_find_elements(mols, offsets),
        rings=rings,
        begin=begin,
        end=end,
        order=np.rint(2 * orders.ravel()[cells]).astype(np.int64),
        in_ring=in_ring,
    )


def mix(numbers: Hashes | Numbers) -> Hashes:
    """Return a hash of each number, of the same shape: a step of SplitMix64 (doi:10.1145/2714064.2660195)."""
    mixed = numbers.astype(np.uint64)
    mixed += _STEP
    for shift, factor in _FACTORS:
        mixed ^= mixed >> shift
        mixed *= factor
    mixed ^= mixed >> np.uint64(31)
    return mixed


def add_up(hashes: Hashes, places: Numbers, n_places: int) -> Hashes:
    """Return the sum of the hashes at each of the ascending places, uint64 [n_places]; 0 where there is none.

    >>> add_up(np.array([1, 2, 5], dtype=np.uint64), np.array([0, 0, 2]), 4).tolist()
    [3, 0, 5, 0]
    """
    sums = np.zeros(n_places, dtype=np.uint64)
    if len(places):
        firsts = np.flatnonzero(np.diff(places, prepend=-1))
        sums[places[firsts]] = np.add.reduceat(hashes, firsts)
    return sums


def _find_rings(mols: Sequence[Mol], offsets: Numbers, begin: Numbers, end: Numbers) -> tuple[Mask, Hashes]:
    """Return which bonds are in a ring, bool [2 B], and the hash of ring sizes of each atom, uint64 [A]."""
    first, second, sizes, counts = list[int](), list[int](), list[int](), list[int]()
    for mol in mols:
        rings = mol.GetRingInfo().AtomRings()
        counts.append(len(rings))
        for ring in rings:
            first += ring
            second += ring[1:]
            second.append(ring[0])
            sizes.append(len(ring))
    lengths = np.array(sizes, dtype=np.int64)
    shift = np.repeat(np.repeat(offsets[:-1], counts), lengths)
    atoms, others = np.array(first, dtype=np.int64) + shift, np.array(second, dtype=np.int64) + shift
    hashes = np.zeros(offsets[-1], dtype=np.uint64)
    np.add.at(hashes, atoms, mix(np.repeat(lengths, lengths)))
    n_atoms = int(offsets[-1])
    ring_bonds = np.concatenate([atoms * n_atoms + others, others * n_atoms + atoms])
    return _mark(begin * n_atoms + end, ring_bonds), hashes


def _mark(bonds: Numbers, marked: Numbers) -> Mask:
    """Return which of the ascending `bonds` are `marked`, bool [2 B]; a marked one without an order is not listed."""
    places = np.searchsorted(bonds, marked)
    found = places < len(bonds)
    found[found] = bonds[places[found]] == marked[found]
    is_marked = np.zeros(len(bonds), dtype=bool)
    is_marked[places[found]] = True
    return is_marked


def _find_elements(mols: Sequence[Mol], offsets: Numbers) -> Numbers:
    """Return the atomic number of every atom, int64 [A]: RDKit is asked of those alone that are no carbon."""
    elements = np.full(offsets[-1], CARBON, dtype=np.int64)
    query, places, numbers = _hetero_atom(), list[int](), list[int]()
    for offset, mol in zip(offsets.tolist(), mols, strict=False):
        for (atom,) in mol.GetSubstructMatches(query, maxMatches=max(mol.GetNumAtoms(), 1)):
            places.append(offset + atom)
            numbers.append(mol.GetAtomWithIdx(atom).GetAtomicNum())
    elements[places] = numbers
    return elements


@cache
def _hetero_atom() -> Mol:
    return Chem.MolFromSmarts("[!#6]")
