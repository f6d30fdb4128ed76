"""Hard limits: each key of `[constraints]` by molecules that keep and that break it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moldesign.errors import ProfileError
from moldesign.objectives.constraints import Constraints, forgive_limits
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import Profile, dump_profile, load_profile, parse_goals
from tests.conftest import ROOT

PARACETAMOL, ASPIRIN = "CC(=O)Nc1ccc(O)cc1", "CC(=O)Oc1ccccc1C(=O)O"


def make_profile(**constraints: Any) -> Profile:
    """Return limits alone: of the smallest molecules ChEMBL has not every one, and guards would mind that."""
    return parse_goals(["mw >= 1"]).with_changes(guards=Guards.off().model_dump()).with_constraints(**constraints)


@pytest.mark.parametrize(
    ("constraints", "kept", "broken"),
    [
        ({"required": ["c[OX2H]", "NC=O"]}, [PARACETAMOL], [ASPIRIN, "Oc1ccccc1"]),
        ({"forbidden": ["C(=O)[OX2H1]"]}, [PARACETAMOL], [ASPIRIN]),
        ({"heavy_atoms": [11, 12]}, [PARACETAMOL], [ASPIRIN, "CCO"]),
        ({"charge": 0}, [PARACETAMOL, "C[N+](C)(C)CC([O-])=O"], ["CC(=O)[O-]", "C[NH3+]"]),
        ({"charge": [-1, 0]}, [PARACETAMOL, "CC(=O)[O-]"], ["C[NH3+]"]),
        ({"elements": ["C", "N", "O"]}, [PARACETAMOL, "[2H]C"], ["CCF", "CS"]),
        ({"stereo": "defined"}, [PARACETAMOL, "C[C@H](N)O", "C/C=C/C"], ["CC(N)O", "CC=CC", "C[C@H](O)C(N)O"]),
        ({"stereo": "none"}, [PARACETAMOL, "CC=C"], ["C[C@H](N)O", "CC(N)O", "C/C=C/C"]),
        ({"scaffold": ["CC(=O)Nc1ccc(*)cc1"]}, [PARACETAMOL], ["CC(=O)Nc1ccccc1", "CC(=O)Nc1ccc(O)c(C)c1"]),
        ({"scaffold": ["CC(=O)N*", "*c1ccccc1"]}, [PARACETAMOL, "CCc1ccccc1"], ["CC(=O)OC"]),
        ({"link": ["CC(=O)N*.*O"]}, [PARACETAMOL, "CC(=O)NCCO"], ["CC(=O)NO", "CC(=O)NCCOC"]),
        ({"similar_to": [PARACETAMOL, ASPIRIN], "similarity": [0.3, 0.9]}, ["CC(=O)Nc1ccccc1"], [ASPIRIN, "CCO"]),
        ({"must": ["mw <= 160", "logp >= 1"]}, [PARACETAMOL], [ASPIRIN]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_breaks_a_limit_is_worth_nothing(constraints: dict[str, Any], kept: list[str], broken: list[str]) -> None:
    totals = make_profile(**constraints).score([*kept, *broken]).total
    assert totals.tolist() == [1.0] * len(kept) + [0.0] * len(broken)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"scaffold": ["c1ccccc1"]}, "constraints.scaffold: the scaffold 'c1ccccc1' has no open point"),
        ({"scaffold": ["c1ccc(*"]}, r"constraints.scaffold: the scaffold cannot be read: 'c1ccc\(\*' is not a valid"),
        ({"link": ["C*.N(*)*"]}, r"constraints.link: the linker ends 'C\*.N\(\*\)\*' are 2 pieces with 3 open points"),
        ({"scaffold": ["C*"], "link": ["C*.N*"]}, "scaffold and link are two ways to design; give one of them"),
        ({"required": ["C("]}, r"'substructure\(C\(\) >= 1': .*not a valid SMARTS"),
        ({"elements": ["C", "Zz"]}, "constraints.elements: 'Zz' is not the symbol of an element"),
        ({"heavy_atoms": [30, 20]}, r"constraints.heavy_atoms: the range \[30, 20\] is empty"),
        ({"charge": "zero"}, r"constraints.charge: Input should be a list; write charge = \["),
        ({"stereo": "some"}, "constraints.stereo: .*'defined' or 'none'"),
        ({"similarity": [0.4, 0.9]}, "similarity and similar_to need each other"),
        ({"similar_to": [PARACETAMOL]}, "similarity and similar_to need each other"),
        ({"similar_to": ["C("], "similarity": [0, 1]}, "to compare with cannot be read: row 0: 'C\\('"),
        ({"scafold": ["C*"]}, "unknown key 'scafold'; known keys: must, required"),
    ],
)
def test_a_limit_that_makes_no_sense_is_one_line(constraints: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message) as caught:
        make_profile(**constraints)
    assert "\n" not in str(caught.value)


def test_a_wrong_limit_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\ncharge = 0\nrequired = ["C("]\n')
    with pytest.raises(ProfileError, match=r"wrong\.toml, line 6: the goal 'substructure\(C\(\) >= 1'"):
        load_profile(path)
    path.write_text('[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nscaffold = ["CCO"]\n')
    with pytest.raises(ProfileError, match=r"wrong\.toml, line 5: constraints.scaffold: .*'CCO' has no open point"):
        load_profile(path)


def test_limits_survive_the_text_of_a_profile(tmp_path: Path) -> None:
    profile = make_profile(
        scaffold=["CC(=O)N*"], charge=0, elements=["C", "N"], stereo="defined", similar_to=["CCO"], similarity=[0, 0.5]
    )
    (tmp_path / "profile.toml").write_text(dump_profile(profile))
    assert load_profile(tmp_path / "profile.toml") == profile


def test_no_constraint_is_no_limit() -> None:
    assert Constraints().goals == ()
    assert len(make_profile().terms) == 1


def test_limits_can_be_forgiven() -> None:
    profile = parse_goals(["mw >= 200"]).with_constraints(forbidden=["O"], must=["mw <= 100"])
    rewards = profile.score(["CCO", "CCC", "C("])
    forgiven = forgive_limits(rewards, profile.terms)
    wishes = parse_goals(["mw >= 200"]).score(["CCO", "CCC", "C("]).total
    assert rewards.total[:2].tolist() == [0.0, pytest.approx(wishes[1])]
    np.testing.assert_allclose(forgiven.total, wishes)
    np.testing.assert_array_equal(forgiven.raw, rewards.raw)


def test_what_the_guards_take_is_not_forgiven() -> None:
    profile = parse_goals(["qed max"])
    rewards = profile.score(["OC1=C2SC2=C1B=CCC"])
    assert rewards.discount[0] < 1
    np.testing.assert_allclose(forgive_limits(rewards, profile.terms).total, rewards.total)


def test_the_example_with_every_kind_of_limit() -> None:
    """Haloperidol itself is too near, a fluoro analogue is not, and one with an open stereocentre breaks that limit."""
    limits = load_profile(ROOT / "data" / "profiles" / "haloperidol_series.toml").constraints
    fields = Constraints.model_fields.keys() - {"link"}
    assert all(getattr(limits, field) for field in fields)
    profile = parse_goals(["mw >= 1"]).with_constraints(**limits.model_dump())
    haloperidol = "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1"
    analogues = ["O=C(CCCN1CCC(O)(CC1)c1ccc(F)cc1)c1ccccc1", "CC(CCN1CCC(O)(CC1)c1ccc(F)cc1)C(=O)c1ccccc1"]
    assert profile.score([haloperidol, *analogues]).total.tolist() == [0.0, 1.0, 0.0]
