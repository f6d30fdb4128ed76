"""Policy, genetic search and surrogate around one table."""

import json
from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.smiles import parse_smiles
from moldesign.errors import ObjectiveError
from moldesign.generation.engine import POLICY, SEARCH, Credit, Engine, EngineSettings
from moldesign.generation.prompts import DeNovo
from moldesign.learning.guide import Guide
from moldesign.policies.bundled import load_prior
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.thrifty import ThriftySearch, ThriftySettings
from moldesign.seeding import make_generators
from tests.conftest import NAMED_DRUGS

SETTINGS = ThriftySettings(n_first=6, library_draw=20, acquisition=AcquisitionSettings(generations=2, n_children=20))


def make_engine(prior_folder: Path, *, seed: int = 0, **settings: float) -> Engine:
    prior = load_prior(prior_folder)
    guide = Guide(prior, DeNovo(prior, 16), make_generators(seed), replay_size=8)
    search = ThriftySearch(list(NAMED_DRUGS.values()), seed=seed, settings=SETTINGS)
    return Engine(guide, search, EngineSettings(**settings))


def score_oxygens(smiles: list[str]) -> list[float]:
    return [min(1.0, text.upper().count("O") / 6) for text in smiles]


def play(engine: Engine, n_rounds: int) -> list[dict[str, str]]:
    rounds = []
    for _ in range(n_rounds):
        rounds.append(engine.propose())
        engine.observe(list(rounds[-1]), score_oxygens(list(rounds[-1])))
    return rounds


def test_molecules_are_new_valid_and_come_from_both(tiny_prior: Path) -> None:
    rounds = play(make_engine(tiny_prior), 14)
    proposed = [text for batch in rounds for text in batch]
    assert len(proposed) == len(set(proposed))
    assert all(mol is not None for mol in parse_smiles(proposed).mols)
    sources = {source for batch in rounds for source in batch.values()}
    assert sources == {POLICY, SEARCH}
    assert [set(batch.values()) for batch in rounds[:2]] == [{SEARCH}] * 2  # the first ones of the library


def test_the_policy_learns_from_what_others_found(tiny_prior: Path) -> None:
    engine = make_engine(tiny_prior, updates_per_call=10.0)
    before = {name: tensor.clone() for name, tensor in engine.guide.learner.policy.state_dict().items()}
    play(engine, 3)
    assert any((tensor != before[name]).any() for name, tensor in engine.guide.learner.policy.state_dict().items())
    assert set(engine.guide.replay.ranked) <= set(engine.search.scores)
    assert engine.guide.replay.ranked


def test_a_restored_engine_proposes_the_same(tiny_prior: Path) -> None:
    engine = make_engine(tiny_prior)
    play(engine, 5)
    tensors = {name: tensor.clone() for name, tensor in engine.guide.collect_tensors().items()}
    state, memory = json.loads(json.dumps([engine.state_dict(), engine.guide.state_dict()]))
    expected = play(engine, 3)
    restored = make_engine(tiny_prior)
    restored.guide.load(tensors, memory)
    restored.load_state_dict(state)
    assert play(restored, 3) == expected


def test_calls_go_to_whom_they_pay_off() -> None:
    credit = Credit(EngineSettings())
    beginning = credit.policy_share
    for _ in range(100):
        credit.add(POLICY, success=True)
        credit.add(SEARCH, success=False)
    assert credit.policy_share == EngineSettings().most_share > beginning
    for _ in range(300):
        credit.add(POLICY, success=False)
        credit.add(SEARCH, success=True)
    assert credit.policy_share == EngineSettings().least_share


def test_a_policy_that_was_lucky_once_does_not_keep_its_share_where_nobody_finds_anything_better() -> None:
    """It spends few calls, and forgets by its own ones: what is left of its luck outlasts that of the search."""
    credit = Credit(EngineSettings())
    beginning = credit.policy_share
    for _ in range(10):
        credit.add(POLICY, success=True)
    assert credit.policy_share == EngineSettings().most_share
    for _ in range(300):
        credit.add(POLICY, success=False)
        for _ in range(6):
            credit.add(SEARCH, success=False)
    assert credit.policy_share == pytest.approx(beginning, abs=0.03)


def test_a_missing_score_teaches_nothing(tiny_prior: Path) -> None:
    engine = make_engine(tiny_prior)
    proposed = list(engine.propose())
    engine.observe(proposed, [np.nan] * len(proposed))
    assert len(engine.search) == 0
    assert engine.guide.replay.ranked == []
    assert not set(engine.propose()) & set(proposed)


def test_a_score_out_of_range_is_refused(tiny_prior: Path) -> None:
    engine = make_engine(tiny_prior)
    proposed = list(engine.propose())
    with pytest.raises(ObjectiveError, match=r"row 0: .* has the score 1.5"):
        engine.observe(proposed, [1.5] * len(proposed))
    assert engine.guide.replay.ranked == []


def test_no_process_is_left_without_a_molecule(tiny_prior: Path) -> None:
    engine = make_engine(tiny_prior)
    engine.least_batch = 9
    sizes = [len(batch) for batch in play(engine, 4)]
    assert sizes == [6, 9, 9, 9], "first the library's, then as many as are scored at the same time"
    assert len(engine.propose(5)) == 5
