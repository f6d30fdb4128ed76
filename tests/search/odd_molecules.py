"""Molecules that break careless graph editing, and drug-like ones that should not."""

from tests.conftest import NAMED_DRUGS

DRUGS = list(NAMED_DRUGS.values())

ODD = {
    "methane": "C",
    "chloride": "[Cl-]",
    "salt": "[Na+].CC(=O)[O-]",
    "hydrochloride": "CCN(CC)CC.Cl",
    "proton": "[H+]",
    "zwitterion": "[NH3+]CC(=O)[O-]",
    "nitro": "O=[N+]([O-])c1ccccc1",
    "azide": "CCN=[N+]=[N-]",
    "quaternary": "C[N+](C)(C)CCO",
    "n_oxide": "C[N+]1([O-])CCCCC1",
    "macrocycle": "O=C1CCCCCCCCCCCCCCN1",
    "cubane": "C12C3C4C1C5C2C3C45",
    "adamantane": "C1C2CC3CC1CC(C2)C3",
    "spiro": "C1CCC2(CC1)CCNC2",
    "fused": "c1ccc2cc3ccccc3cc2c1",
    "azulene": "c1ccc2cccc2cc1",
    "pyrrole": "c1cc[nH]c1",
    "cis_alkene": "C/C=C\\C(=O)OC/C=C/c1ccccc1",
    "ring_stereo_bond": "CN1C(=O)/C(=C\\c2ccccc2)SC1=S",
    "radical": "C[CH2]",
    "carbene": "[CH2]",
    "metal": "C[Hg]C",
    "attachment": "*c1ccccc1",
    "isotope": "[2H]OC([13CH3])c1ccccc1",
    "sulfone": "CS(=O)(=O)Nc1ccccc1",
    "phosphate": "COP(=O)(O)OC",
    "boronic_acid": "OB(O)c1ccccc1",
    "silane": "C[Si](C)(C)c1ccccc1",
    "explicit_hydrogen": "[H][H]",
    "cumulene": "C=C=C=C",
    "empty": "",
    "no_smiles": "C(C",
}
