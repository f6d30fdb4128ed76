"""Limits that a structure alone can tell are told without a score; others are left to the scoring."""

import numpy as np
import pytest

from moldesign.objectives.limits import StructuralLimits
from moldesign.objectives.profile import Profile, parse_goals

SMILES = ["CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(OC)cc1", "CCO", "C1", "[O-]C(=O)c1ccc(NC(C)=O)cc1"]


def make_profile(**constraints: object) -> Profile:
    return parse_goals(["qed max"]).with_constraints(**constraints)


@pytest.mark.parametrize(
    ("constraints", "kept"),
    [
        ({"similar_to": SMILES[:1], "similarity": [0.4, 0.9]}, [False, True, False, True, True]),
        ({"charge": 0, "forbidden": ["[OX2H]"]}, [False, True, False, True, False]),
        ({"must": ["mw >= 100"], "elements": ["C", "N", "O"]}, [True, True, False, True, True]),
        ({}, [True] * 5),
    ],
)
def test_what_breaks_a_limit_is_found(constraints: dict[str, object], kept: list[bool]) -> None:
    profile = make_profile(**constraints)
    limits = StructuralLimits(profile.terms)
    assert bool(limits) is bool(constraints)
    assert limits.are_kept(SMILES).tolist() == kept
    assert limits.are_kept([]).tolist() == []
    assert limits.select_kept(SMILES) == [text for text, keeps in zip(SMILES, kept, strict=True) if keeps]
    rewards = profile.score(SMILES)
    assert np.array_equal(rewards.total == 0, ~limits.are_kept(SMILES))


def test_predictors_and_own_scorers_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = make_profile(must=["herg <= 0.5", "os:getpid <= 3", "program(false) >= 1"])
    assert len(profile.terms) == 4
    assert not StructuralLimits(profile.terms)
