"""Descriptors of whole molecules, by name, with unit and usual range."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.rdfiltercatalog import FilterCatalog, FilterCatalogEntry, SmartsMatcher

from moldesign.chem.crippen import logp
from moldesign.chem.smiles import Mol, quiet_rdkit
from moldesign.errors import UnknownNameError


class Descriptor(NamedTuple):
    """A number that RDKit computes from the structure alone."""

    name: str
    function: Callable[[Mol], float]
    unit: str
    """Empty for a count or an index without unit."""
    description: str
    low: float
    """Lower end of the usual range: of the scale if it has ends, else about the 1st percentile of ChEMBL."""
    high: float
    """Upper end, likewise: the scale's, else about the 99th percentile."""


def qed(mol: Mol) -> float:
    """Return the quantitative estimate of drug-likeness in 0..1 (doi:10.1038/nchem.1243), equal to RDKit's.

    >>> round(qed(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")), 2)  # aspirin
    0.55
    """
    from rdkit.Chem import QED  # noqa: PLC0415 - compiles 130 SMARTS at import

    return float(QED.qed(mol, qedProperties=_qed_properties(mol)))


def sa_score(mol: Mol) -> float:
    """Return the synthetic accessibility score, 1 (easy) to 10 (hard) (doi:10.1186/1758-2946-1-8).

    >>> round(sa_score(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")), 2)  # aspirin
    1.58
    """
    from rdkit.Contrib.SA_Score import sascorer  # noqa: PLC0415 - its fragment table takes a second to load

    return float(sascorer.calculateScore(mol))


DESCRIPTORS: dict[str, Descriptor] = {
    descriptor.name: descriptor
    for descriptor in (
        Descriptor("qed", qed, "", "quantitative estimate of drug-likeness, 0 (poor) to 1 (drug-like)", 0, 1),
        Descriptor("sa", sa_score, "", "synthetic accessibility score, 1 (easy) to 10 (hard)", 1, 10),
        Descriptor("logp", logp, "log10", "Crippen octanol-water partition coefficient", -1.3, 7.8),
        Descriptor("tpsa", rdMolDescriptors.CalcTPSA, "A^2", "topological polar surface area", 15, 195),
        Descriptor("mw", rdMolDescriptors._CalcMolWt, "g/mol", "average molecular weight", 180, 695),
        Descriptor("hbd", rdMolDescriptors.CalcNumHBD, "", "hydrogen bond donors", 0, 6),
        Descriptor("hba", rdMolDescriptors.CalcNumHBA, "", "hydrogen bond acceptors", 1, 11),
        Descriptor("rotatable_bonds", rdMolDescriptors.CalcNumRotatableBonds, "", "rotatable bonds, strict", 0, 17),
        Descriptor("fsp3", rdMolDescriptors.CalcFractionCSP3, "", "share of sp3 carbons; 0 if no carbon", 0, 1),
        Descriptor("rings", rdMolDescriptors.CalcNumRings, "", "rings (SSSR)", 0, 7),
        Descriptor("aromatic_rings", rdMolDescriptors.CalcNumAromaticRings, "", "aromatic rings (SSSR)", 0, 5),
        Descriptor("heavy_atoms", Chem.Mol.GetNumHeavyAtoms, "", "atoms other than hydrogen", 12, 49),
        Descriptor("formal_charge", Chem.GetFormalCharge, "e", "sum of the formal charges", -1, 1),
    )
}


def compute_descriptors(mols: Sequence[Mol | None], names: Iterable[str]) -> NDArray[np.float64]:
    """Return the named descriptors, float64 [N, K]; the row of a None is NaN.

    Raises:
        UnknownNameError: a name is not in `DESCRIPTORS`.

    >>> ethanol = Chem.MolFromSmiles("CCO")
    >>> compute_descriptors([ethanol, None], ["heavy_atoms", "hbd"])
    array([[ 3.,  1.],
           [nan, nan]])
    """
    functions = [_find_descriptor(name).function for name in names]
    values = np.full((len(mols), len(functions)), np.nan)
    with quiet_rdkit():
        for row, mol in enumerate(mols):
            if mol is not None:
                values[row] = [function(mol) for function in functions]
    return values


def _find_descriptor(name: str) -> Descriptor:
    if name not in DESCRIPTORS:
        raise UnknownNameError("descriptor", name, DESCRIPTORS)
    return DESCRIPTORS[name]


def _qed_properties(mol: Mol) -> tuple[float, ...]:
    """Return what `QED.properties` does, in half the time: each list of patterns is matched in one call."""
    from rdkit.Chem import QED  # noqa: PLC0415

    acceptor, alerts = _compile_qed_patterns()
    if mol.GetNumAtoms() != mol.GetNumHeavyAtoms():
        mol = Chem.RemoveHs(mol)
    aromatic_part = Chem.DeleteSubstructs(mol, QED.AliphaticRings)
    properties: tuple[float, ...] = QED.QEDproperties(
        MW=rdMolDescriptors._CalcMolWt(mol),
        ALOGP=logp(mol),
        HBA=len(mol.GetSubstructMatches(acceptor, maxMatches=mol.GetNumAtoms())),
        HBD=rdMolDescriptors.CalcNumHBD(mol),
        PSA=rdMolDescriptors.CalcTPSA(mol),
        ROTB=rdMolDescriptors.CalcNumRotatableBonds(mol, rdMolDescriptors.NumRotatableBondsOptions.Strict),
        AROM=len(Chem.GetSSSR(aromatic_part)),
        ALERTS=len(alerts.GetMatches(mol)),
    )
    return properties


@cache
def _compile_qed_patterns() -> tuple[Mol, FilterCatalog]:
    from rdkit.Chem import QED  # noqa: PLC0415

    # No atom fits two of the acceptor patterns, so that their alternative counts what they count one by one.
    acceptor = Chem.MolFromSmarts("[" + ",".join(f"$({smarts})" for smarts in QED.AcceptorSmarts) + "]")
    alerts = FilterCatalog()
    for smarts in QED.StructuralAlertSmarts:
        alerts.AddEntry(FilterCatalogEntry(smarts, SmartsMatcher(smarts, smarts, 1)))
    return acceptor, alerts
