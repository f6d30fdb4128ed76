"""One row of a library becomes a molecule in its standard form."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rdkit import Chem

from moldesign.chem.mixtures import is_mixture
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit, require_mols
from moldesign.chem.standardize import IONIC_METALS, neutralize_text, standardize_mol
from moldesign.datasets.cells import drop_extension
from moldesign.screening.executor import Fall

NO_MOLECULE = "not a molecule"

_PLAIN = re.compile(rf"(?:[A-Za-z0-9=#$:/\\()*-]|\[(?!\d*(?:{'|'.join(IONIC_METALS)}))[A-Za-z0-9@*]+\])+")
"""A SMILES of one fragment, without charges, ionic metals, atom map numbers and two-digit ring numbers."""
_MAX_PLAIN = 200
"""Characters; what is longer may take RDKit its time, which is measured row by row."""


class Molecule:
    """What is screened.

    Args:
        smiles: of `mol`: as the row writes it where its standard form can be read off that, canonical elsewhere.
        mol: the parent of what the row holds, see `standardize_mol`; without it, it is read when it is asked for.
        is_mixed: whether the row holds more than this molecule and its salt formers.
    """

    def __init__(self, smiles: str, mol: Mol | None = None, *, is_mixed: bool = False) -> None:
        self.smiles, self.is_mixed, self._mol = smiles, is_mixed, mol

    @property
    def mol(self) -> Mol:
        """The molecule.

        Raises:
            InvalidSmilesError: what was standardised cannot be read again.
        """
        if self._mol is None:
            [self._mol] = require_mols([self.smiles])
        return self._mol


class UnreadMolecule(Molecule):
    """A molecule that is known to be one, and is read from its row when something is asked of it."""

    def __init__(self, text: str, *, is_block: bool) -> None:
        self._text, self._is_block = text, is_block
        self._molecule: Molecule | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the molecule of the row says."""
        if name.startswith("__"):
            raise AttributeError(name)
        if self._molecule is None:
            read = read_molecule(self._text, is_block=self._is_block)
            if isinstance(read, Fall):
                raise ValueError(f"a row that had a fingerprint cannot be read any more: {read.reason}")
            self._molecule = read
        return getattr(self._molecule, name)


class UnreadMolecules(Mapping[int, Molecule]):
    """Molecules by row, of which most are made only when something is asked of them.

    Args:
        texts: of all rows.
        rows: those that are known to hold a molecule, ascending.
        is_block: whether the texts are mol blocks.
        read: rows that are read already.
    """

    def __init__(
        self, texts: Sequence[str], rows: Iterable[int], read: Mapping[int, Molecule], *, is_block: bool
    ) -> None:
        self._texts, self._is_block = texts, is_block
        self._molecules: dict[int, Molecule | None] = dict.fromkeys(rows) | dict(read)

    def __getitem__(self, row: int) -> Molecule:
        """Return the molecule of a row."""
        molecule = self._molecules[row]
        if molecule is None:
            molecule = self._molecules[row] = UnreadMolecule(self._texts[row], is_block=self._is_block)
        return molecule

    def __iter__(self) -> Iterator[int]:
        """Yield the rows."""
        return iter(self._molecules)

    def __len__(self) -> int:
        """Return how many molecules there are."""
        return len(self._molecules)


def read_molecule(text: str, *, is_block: bool) -> Molecule | Fall:
    """Return the molecule of a row, standardised, or why there is none.

    >>> read_molecule("OCC.Cl", is_block=False).smiles
    'CCO'
    >>> read_molecule("C(C", is_block=False).reason
    "'C(C' is not a valid SMILES (syntax error)"
    """
    molecule = read_unchecked(text, is_block=is_block)
    return molecule if isinstance(molecule, Fall) else check_molecule(molecule)


def read_unchecked(text: str, *, is_block: bool) -> Molecule | Fall:
    """Return what `read_molecule` does, without making sure that its standard form can be read."""
    if is_block:
        mol, problem = _read_block(text)
    else:
        text, mol, problem = _read_text(text)
    if mol is None:
        return Fall(NO_MOLECULE, problem)
    try:
        parent = standardize_mol(mol)
        if parent is mol and not is_block:
            return Molecule(text, mol)
        smiles = canonicalize(parent)
        # Read again, a molecule is what its SMILES says, and the same whichever salt or charge it was written with.
        return Molecule(smiles, is_mixed=is_mixture(mol, smiles))
    except (RuntimeError, ValueError) as error:  # how RDKit refuses what it cannot standardise
        return _refuse(error)


def find_standard_text(text: str) -> str | None:
    """Return the standard form of what a text, if it is a SMILES, holds; None where RDKit has to find it.

    It is found for a molecule of moderate size that is alone, and uncharged but for what `neutralize_text` mends.

    >>> find_standard_text("C[C@H]([NH3+])C(=O)[O-]"), find_standard_text("CC.O"), find_standard_text("C[N+](C)(C)C")
    ('C[C@H]([NH2])C(=O)[OH]', None, None)
    """
    smiles = drop_extension(text)
    neutral = neutralize_text(smiles)
    return neutral if len(smiles) <= _MAX_PLAIN and _PLAIN.fullmatch(neutral) else None


def check_molecule(molecule: Molecule) -> Molecule | Fall:
    """Return the molecule if it can be read, or why not."""
    try:
        _ = molecule.mol
    except ValueError as error:
        return _refuse(error)
    return molecule


def hash_molecule(mol: Mol) -> int:
    """Return 64 bits, as a signed number, of a hash of the canonical SMILES.

    Among 10^8 different molecules, two agree by chance once in 3,700 libraries.
    """
    return int.from_bytes(hashlib.blake2b(canonicalize(mol).encode(), digest_size=8).digest(), signed=True)


def _read_text(text: str) -> tuple[str, Mol | None, str]:
    """Return the text that was read, what it holds, and why it holds nothing."""
    if (standard := find_standard_text(text)) is not None and (mol := parse_smiles([standard]).mols[0]) is not None:
        return standard, mol, ""
    smiles = drop_extension(text)
    parsed = parse_smiles([smiles])
    return smiles.strip(), parsed.mols[0], (parsed.errors[0] or "").partition(": ")[2]


def _read_block(text: str) -> tuple[Mol | None, str]:
    with quiet_rdkit():
        mol = Chem.MolFromMolBlock(text)
    if mol is None or mol.GetNumAtoms() == 0:
        return None, "the record has no structure that can be read" if mol is None else "the record has no atoms"
    return mol, ""


def _refuse(error: Exception) -> Fall:
    return Fall(NO_MOLECULE, f"it has no standard form ({' '.join(str(error).split())[:200]})")
