"""Pieces with open points: a scaffold to be decorated, or two ends to be linked, each point written as `*`."""

import re
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdqueries

from moldesign.chem.smiles import Mol, parse_smiles
from moldesign.errors import OpenPointError

_ENDS_OPEN = re.compile(r"(?!\[\*:).+\[\*:\d+\]")


@dataclass(frozen=True)
class OpenPiece:
    """A part of a molecule that is kept as it is; it may grow at its open points and nowhere else."""

    text: str
    """As the user wrote it."""
    mol: Mol
    """Each open point is a dummy atom with the map number 1, 2, ..."""

    @cached_property
    def points(self) -> tuple[int, ...]:
        """The dummy atoms, in the order of their map numbers."""
        return tuple(atom.GetIdx() for atom in self.mol.GetAtoms() if atom.GetAtomicNum() == 0)

    @cached_property
    def anchors(self) -> tuple[int, ...]:
        """The atom behind each open point."""
        return tuple(self.mol.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx() for point in self.points)

    def find_in(self, mol: Mol) -> list[tuple[int, ...]]:
        """Return where a molecule holds the piece unchanged: the indices of its atoms, open points included.

        Elements, bonds, charges, hydrogens and given stereochemistry must be the same, and only at the open points
        may there be more; there must be something at each of them.

        >>> from moldesign.chem.smiles import require_mols
        >>> anilide = read_scaffold("CC(=O)Nc1ccc(*)cc1")
        >>> [bool(anilide.find_in(mol)) for mol in require_mols(["CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(O)cc1C"])]
        [True, False]
        """
        return list(mol.GetSubstructMatches(self._query, useChirality=True))

    @cached_property
    def _query(self) -> Mol:
        query = Chem.RWMol(self.mol)
        for index, atom in enumerate(self.mol.GetAtoms()):
            query.ReplaceAtom(index, _match_anything() if index in self.points else _match_unchanged(atom))
        return query.GetMol()


def read_scaffold(text: str) -> OpenPiece:
    """Return a scaffold whose open points are to be grown.

    Raises:
        OpenPointError: it is no SMILES, has no `*`, or more than one piece; the message names it.
    """
    mol = _read(text, "scaffold")
    example = "as in 'c1ccc(*)cc1*'"
    if not _count_points(mol):
        raise OpenPointError(f"the scaffold {text!r} has no open point; mark each place to grow with '*', {example}")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise OpenPointError(f"the scaffold {text!r} has more than one piece; to link two pieces, use --link 'A*.B*'")
    return _make_piece(text, mol, "scaffold")


def read_ends(text: str) -> tuple[OpenPiece, OpenPiece]:
    """Return the two pieces that a linker is to join, written `A*.B*`.

    Raises:
        OpenPointError: it is no SMILES, or not two pieces with one open point each; the message names it.
    """
    mol = _read(text, "linker ends")
    pieces = Chem.GetMolFrags(mol, asMols=True)
    n_points = _count_points(mol)
    if len(pieces) != 2 or [_count_points(piece) for piece in pieces] != [1, 1]:
        raise OpenPointError(
            f"the linker ends {text!r} are {len(pieces)} pieces with {n_points} open points; give two pieces with one "
            "'*' each, as in 'c1ccccc1*.C1CCNCC1*'"
        )
    first, second = (_make_piece(text, piece, "linker ends") for piece in pieces)
    for piece in (first, second):
        if piece.mol.GetAtomWithIdx(piece.points[0]).GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise OpenPointError(
                f"the linker ends {text!r} have a double bond to '*'; a linker is joined by single bonds"
            )
    return first, second


def write_ending_open(piece: OpenPiece, n_tries: int, seed: int) -> list[str]:
    """Return different SMILES of a piece whose last atom is an open point, each point with its map number.

    >>> write_ending_open(read_scaffold("CC(=O)N*"), 1, seed=0)[0]
    'CC(=O)N[*:1]'
    """
    rooted = [Chem.MolToSmiles(piece.mol, rootedAtAtom=atom) for atom in range(piece.mol.GetNumAtoms())]
    drawn = Chem.MolToRandomSmilesVect(piece.mol, n_tries, randomSeed=seed + 1)  # RDKit: 0 is no seed at all
    texts = dict.fromkeys([*rooted, *drawn])
    return [text for text in texts if _ENDS_OPEN.fullmatch(text)]


def _read(text: str, kind: str) -> Mol:
    parsed = parse_smiles([text])
    if (mol := parsed.mols[0]) is None:
        reason = (parsed.errors[0] or "").removeprefix("row 0: ")
        raise OpenPointError(f"the {kind} cannot be read: {reason}")
    return mol


def _make_piece(text: str, mol: Mol, kind: str) -> OpenPiece:
    labelled = Chem.Mol(mol)
    n_points = 0
    for atom in labelled.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() != 0:
            continue
        n_points += 1
        if atom.GetFormalCharge() or atom.GetTotalNumHs() or atom.GetNumRadicalElectrons():
            raise OpenPointError(f"the {kind} {text!r}: a '*' has no charge and no hydrogens; write it as '*'")
        atom.SetIsotope(0)
        atom.SetAtomMapNum(n_points)
        neighbors = atom.GetNeighbors()
        if len(neighbors) != 1 or neighbors[0].GetAtomicNum() == 0:
            raise OpenPointError(f"the {kind} {text!r}: each '*' must be bonded to one atom, which is no '*' itself")
    return OpenPiece(text, labelled)


def _count_points(mol: Mol) -> int:
    return sum(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms())


def _match_anything() -> Chem.QueryAtom:
    return Chem.AtomFromSmarts("*")


def _match_unchanged(atom: Chem.Atom) -> Chem.QueryAtom:
    """Return a query for the same atom with the same hydrogens, charge and number of neighbours."""
    query = Chem.AtomFromSmarts(f"[#{atom.GetAtomicNum()}{'a' if atom.GetIsAromatic() else 'A'}]")
    for condition in (
        rdqueries.HCountEqualsQueryAtom(atom.GetTotalNumHs(includeNeighbors=True)),
        rdqueries.FormalChargeEqualsQueryAtom(atom.GetFormalCharge()),
        rdqueries.ExplicitDegreeEqualsQueryAtom(atom.GetDegree()),
        rdqueries.IsotopeEqualsQueryAtom(atom.GetIsotope()),
    ):
        query.ExpandQuery(condition)
    query.SetChiralTag(atom.GetChiralTag())
    return query
