import json

import numpy as np
import pytest

from moldesign.generation.progress import Progress, Scoreboard
from moldesign.learning.learner import LearningReport
from moldesign.objectives.oracle import Oracle

REPORT = LearningReport(loss=2.0, kl=0.125, log_prob=-30.0)


def score_carbons(smiles: list[str]) -> list[float]:
    return [min(1.0, text.upper().count("C") / 10) for text in smiles]


def write_alkane(n_carbons: int) -> str:
    return "C" * n_carbons


def update(scoreboard: Scoreboard, oracle: Oracle, smiles: list[str], batch: int = 1) -> Progress:
    scored = oracle.score(smiles)
    return scoreboard.update(batch, len(oracle.history), [scored], REPORT)


def test_a_batch_is_counted() -> None:
    oracle = Oracle(score_carbons, budget=100)
    scoreboard = Scoreboard(oracle, threshold=0.6)
    toluene, benzoic_acid, ethanol = "Cc1ccccc1", "O=C(O)c1ccccc1", "CCO"
    progress = update(scoreboard, oracle, [toluene, benzoic_acid, ethanol, ethanol, "C(C"])
    assert (progress.batch, progress.n_calls, progress.budget) == (1, 3, 100)
    assert progress.validity == pytest.approx(0.8)
    assert progress.mean == pytest.approx(np.mean([0.7, 0.7, 0.2, 0.2]))
    assert progress.top_10 == progress.top_100 == pytest.approx(np.mean([0.7, 0.7, 0.2]))
    assert (progress.n_hits, progress.n_scaffolds) == (2, 1)
    assert (progress.loss, progress.kl) == (2.0, 0.125)


def test_the_best_are_those_of_the_whole_run() -> None:
    oracle = Oracle(score_carbons, budget=1_000)
    scoreboard = Scoreboard(oracle, threshold=0.5)
    update(scoreboard, oracle, [write_alkane(n) for n in range(1, 121)])
    progress = update(scoreboard, oracle, ["CO", "CN"], batch=2)
    totals = sorted(score_carbons([molecule.smiles for molecule in oracle.history]), reverse=True)
    assert progress.top_10 == pytest.approx(np.mean(totals[:10]))
    assert progress.top_100 == pytest.approx(np.mean(totals[:100]))
    assert progress.n_hits == 116


def test_what_has_no_score_is_in_no_mean() -> None:
    oracle = Oracle(lambda smiles: [float("nan") if "N" in text else 0.5 for text in smiles], budget=100)
    progress = update(Scoreboard(oracle, threshold=0.5), oracle, ["CO", "CN", "CCO"])
    assert (progress.mean, progress.top_10, progress.top_100) == (0.5, 0.5, 0.5)
    assert (progress.n_calls, progress.n_hits) == (3, 2)


def test_a_resumed_run_counts_up_to_its_batch_only() -> None:
    earlier = Oracle(score_carbons, budget=100)
    earlier.score([write_alkane(n) for n in range(1, 9)])
    oracle = Oracle(score_carbons, budget=100)
    oracle.preload(earlier.history)
    scoreboard = Scoreboard(oracle, threshold=0.5)
    progress = scoreboard.update(1, 2, [oracle.score(["C", "CC"])], REPORT)
    assert (progress.n_calls, progress.n_hits, progress.top_10) == (2, 0, pytest.approx(0.15))
    assert progress.calls_per_second == 0
    assert progress.seconds_left == float("inf")


def test_what_the_budget_did_not_cover_is_not_in_the_mean() -> None:
    oracle = Oracle(score_carbons, budget=1)
    progress = update(Scoreboard(oracle, threshold=0.5), oracle, ["CC", "CCC"])
    assert progress.mean == pytest.approx(0.2)
    assert progress.seconds_left == 0


def test_a_batch_without_a_molecule_is_finite_json() -> None:
    oracle = Oracle(score_carbons, budget=10)
    progress = update(Scoreboard(oracle, threshold=0.5), oracle, ["C(", "C1"])
    fields = json.loads(json.dumps(progress.to_dict(), allow_nan=False))
    assert fields["validity"] == fields["mean"] == fields["top_10"] == 0
    assert fields["batch"] == 1
