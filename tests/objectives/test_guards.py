"""Predictions count as far as they are certain, and inside the domain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.chem.unseen import Unseen
from moldesign.errors import ProfileError
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import dump_profile, load_profile, parse_goals
from moldesign.objectives.terms import Term
from tests.objectives.fake_predictor import FakePredictor

UNGUARDED = Guards.off().model_dump()
STRANGE_RING, STRANGE_ATOM = "C1CC2CCCCNC2CCN1", "CCS(F)(F)(C)N=S"
"""A ring system, and a sulfur atom, that no molecule of ChEMBL has."""


def make_term(goal: str) -> Term:
    return parse_goals([goal]).terms[0]


@pytest.mark.parametrize(
    ("goal", "value", "counts_as"),
    [("logp >= 3", 2.5, 2.0), ("logp <= 3", 3.5, 4.0), ("logp in 1..3", 3.2, 3.7), ("logp in 1..3", 0.8, 0.3)],
)
def test_a_prediction_counts_as_if_it_were_off_to_the_worse_side(goal: str, value: float, counts_as: float) -> None:
    term = make_term(goal)
    score = Guards(caution=0.5).transform(term, np.array([value]), np.array([1.0]))
    assert score == pytest.approx(term.transform(np.array([counts_as])))
    assert score < term.transform(np.array([value]))


@given(st.floats(-5, 10), st.floats(0, 3), st.sampled_from(["logp max", "logp min", "logp in 1..3", "logp >= 2"]))
def test_more_uncertainty_never_pays(value: float, std: float, goal: str) -> None:
    term, values = make_term(goal), np.array([value])
    certain, unsure = (Guards().transform(term, values, np.array([one])) for one in (std, std + 0.5))
    assert unsure <= certain <= term.transform(values)


def test_what_is_computed_is_believed() -> None:
    term = make_term("logp >= 3")
    values = np.array([2.0, 3.5])
    assert Guards().transform(term, values, np.full(2, np.nan)).tolist() == term.transform(values).tolist()


def test_the_gate_is_open_inside_and_closes_with_the_distance() -> None:
    margin = np.array([[np.inf, 3.0], [1.0, 2.0], [0.999, np.inf], [0.5, 2.0], [0.0, 1.0], [np.inf, np.inf]])
    factors = Guards().admit(margin)
    assert factors[[0, 1, 5]].tolist() == [1, 1, 1]
    assert factors[2] == pytest.approx(0.498, abs=1e-3)
    assert factors[3] == pytest.approx(0.5**5)
    assert factors[4] == 0
    assert Guards(domain=False).admit(margin).tolist() == [1] * 6


def test_a_profile_guards_its_predictions_unless_told_otherwise(predictor: FakePredictor) -> None:
    profile = parse_goals(["herg <= 0.25"])
    plain = profile.with_changes(guards=UNGUARDED).score(["CCCl", "ClCCCCl"])
    cautious = profile.with_changes(guards={"domain": False}).score(["CCCl", "ClCCCCl"])
    guarded = profile.score(["CCCl", "ClCCCCl"])
    assert (cautious.total < plain.total).all()
    assert guarded.in_domain[:, 0].tolist() == [True, False]
    assert guarded.total[0] == cautious.total[0]
    assert guarded.total[1] < cautious.total[1]
    assert guarded.raw.tolist() == plain.raw.tolist()


def test_a_hard_limit_holds_for_the_prediction_itself(predictor: FakePredictor) -> None:
    profile = parse_goals(["qed max"]).with_constraints(must=["herg <= 0.25"])
    assert profile.score(["CCCl"]).total[0] > 0


def test_what_nobody_has_reported_is_worth_less() -> None:
    counts = Unseen(np.array([0, 1, 2, 0, 1, 9]), np.array([0, 0, 0, 5, 1, 9]), np.array([0, 0, 0, 0, 0, 0]))
    assert Guards(unseen=0.5).discount(counts).tolist() == [1, 0.5, 0.25, 0.5, 0.25, 0.125]
    assert Guards().discount(counts)[1] < parse_goals(["qed max"]).threshold, "it must be no hit"
    assert Guards.off().discount(counts).tolist() == [1] * 6


def test_what_does_not_last_is_worth_less() -> None:
    counts = Unseen(np.array([0, 1, 0]), np.array([0, 0, 0]), np.array([1, 2, 9]))
    assert Guards(unseen=0.5, unstable=0.25).discount(counts).tolist() == [0.25, 0.5 * 0.25**2, 0.25**3]
    assert Guards().discount(counts)[0] < parse_goals(["qed max"]).threshold, "it must be no hit"
    assert Guards.off().discount(counts).tolist() == [1] * 3


def test_a_molecule_with_a_strange_part_is_no_hit_unless_told_otherwise() -> None:
    smiles = ["CCO", STRANGE_RING, STRANGE_ATOM, "nothing", "CN1CCN(C)C1"]
    profile = parse_goals(["mw in 10..500"])
    guarded, plain = profile.score(smiles), profile.with_changes(guards=UNGUARDED).score(smiles)
    assert plain.total[[0, 1, 2, 4]].tolist() == [1, 1, 1, 1]
    assert guarded.total[[0, 1, 2, 4]].tolist() == [1, 0.4, 0.4, 0.4]
    assert (guarded.total[[1, 2, 4]] < profile.threshold).all()
    assert np.isnan(guarded.total[3])
    assert guarded.terms[:3].tolist() == plain.terms[:3].tolist()


def test_nothing_is_strange_in_what_the_user_began_with() -> None:
    profile = parse_goals(["mw in 10..500"])
    assert profile.knowing([STRANGE_RING]).score([STRANGE_RING, STRANGE_ATOM]).total.tolist() == [1, 0.4]
    near = profile.with_constraints(similar_to=[STRANGE_ATOM], similarity=[0.0, 1.0])
    assert near.score([STRANGE_RING, STRANGE_ATOM]).total.tolist() == [0.4, 1]
    decorated = profile.with_constraints(scaffold=["C1CC2CCCCNC2CCN1C*"])
    assert decorated.score(["C1CC2CCCCNC2CCN1CC"]).total.tolist() == [1]
    assert profile.knowing(["CN1CCN(C)C1"]).score(["CN1CCN(CC)C1", "CNCO"]).total.tolist() == [1, 0.4]
    assert profile.knowing([STRANGE_RING]).has_same_aim(profile)


def test_strange_parts_can_be_goals() -> None:
    profile = parse_goals(["unseen_rings <= 0", "unseen_atoms min", "unstable <= 0"])
    rewards = profile.score(["CCO", STRANGE_RING, "CC(O)=CC"])
    assert rewards.raw[:, [0, 2]].tolist() == [[0, 0], [1, 0], [0, 1]]
    assert profile.term_names == ("unseen_rings", "unseen_atoms", "unstable")


def test_guards_are_part_of_the_profile(tmp_path) -> None:  # type: ignore[no-untyped-def]
    profile = parse_goals(["qed max"]).with_changes(guards={"caution": 1.5})
    (tmp_path / "p.toml").write_text(dump_profile(profile))
    assert load_profile(tmp_path / "p.toml").guards == Guards(caution=1.5)
    with pytest.raises(ProfileError, match=r"guards\.caution"):
        parse_goals(["qed max"]).with_changes(guards={"caution": -1})
