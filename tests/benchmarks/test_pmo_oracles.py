"""The oracles give what guacamol and TDC give, whatever the spelling of a molecule."""

import json
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

import moldesign
from benchmarks.pmo.oracles import LOCAL, ORACLES, PMO_20, load_oracle
from benchmarks.pmo.pharmacophore import describe_layout, find_pharmacophores
from moldesign.chem.smiles import randomize_smiles, require_mols
from moldesign.errors import UnknownNameError

DATA = Path(__file__).parents[1] / "data"
NO_MOLECULES = ["c1ccccc1C(", "CC(C)(C)(C)C"]
ATTACHMENT = "*c1ccccc1"


def read_reference(package: str) -> dict:
    return json.loads((DATA / f"pmo_reference_{package}.json").read_text(encoding="utf-8"))


def test_there_are_the_20_tasks_of_the_table_and_three_local_ones() -> None:
    anchors = json.loads((DATA.parents[1] / "benchmarks/anchors/pmo.json").read_text(encoding="utf-8"))
    assert set(PMO_20) == set(anchors["figures"]) - {"drd2", "gsk3b", "jnk3"}
    assert len(PMO_20) == 20
    assert {name.removesuffix("_local") for name in LOCAL} == {"drd2", "gsk3b", "jnk3"}


@pytest.mark.parametrize("package", ["guacamol", "tdc"])
@pytest.mark.parametrize("name", PMO_20)
def test_values_are_those_of_the_package(name: str, package: str) -> None:
    reference = read_reference(package)
    expected = np.array(reference["values"][name])
    found = load_oracle(name)(reference["smiles"])
    assert found.dtype == np.float64
    # TDC, and so PMO, counts the atoms of the formula; guacamol counts attachment points with them.
    compared = np.array([package == "tdc" or text != ATTACHMENT for text in reference["smiles"]])
    np.testing.assert_allclose(found[compared], expected[compared], rtol=0, atol=2e-12)
    assert expected.max() > 0.2, "the reference molecules do not try this oracle"


def test_reference_has_what_is_no_molecule_at_0() -> None:
    reference = read_reference("tdc")
    assert set(NO_MOLECULES) <= set(reference["smiles"])
    for name in PMO_20:
        assert load_oracle(name)(NO_MOLECULES).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", PMO_20)
def test_spelling_does_not_matter(name: str, named_drugs: dict[str, str]) -> None:
    oracle, rng = load_oracle(name), np.random.default_rng(0)
    drugs = [named_drugs[drug] for drug in ("sildenafil", "haloperidol", "morphine", "diclofenac_sodium")]
    respelled = [randomize_smiles(mol, rng) for mol in require_mols(drugs)]
    assert respelled != drugs
    np.testing.assert_allclose(oracle(respelled), oracle(drugs), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "drug"),
    [
        ("albuterol_similarity", "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"),
        ("celecoxib_rediscovery", "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F"),
        ("mestranol_similarity", "COc1ccc2c(c1)CC[C@@H]1[C@@H]2CC[C@]2(C)[C@@H]1CC[C@]2(O)C#C"),
        ("isomers_c7h8n2o2", "Nc1ccc(O)c(C(N)=O)c1"),
        ("isomers_c9h10n2o2pf2cl", "O=C(Nc1ccccc1)C(F)(F)P(Cl)(=O)NC"),
    ],
)
def test_the_wanted_molecule_scores_1(name: str, drug: str) -> None:
    assert load_oracle(name)([drug]) == pytest.approx(1.0)


def test_local_oracles_are_the_bundled_predictor() -> None:
    smiles = ["O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1", "no molecule", "CCO"]
    predicted = moldesign.load_predictor("activity").predict(smiles)
    frame = predicted.to_frame()
    for name, endpoint in LOCAL.items():
        scores = load_oracle(name)(smiles)
        assert scores[1] == 0
        np.testing.assert_allclose(scores[[0, 2]], frame[endpoint][[0, 2]], rtol=1e-6)
    assert load_oracle("drd2_local")(smiles)[0] > 0.9, "haloperidol binds D2"


def test_unknown_oracle_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="median1"):
        load_oracle("median3")
    assert "median1" in ORACLES


def test_pharmacophores_are_those_of_rdkit(named_drugs: dict[str, str]) -> None:
    shown = ["metformin", "penicillin_g", "diclofenac_sodium", "imatinib"]
    smiles = [*(named_drugs[name] for name in shown), "C", "[Na+].[Cl-]", "OC(=O)CCCCCCCCCCCCN", "CP(O)(=O)CC1CCNC1"]
    for mol in require_mols(smiles):
        expected = Generate.Gen2DFingerprint(mol, Gobbi_Pharm2D.factory)
        assert find_pharmacophores(mol).tolist() == sorted(expected.GetOnBits()), Chem.MolToSmiles(mol)
        assert expected.GetNumBits() == describe_layout().n_bits
