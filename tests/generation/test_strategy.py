"""Which strategy a run takes, and that a thrifty one can be interrupted, too."""

import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.generation import strategy as strategy_module
from moldesign.generation.archive import read_facts
from moldesign.generation.loop import GenerationResult
from moldesign.generation.strategy import Choice, judge_cost
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.thrifty import ThriftySettings
from tests.generation.test_loop import EVERY_BATCH, NEVER, assert_same_run, interrupt_after
from tests.generation.tiny_run import START, make_profile, read_rows, run_tiny

SMALL = ThriftySettings(
    n_first=6,
    library_draw=20,
    batch_sizes=((0, 4),),
    acquisition=AcquisitionSettings(generations=2, n_children=20),
)


@pytest.fixture(autouse=True)
def small_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moldesign.generation.rounds.ThriftySettings", lambda: SMALL)


@pytest.fixture
def own_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A goal of the user's own."""
    (tmp_path / "own_goals.py").write_text(
        "def count_oxygens(smiles):\n    return [min(1.0, text.count('O') / 4) for text in smiles]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return parse_goals(["own_goals:count_oxygens max"])


SLOW = """
import json, sys, time
for line in sys.stdin:
    question = json.loads(line)
    time.sleep(0.03)
    print(json.dumps({"id": question["id"], "score": question["smiles"].count("N") / 8}), flush=True)
"""


@pytest.fixture
def slow_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A program that is dear as far as these tests go, whose scores are kept for other runs."""
    monkeypatch.setattr(strategy_module, "DEAR_SECONDS", 0.02)
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    goal = {"property": "slow", "command": (sys.executable, str(script)), "max": True, "workers": 1}
    return Profile.model_validate({"goal": [goal | {"cache": str(tmp_path / "scores.sqlite")}]})


def run_thriftily(prior: Path, out: Path, **options: object) -> GenerationResult:
    return run_tiny(prior, out, strategy="thrifty", budget=40, start=START, **options)


def test_what_is_asked_for_is_taken(tiny_prior: Path, tmp_path: Path) -> None:
    result = run_thriftily(tiny_prior, tmp_path / "run")
    assert result.choice == Choice("thrifty", "as asked for")
    rows = read_rows(result.run_dir)
    assert len(rows) == 40
    assert {row[-1] for row in rows} == {"start", "policy", "genetic"}


def test_bundled_properties_are_cheap(tiny_prior: Path, tmp_path: Path) -> None:
    result = run_tiny(tiny_prior, tmp_path / "run", strategy="auto", budget=20)
    assert result.choice is not None
    assert result.choice.strategy == "fast"
    assert "milliseconds" in result.choice.reason


@pytest.mark.parametrize(("limit", "expected"), [(0.0, "thrifty"), (1e6, "fast")])
def test_the_cost_of_a_call_decides(
    tiny_prior: Path,
    tmp_path: Path,
    own_profile: Profile,
    monkeypatch: pytest.MonkeyPatch,
    limit: float,
    expected: str,
) -> None:
    monkeypatch.setattr(strategy_module, "DEAR_SECONDS", limit)
    run = tmp_path / "run"
    result = run_tiny(tiny_prior, run, strategy="auto", budget=30, profile=own_profile)
    assert result.choice is not None
    assert result.choice.strategy == expected == read_facts(run)["strategy"]
    assert result.choice.reason.startswith("a call takes ")
    monkeypatch.setattr(strategy_module, "DEAR_SECONDS", 1e6 - limit)
    resumed = run_tiny(tiny_prior, run, strategy="auto", budget=36, profile=own_profile, resume=True)
    assert resumed.choice == result.choice
    assert resumed.n_scored == 36


def test_neither_choice_nor_molecules_depend_on_what_a_cache_knows(
    tiny_prior: Path, tmp_path: Path, slow_profile: Profile
) -> None:
    runs = [
        run_tiny(tiny_prior, tmp_path / name, strategy="auto", budget=25, profile=slow_profile, batch_size=64)
        for name in ("first", "second")
    ]
    again = run_tiny(
        tiny_prior, tmp_path / "second", strategy="auto", budget=27, profile=slow_profile, resume=True, batch_size=64
    )
    assert (again.choice, again.n_scored) == (runs[1].choice, 27)
    assert [result.choice and result.choice.strategy for result in runs] == ["thrifty", "thrifty"]
    assert [read_facts(result.run_dir)["timed_rounds"] for result in runs] == ["1", "1"]
    assert read_rows(tmp_path / "first") == read_rows(tmp_path / "second")[:25]


def test_a_program_whose_time_no_cache_has_kept_is_taken_for_dear(
    tiny_prior: Path, tmp_path: Path, slow_profile: Profile
) -> None:
    run_tiny(tiny_prior, tmp_path / "first", strategy="auto", budget=24, profile=slow_profile, batch_size=64)
    with closing(sqlite3.connect(tmp_path / "scores.sqlite")) as cache, cache:
        cache.execute("DELETE FROM times")
    result = run_tiny(tiny_prior, tmp_path / "second", strategy="auto", budget=24, profile=slow_profile, batch_size=64)
    assert result.choice == Choice("thrifty", "the time that a call takes could not be measured")


def test_the_limit_lies_between_a_predictor_and_docking() -> None:
    assert judge_cost(0.001).strategy == judge_cost(None).strategy == "fast"
    assert judge_cost(20.0).strategy == judge_cost(None, runs_programs=True).strategy == "thrifty"


@pytest.mark.parametrize("checkpoint_seconds", [NEVER, EVERY_BATCH])
def test_an_interrupted_thrifty_run_goes_on_as_if_nothing_had_happened(
    tiny_prior: Path, tmp_path: Path, checkpoint_seconds: float
) -> None:
    unbroken = run_thriftily(tiny_prior, tmp_path / "unbroken")
    run = tmp_path / "run"
    first = run_thriftily(tiny_prior, run, on_progress=interrupt_after(4), checkpoint_seconds=checkpoint_seconds)
    assert first.interrupted
    assert 0 < first.n_scored < 40
    resumed = run_tiny(tiny_prior, run, strategy="thrifty", budget=40, resume=True)
    assert_same_run(resumed, unbroken)


@pytest.mark.parametrize("less", [0, 3])
def test_a_killed_thrifty_run_ends_with_a_smaller_budget(tiny_prior: Path, tmp_path: Path, less: int) -> None:
    """It has scored more than its checkpoint knows, and all of it is kept."""
    cut = run_thriftily(tiny_prior, tmp_path, on_progress=interrupt_after(4), checkpoint_seconds=NEVER)
    budget = cut.n_scored - less
    resumed = run_tiny(tiny_prior, tmp_path, strategy="thrifty", budget=budget, resume=True)
    assert not resumed.interrupted
    assert read_rows(resumed.run_dir) == read_rows(cut.run_dir)


def test_a_thrifty_run_scores_no_more_of_a_full_bucket_also_when_it_is_resumed(
    tiny_prior: Path, tmp_path: Path
) -> None:
    """A batch of four is chosen before its first one fills a bucket of three."""
    profile = make_profile().with_changes(diversity={"bucket_size": 3, "minimum_score": 0.01})
    unbroken = run_thriftily(tiny_prior, tmp_path / "unbroken", profile=profile)
    bred = [row[1] for row in read_rows(unbroken.run_dir) if row[-1] == "genetic" and row[2] >= 0.01]
    scaffolds = Counter(murcko_scaffold(mol) for mol in require_mols(bred))
    assert len(scaffolds) > 3
    assert max(scaffolds.values()) <= 3 + 3
    run_thriftily(
        tiny_prior, tmp_path / "run", profile=profile, on_progress=interrupt_after(5), checkpoint_seconds=EVERY_BATCH
    )
    resumed = run_tiny(tiny_prior, tmp_path / "run", strategy="thrifty", budget=40, resume=True, profile=profile)
    assert_same_run(resumed, unbroken)


@pytest.mark.parametrize("strategy", ["auto", "thrifty"])
def test_no_call_is_spent_on_what_breaks_a_limit(
    tiny_prior: Path, tmp_path: Path, own_profile: Profile, strategy: str
) -> None:
    """Neither to measure what a call costs, nor later."""
    lead = "Cc1ccc(OC)cc1C(N)=O"
    near = own_profile.with_constraints(similar_to=[lead], similarity=[0.4, 1.0])
    result = run_tiny(tiny_prior, tmp_path / "run", profile=near, strategy=strategy, budget=30, start=[lead])
    totals = near.score([row[1] for row in read_rows(result.run_dir)]).terms[:, 1]
    assert len(totals) > 15
    assert (totals == 1).all()


def test_a_thrifty_run_keeps_its_scaffold(tiny_prior: Path, tmp_path: Path) -> None:
    profile = parse_goals(["qed max"]).with_constraints(scaffold=["Cc1ccc(*)cc1*"])
    result = run_tiny(tiny_prior, tmp_path / "run", strategy="thrifty", budget=24, profile=profile)
    assert result.n_scored > 10
    assert {row[-1] for row in read_rows(result.run_dir)} <= {"policy", "genetic"}
    assert all(row[2] > 0 for row in read_rows(result.run_dir))
