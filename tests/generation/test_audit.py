"""Hits are shown to a control that the run has not seen; what it doubts is said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moldesign.errors import ModelFormatError
from moldesign.generation import audit as audit_module
from moldesign.generation.audit import audit_hits, write_audit
from moldesign.objectives import catalog
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.control import N_BITS, Answers, Control, ControlEndpoint
from tests.objectives.fake_predictor import FakePredictor

SMILES = ["CCO", "CCCl", "ClCCCl"]


def make_control(*, herg: float = 0.2) -> Control:
    """Return a control that says the same of every molecule: -3 for the solubility, and a probability for hERG."""
    endpoints = (
        ControlEndpoint("solubility", False, False, 500, "Spearman", 0.8, 900),
        ControlEndpoint("herg", True, False, 200, "AUROC", 0.75, 400),
    )
    answers = Answers(np.array([[-6.0, 0.0], [0.0, 1.0]]), np.array([[[-5.0], [-1.0]], [[0.2], [0.8]]]))
    intercepts = np.array([-3.0, np.log(herg / (1 - herg))])
    limits = np.array([[-9.0, 2.0], [-np.inf, np.inf]])
    weights = np.zeros((2, N_BITS), dtype=np.float32)
    return Control(endpoints, weights, intercepts, limits, answers, {"ames": "12 were held out"}, "abc")


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Profile:
    card = {"endpoints": [endpoint.to_dict() for endpoint in FakePredictor().endpoints]}
    monkeypatch.setattr(catalog, "list_bundled", lambda: {"admet": None})
    monkeypatch.setattr(catalog, "read_model_card", lambda name: card)
    monkeypatch.setattr(audit_module, "load_control", lambda name: make_control())
    return parse_goals(["herg max", "solubility max * 2", "ames min", "qed max"])


def make_hits(**columns: Any) -> pd.DataFrame:
    values = {"herg": [0.8, 0.8, 0.8], "solubility": [-1.0, -1.0, -1.0], "in_domain": [True, True, False]}
    return pd.DataFrame({"smiles": SMILES} | values | columns)


def test_both_models_are_compared_over_the_goals_with_a_control(profile: Profile) -> None:
    audit = audit_hits(make_hits(), profile)
    assert audit.goals.keys() == {"herg", "solubility"}
    assert audit.without == {"ames": "12 were held out"}
    herg, solubility = audit.goals["herg"], audit.goals["solubility"]
    assert (herg.reward, herg.control) == pytest.approx((0.8, 0.2))
    assert herg.attainable == pytest.approx(0.8 * 0.8 + 0.2 * 0.2)
    assert (solubility.reward, solubility.control) == pytest.approx((0.7, 0.5))
    assert audit.reward == pytest.approx((0.8 * 0.7**2) ** (1 / 3))
    assert audit.control == pytest.approx((0.2 * 0.5**2) ** (1 / 3))
    assert audit.ratio == pytest.approx(audit.control / audit.reward)
    assert audit.is_suspect
    assert audit.in_domain == pytest.approx(2 / 3)
    assert (herg.figure, herg.quality, herg.n_molecules) == ("AUROC", 0.75, 200)


def test_a_control_that_agrees_is_no_reason_to_doubt(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "load_control", lambda name: make_control(herg=0.8))
    audit = audit_hits(make_hits(solubility=[-3.0, -3.0, -3.0]), profile)
    assert audit.ratio == pytest.approx(1)
    assert not audit.is_suspect


def test_a_control_that_knows_too_little_is_left_out(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    known = make_control()
    answers = known.answers._replace(quantiles=np.array([[[-5.0], [-1.0]], [[0.2], [0.3]]]))
    weak = replace(known, answers=answers)
    monkeypatch.setattr(audit_module, "load_control", lambda name: weak)
    audit = audit_hits(make_hits(), profile)
    assert audit.goals.keys() == {"solubility"}
    assert audit.without["herg"].startswith("its control, taught on 200 molecules, is too unsure")
    assert audit.control == pytest.approx(0.5)


def test_hard_limits_and_computed_goals_are_not_compared(profile: Profile) -> None:
    computed = parse_goals(["qed max"]).with_constraints(must=["herg <= 0.9"])
    audit = audit_hits(make_hits(), computed)
    assert (audit.reward, audit.ratio, dict(audit.without)) == (None, None, {})
    assert not audit.is_suspect


@pytest.mark.parametrize(
    ("control", "reason"),
    [(None, "the model admet came without one"), (ModelFormatError("it is damaged"), "it is damaged")],
)
def test_a_missing_or_damaged_control_is_said_and_no_end_of_the_run(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, control: Exception | None, reason: str
) -> None:
    def load(name: str) -> None:
        if control is not None:
            raise control

    monkeypatch.setattr(audit_module, "load_control", load)
    audit = audit_hits(make_hits(), profile)
    assert audit.reward is None
    assert set(audit.without.values()) == {reason}


def test_without_hits_there_is_nothing_to_compare(profile: Profile) -> None:
    audit = audit_hits(make_hits().head(0), profile)
    assert (audit.n_hits, audit.in_domain, audit.reward, audit.ratio) == (0, None, None, None)


def test_the_run_folder_keeps_the_figures(profile: Profile, tmp_path: Path) -> None:
    audit = audit_hits(make_hits(), profile)
    write_audit(tmp_path, audit)
    stored = json.loads((tmp_path / "audit.json").read_text())
    assert stored["ratio"] == pytest.approx(audit.ratio)
    assert stored["goals"]["herg"]["n_molecules"] == 200
    assert stored["without"] == {"ames": "12 were held out"}
