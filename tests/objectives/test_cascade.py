import copy
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest

from moldesign.objectives.profile import Profile, parse_goals
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.reward import Rewards
from tests.objectives.fake_predictor import FakePredictor
from tests.objectives.toy_program import make_command, make_goal, read_log

HEPTANE, PENTANOL, METHANE = "CCCCCCC", "CCCCCO", "C"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def close() -> Iterator[list[Profile]]:
    """Profiles whose programs end with the test."""
    profiles: list[Profile] = []
    yield profiles
    for term in (term for profile in profiles for term in profile.terms):
        if isinstance(term.property, ProgramProperty):
            term.property.close()


def build(close: list[Profile], threshold: float, *goals: str, must: tuple[str, ...] = ()) -> Profile:
    data = parse_goals(goals).model_dump() | {"threshold": threshold, "constraints": {"must": must}}
    close.append(Profile.model_validate(data))
    return close[-1]


def assert_rows(rewards: Rewards, expected: list[float]) -> None:
    np.testing.assert_allclose(rewards.total, expected, atol=1e-9)


def test_a_program_runs_only_for_molecules_that_can_become_hits(close: list[Profile], log: Path) -> None:
    """The goal of the program is stated first; heavy_atoms >= 7 halves with every 4 that are missing (0 to 40)."""
    profile = build(close, 0.8, make_goal(log), "heavy_atoms >= 7")
    rewards = profile.score([HEPTANE, METHANE, PENTANOL, "C("])
    assert read_log(log) == sorted([PENTANOL, HEPTANE])
    missing = rewards.missing[1]
    assert missing is not None
    assert missing.startswith("program(")
    bound = np.sqrt(rewards.terms[1, 1])
    assert bound < 0.8
    limit = np.floor(1000 * bound) / 1000
    assert missing.endswith(f": not run, because the score cannot exceed {limit:.3f}, and a hit needs 0.8")
    assert np.isnan(rewards.total[1])
    assert np.isnan(rewards.raw[1, 0])
    assert rewards.raw[1, 1] == 1
    assert rewards.is_valid.tolist() == [True, True, True, False]
    assert [reason is None for reason in rewards.missing] == [True, False, True, True]
    assert rewards.in_domain[:3].tolist() == [[True, True], [False, True], [True, True]]
    assert_rows(rewards, [np.sqrt(0.7), np.nan, np.sqrt(0.5 * rewards.terms[2, 1]), np.nan])


def test_no_hit_is_lost(close: list[Profile], log: Path) -> None:
    """The totals of all that reach the threshold are those of a cascade that stops nothing."""
    smiles = ["C" * n + "O" * k for n in range(1, 9) for k in range(2)]
    goals = (make_goal(log), "heavy_atoms >= 9 * 2")
    everything = build(close, 1e-9, *goals).score(smiles)
    assert len(read_log(log)) == len(smiles)
    cascade = build(close, 0.6, *goals).score(smiles)
    hits = everything.total >= 0.6
    assert 0 < hits.sum() < len(smiles)
    np.testing.assert_array_equal(cascade.total[hits], everything.total[hits])
    assert not (cascade.total[~hits] >= 0.6).any()
    assert np.isnan(cascade.total).any()


def test_totals_are_bounded_without_the_program(close: list[Profile], log: Path) -> None:
    """The bound is the total that a program would give whose score is the best there is."""
    profile = build(close, 0.1, make_goal(log), "heavy_atoms >= 9 * 2", must=("heavy_atoms >= 2", "mw >= 1"))
    smiles = [METHANE, "C(", PENTANOL, "C" * 10]
    bounds = profile.bound(smiles)
    assert read_log(log) == []
    rewards = profile.score(smiles)
    best = np.where(rewards.terms[:, 0] > 0, 1.0, np.nan)
    np.testing.assert_allclose(bounds[2:], (best * rewards.terms[:, 1] ** 2)[2:] ** (1 / 3))
    assert (bounds[2:] >= rewards.total[2:]).all()
    assert bounds[:2].tolist() == [0, 0], "a broken limit, and no molecule"


def test_what_the_guards_take_bounds_totals(close: list[Profile], log: Path) -> None:
    profile = build(close, 0.1, make_goal(log), "heavy_atoms >= 1")
    strange = "C1CC12CC23CC34CC4"
    assert profile.bound(["CCO", strange]).tolist() == [1.0, profile.score([strange]).discount[0]]
    assert profile.bound([strange])[0] < 1


def test_own_scorers_are_told_from_goals_that_are_cheap(close: list[Profile], log: Path) -> None:
    mixed, own, cheap = (
        build(close, 0.1, *goals) for goals in ((make_goal(log), "qed max"), (make_goal(log),), ("qed max",))
    )
    assert [profile.has_own_scorers for profile in (mixed, own, cheap)] == [True, True, False]
    assert [profile.is_partly_cheap for profile in (mixed, own, cheap)] == [True, False, False]


def test_a_broken_limit_makes_the_total_0_without_the_program(close: list[Profile], log: Path) -> None:
    rewards = build(close, 0.1, make_goal(log), must=("heavy_atoms <= 6",)).score([HEPTANE, PENTANOL])
    assert read_log(log) == [PENTANOL]
    assert rewards.total.tolist() == [0, 0.5]
    assert (rewards.missing[0] or "").endswith(": not run, because 'heavy_atoms <= 6' is not met")


def test_a_limit_on_the_program_itself_is_kept(close: list[Profile], log: Path) -> None:
    command = make_goal(log, ">= 0.6").removesuffix(" >= 0.6")
    rewards = build(close, 1e-9, "qed max", must=(f"{command} >= 0.6",)).score([HEPTANE, PENTANOL, "CF", "CCF"])
    assert rewards.total[0] > 0
    assert rewards.total[1] == 0
    assert np.isnan(rewards.total[2:]).all(), "whether the limit is met is not known"


def test_the_second_program_waits_for_the_first(close: list[Profile], tmp_path: Path) -> None:
    first, second = make_goal(tmp_path / "1"), make_goal(tmp_path / "2")
    rewards = build(close, 0.8, first, second).score([HEPTANE, "CCCF", "CCCCCCCC", METHANE])
    assert read_log(tmp_path / "1") == sorted([HEPTANE, "CCCF", "CCCCCCCC", METHANE])
    assert read_log(tmp_path / "2") == [HEPTANE, "CCCCCCCC"]
    assert_rows(rewards, [0.7, np.nan, 0.8, np.nan])
    assert "no conformer found" in (rewards.missing[1] or "")
    assert "not run, because the score cannot exceed 0.316" in (rewards.missing[3] or "")


def test_what_a_predictor_refuses_is_not_run(close: list[Profile], log: Path, predictor: FakePredictor) -> None:
    rewards = build(close, 0.1, make_goal(log), "herg <= 0.9").score(["F[Xe]F", "CCC"])
    assert read_log(log) == ["CCC"]
    assert rewards.errors == ["row 0: admet: xenon", None]
    assert rewards.missing == [None, None]
    assert rewards.is_valid.tolist() == [False, True]


def test_what_the_guards_take_counts_before_a_program_runs(
    close: list[Profile], log: Path, predictor: FakePredictor
) -> None:
    """The fake predictor knows molecules of up to four letters; just outside its domain 0.328 of a score is left."""
    profile = build(close, 0.5, make_goal(log), "herg <= 0.9").with_changes(guards={"unseen": 1})
    close.append(profile)
    rewards = profile.score(["CCCC", HEPTANE])
    assert read_log(log) == ["CCCC"]
    assert rewards.discount.tolist() == [1, pytest.approx(0.5 * 0.9**4)]
    assert "cannot exceed 0.3" in (rewards.missing[1] or "")
    assert "(the guards leave 33% of it), and a hit needs 0.5" in (rewards.missing[1] or "")


def test_caution_counts_before_a_program_runs(close: list[Profile], log: Path, predictor: FakePredictor) -> None:
    """A prediction of 0.25 with a standard deviation of 0.25 may be 0.5, which the goal does not want."""
    goals = (make_goal(log), "herg <= 0.25")
    careless, careful = (
        build(close, 0.9, *goals).with_changes(guards={"caution": caution, "unseen": 1}) for caution in (0, 1)
    )
    close += [careless, careful]
    assert careful.score(["CCCl"]).missing[0]
    assert read_log(log) == []
    assert careless.score(["CCCl"]).missing[0] is None
    assert read_log(log) == ["CCCl"]


def test_a_program_named_in_two_goals_runs_once(close: list[Profile], log: Path) -> None:
    goals = [
        {"property": "carbons", "command": make_command(log), "max": True, "workers": 1},
        {"property": "carbons", "at_least": 0.3},
    ]
    profile = Profile.model_validate({"goal": goals, "threshold": 1e-9, "constraints": {"must": ["carbons <= 0.9"]}})
    close.append(profile)
    rewards = profile.score([HEPTANE, "CC"])
    assert read_log(log) == ["CC", HEPTANE]
    np.testing.assert_allclose(rewards.raw[:, 0], [0.7, 0.2])
    np.testing.assert_array_equal(rewards.raw[:, 1:], rewards.raw[:, [0, 0]])


def test_a_limit_on_a_program_that_also_has_a_goal_asks_nothing_more(close: list[Profile], log: Path) -> None:
    rewards = build(close, 0.5, make_goal(log), must=(make_goal(log, ">= 0.1"),)).score([PENTANOL, METHANE])
    assert not np.isnan(rewards.raw).any()
    np.testing.assert_array_equal(rewards.raw[:, 0], rewards.raw[:, 1])
    assert rewards.missing == [None, None]
    assert not np.isnan(rewards.total).any()
    assert sorted(read_log(log)) == sorted([PENTANOL, METHANE])


def test_terms_about_one_function_have_one_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text("import random\nroll = lambda smiles: [random.random() for _ in smiles]\n")
    monkeypatch.syspath_prepend(tmp_path)
    raw = parse_goals(["dice:roll >= 0.5", "dice:roll <= 0.9"]).score([PENTANOL, METHANE]).raw
    np.testing.assert_array_equal(raw[:, 0], raw[:, 1])


def test_a_profile_that_has_run_a_program_can_be_copied(close: list[Profile], log: Path) -> None:
    profile = build(close, 0.5, make_goal(log))
    expected = profile.score([PENTANOL]).raw
    for copied in (copy.deepcopy(profile), ForkingPickler.loads(ForkingPickler.dumps(profile))):
        close.append(copied)
        np.testing.assert_array_equal(copied.score([PENTANOL]).raw, expected)
