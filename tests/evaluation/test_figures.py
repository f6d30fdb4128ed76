"""Figures of whole sets: those of `molsets` itself, and what odd sets give."""

import json
from pathlib import Path

import pytest

from moldesign.evaluation import figures as module
from moldesign.evaluation.figures import Figure, evaluate
from moldesign.evaluation.frechet import HINT, measure_fcd
from moldesign.evaluation.molecule_set import MoleculeSet, gather

DATA = Path(__file__).parents[1] / "data"
SAME = {
    "valid": "valid",
    "SNN/Test": "snn",
    "Frag/Test": "fragment_similarity",
    "Scaf/Test": "scaffold_similarity",
    "IntDiv": "internal_diversity",
    "IntDiv2": "internal_diversity_2",
    "Novelty": "novelty",
    "logP": "logp_distance",
    "SA": "sa_distance",
    "QED": "qed_distance",
    "weight": "mw_distance",
}
"""Names in `molsets` and here"""


def read(name: str) -> MoleculeSet:
    lines = (DATA / f"evaluation_{name}.smi").read_text().splitlines()
    return gather([lines[:100], lines[100:]])


@pytest.fixture(scope="module")
def molecules() -> MoleculeSet:
    return read("molecules")


@pytest.fixture(scope="module")
def reference() -> MoleculeSet:
    return read("reference")


@pytest.fixture(scope="module")
def found(molecules: MoleculeSet, reference: MoleculeSet) -> dict[str, Figure]:
    return {figure.name: figure for figure in evaluate(molecules, reference)}


@pytest.fixture(scope="module")
def molsets() -> dict[str, float]:
    """What `molsets` says of the same files; made by scripts/make_moses_reference.py."""
    metrics: dict[str, float] = json.loads((DATA / "evaluation_molsets.json").read_text())["metrics"]
    return metrics


@pytest.mark.parametrize("name", sorted(SAME))
def test_figures_are_those_of_molsets(found: dict[str, Figure], molsets: dict[str, float], name: str) -> None:
    assert found[SAME[name]].value == pytest.approx(molsets[name], abs=1e-3)


def test_unique_is_that_of_molsets(
    molecules: MoleculeSet, molsets: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST", (100, 400, 1_000))
    values = {figure.name: figure.value for figure in module.describe_rows(molecules, None)}
    assert {name: value for name, value in values.items() if "@" in name} == {
        name: value for name, value in molsets.items() if "@" in name
    }


def test_fcd_is_that_of_molsets(molecules: MoleculeSet, reference: MoleculeSet, molsets: dict[str, float]) -> None:
    pytest.importorskip("fcd_torch")
    assert measure_fcd(molecules.smiles, reference.smiles) == pytest.approx(molsets["FCD/Test"], abs=1e-3)


def test_without_chemnet_the_row_says_what_to_install(
    molecules: MoleculeSet, reference: MoleculeSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "has_chemnet", lambda: False)
    row = module._measure_fcd(molecules, reference, lambda text, share: None)
    assert (row.name, row.value, row.note) == ("fcd", None, HINT)


def test_a_set_beside_itself_has_nothing_new(reference: MoleculeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_chemnet", lambda: False)
    values = {figure.name: figure.value for figure in evaluate(reference, reference)}
    same = ("snn", "fragment_similarity", "scaffold_similarity", "valid", "unique")
    assert [values[name] for name in same] == pytest.approx([1.0] * 5)
    assert [values[name] for name in ("novelty", "new_ring_systems", "qed_distance", "mw_distance")] == [0.0] * 4


def test_what_is_counted_by_hand() -> None:
    rows = ["CCO", "OCC", "C(C", "", "c1ccccc1CC1CC1", "N#Cc1ccc2ccccc2c1"]
    known = gather([["CCO", "c1ccccc1", "c1ccccc1C"]])
    values = {figure.name: figure.value for figure in evaluate(gather([rows[:1], rows[1:]]), known)}
    assert values["rows"] == 6
    assert values["valid"] == pytest.approx(4 / 6)
    assert values["unique"] == values["novelty"] + 1 / 12 == 3 / 4  # type: ignore[operator]
    assert values["scaffolds"] == 2
    assert values["ring_systems"] == 3
    assert values["new_ring_systems"] == 2 / 4


@pytest.mark.parametrize("rows", [[], ["C(C", ""]])
def test_a_set_without_molecules_has_reasons_instead_of_figures(rows: list[str], reference: MoleculeSet) -> None:
    for beside in (None, reference):
        figures = evaluate(gather([rows]), beside)
        assert {figure.name for figure in figures} >= {"valid", "circles", "qed"}
        for figure in figures:
            assert figure.value is not None or figure.note
            assert figure.value == figure.value
    assert evaluate(reference, gather([rows]))[0].value == 500


def test_progress_tells_what_is_being_done(molecules: MoleculeSet, reference: MoleculeSet) -> None:
    told: list[tuple[str, float | None]] = []
    evaluate(molecules, reference, report=lambda text, share: told.append((text, share)))
    assert ("internal diversity", 1.0) in told
    assert ("similarity to the reference", 1.0) in told
