"""The area under the curve is PMO's, and the best molecules are described as they are."""

import math

import numpy as np
import pytest

from benchmarks.pmo.figures import compute_auc, describe_molecules, describe_run, find_clean
from benchmarks.pmo.library import Library
from moldesign.chem.smiles import require_mols


def test_area_of_a_whole_run_is_that_of_its_trapezoids() -> None:
    # Best ten: 0.2 after 100 calls, then ten molecules of 0.6 and the rest 0.
    scores = [0.2] * 100 + [0.6] * 10 + [0.0] * 190
    assert compute_auc(scores, 300) == pytest.approx((100 * 0.1 + 100 * 0.4 + 100 * 0.6) / 300)


def test_points_are_every_100_calls_and_at_the_last() -> None:
    # The good ones come at calls 91 to 100: the curve knows nothing before call 100.
    early, late = [1.0] * 10 + [0.0] * 90, [0.0] * 90 + [1.0] * 10
    assert compute_auc(early, 100) == compute_auc(late, 100) == pytest.approx(0.5)
    assert compute_auc([0.0] * 100 + [1.0] * 10, 110) == pytest.approx(10 * 0.5 / 110)


def test_run_that_ended_early_holds_its_last_value() -> None:
    assert compute_auc([0.8] * 50, 1_000) == pytest.approx((50 * 0.4 + 950 * 0.8) / 1_000)


def test_fewer_molecules_than_are_averaged_are_all_averaged() -> None:
    assert compute_auc([0.5, 1.0], 2, top=10) == pytest.approx(0.75 / 2)
    assert compute_auc([0.5, 1.0], 2, top=1) == pytest.approx(0.5)


def test_calls_beyond_the_budget_do_not_count() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(500)
    assert compute_auc([*scores, *[1.0] * 50], 500) == compute_auc(scores, 500)
    assert compute_auc([], 500) == 0


def test_area_grows_with_every_score() -> None:
    scores = np.random.default_rng(1).random(350) / 2
    better = scores.copy()
    better[120] = 1.0
    assert compute_auc(better, 1_000) > compute_auc(scores, 1_000)


def test_best_molecules_are_described(named_drugs: dict[str, str]) -> None:
    library = Library([named_drugs["aspirin"]])
    pair = [named_drugs["aspirin"], named_drugs["caffeine"]]
    figures = describe_molecules(pair, library)
    assert figures["novelty"] == 0.5
    assert figures["sa"] == pytest.approx((1.58 + 2.30) / 2, abs=0.01)
    assert 0.8 < figures["diversity"] < 1
    assert math.isnan(describe_molecules(pair[:1], library)["diversity"])
    assert math.isnan(describe_molecules([], library)["sa"])


def test_only_the_best_hundred_are_described() -> None:
    bad = ["CC(=O)Cl"] * 3
    smiles = ["C" * n for n in range(1, 101)]
    figures = describe_run([*bad, *smiles], [0.1] * 3 + [0.5] * 100, 1_000, Library(["CC"]))
    assert figures["novelty"] == pytest.approx(0.99)
    assert (figures["top1"], figures["top100"]) == (0.5, 0.5)


def test_clean_means_no_alert_and_easy_to_make(named_drugs: dict[str, str]) -> None:
    mols = require_mols([named_drugs["caffeine"], "CC(=O)Cl", named_drugs["morphine"]])
    assert find_clean(mols).tolist() == [True, False, False]


def test_library_knows_a_molecule_in_any_spelling(named_drugs: dict[str, str]) -> None:
    library = Library(["OC(=O)c1ccccc1OC(C)=O", "C1=CC=CC=C1", "F/C=C/F"])
    assert named_drugs["aspirin"] in library
    assert "FC=CF" not in library
    assert named_drugs["caffeine"] not in library
