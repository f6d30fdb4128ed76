"""One row of a library becomes a molecule in its standard form."""

import hashlib
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.mixtures import is_mixture
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit, require_mols
from moldesign.chem.standardize import standardize_mol
from moldesign.screening.executor import Fall

NO_MOLECULE = "not a molecule"


class Molecule(NamedTuple):
    """What is screened."""

    mol: Mol
    """The parent of what the row holds, see `standardize_mol`."""
    smiles: str
    """Of `mol`: as the row writes it where that is its standard form already, canonical elsewhere."""
    is_mixed: bool
    """Whether the row holds more than this molecule and its salt formers."""


def read_molecule(text: str, *, is_block: bool) -> Molecule | Fall:
    """Return the molecule of a row, standardised, or why there is none.

    >>> read_molecule("OCC.Cl", is_block=False).smiles
    'CCO'
    >>> read_molecule("C(C", is_block=False).reason
    "'C(C' is not a valid SMILES (syntax error)"
    """
    mol: Mol | None
    if is_block:
        mol, problem = _read_block(text)
    else:
        parsed = parse_smiles([text])
        mol, problem = parsed.mols[0], (parsed.errors[0] or "").partition(": ")[2]
    if mol is None:
        return Fall(NO_MOLECULE, problem)
    try:
        parent = standardize_mol(mol)
        if parent is mol and not is_block:
            return Molecule(mol, text.strip(), is_mixed=False)
        smiles = canonicalize(parent)
        # Read again, a molecule is what its SMILES says, and the same whichever salt or charge it was written with.
        [final] = require_mols([smiles])
    except (RuntimeError, ValueError) as error:  # how RDKit refuses what it cannot standardise
        return Fall(NO_MOLECULE, f"it has no standard form ({' '.join(str(error).split())[:200]})")
    return Molecule(final, smiles, is_mixture(mol, smiles))


def hash_molecule(mol: Mol) -> int:
    """Return 64 bits, as a signed number, of a hash of the canonical SMILES.

    Among 10^8 different molecules, two agree by chance once in 3,700 libraries.
    """
    return int.from_bytes(hashlib.blake2b(canonicalize(mol).encode(), digest_size=8).digest(), signed=True)


def _read_block(text: str) -> tuple[Mol | None, str]:
    with quiet_rdkit():
        mol = Chem.MolFromMolBlock(text)
    if mol is None or mol.GetNumAtoms() == 0:
        return None, "the record has no structure that can be read" if mol is None else "the record has no atoms"
    return mol, ""
