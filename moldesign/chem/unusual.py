"""Atoms that ordinary organic molecules do not have, and about which few data sets say anything."""

from functools import cache

from rdkit import Chem
from rdkit.Chem import rdqueries

from moldesign.chem.smiles import Mol

ORGANIC = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")
"""Elements that are not unusual."""


def has_unusual_atom(mol: Mol) -> bool:
    """Say whether a molecule holds a metal or another rare element, a radical, an isotope or an attachment point.

    >>> from moldesign.chem.smiles import require_mols
    >>> [has_unusual_atom(mol) for mol in require_mols(["CC(=O)[O-]", "C[Hg]C", "C[CH2]", "[2H]OC", "*C"])]
    [False, True, True, True, True]
    """
    return bool(mol.HasSubstructMatch(_unusual_atom()))


@cache
def _unusual_atom() -> Mol:
    """Return a query that matches any such atom: one call into RDKit instead of one per atom."""
    numbers = (Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in ORGANIC)
    atom = Chem.AtomFromSmarts(f"[{';'.join(f'!#{number}' for number in numbers)}]")
    for query in (rdqueries.NumRadicalElectronsGreaterQueryAtom(0), rdqueries.IsotopeGreaterQueryAtom(0)):
        atom.ExpandQuery(query, how=Chem.CompositeQueryType.COMPOSITE_OR)
    pattern = Chem.RWMol()
    pattern.AddAtom(atom)
    return pattern.GetMol()
