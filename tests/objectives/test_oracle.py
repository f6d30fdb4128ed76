from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from moldesign.errors import ObjectiveError
from moldesign.objectives.oracle import Oracle, ScoredMolecule
from moldesign.objectives.profile import parse_goals
from moldesign.objectives.reward import Rewards
from tests.objectives.fake_predictor import FakePredictor


def score_carbons(smiles: list[str]) -> list[float]:
    return [min(1.0, text.count("C") / 10) for text in smiles]


def test_only_unique_valid_canonical_molecules_cost_budget() -> None:
    oracle = Oracle(score_carbons, budget=10)
    batch = oracle.score(["OCC", "CCO", "C(", "C(C)O", "CCC"])
    assert batch.smiles == ["CCO", "CCO", None, "CCO", "CCC"]
    assert batch.is_new.tolist() == [True, False, False, False, True]
    assert batch.call_numbers.tolist() == [1, 1, 0, 1, 2]
    assert batch.rewards.total[[0, 1, 3, 4]].tolist() == [0.2, 0.2, 0.2, 0.3]
    assert np.isnan(batch.rewards.total[2])
    assert batch.rewards.errors[2] == "row 2: 'C(' is not a valid SMILES (syntax error)"
    assert oracle.remaining == 8


def test_what_was_scored_is_not_scored_again() -> None:
    seen: list[str] = []
    oracle = Oracle(lambda smiles: seen.extend(smiles) or score_carbons(smiles), budget=10)
    first, second = oracle.score(["CCO", "CCN"]), oracle.score(["NCC", "CCCl"], source="genetic")
    assert seen == ["CCO", "CCN", "CCCl"]
    assert second.is_new.tolist() == [False, True]
    assert second.rewards.total[0] == first.rewards.total[1]
    assert [call.source for call in oracle.history] == ["policy", "policy", "genetic"]


def test_the_budget_is_never_exceeded() -> None:
    oracle = Oracle(score_carbons, budget=2)
    batch = oracle.score(["CO", "C(", "CCO", "CCCO", "CO"])
    assert batch.is_scored.tolist() == [True, False, True, False, True]
    assert batch.rewards.is_valid.tolist() == [True, False, True, True, True]
    assert batch.rewards.errors[3] == "row 3: not scored, the budget of 2 calls is spent"
    assert np.isnan(batch.rewards.total[3])
    assert oracle.remaining == 0
    again = oracle.score(["CO", "CCCO"])
    assert again.is_scored.tolist() == [True, False]
    assert len(oracle.history) == 2


def test_no_call_is_spent_on_what_is_not_wanted() -> None:
    oracle = Oracle(score_carbons, budget=2)
    oracle.score(["CO"])
    batch = oracle.score(["C(", "CCO", "CO", "CCCO"], is_wanted=np.array([True, False, False, True]))
    assert batch.smiles == [None, "CCO", "CO", "CCCO"]
    assert batch.is_scored.tolist() == [False, False, True, True]
    assert batch.is_new.tolist() == [False, False, False, True]
    assert batch.rewards.errors[1] == "row 1: not scored, no call is to be spent on it"
    assert batch.rewards.errors[2:] == [None, None]
    assert [call.smiles for call in oracle.history] == ["CO", "CCCO"]


def test_every_call_is_handed_over_once_with_its_provenance() -> None:
    stored: list[ScoredMolecule] = []
    oracle = Oracle(parse_goals(["qed max", "mw <= 40"]), 5, stored.extend, clock=lambda: 12.5)
    oracle.score(["CCO", "CCO", "bad"], source="start")
    oracle.score(["CCO"])
    assert stored == oracle.history
    (call,) = stored
    assert (call.call, call.smiles, call.source, call.time) == (1, "CCO", "start", 12.5)
    assert call.raw[1] == pytest.approx(46.07, abs=0.01)
    assert oracle.term_names == ("qed", "mw")


def test_a_resumed_oracle_goes_on_where_the_first_stopped() -> None:
    texts = ["CCO", "CCN", "CCC", "CCF"]
    whole, first = Oracle(score_carbons, 3, clock=lambda: 0), Oracle(score_carbons, 3, clock=lambda: 0)
    whole.score(texts[:2])
    expected = whole.score(texts)
    first.score(texts[:2])
    resumed = Oracle(score_carbons, 3, clock=lambda: 0)
    resumed.preload(first.history)
    batch = resumed.score(texts)
    np.testing.assert_array_equal(batch.rewards.total, expected.rewards.total)
    np.testing.assert_array_equal(batch.call_numbers, [1, 2, 3, 0])
    assert [call.smiles for call in resumed.history] == [call.smiles for call in whole.history]


def test_what_a_predictor_refuses_costs_nothing(predictor: FakePredictor) -> None:
    oracle = Oracle(parse_goals(["herg min"]), 2)
    batch = oracle.score(["F[Xe]F", "CCCl"])
    assert batch.rewards.is_valid.tolist() == [False, True]
    assert batch.rewards.errors == ["row 0: admet: xenon", None]
    assert batch.call_numbers.tolist() == [0, 1]
    assert oracle.score(["CCCl", "F[Xe]F"]).rewards.errors == [None, "row 1: admet: xenon"]
    assert len(predictor.calls) == 1
    assert oracle.remaining == 1


@pytest.mark.usefixtures("predictor")
def test_calls_that_a_refused_molecule_leaves_go_to_the_next() -> None:
    oracle = Oracle(parse_goals(["herg min"]), 1)
    assert oracle.score(["F[Xe]F", "CCCl", "CCF"]).call_numbers.tolist() == [0, 1, 0]


def test_an_empty_batch_is_fine() -> None:
    batch = Oracle(parse_goals(["qed max"]), 3).score([])
    assert batch.rewards.terms.shape == (0, 1)
    assert batch.is_new.shape == (0,)


def test_a_total_that_is_none_is_an_error_and_not_a_zero() -> None:
    """A scorer of one's own is not checked term by term."""

    class Broken:
        term_names = ("mine",)

        def score(self, smiles: Sequence[str], /) -> Rewards:
            rewards = parse_goals(["qed max"]).score(smiles)
            return replace(rewards, total=np.where([text == "CCN" for text in smiles], np.nan, rewards.total))

    oracle = Oracle(Broken(), 5)
    with pytest.raises(ObjectiveError, match="the total nan for 'CCN'; it must lie between 0 and 1"):
        oracle.score(["CCO", "CCN"])
    assert oracle.history == []
    assert oracle.score(["CCO", "C("]).is_scored.tolist() == [True, False]


def test_a_molecule_that_the_objective_fails_on_costs_a_call_and_is_not_asked_again() -> None:
    calls: list[list[str]] = []

    def score(smiles: list[str]) -> list[float]:
        calls.append(smiles)
        return [float("nan") if "N" in text else 0.5 for text in smiles]

    stored: list[ScoredMolecule] = []
    oracle = Oracle(score, 5, stored.extend)
    batch = oracle.score(["CCO", "CCN", "C("])
    assert batch.rewards.missing == [None, "objective: it gave nan instead of a finite number", None]
    assert batch.rewards.is_valid.tolist() == [True, True, False]
    assert batch.is_scored.tolist() == [True, True, False]
    assert np.isnan(batch.rewards.total).tolist() == [False, True, True]
    assert [molecule.missing for molecule in stored] == batch.rewards.missing[:2]
    again = oracle.score(["CCN"])
    assert again.rewards.missing == [batch.rewards.missing[1]]
    assert again.is_new.tolist() == [False]
    assert len(calls) == 1
    assert oracle.remaining == 3


def test_an_objective_without_a_score_stops_the_run_and_costs_nothing() -> None:
    oracle = Oracle(lambda smiles: [float("nan")] * len(smiles), 3)
    with pytest.raises(ObjectiveError, match="'CCO'"):
        oracle.score(["CCO"])
    assert oracle.history == []
