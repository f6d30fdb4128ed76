import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.errors import ObjectiveError
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.goals import parse_goal
from moldesign.objectives.profile import Constraints, Profile, parse_goals
from moldesign.objectives.reward import CallableScorer
from tests.objectives.fake_predictor import FakePredictor

SCORES = st.lists(st.floats(0, 1), min_size=3, max_size=3)
WEIGHTS = st.lists(st.floats(0.1, 10), min_size=3, max_size=3)


@given(scores=SCORES, weights=WEIGHTS)
def test_the_total_lies_between_the_worst_and_the_best_term(scores: list[float], weights: list[float]) -> None:
    total = combine_terms(np.array([scores]), weights)[0]
    assert min(scores) - 1e-12 <= total <= max(scores) + 1e-12


def test_meeting_every_goal_gives_exactly_1() -> None:
    assert combine_terms(np.ones((1, 7)), [1, 0.3, 0.7, 2, 1e-3, 5, 0])[0] == 1.0


def test_a_missing_term_leaves_no_total_even_if_it_is_a_hard_limit() -> None:
    total = combine_terms(np.array([[0.5, np.nan], [np.nan, 1.0], [0.0, np.nan], [np.nan, 0.0]]), [1, 0])
    np.testing.assert_array_equal(total, [np.nan, np.nan, 0.0, 0.0])


def test_the_heavier_term_decides() -> None:
    light, heavy = combine_terms(np.array([[0.5, 1.0], [1.0, 0.5]]), [1, 3])
    assert heavy == pytest.approx(0.5**0.75)
    assert light == pytest.approx(0.5**0.25)


UNGUARDED = {"caution": 0.0, "domain": False}


def test_rows_stay_in_place_and_every_term_is_kept(predictor: FakePredictor) -> None:
    profile = parse_goals(["herg <= 0.25", "heavy_atoms >= 3", "solubility max"]).with_changes(guards=UNGUARDED)
    rewards = profile.score(["CCCl", "C(", "ClCCCCl", "", "C"], first_row=10)
    assert rewards.is_valid.tolist() == [True, False, True, False, True]
    assert rewards.errors[1] == "row 11: 'C(' is not a valid SMILES (syntax error)"
    assert rewards.terms.shape == (5, 3)
    assert np.isnan(rewards.total[[1, 3]]).all()
    assert np.isnan(rewards.raw[1]).all()
    assert not rewards.in_domain[1].any()
    assert rewards.raw[0].tolist() == [0.25, 3, -2]
    assert rewards.terms[0].tolist() == pytest.approx([1, 1, 0.6])
    assert rewards.terms[2, 0] == pytest.approx(2**-2.5)
    assert rewards.std[0, 0] == 0.25
    assert np.isnan(rewards.std[0, 1])
    assert rewards.in_domain[2].tolist() == [False, True, True]
    assert rewards.missing == [None] * 5


def test_rows_of_a_series_are_taken_by_their_place(predictor: FakePredictor) -> None:
    profile = parse_goals(["herg <= 0.25", "heavy_atoms >= 3"]).with_changes(guards=UNGUARDED)
    turned = pd.Series(["CCCl", "bad", "ClCCCCl"])[::-1]
    for smiles in (turned, turned[turned != "bad"]):
        np.testing.assert_array_equal(profile.score(smiles).raw, profile.score(list(smiles)).raw)
        np.testing.assert_array_equal(profile.bound(smiles), profile.bound(list(smiles)))


def test_all_endpoints_of_a_predictor_cost_one_prediction(predictor: FakePredictor) -> None:
    parse_goals(["herg <= 0.3", "herg_block min", "solubility >= -4"]).score(["CCO", "C(", "CCN"])
    assert predictor.calls == [["CCO", "CCN"]]


def test_a_molecule_that_a_predictor_refuses_keeps_its_row(predictor: FakePredictor) -> None:
    rewards = parse_goals(["qed max", "herg <= 0.3"]).score(["CCO", "F[Xe]F"], first_row=5)
    assert rewards.is_valid.tolist() == [True, False]
    assert rewards.errors == [None, "row 6: admet: xenon"]
    assert np.isnan(rewards.terms[1]).all()
    assert np.isnan(rewards.raw[1]).all()


@pytest.mark.parametrize("smiles", [[], ["C("], ["C(", None]])
def test_nothing_valid_loads_nothing(predictor: FakePredictor, smiles: list[str]) -> None:
    rewards = parse_goals(["herg <= 0.3", "qed max"]).score(smiles)
    assert rewards.terms.shape == (len(smiles), 2)
    assert np.isnan(rewards.total).all()
    assert predictor.calls == []


def test_a_hard_limit_zeroes_the_total_and_nothing_else() -> None:
    profile = Profile(goals=(parse_goal("qed >= 0.1"),), constraints=Constraints(must=("heavy_atoms <= 13",)))
    rewards = profile.score(["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)OC"])
    assert rewards.term_names == ("qed", "must heavy_atoms <= 13")
    assert rewards.total.tolist() == [1, 0]
    assert rewards.terms[:, 0].tolist() == [1, 1]


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_plain_objective_must_stay_between_0_and_1(value: float) -> None:
    with pytest.raises(ObjectiveError, match="'CCN'; it must lie between 0 and 1"):
        CallableScorer(lambda smiles: [0.5, value]).score(["CCO", "CCN"])
