from pathlib import Path

import numpy as np
import pytest
import torch

from moldesign.errors import RunFolderError
from moldesign.generation.archive import RunArchive
from moldesign.generation.rounds import FastRounds
from moldesign.generation.session import Session, recall_settings
from moldesign.generation.settings import GenerationSettings
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Diversity, Profile, parse_goals
from moldesign.policies.bundled import load_prior
from tests.generation.tiny_run import make_profile, make_settings


def make_session(prior: Path, folder: Path, profile: Profile | None = None, **changes: int) -> Session:
    return Session(load_prior(prior), profile or make_profile(), make_settings(prior, **changes), folder)


def run_batches(session: Session, oracle: Oracle, n: int) -> list[str | None]:
    rounds = FastRounds(session)
    session.begin(rounds)
    return [text for _ in range(n) for batch in rounds.play(session, oracle) for text in batch.smiles]


def test_a_restored_session_writes_the_same_molecules(tiny_prior: Path, tmp_path: Path) -> None:
    oracle = Oracle(make_profile(), budget=1_000)
    session = make_session(tiny_prior, tmp_path)
    run_batches(session, oracle, 2)
    session.save()
    expected = run_batches(session, oracle, 2)
    restored = make_session(tiny_prior, tmp_path)
    restored.restore()
    assert run_batches(restored, oracle, 2) == expected
    assert restored.guide.replay.state_dict() == session.guide.replay.state_dict()
    for name, tensor in session.guide.learner.state_dict().items():
        assert torch.equal(restored.guide.learner.state_dict()[name], tensor), name


def test_without_a_checkpoint_a_session_begins_anew(tiny_prior: Path, tmp_path: Path) -> None:
    session = make_session(tiny_prior, tmp_path)
    session.restore()
    assert session.n_batches == session.n_calls == session.n_idle == 0
    fresh = make_session(tiny_prior, tmp_path)
    assert session.guide.write().smiles == fresh.guide.write().smiles


def test_what_is_no_molecule_earns_nothing(tiny_prior: Path, tmp_path: Path) -> None:
    session = make_session(tiny_prior, tmp_path)
    scored = Oracle(make_profile(), budget=2).score(["CCOc1ccccc1", "C(C", "CC(=O)Nc1ccccc1", "CCNc1ccccc1"])
    rewards = session.judge(scored).rewards
    assert rewards.dtype == np.float32
    assert (rewards > 0).tolist() == [True, False, True, False]  # the last one is beyond the budget
    assert set(session.guide.replay.state_dict()) == {"CCOc1ccccc1", "CC(=O)Nc1ccccc1"}


def test_a_scaffold_that_came_often_earns_less(tiny_prior: Path, tmp_path: Path) -> None:
    profile = make_profile().model_copy(update={"diversity": Diversity(bucket_size=1)})
    session = make_session(tiny_prior, tmp_path, profile)
    rewards = session.judge(Oracle(profile, budget=9).score(["CCOc1ccccc1", "CC(=O)Nc1ccccc1", "CCOc1ccccn1"])).rewards
    assert (rewards > 0).tolist() == [True, False, True]


def test_idle_batches_are_those_without_a_later_call(tiny_prior: Path, tmp_path: Path) -> None:
    session, oracle = make_session(tiny_prior, tmp_path), Oracle(make_profile(), budget=9)
    counts = []
    for smiles in (["CCO", "CCN"], ["CCO", "C(C"], ["CCN"], ["CCC"]):
        session.count([oracle.score(smiles)])
        counts.append((session.n_calls, session.n_idle))
    assert counts == [(2, 0), (2, 1), (2, 2), (3, 0)]
    session.count([])  # a search that has nothing to propose any more
    assert (session.n_calls, session.n_idle) == (3, 1)
    again = make_session(tiny_prior, tmp_path)
    again.count([oracle.score(["CCO", "CCN"])])
    assert (again.n_calls, again.n_idle) == (2, 0)


def test_a_store_remembers_settings_and_start_molecules(tiny_prior: Path, tmp_path: Path) -> None:
    with RunArchive(tmp_path, ("qed",)) as archive:
        assert make_session(tiny_prior, tmp_path).agree_with(archive, ["CCO"]) == ["CCO"]
        assert make_session(tiny_prior, tmp_path).agree_with(archive, []) == ["CCO"]
        with pytest.raises(RunFolderError, match=r"other start molecules \(CCO\)"):
            make_session(tiny_prior, tmp_path).agree_with(archive, ["CCC"])
        with pytest.raises(RunFolderError, match=r"was run with seed 0, not 1; resume it without --seed, or .*--out"):
            make_session(tiny_prior, tmp_path, seed=1).agree_with(archive, ["CCO"])
        assert make_session(tiny_prior, tmp_path).agree_with(archive, ["CCO"]) == ["CCO"]


@pytest.mark.parametrize("again", [["C1CC12CC23CC34CC4"], []], ids=["named again", "resumed"])
def test_nothing_is_odd_in_what_start_molecules_have(tiny_prior: Path, tmp_path: Path, again: list[str]) -> None:
    strange, profile = "C1CC12CC23CC34CC4", parse_goals(["mw in 10..500"])
    assert profile.bound([strange])[0] < 1
    with RunArchive(tmp_path, ("mw",)) as archive:
        make_session(tiny_prior, tmp_path, profile).agree_with(archive, [strange])
        resumed = make_session(tiny_prior, tmp_path, profile)
        resumed.agree_with(archive, again)
    assert resumed.profile.bound([strange, "CCO"]).tolist() == [1, 1]
    assert resumed.profile.terms is profile.terms, "programs stay where they were opened"


def test_settings_are_recalled_from_the_folder(tiny_prior: Path, tmp_path: Path) -> None:
    assert recall_settings(tmp_path) == GenerationSettings()
    assert list(tmp_path.iterdir()) == []
    with RunArchive(tmp_path, ("qed",)) as archive:
        make_session(tiny_prior, tmp_path, seed=5).agree_with(archive, [])
    assert recall_settings(tmp_path) == make_settings(tiny_prior, seed=5)


def test_settings_of_another_version_are_refused(tmp_path: Path) -> None:
    with RunArchive(tmp_path, ("qed",)) as archive:
        archive.write_facts({"settings": '{"sead": 1}', "start": "[]"})
    with pytest.raises(RunFolderError, match=f"{tmp_path.name} cannot be resumed: .* this version.*; choose another"):
        recall_settings(tmp_path)
