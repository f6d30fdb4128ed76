"""Stereocentres and double bonds that have two forms; the corners of a cage are stereocentres only where that shows.

RDKit reports each corner of an adamantane as a potential stereocentre, because it looks at one atom after the other. In
a small cage no corner can be inverted alone: they turn over together, which gives the mirror image of the cage. Where
that is the same molecule, as in amantadine, quinuclidine or varenicline, there is nothing to state.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.smiles import Mol

_LARGEST_CAGE = 9
"""Atoms of a bicycle whose two corners point outwards for sure: [3.3.1] of adamantane; [4.4.1] may be turned inside."""

_OF_BONDS = (Chem.StereoType.Bond_Double, Chem.StereoType.Bond_Cumulene_Even, Chem.StereoType.Bond_Atropisomer)

_Bonds = frozenset[tuple[int, int]]
"""Each is the pair of its atoms."""


def find_stereo(mol: Mol) -> list[Chem.StereoInfo]:
    """Return the tetrahedral centres and double bonds that have two forms, given or not.

    >>> from moldesign.chem.smiles import require_mols
    >>> amantadine, tropine, benzamidine = require_mols(
    ...     ["NC12CC3CC(CC(C3)C1)C2", "CN1C2CCC1CC(O)C2", "N=C(N)c1ccccc1"]
    ... )
    >>> [len(find_stereo(mol)) for mol in (amantadine, tropine, benzamidine)]
    [0, 3, 0]
    """
    found = [one for one in Chem.FindPotentialStereo(mol) if not _is_imine(mol, one)]
    rings = mol.GetRingInfo()
    if not any(one.type not in _OF_BONDS and rings.NumAtomRings(one.centeredOn) > 1 for one in found):
        return found
    cages = _find_cages(mol)
    return _drop_achiral(mol, found, cages) if cages else found


@dataclass(frozen=True)
class _Element:
    """What is inverted as a whole: a centre, a double bond, or all corners of a cage."""

    atoms: frozenset[int]
    senses: Mapping[int, int]
    """How the neighbours of an atom, by index, turn: 1 or -1; the corners of a cage depend on each other."""
    is_cage: bool = False

    def find_sign(self, mol: Mol, image: Mapping[int, int]) -> int:
        """Return -1 if a symmetry inverts it, 1 if it leaves it as it is."""
        sign = 1
        for atom in sorted(self.atoms)[: 1 if self.is_cage else None]:
            turned = _count_sign([image[one] for one in _list_neighbors(mol, atom)])
            sign *= turned * self.senses[atom] * self.senses[image[atom]]
        return sign


class _Bicycle(NamedTuple):
    """Two atoms with three bridges between them."""

    corners: tuple[int, int]
    beginnings: tuple[list[int], list[int]]
    """Seen from either corner: the first atom of each bridge."""


def _is_imine(mol: Mol, one: Chem.StereoInfo) -> bool:
    """Return whether it is a C=NH, whose forms turn into each other."""
    if one.type != Chem.StereoType.Bond_Double:
        return False
    return any(atom.GetAtomicNum() == 7 and atom.GetTotalNumHs(includeNeighbors=True) for atom in _list_ends(mol, one))


def _list_ends(mol: Mol, one: Chem.StereoInfo) -> list[Chem.Atom]:
    bond = mol.GetBondWithIdx(one.centeredOn)
    return [bond.GetBeginAtom(), bond.GetEndAtom()]


def _list_neighbors(mol: Mol, atom: int) -> list[int]:
    return sorted(neighbor.GetIdx() for neighbor in mol.GetAtomWithIdx(atom).GetNeighbors())


def _count_sign(order: Sequence[int]) -> int:
    """Return the sign of the permutation that sorts an order."""
    return -1 if sum(first > second for first, second in combinations(order, 2)) % 2 else 1


def _find_cages(mol: Mol) -> list[_Element]:
    """Return the sets of atoms that are corners of small bicycles, in a consistent sense."""
    links: dict[int, dict[int, int]] = {}
    for bicycle in _find_bicycles(mol):
        first, second = bicycle.corners
        relation = -1  # looked at from outside, the bridges of the one corner turn left and those of the other right
        for corner, beginnings in zip(bicycle.corners, bicycle.beginnings, strict=True):
            outside = [atom for atom in _list_neighbors(mol, corner) if atom not in beginnings]
            relation *= _count_sign([*beginnings, *outside])
        links.setdefault(first, {})[second] = links.setdefault(second, {})[first] = relation
    cages = []
    while links:
        root = next(iter(links))
        senses, waiting = {root: 1}, [root]
        while waiting:
            atom = waiting.pop()
            for other, relation in links.pop(atom).items():
                if other not in senses:
                    senses[other] = relation * senses[atom]
                    waiting.append(other)
        cages.append(_Element(frozenset(senses), senses, is_cage=True))
    return cages


def _find_bicycles(mol: Mol) -> Iterator[_Bicycle]:
    """Yield the small bicycles whose corners are not bonded to each other."""
    rings = [ring for ring in mol.GetRingInfo().AtomRings() if len(ring) < _LARGEST_CAGE]
    cycles = [frozenset((min(pair), max(pair)) for pair in pairwise([*ring, ring[0]])) for ring in rings]
    around = (one ^ two for one, two in combinations(cycles, 2) if _find_corners(one, two))
    cycles += dict.fromkeys(ring for ring in around if len(ring) < _LARGEST_CAGE)
    for one, two in combinations(cycles, 2):
        bridges = (one & two, one - two, two - one)
        if min(map(len, bridges)) < 2 or len(one | two) > _LARGEST_CAGE + 1:
            continue
        if corners := _find_corners(one, two):
            first, second = corners
            yield _Bicycle(corners, (_find_beginnings(first, bridges), _find_beginnings(second, bridges)))


def _find_corners(one: _Bonds, two: _Bonds) -> tuple[int, int] | None:
    """Return the ends of what two rings share, if that is one path."""
    shared = Counter(chain.from_iterable(one & two))
    if shared.keys() != {*chain.from_iterable(one)} & {*chain.from_iterable(two)}:
        return None
    ends = [atom for atom, n in shared.items() if n == 1]
    return (ends[0], ends[1]) if len(ends) == 2 else None


def _find_beginnings(corner: int, bridges: Sequence[_Bonds]) -> list[int]:
    return [next(sum(bond) - corner for bond in bridge if corner in bond) for bridge in bridges]


def _drop_achiral(mol: Mol, found: list[Chem.StereoInfo], cages: list[_Element]) -> list[Chem.StereoInfo]:
    """Return what is left without the cages that are their own mirror image, and without what depends on these."""
    corners = frozenset[int]().union(*(cage.atoms for cage in cages))
    elements = cages + [_make_single(mol, one) for one in found if not _list_atoms(mol, one) <= corners]
    for cage in cages:
        region = _find_region(mol, cage)
        achiral = cage if cage in elements and _is_achiral(mol, cage, elements, region) else None
        while achiral:
            elements.remove(achiral)
            inside = (one for one in elements if one.atoms <= region)
            achiral = next((one for one in inside if _is_achiral(mol, one, elements, region)), None)
    left = frozenset[int]().union(*(one.atoms for one in elements))
    return [one for one in found if _list_atoms(mol, one) <= left]


def _make_single(mol: Mol, one: Chem.StereoInfo) -> _Element:
    atoms = _list_atoms(mol, one)
    return _Element(atoms, dict.fromkeys(atoms, 1))


def _list_atoms(mol: Mol, one: Chem.StereoInfo) -> frozenset[int]:
    if one.type in _OF_BONDS:
        return frozenset(atom.GetIdx() for atom in _list_ends(mol, one))
    return frozenset([one.centeredOn])


def _find_region(mol: Mol, cage: _Element) -> set[int]:
    """Return the atoms of the ring system that a cage belongs to, and the neighbours of these."""
    region, waiting = set(cage.atoms), list(cage.atoms)
    while waiting:
        for bond in mol.GetAtomWithIdx(atom := waiting.pop()).GetBonds():
            other = bond.GetOtherAtomIdx(atom)
            if other not in region and bond.IsInRing():
                waiting.append(other)
            region.add(other)
    return region


def _is_achiral(mol: Mol, element: _Element, elements: list[_Element], region: set[int]) -> bool:
    """Return whether a symmetry of the region inverts an element and leaves all others where and as they are."""
    others = [one for one in elements if one is not element]
    near = [one for one in others if one.atoms <= region]
    return any(
        element.find_sign(mol, image) < 0 and all(one.find_sign(mol, image) > 0 for one in near)
        for image in _find_symmetries(mol, element, others, region)
    )


def _find_symmetries(
    mol: Mol, element: _Element, others: list[_Element], region: set[int]
) -> Iterator[Mapping[int, int]]:
    """Yield where each atom goes; an element goes onto itself, and the others do not move at all."""
    marked = Chem.Mol(mol)
    fixed = [atom for one in others for atom in one.atoms] + ([] if element.is_cage else list(element.atoms))
    for atom in marked.GetAtoms():
        atom.SetAtomMapNum(1 if atom.GetIdx() in element.atoms else 0)
    for number, index in enumerate(fixed, start=2):
        marked.GetAtomWithIdx(index).SetAtomMapNum(number)
    ranks = Chem.CanonicalRankAtoms(marked, breakTies=False, includeChirality=False)
    places = {atom: place for place, atom in enumerate(sorted(region))}
    graph = Chem.RWMol()
    for atom in places:
        label = Chem.Atom(6)
        label.SetIsotope(ranks[atom] + 1)
        graph.AddAtom(label)
    for bond in mol.GetBonds():
        if (first := bond.GetBeginAtomIdx()) in places and (second := bond.GetEndAtomIdx()) in places:
            graph.AddBond(places[first], places[second], Chem.BondType.SINGLE)
    atoms, unmoved = list(places), {atom: atom for atom in range(mol.GetNumAtoms())}
    for match in graph.GetSubstructMatches(graph, uniquify=False):
        yield unmoved | {atom: atoms[goal] for atom, goal in zip(atoms, match, strict=True)}
