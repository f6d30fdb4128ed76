from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.errors import ObjectiveError, ProfileError, TableError, UnknownNameError
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.terms import Batch
from tests.objectives.fake_predictor import FakePredictor


def make_batch(*smiles: str) -> Batch:
    return Batch(list(smiles), require_mols(smiles))


def evaluate(text: str, *smiles: str) -> list[float]:
    return PropertyCatalog.of_models().find(text).evaluate(make_batch(*smiles)).values.tolist()


def test_descriptors_and_alerts(named_drugs: dict[str, str]) -> None:
    aspirin, imatinib = named_drugs["aspirin"], named_drugs["imatinib"]
    assert evaluate("mw", aspirin, imatinib) == pytest.approx([180.16, 493.62], abs=0.01)
    assert evaluate("qed", aspirin) == pytest.approx([0.55], abs=0.005)
    assert evaluate("alerts", "CCO", "O=[N+]([O-])c1ccccc1")[0] == 0
    assert evaluate("alerts", "O=[N+]([O-])c1ccccc1")[0] > 0


def test_similarity_is_1_for_the_molecule_itself(named_drugs: dict[str, str]) -> None:
    paracetamol = named_drugs["paracetamol"]
    same, other = evaluate(f"similarity({paracetamol})", "Oc1ccc(NC(C)=O)cc1", named_drugs["caffeine"])
    assert same == 1
    assert other < 0.3


def test_substructure_counts_once() -> None:
    assert evaluate("substructure([OX2H])", "OCC(O)CO", "CCO", "COC") == [1, 1, 0]


def test_novelty_knows_a_salt_by_its_parent(tmp_path: Path, named_drugs: dict[str, str]) -> None:
    known = tmp_path / "known.smi"
    known.write_text(f"{named_drugs['diclofenac_sodium']} diclofenac\nOCC ethanol\n")
    diclofenac = "OC(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl"
    assert evaluate(f"novelty({known})", diclofenac, "CCO", "CCN") == [0, 0, 1]


def test_plain_novelty_compares_with_what_the_predictors_learned(predictor: FakePredictor) -> None:
    assert evaluate("novelty", "OCC", "CCN") == [0, 1]


def test_endpoints_come_with_std_and_domain(predictor: FakePredictor) -> None:
    found = PropertyCatalog.of_models().find("herg_block")
    evaluation = found.evaluate(make_batch("CCCl", "ClCCCCCl"))
    assert (found.name, found.low, found.high) == ("herg", 0, 1)
    assert evaluation.values.tolist() == [0.25, 0.5]
    assert evaluation.std is not None
    assert evaluation.std.tolist() == [0.25, 0.25]
    assert evaluation.in_domain is not None
    assert evaluation.in_domain.tolist() == [True, False]


def test_names_are_found_without_loading_a_predictor(predictor: FakePredictor) -> None:
    solubility = PropertyCatalog.of_models().find("Solubility")
    assert (solubility.low, solubility.high) == (-8, 2)
    assert predictor.calls == []


def test_a_model_folder_adds_its_endpoints(predictor: FakePredictor) -> None:
    assert PropertyCatalog.of_models(["mine"]).find("pIC50").high == 9
    with pytest.raises(UnknownNameError, match="pIC50"):
        PropertyCatalog.of_models().find("pIC50")


def test_a_salt_is_compared_with_as_its_parent() -> None:
    assert evaluate("similarity(CC(=O)[O-].[Na+])", "CC(=O)O") == [1.0]


def test_a_name_that_two_models_have_means_neither(predictor: FakePredictor) -> None:
    catalog = PropertyCatalog.of_models(["mine", "theirs"])
    with pytest.raises(ProfileError, match="'pIC50' is an endpoint of several models, mine and theirs: give one"):
        catalog.find("pIC50")
    assert catalog.find("herg").name == "herg"
    assert PropertyCatalog.of_models(["mine", "./mine/", "mine"]).find("pIC50").high == 9


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("hrg", "herg"),
        ("QDE", "qed"),
        ("solubilty", "solubility"),
        ("similarty(CCO)", "similarity"),
        ("similarity", "SMILES"),
    ],
)
def test_an_unknown_name_lists_the_nearest(predictor: FakePredictor, text: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=nearest):
        PropertyCatalog.of_models().find(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("similarity(C(C)", r"'C\(C' is not a valid SMILES"),
        ("substructure([#6)", r"'\[#6' is not a valid SMARTS"),
        ("substructure()", "not a valid SMARTS"),
        ("no_such_module:score", "cannot import 'no_such_module:score'"),
        ("math:no_such_function", "no_such_function"),
        ("math:pi", "not a function"),
    ],
)
def test_a_bad_argument_is_named(text: str, reason: str) -> None:
    with pytest.raises(ProfileError, match=reason):
        PropertyCatalog.of_models().find(text)


def test_a_missing_file_of_known_molecules_is_an_error_before_the_run() -> None:
    with pytest.raises(TableError, match=r"absent\.smi"):
        PropertyCatalog.of_models().find("novelty(absent.smi)")


def test_own_functions_come_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_assay.py").write_text(
        "def count_nitrogen(smiles):\n    return [s.count('N') for s in smiles]\n"
        "def fail(smiles):\n    raise RuntimeError('no licence')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    assert evaluate("my_assay:count_nitrogen", "NCCN", "CCO") == [2, 0]
    with pytest.raises(ObjectiveError, match=r"my_assay:fail gave .*'CCO': RuntimeError: no licence"):
        evaluate("my_assay:fail", "CCO")


def test_shared_work_is_done_once() -> None:
    batch, calls = make_batch("CCO"), []
    for _ in range(2):
        assert batch.share("key", lambda: calls.append(1) or np.ones(1))[0] == 1
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["similarity", "nearest"])
def test_a_similarity_is_the_decimal_number_that_it_stands_for(name: str) -> None:
    """Salicylic acid and propanol share 1 of 25 bits: a limit at 0.04 includes it, which float32 is below."""
    assert evaluate(f"{name}(CCCO)", "OC(=O)c1ccccc1O") == [0.04]
