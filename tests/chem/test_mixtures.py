"""Salts and solvates of drugs are no mixtures; two drugs in one SMILES are, and drugs that a metal binds."""

import csv
import gzip
from pathlib import Path

import pytest
from rdkit import Chem

from moldesign.chem.mixtures import is_mixture
from moldesign.chem.salt_formers import ACIDS, BASES, COUNTER_IONS, SALT_FORMERS, SOLVENTS
from moldesign.chem.smiles import canonicalize, parse_smiles, require_mols
from moldesign.chem.standardize import standardize_smiles
from tests.conftest import NAMED_DRUGS

HALOPERIDOL, MORPHINE = NAMED_DRUGS["haloperidol"], NAMED_DRUGS["morphine"]
SALTS = {
    "hydrochloride": f"{HALOPERIDOL}.Cl",
    "charged hydrochloride": "C[NH2+]CC(O)c1ccccc1.[Cl-]",
    "sodium": "[Na+].[O-]C(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl",
    "hemicalcium": "[Ca+2].CC(=O)Oc1ccccc1C(=O)[O-].CC(=O)Oc1ccccc1C(=O)[O-]",
    "zinc": "[Zn+2].CCCCCCCC(=O)[O-].CCCCCCCC(=O)[O-]",
    "mesylate": f"{NAMED_DRUGS['imatinib']}.CS(O)(=O)=O",
    "mesylate anion": f"{NAMED_DRUGS['imatinib']}.CS([O-])(=O)=O",
    "citrate": f"{NAMED_DRUGS['sildenafil']}.OC(=O)CC(O)(CC(O)=O)C(O)=O",
    "acetate": f"{HALOPERIDOL}.CC(=O)O",
    "tartrate": f"{MORPHINE}.OC(=O)[C@H](O)[C@@H](O)C(=O)O",
    "maleate": f"{HALOPERIDOL}.OC(=O)\\C=C/C(O)=O",
    "fumarate": f"{HALOPERIDOL}.OC(=O)/C=C/C([O-])=O",
    "trifluoroacetate": f"{HALOPERIDOL}.OC(=O)C(F)(F)F",
    "tosylate hydrate": f"{HALOPERIDOL}.Cc1ccc(cc1)S(O)(=O)=O.O",
    "hemisulfate of a base": f"{MORPHINE}.{MORPHINE}.OS(O)(=O)=O",
    "half charged": "CC(=O)Oc1ccccc1C(=O)O.CC(=O)Oc1ccccc1C(=O)[O-].[K+]",
    "racemate": "C[C@H](N)Cc1ccccc1.C[C@@H](N)Cc1ccccc1.OS(O)(=O)=O",
    "perchlorate": f"{HALOPERIDOL}.[O-]Cl(=O)(=O)=O",
    "tetrafluoroborate": "C[N+](C)(C)CCCCCCc1ccccc1.F[B-](F)(F)F",
    "meglumine": f"{NAMED_DRUGS['ibuprofen']}.CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO",
    "lysine": f"{NAMED_DRUGS['ibuprofen']}.NCCCC[C@H](N)C(=O)O",
    "choline": "C[N+](C)(C)CCO.[O-]C(=O)c1ccccc1O",
    "ethanol solvate": f"{HALOPERIDOL}.CCO",
    "table salt": "[Na+].[Cl-]",
    "sodium acetate": "[Na+].CC(=O)[O-]",
}
MIXTURES = {
    "two drugs": f"{NAMED_DRUGS['aspirin']}.{NAMED_DRUGS['caffeine']}",
    "two drugs and a salt former": f"{NAMED_DRUGS['paracetamol']}.{MORPHINE}.Cl",
    "a drug as counter-ion": f"{NAMED_DRUGS['penicillin_g']}.CCN(CC)CCOC(=O)c1ccc(N)cc1",
    "counter-ion larger than the drug": f"{NAMED_DRUGS['metformin']}.{ACIDS['pamoic']}",
    "ring closed across the dot": "C1CCCCC1CCN2.C2c1ccc2[nH]ccc2c1.O=C1NC(=O)C(c2ccccc2)(c2ccccc2)N1",
    "drug and metal": "[Gd+3].OC(=O)CN(CCN(CC(=O)[O-])CC(=O)[O-])CCN(CC(=O)O)CC(=O)[O-]",
    "iron": "[Fe+2].OC(C(=O)[O-])CC(=O)[O-]",
    "platinum": "[Pt+2].NC1CCCCC1N.[O-]C(=O)C(=O)[O-]",
    "homologues": "CCCCCCCCCCCCN.CCCCCCCCCCCCCCN",
}


def is_mixed(smiles):
    [mol] = require_mols([smiles])
    return is_mixture(mol)


@pytest.mark.parametrize("smiles", SALTS.values(), ids=SALTS)
def test_a_salt_is_no_mixture(smiles):
    assert not is_mixed(smiles)


@pytest.mark.parametrize("smiles", MIXTURES.values(), ids=MIXTURES)
def test_a_mixture_is_one(smiles):
    assert is_mixed(smiles)
    assert is_mixed(".".join(reversed(canonicalize(Chem.MolFromSmiles(smiles)).split("."))))


@pytest.mark.parametrize("smiles", [*SALTS.values(), *MIXTURES.values()], ids=[*SALTS, *MIXTURES])
def test_a_parent_that_is_known_changes_nothing(smiles):
    [mol], [parent] = require_mols([smiles]), standardize_smiles([smiles]).smiles
    assert is_mixture(mol, parent) == is_mixture(mol) == (smiles in MIXTURES.values())


def test_one_molecule_is_no_mixture():
    assert not any(is_mixed(smiles) for name, smiles in NAMED_DRUGS.items() if name != "diclofenac_sodium")
    assert not is_mixed("C1.C1")  # ethane, written with a bond across the dot


@pytest.mark.parametrize("table", [ACIDS, BASES, SOLVENTS], ids=["acids", "bases", "solvents"])
def test_the_substances_are_written_neutral_and_once(table):
    standardized = standardize_smiles(list(table.values()))
    assert not any(standardized.errors)
    assert standardized.smiles == [Chem.CanonSmiles(smiles) for smiles in table.values()]
    assert len(set(standardized.smiles)) == len(table)
    assert all("C" in smiles.upper() and "." not in smiles for smiles in table.values())


def test_acids_give_a_proton_and_bases_take_one():
    acid = Chem.MolFromSmarts(
        "[$([OX2H1]C=[O,C]),$([OX2H1][S,P]=O),$([OX2H1]c),$([NX3H1]S=O),$([#16H1]C#N),$([CH1]#N)]"
    )
    base = Chem.MolFromSmarts("[$([NX3;!$(N[CX3]=O)]),$([NX4+]),$([nX2])]")
    assert [name for name, smiles in ACIDS.items() if not Chem.MolFromSmiles(smiles).HasSubstructMatch(acid)] == []
    assert [name for name, smiles in BASES.items() if not Chem.MolFromSmiles(smiles).HasSubstructMatch(base)] == [
        "urea"
    ]


@pytest.mark.parametrize("smiles", [*SALT_FORMERS.values(), *SOLVENTS.values(), *(f"[{one}]" for one in COUNTER_IONS)])
def test_no_accompanying_substance_makes_a_mixture(smiles):
    assert not is_mixed(f"{NAMED_DRUGS['terfenadine']}.{smiles}")  # which is larger than any of them


@pytest.mark.data
def test_most_salts_of_approved_drugs_are_no_mixtures(data_folder: Path):
    with gzip.open(data_folder / "drugs" / "chembl_approved_drugs.csv.gz", "rt", encoding="utf-8") as file:
        texts = {cell for row in csv.reader(file) for cell in row if "." in cell and "(" in cell and " " not in cell}
    mols = [mol for mol in parse_smiles(sorted(texts)).mols if mol is not None and len(Chem.GetMolFrags(mol)) > 1]
    assert len(mols) > 500
    mixed = sum(map(is_mixture, mols))
    assert 0 < mixed < 0.05 * len(mols)


@pytest.mark.data
def test_published_compounds_are_told_apart_without_an_error(measured_smiles: list[str]):
    mols = [mol for mol in parse_smiles(measured_smiles).mols if mol is not None]
    mixed = [canonicalize(mol) for mol in mols if is_mixture(mol)]
    assert all("." in smiles for smiles in mixed)
    assert len(mixed) < 0.1 * sum("." in canonicalize(mol) for mol in mols)
