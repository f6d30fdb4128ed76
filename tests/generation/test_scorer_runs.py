"""Runs with a program among the goals: what fails is seen and not learned from, and nothing is scored twice."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.errors import ObjectiveError
from moldesign.generation import rounds
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import GenerationResult
from moldesign.generation.progress import Progress
from moldesign.generation.session import Session
from moldesign.learning.learner import Learner, LearningReport
from moldesign.objectives.oracle import Oracle, ScoredMolecule
from moldesign.objectives.profile import Profile
from moldesign.policies.bundled import load_prior
from moldesign.policies.sampling import SampledBatch
from moldesign.search.thrifty import ThriftySettings
from tests.generation.test_prompts import MODES, keeps
from tests.generation.tiny_run import make_settings, read_rows, run_tiny

# Fails on fluorine, and on everything while a file called "broken" lies in its folder; notes what it is asked.
PROGRAM = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
for line in sys.stdin:
    question = json.loads(line)
    with (folder / "asked").open("a") as log:
        log.write(question["smiles"] + "\\n")
    if (folder / "broken").exists():
        sys.exit("no licence")
    answer = {"error": "no conformer"} if "F" in question["smiles"] else {"score": question["smiles"].count("N") / 2}
    print(json.dumps({"id": question["id"], **answer}), flush=True)
"""


def make_profile(folder: Path, threshold: float = 0.6, workers: int = 2) -> Profile:
    """Return a cheap goal, which lets about half of the molecules pass, and the program."""
    (folder / "program.py").write_text(PROGRAM)
    command = (sys.executable, str(folder / "program.py"), str(folder))
    program = {"property": "dock", "command": command, "max": True, "low": -1, "workers": workers, "timeout": 60}
    cheap = {"property": "mw", "at_least": 120, "scale": 20}
    return Profile.model_validate({"goal": [program, cheap], "threshold": threshold})


def read_asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().split()


def read_molecules(run: Path) -> list[ScoredMolecule]:
    with RunArchive(run, ("dock", "mw")) as archive:
        return list(archive.read())


@pytest.fixture(scope="module", autouse=True)
def small_library() -> Iterator[None]:
    """A thrifty run begins with fewer molecules of the prior: most of its time would go into writing them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "ThriftySettings", lambda: ThriftySettings(library_draw=200))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("program")


@pytest.fixture(scope="module")
def finished(tiny_prior: Path, folder: Path) -> GenerationResult:
    return run_tiny(tiny_prior, folder / "run", profile=make_profile(folder))


def test_failed_and_skipped_molecules_are_seen_and_are_no_hits(finished: GenerationResult, folder: Path) -> None:
    molecules = read_molecules(finished.run_dir)
    failed = [one for one in molecules if one.missing == "dock: no conformer"]
    skipped = [one for one in molecules if one.missing is not None and one.missing.startswith("dock: not run, because")]
    scored = [one for one in molecules if one.missing is None]
    assert len(failed) + len(skipped) + len(scored) == len(molecules) == finished.n_scored
    assert failed
    assert skipped
    assert all(np.isnan(one.total) and np.isnan(one.raw[0]) and not np.isnan(one.raw[1]) for one in failed + skipped)
    assert all("F" in one.smiles for one in failed)
    assert all(one.terms[1] ** 0.5 * one.discount < 0.6 for one in skipped)
    assert any(one.terms[1] ** 0.5 >= 0.6 for one in skipped), "the guards count as well"
    assert (finished.n_failed, finished.n_not_run) == (len(failed), len(skipped))
    hits = pd.read_csv(finished.run_dir / "hits.csv")
    assert hits["smiles"].tolist() == finished.frame["smiles"].tolist()
    assert set(hits["smiles"]) == {one.smiles for one in scored if one.total >= 0.6}
    unscored = pd.read_csv(finished.run_dir / "unscored.csv")
    assert unscored["smiles"].tolist() == [one.smiles for one in failed]
    assert set(unscored["missing"]) == {"dock: no conformer"}
    assert unscored.columns.tolist() == ["smiles", "missing", "dock", "mw", "call", "source"]
    asked = read_asked(folder)
    assert sorted(asked) == sorted(one.smiles for one in failed + scored)
    totals = [(row[2] is None) for row in read_rows(finished.run_dir)]
    assert sum(totals) == len(failed) + len(skipped)


def test_metrics_stay_numbers(finished: GenerationResult) -> None:
    for line in (finished.run_dir / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in metrics.jsonl"))


def test_an_interrupted_run_goes_on_the_same_and_scores_nothing_twice(
    tiny_prior: Path, finished: GenerationResult, tmp_path: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.batch == 2:
            raise KeyboardInterrupt

    profile = make_profile(tmp_path)
    assert run_tiny(tiny_prior, tmp_path / "run", profile=profile, on_progress=interrupt).interrupted
    resumed = run_tiny(tiny_prior, tmp_path / "run", profile=profile, resume=True)
    assert read_rows(resumed.run_dir) == read_rows(finished.run_dir)
    asked = read_asked(tmp_path)
    assert len(asked) == len(set(asked))


def test_a_program_that_breaks_stops_the_run_which_goes_on_after_the_repair(
    tiny_prior: Path, finished: GenerationResult, tmp_path: Path
) -> None:
    def break_program(progress: Progress) -> None:
        if progress.batch == 2:
            (tmp_path / "broken").touch()

    profile, run = make_profile(tmp_path), tmp_path / "run"
    said = (
        r"^dock \(.*program\.py.*\) gave a score for \d+ of \d+ molecules, fewer than half; first failure: '.*': "
        r"it ended with exit code 1: no licence; everything scored is kept in .*run: go on with --resume$"
    )
    with pytest.raises(ObjectiveError, match=said):
        run_tiny(tiny_prior, run, profile=profile, on_progress=break_program)
    kept = read_rows(run)
    assert 0 < len(kept) < finished.n_scored
    assert (run / "hits.csv").exists()
    (tmp_path / "broken").unlink()
    known = set(read_asked(tmp_path)) & {row[1] for row in kept}
    (tmp_path / "asked").unlink()
    dock = profile.goals[0].model_copy(update={"timeout": 90.0, "workers": 1})
    patient = Profile(goals=(dock, profile.goals[1]), threshold=profile.threshold)
    resumed = run_tiny(tiny_prior, run, profile=patient, resume=True)
    assert read_rows(resumed.run_dir) == read_rows(finished.run_dir)
    assert not known & set(read_asked(tmp_path))


def test_nothing_is_learned_from_a_molecule_whose_scorer_failed(
    tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[tuple[int, list[float]]] = []

    def note(self: Learner, sequences: torch.Tensor, rewards: torch.Tensor, *rest: object) -> LearningReport:
        learned.append((len(sequences), rewards.tolist()))
        return LearningReport(0.0, 0.0, 0.0)

    monkeypatch.setattr(Learner, "update", note)
    profile = make_profile(tmp_path)
    session = Session(load_prior(tiny_prior), profile, make_settings(tiny_prior), tmp_path)
    smiles = ["Nc1ccc(N)cc1CCCC", "Fc1ccc(N)cc1CCCC", "CCO", "C("]
    rewards = session.judge(Oracle(profile, budget=9).score(smiles)).rewards
    profile.terms[0].property.close()  # type: ignore[attr-defined]
    assert np.isnan(rewards).tolist() == [False, True, False, False]
    assert rewards[0] == 1
    assert 0 < rewards[2] < 0.6
    assert rewards[3] == 0
    assert len(session.guide.replay.state_dict()) == 2
    session.guide.learn(SampledBatch(torch.ones(4, 3, dtype=torch.int64), smiles, np.zeros(4)), rewards)
    assert learned[0] == (3, rewards[[0, 2, 3]].tolist())
    learned.clear()
    session.guide.replay.load_state_dict({})
    nothing: Any = np.array([np.nan] * 4, dtype=np.float32)
    session.guide.learn(SampledBatch(torch.ones(4, 3, dtype=torch.int64), smiles, np.zeros(4)), nothing)
    assert learned == []


def run_thrifty(tiny_prior: Path, folder: Path, **options: Any) -> GenerationResult:
    profile = make_profile(folder, workers=7)
    return run_tiny(tiny_prior, folder / "run", profile=profile, strategy="thrifty", **options)


@pytest.fixture(scope="module")
def whole(tiny_prior: Path, tmp_path_factory: pytest.TempPathFactory) -> GenerationResult:
    """A thrifty run that nobody interrupted."""
    return run_thrifty(tiny_prior, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def cut(tiny_prior: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a program and of the thrifty run that was interrupted."""

    def interrupt(progress: Progress) -> None:
        if progress.n_calls >= 30:
            raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("cut")
    assert run_thrifty(tiny_prior, folder, on_progress=interrupt).interrupted
    (folder / "asked").rename(folder / "asked before")
    return folder


def test_a_thrifty_run_knows_beforehand_what_meets_the_cheap_goals(
    whole: GenerationResult, finished: GenerationResult
) -> None:
    """The program is not run for what fails the cheap goal: that is known before a molecule is proposed."""
    assert whole.n_scored > 40
    assert whole.n_not_run < 0.25 * finished.n_not_run * whole.n_scored / finished.n_scored


@pytest.mark.slow
@pytest.mark.parametrize("workers_later", [7, 2])
def test_an_interrupted_thrifty_run_goes_on_the_same_also_with_fewer_processes(
    tiny_prior: Path, whole: GenerationResult, cut: Path, tmp_path: Path, workers_later: int
) -> None:
    run = Path(shutil.copytree(cut / "run", tmp_path / "run"))
    shutil.copy(cut / "asked before", cut / "asked")
    profile = make_profile(cut, workers=workers_later)
    resumed = run_tiny(tiny_prior, run, profile=profile, strategy="thrifty", resume=True)
    assert (whole.interrupted, resumed.interrupted) == (False, False)
    assert read_rows(resumed.run_dir) == read_rows(whole.run_dir)
    asked = read_asked(cut)
    assert len(asked) == len(set(asked))
    lines = (whole.run_dir / "metrics.jsonl").read_text().splitlines()
    sizes = np.diff([0, *(json.loads(line)["n_calls"] for line in lines)])
    assert set(sizes[4:-1]) == {7}, "a molecule for every process"


@pytest.mark.parametrize("name", ["scaffold", "link"])
def test_what_is_bred_keeps_what_is_given(name: str, tiny_prior: Path, tmp_path: Path) -> None:
    """Crossover would cut scaffold and ends; which children still have them is known before one is proposed."""
    profile = make_profile(tmp_path).with_constraints(**MODES[name])
    result = run_tiny(tiny_prior, tmp_path / "run", profile=profile, strategy="thrifty", budget=48)
    rows = read_rows(result.run_dir)
    assert np.mean([keeps(row[1]) for row in rows]) > 0.9
    assert len(result.frame) > 3
    assert all(map(keeps, result.frame["smiles"]))
