"""One molecule, one form: the parent fragment, neutral where that is possible.

Stereochemistry and isotopes stay, because an enantiomer or a deuterated drug is another substance. Tautomers
stay as they are written.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit

_NEUTRAL = {
    "[NH3+]": "[NH2]",
    "[NH2+]": "[NH]",
    "[NH+]": "[N]",
    "[nH+]": "[n]",
    "C(=O)[O-]": "C(=O)[OH]",
    "C([O-])=O": "C([OH])=O",
    "O=C([O-])": "O=C([OH])",
    "[O-]C(=O)": "[OH]C(=O)",
}
"""Protonated nitrogens and carboxylates, and how they are written without the charge."""
_MAP_NUMBER = "molAtomMapNumber"
"""What RDKit calls the property of an atom."""
IONIC_METALS = ("Li", "Na", "K", "Rb", "Cs", "Fr", "Be", "Mg", "Ca", "Sr", "Ba", "Ra")
"""Metals whose bonds to N, O and S are ionic."""
_CHARGED = re.compile("|".join(map(re.escape, _NEUTRAL)))


class StandardizedSmiles(NamedTuple):
    """One entry per input row: `smiles[i]` and `mols[i]` are None exactly where `errors[i]` says why."""

    smiles: list[str | None]
    """Canonical SMILES."""
    mols: list[Mol | None]
    errors: list[str | None]

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """Bool [N]: which rows hold a molecule."""
        return np.array([mol is not None for mol in self.mols], dtype=bool)


def standardize_mol(mol: Mol) -> Mol:
    """Return the parent of `mol`: its largest fragment, neutralised by moving protons, without atom map numbers.

    Alkali and alkaline earth metals that are written as bonded to N, O or S are ions, and fragments of their own.
    Organic fragments go before others, then the number of heavy atoms decides. A charge that no proton can remove
    (quaternary nitrogen) stays, with the counter-charge in the same molecule that balances it. What needs no change
    is returned as it is, not as a copy.

    >>> from moldesign.chem.smiles import canonicalize, require_mols
    >>> [sodium_salt] = require_mols(["[Na+].CC(=O)[O-]"])
    >>> canonicalize(standardize_mol(sodium_salt))
    'CC(=O)O'
    """
    if not (len(Chem.GetMolFrags(mol)) > 1 or mol.HasSubstructMatch(_changing_atom())):
        return mol
    with quiet_rdkit():
        mol = _clear_map_numbers(mol) if mol.HasSubstructMatch(_mapped_atom()) else mol
        mol = _metal_disconnector().Disconnect(mol) if mol.HasSubstructMatch(_bound_metal()) else mol
        parent = _largest_fragment(mol) if len(Chem.GetMolFrags(mol)) > 1 else mol
        return _neutralize(parent) if parent.HasSubstructMatch(_charged_atom()) else parent


def neutralize_text(smiles: str) -> str:
    """Return a SMILES whose protonated nitrogens and carboxylates are written without their charge.

    If no other atom is charged, and there is one fragment, this is the molecule that `standardize_mol` gives, without
    its cost. Hydrogens stay counted, so that what has an impossible valence keeps it.

    >>> neutralize_text("C[NH+](C)CC(=O)[O-]")
    'C[N](C)CC(=O)[OH]'
    """
    return _CHARGED.sub(lambda match: _NEUTRAL[match[0]], smiles) if "[" in smiles else smiles


def standardize_smiles(texts: Sequence[Any], *, enabled: bool = True, first_row: int = 0) -> StandardizedSmiles:
    """Parse and standardise each text; a row that is no molecule keeps its place, with its error.

    Args:
        texts: SMILES; anything else becomes an error of its row.
        enabled: False only canonicalises, so that salts and charges stay.
        first_row: the row number of `texts[0]`, for messages about chunks of a longer table.

    >>> standardize_smiles(["OCC.Cl", "C(C"]).smiles
    ['CCO', None]
    """
    parsed = parse_smiles(texts, first_row=first_row)
    mols = [standardize_mol(mol) if enabled and mol is not None else mol for mol in parsed.mols]
    smiles = [None if mol is None else canonicalize(mol) for mol in mols]
    return StandardizedSmiles(smiles, mols, parsed.errors)


def _clear_map_numbers(mol: Mol) -> Mol:
    plain = Chem.Mol(mol)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    plain = Chem.RemoveHs(plain)  # a number keeps a hydrogen an atom of its own
    Chem.AssignStereochemistry(plain, cleanIt=True, force=True)
    return plain


def _largest_fragment(mol: Mol) -> Mol:
    return _fragment_chooser().choose(mol)


def _neutralize(mol: Mol) -> Mol:
    neutral = _uncharger().uncharge(mol)
    if mol.HasSubstructMatch(_aromatic_carbanion()) and Chem.MolFromSmiles(canonicalize(neutral)) is None:
        return mol  # the proton would take the atom out of the aromatic ring, which RDKit does not account for
    # A proton more can make two neighbours alike: marks of stereo centres that are none any more would stay.
    Chem.AssignStereochemistry(neutral, cleanIt=True, force=True)
    return neutral


@cache
def _changing_atom() -> Mol:
    """Return a query for an atom that makes one fragment change: one call into RDKit, which most molecules end with."""
    # That an atom is neither C, N nor O is asked first: most are.
    atom = Chem.AtomFromSmarts(f"[!#6;!#7;!#8;{','.join(IONIC_METALS)}]")
    for other in (Chem.AtomFromSmarts("[!+0]"), rdqueries.HasPropQueryAtom(_MAP_NUMBER)):
        atom.ExpandQuery(other, how=Chem.CompositeQueryType.COMPOSITE_OR)
    return _match_one(atom)


@cache
def _charged_atom() -> Mol:
    return Chem.MolFromSmarts("[!+0]")


@cache
def _mapped_atom() -> Mol:
    return _match_one(rdqueries.HasPropQueryAtom(_MAP_NUMBER))


def _match_one(atom: Any) -> Mol:
    pattern = Chem.RWMol()
    pattern.AddAtom(atom)
    return pattern.GetMol()


@cache
def _bound_metal() -> Mol:
    return Chem.MolFromSmarts(f"[{','.join(IONIC_METALS)}]~[#7,#8,#16]")


@cache
def _aromatic_carbanion() -> Mol:
    return Chem.MolFromSmarts("[c;-,-2,-3,-4]")


@cache
def _fragment_chooser() -> rdMolStandardize.LargestFragmentChooser:
    parameters = rdMolStandardize.CleanupParameters()
    parameters.preferOrganic = True
    parameters.largestFragmentChooserCountHeavyAtomsOnly = True
    return rdMolStandardize.LargestFragmentChooser(parameters)


@cache
def _metal_disconnector() -> rdMolStandardize.MetalDisconnector:
    disconnector = rdMolStandardize.MetalDisconnector()
    disconnector.SetMetalNof(_bound_metal())
    disconnector.SetMetalNon(_bound_metal())
    return disconnector


@cache
def _uncharger() -> rdMolStandardize.Uncharger:
    return rdMolStandardize.Uncharger()
