"""The page of an evaluation: readable, escaped, and there also for a set without a molecule."""

from pathlib import Path

from moldesign.evaluation.figures import evaluate
from moldesign.evaluation.molecule_set import gather
from moldesign.reporting.evaluation_page import N_PICTURES, N_RINGS, render_evaluation

DATA = Path(__file__).parents[1] / "data"


def test_rings_that_the_reference_never_has_are_drawn() -> None:
    molecules, reference = gather([["CCc1ccc2[nH]ccc2c1", "C1CC1", "C1CC1C", "bad"]]), gather([["C1CC1"]])
    page = render_evaluation("set.csv", evaluate(molecules, reference), molecules, reference=reference)
    assert "Ring systems that the reference never has" in page
    assert "<b>1</b>" in page
    assert page.count("<b>") == 1


def test_large_sets_are_shown_by_a_few_molecules() -> None:
    lines = (DATA / "evaluation_molecules.smi").read_text().splitlines()
    molecules = gather([lines])
    page = render_evaluation("set", evaluate(molecules), molecules)
    assert page.count('<div class="smiles">') == N_PICTURES
    assert len(page) < 2e6
    assert N_RINGS > 0


def test_names_are_text_and_not_markup() -> None:
    molecules = gather([["CCO"]])
    page = render_evaluation("<script>alert(1)</script>.csv", evaluate(molecules), molecules)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_nothing_valid_is_a_page_too() -> None:
    molecules = gather([["bad", "C(C"]])
    page = render_evaluation("bad.smi", evaluate(molecules), molecules)
    assert "not defined without valid molecules" in page
    assert "<svg" not in page
