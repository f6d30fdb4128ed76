"""Crippen's estimate of logP in less than half of RDKit's time, and equal to it to the last bit.

RDKit finds the type of each atom by 110 patterns, laid on all atoms and hydrogens. Which of them match is decided by
the atom and its neighbours, at the end of a chain also by the neighbour's neighbours. So what an atom and its hydrogens
contribute is asked from RDKit once, and known wherever an atom has the same surroundings.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from moldesign.chem.smiles import Mol

Surroundings = tuple[float, ...]
"""An atom and its neighbours with the bonds to them, sorted; of a terminal atom, the same of its neighbour, too."""


class _Atom(NamedTuple):
    element: int
    charge: int
    n_hydrogens: int


class _Contribution(NamedTuple):
    """To logP: of an atom, and of each of its hydrogens."""

    own: float
    per_hydrogen: float


_HYDROGEN = 1
_AROMATIC = 1.5
_MOST_KNOWN = 200_000
"""Drug-like molecules have about a thousand different surroundings; a stream of odd ones must not fill the memory."""

_atoms: dict[int, _Atom] = {}
"""By RDKit's connectivity invariant, which all of it goes into."""

_contributions: dict[Surroundings, _Contribution] = {}


def logp(mol: Mol) -> float:
    """Return Crippen's estimate of the octanol-water partition coefficient, log10 (doi:10.1021/ci990307l).

    Args:
        mol: sanitized.

    >>> aspirin = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    >>> logp(aspirin) == rdMolDescriptors.CalcCrippenDescriptors(aspirin)[0]
    True
    """
    invariants = rdMolDescriptors.GetConnectivityInvariants(mol)
    try:
        atoms = [_atoms[invariant] for invariant in invariants]
    except KeyError:
        atoms = _meet_atoms(mol, invariants)
    if any(atom.element <= _HYDROGEN for atom in atoms):
        return float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0])
    surroundings = _describe(mol, atoms)
    try:
        contributions = [_contributions[key] for key in surroundings]
    except KeyError:
        contributions = _ask_rdkit(mol, surroundings)
    # One by one, in the order in which RDKit adds them: a sum of floating-point numbers depends on it.
    total = 0.0
    for contribution in contributions:
        total += contribution.own
    for atom, contribution in zip(atoms, contributions, strict=True):
        for _ in range(atom.n_hydrogens):
            total += contribution.per_hydrogen
    return total


def _meet_atoms(mol: Mol, invariants: Sequence[int]) -> list[_Atom]:
    if len(_atoms) > _MOST_KNOWN:
        _atoms.clear()
    atoms = [_Atom(a.GetAtomicNum(), a.GetFormalCharge(), a.GetTotalNumHs(True)) for a in mol.GetAtoms()]
    _atoms.update(zip(invariants, atoms, strict=True))
    return atoms


def _describe(mol: Mol, atoms: Sequence[_Atom]) -> list[Surroundings]:
    orders = Chem.GetAdjacencyMatrix(mol, useBO=True)
    rows, columns = orders.nonzero()
    bonds = list(zip(rows.tolist(), columns.tolist(), orders[rows, columns].tolist(), strict=True))
    is_aromatic = [False] * len(atoms)
    for atom, _, order in bonds:
        is_aromatic[atom] |= order == _AROMATIC
    # Orders are below 8, elements below 256: no two neighbours that differ have the same number.
    kinds = [16 * (atom.element + 256 * atom.charge) for atom in atoms]
    around: list[list[float]] = [[] for _ in atoms]
    only_neighbour = [0] * len(atoms)
    for atom, neighbour, order in bonds:
        around[atom].append(kinds[neighbour] + 8 * is_aromatic[neighbour] + order)
        only_neighbour[atom] = neighbour
    keys = [
        (*atom, aromatic, *sorted(bonded)) for atom, aromatic, bonded in zip(atoms, is_aromatic, around, strict=True)
    ]
    return [key + keys[only_neighbour[i]] if len(around[i]) == 1 else key for i, key in enumerate(keys)]


def _ask_rdkit(mol: Mol, surroundings: Sequence[Surroundings]) -> list[_Contribution]:
    if len(_contributions) > _MOST_KNOWN:
        _contributions.clear()
    complete = Chem.AddHs(mol)
    values = [value for value, _ in rdMolDescriptors._CalcCrippenContribs(complete)]
    n = len(surroundings)
    per_hydrogen = [0.0] * n
    for i in range(n, len(values)):
        [heavy] = complete.GetAtomWithIdx(i).GetNeighbors()
        per_hydrogen[heavy.GetIdx()] = values[i]
    contributions = list(map(_Contribution, values[:n], per_hydrogen))
    _contributions.update(zip(surroundings, contributions, strict=True))
    return contributions
