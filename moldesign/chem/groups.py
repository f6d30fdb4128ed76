"""Groups: what a molecule holds at the open points of a piece that it keeps, cut off and written from there."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from rdkit import Chem

from moldesign.chem.open_points import OpenPiece
from moldesign.chem.smiles import Mol, canonicalize


def cut_groups(mol: Mol, piece: OpenPiece, match: Sequence[int]) -> list[Mol] | None:
    """Return the group at each open point, in their order, each with one dummy atom where it was
    bonded to the piece, whose isotope is the number of the point.

    Args:
        mol: the molecule.
        piece: what it keeps.
        match: where, from `piece.find_in(mol)`.

    Returns:
        None where a group holds on to the piece at two points, so that it cannot be cut off.

    >>> from moldesign.chem.open_points import read_scaffold
    >>> from moldesign.chem.smiles import require_mols
    >>> anilide, [paracetamol] = read_scaffold("CC(=O)Nc1ccc(*)cc1"), require_mols(["CC(=O)Nc1ccc(O)cc1"])
    >>> [group] = cut_groups(paracetamol, anilide, anilide.find_in(paracetamol)[0])
    >>> Chem.MolToSmiles(group)
    '[1*]O'
    """
    ends = [(match[anchor], match[point]) for anchor, point in zip(piece.anchors, piece.points, strict=True)]
    parts = _cut(mol, ends)
    groups = [next(part for atoms, part in parts if outside in atoms) for _, outside in ends]
    return groups if all(count_dummies(group) == 1 for group in groups) else None


def cut_linker(mol: Mol, first: OpenPiece, second: OpenPiece) -> Mol | None:
    """Return the linker between two pieces, with a dummy atom of isotope 1 where the first was and 2 for the second.

    Returns:
        None where the molecule is not made of the two pieces and a linker of at least one atom.

    >>> from moldesign.chem.open_points import read_ends
    >>> from moldesign.chem.smiles import require_mols
    >>> [mol] = require_mols(["c1ccccc1CCN1CCOCC1"])
    >>> Chem.MolToSmiles(cut_linker(mol, *read_ends("c1ccccc1*.C1COCCN1*")))
    '[1*]CC[2*]'
    """
    pairs = product(first.find_in(mol), second.find_in(mol))
    return next((linker for a, b in pairs if (linker := _cut_between(mol, (first, a), (second, b)))), None)


def list_linkers(group: Mol) -> list[Mol]:
    """Return the linkers that a group can become: a second open point in place of a hydrogen or of a part of it.

    Args:
        group: with one dummy atom of isotope 1, where it is bonded to what is kept.

    Returns:
        Different linkers with a further dummy atom of isotope 2, in a fixed order.

    >>> from moldesign.chem.smiles import require_mols
    >>> [Chem.MolToSmiles(linker) for linker in list_linkers(require_mols(["[1*]CO"])[0])]
    ['[1*]C[2*]', '[1*]C([2*])O', '[1*]CO[2*]']
    """
    root = find_dummy(group, 1)
    linkers = [
        linker
        for bond in group.GetBonds()
        if not bond.IsInRing() and bond.GetBondType() == Chem.BondType.SINGLE
        if (linker := _cut_off(group, bond, root)) is not None
    ]
    linkers += [_add_point(group, atom.GetIdx()) for atom in group.GetAtoms() if atom.GetTotalNumHs() > 0]
    return list({canonicalize(linker): linker for linker in linkers}.values())


def write_from(mol: Mol, isotope: int, rng: np.random.Generator | None = None) -> str:
    """Return a SMILES that begins with the dummy atom of an isotope number; all dummy atoms are written `*`.

    It goes on along a random path, without a generator along the canonical one.
    """
    order = np.arange(mol.GetNumAtoms()) if rng is None else rng.permutation(mol.GetNumAtoms())
    root = find_dummy(mol, isotope)
    shuffled = Chem.RenumberAtoms(mol, order.tolist())
    for atom in shuffled.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    return str(Chem.MolToSmiles(shuffled, canonical=rng is None, rootedAtAtom=order.tolist().index(root)))


def count_dummies(mol: Mol) -> int:
    """Return the number of open points, which are atoms without an element."""
    return sum(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms())


def find_dummy(mol: Mol, isotope: int) -> int:
    """Return the dummy atom with an isotope number, of which there must be one."""
    return int(next(a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 0 and a.GetIsotope() == isotope))


def _cut(mol: Mol, ends: Sequence[tuple[int, int]]) -> list[tuple[set[int], Mol]]:
    """Cut bonds, each marked at both sides with its number as isotope; return the parts with their old atoms."""
    bonds = [mol.GetBondBetweenAtoms(*end).GetIdx() for end in ends]
    cut = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(number, number) for number in range(1, len(ends) + 1)])
    return list(zip(map(set, Chem.GetMolFrags(cut)), Chem.GetMolFrags(cut, asMols=True), strict=True))


def _cut_between(mol: Mol, *placed: tuple[OpenPiece, Sequence[int]]) -> Mol | None:
    kept = [{match[atom] for atom in range(len(match)) if atom not in piece.points} for piece, match in placed]
    ends = [(match[piece.anchors[0]], match[piece.points[0]]) for piece, match in placed]
    if kept[0] & kept[1] or any(outside in kept[0] | kept[1] for _, outside in ends):
        return None
    parts = _cut(mol, ends)
    return next((part for atoms, part in parts if all(outside in atoms for _, outside in ends)), None)


def _cut_off(group: Mol, bond: Chem.Bond, root: int) -> Mol | None:
    """Return what is left between the root and a bond, with an open point at the bond; None at the root itself."""
    if root in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()):
        return None
    cut = Chem.FragmentOnBonds(group, [bond.GetIdx()], dummyLabels=[(2, 2)])
    parts = zip(Chem.GetMolFrags(cut), Chem.GetMolFrags(cut, asMols=True), strict=True)
    return next(part for atoms, part in parts if root in atoms)


def _add_point(group: Mol, atom: int) -> Mol:
    """Return the group with an open point in place of a hydrogen."""
    grown = Chem.RWMol(group)
    point = grown.AddAtom(Chem.Atom(0))
    grown.GetAtomWithIdx(point).SetIsotope(2)
    grown.AddBond(atom, point, Chem.BondType.SINGLE)
    changed = grown.GetAtomWithIdx(atom)
    if changed.GetNumExplicitHs():
        changed.SetNumExplicitHs(changed.GetNumExplicitHs() - 1)
        changed.SetNoImplicit(changed.GetNumExplicitHs() > 0 or changed.GetFormalCharge() != 0)
    Chem.SanitizeMol(grown)
    return grown.GetMol()
