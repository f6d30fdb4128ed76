"""Whether a SMILES of several fragments is a drug with its salt former or solvent, or a mixture of substances.

The parent that is kept of a mixture (see `standardize`) says nothing of the others. Salt formers are those that drugs
are made with (Stahl and Wermuth, Handbook of Pharmaceutical Salts, 2nd edition, 2011), solvents those whose traces
drugs may hold (ICH guideline Q3C). Either may be written charged or neutral, with or without stereochemistry.
"""

from functools import cache, lru_cache

from rdkit import Chem

from moldesign.chem.salt_formers import COUNTER_IONS, SALT_FORMERS, SOLVENTS
from moldesign.chem.smiles import Mol, canonicalize, quiet_rdkit
from moldesign.chem.standardize import standardize_mol
from moldesign.chem.unusual import ORGANIC


def is_mixture(mol: Mol, parent: str | None = None) -> bool:
    """Say whether a molecule holds a substance beside its parent that is neither a salt former nor a solvent.

    Fragments without carbon count as salt formers, unless they hold another metal than `COUNTER_IONS`. Several copies
    of the parent, charged, neutral or mirrored, are one substance.

    Args:
        mol: any.
        parent: canonical SMILES of its standard form, where it is known already; that takes two thirds of the time.

    >>> from moldesign.chem.smiles import require_mols
    >>> [is_mixture(mol) for mol in require_mols(["NCCc1ccccc1.Cl", "NCCc1ccccc1.CC(=O)O", "NCCc1ccccc1.CCCCCBr"])]
    [False, False, True]
    """
    if len(Chem.GetMolFrags(mol)) == 1:
        return False
    with quiet_rdkit():
        own = canonicalize(standardize_mol(mol)) if parent is None else parent
        others = set(canonicalize(mol).split(".")) - {own}
        return any(not _accompanies(part) and _name(part) != _name(own) for part in others)


@lru_cache(maxsize=1024)  # a library has many molecules, and few salt formers
def _accompanies(fragment: str) -> bool:
    """Say whether a fragment is a salt former or a solvent."""
    mol = Chem.MolFromSmiles(fragment)
    if mol is None or mol.HasSubstructMatch(_carbon()):
        return _name(fragment) in _accompanying()
    return {atom.GetSymbol() for atom in mol.GetAtoms()} <= {*ORGANIC, *COUNTER_IONS}


@cache
def _accompanying() -> frozenset[str]:
    return frozenset(_name(smiles) for smiles in (*SALT_FORMERS.values(), *SOLVENTS.values()))


@lru_cache(maxsize=1024)
def _name(fragment: str) -> str:
    """Return the same text for every form of a substance; what RDKit does not read again stays as it is written."""
    if (mol := Chem.MolFromSmiles(fragment)) is None:
        return fragment
    neutral = Chem.Mol(standardize_mol(mol))
    Chem.RemoveStereochemistry(neutral)
    return canonicalize(neutral)


@cache
def _carbon() -> Mol:
    return Chem.MolFromSmarts("[#6]")
