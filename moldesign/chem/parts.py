"""Ring systems, and the surroundings of atoms, as numbers that are equal for equal ones in any molecule."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from moldesign.chem.atom_graph import AtomGraph, Hashes, Numbers, add_up, mix

N_ROUNDS = 8
"""Two atoms of a ring system know of each other over twice as many bonds."""
_SINGLE = 2


class Parts(NamedTuple):
    """P parts of some molecules."""

    owner: Numbers
    """[P], the molecule of each"""
    codes: NDArray[np.uint32]
    """[P], equal for equal parts; two different ones have the same with a probability of 2e-10"""


def find_ring_systems(graph: AtomGraph) -> Parts:
    """Return every ring system of the molecules.

    A ring system is what holds together when every single bond outside rings is cut, as long as it has a ring: fused,
    bridged and spiro rings together, with carbonyl oxygens and other atoms at double bonds, as in the table of
    `useful_rdkit_utils` (github.com/PatWalters/useful_rdkit_utils). Neither stereochemistry nor charges nor hydrogens
    count: tautomers and salts of one ring system are the same.

    Its code is the hash of a Weisfeiler-Lehman colouring that begins with an atom's element and the sizes of its rings.

    >>> from rdkit import Chem
    >>> from moldesign.chem.atom_graph import join_atoms
    >>> texts = ["Cc1ccccc1C1CCNCC1", "OC1CC[NH2+]CC1", "O=C1CCNCC1", "CCO"]
    >>> found = find_ring_systems(join_atoms([Chem.MolFromSmiles(text) for text in texts]))
    >>> found.owner.tolist(), found.codes[1] == found.codes[2], found.codes[2] == found.codes[3]
    ([0, 0, 1, 2], np.True_, np.False_)
    """
    kept = graph.in_ring | (graph.order != _SINGLE)
    atoms, begin = np.unique(graph.begin[kept], return_inverse=True)
    end, order, n_atoms = np.searchsorted(atoms, graph.end[kept]), mix(graph.order[kept]), len(atoms)
    colors = mix(mix(graph.element[atoms]) + graph.rings[atoms])
    for _ in range(N_ROUNDS):
        colors = mix(3 * colors + add_up(mix(colors[end] + order), begin, n_atoms))
    bonds = coo_array((np.ones(len(begin), dtype=np.int8), (begin, end)), shape=(n_atoms, n_atoms))
    n_parts, part = connected_components(bonds, directed=False)
    by_part = np.argsort(part, kind="stable")
    codes = _shorten(mix(add_up(colors[by_part], part[by_part], n_parts)))
    owner, has_ring = np.zeros(n_parts, dtype=np.int64), np.zeros(n_parts, dtype=bool)
    owner[part] = graph.owner[atoms]
    has_ring[part[graph.rings[atoms] != 0]] = True
    return Parts(owner[has_ring], codes[has_ring])


def find_surroundings(graph: AtomGraph) -> Parts:
    """Return the surroundings of every atom: its bonds, its neighbours, and how many bonds each of them has.

    Of an atom they know the element, the number of its bonds, and whether it is in a ring; neither charges nor
    hydrogens.
    """
    n_bonds = np.bincount(graph.begin, minlength=len(graph.owner))
    atoms = mix(mix(graph.element) + (2 * n_bonds + (graph.rings != 0)).astype(np.uint64))
    neighbours = add_up(mix(atoms[graph.end] + mix(graph.order)), graph.begin, len(graph.owner))
    return Parts(graph.owner, _shorten(mix(3 * atoms + neighbours)))


def _shorten(hashes: Hashes) -> NDArray[np.uint32]:
    return (hashes >> np.uint64(32)).astype(np.uint32)
