"""One row of a library becomes a molecule in its standard form."""

import hashlib
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.mixtures import is_mixture
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit
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
        smiles = text.strip() if parent is mol and not is_block else canonicalize(parent)
    except (RuntimeError, ValueError) as error:  # how RDKit refuses what it cannot standardise
        return Fall(NO_MOLECULE, f"it has no standard form ({' '.join(str(error).split())[:200]})")
    return Molecule(parent, smiles, parent is not mol and is_mixture(mol, canonicalize(parent)))


def hash_inchikey(mol: Mol) -> int:
    """Return 64 bits, as a signed number, of a hash of the InChIKey; of the SMILES where InChI knows none.

    Among 10^8 different molecules, two agree by chance once in 3,700 libraries.
    """
    with quiet_rdkit():
        key = Chem.MolToInchiKey(mol) or canonicalize(mol)
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)


def _read_block(text: str) -> tuple[Mol | None, str]:
    with quiet_rdkit():
        mol = Chem.MolFromMolBlock(text)
    if mol is None or mol.GetNumAtoms() == 0:
        return None, "the record has no structure that can be read" if mol is None else "the record has no atoms"
    return mol, ""
