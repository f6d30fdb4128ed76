"""The design modes: every molecule that is written, learned or returned keeps what it has to."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from moldesign.chem.groups import cut_linker
from moldesign.chem.open_points import read_ends, read_scaffold
from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.envs.vocabulary import PAD, tokenize
from moldesign.errors import OpenPointError
from moldesign.generation.loop import GenerationResult, generate
from moldesign.generation.prompts import MOST_GIVEN, Analogues, Decoration, DeNovo, Linking, Mode, make_mode
from moldesign.generation.session import Session
from moldesign.learning.learner import Learner, LearningSettings
from moldesign.objectives.constraints import Constraints
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Profile
from moldesign.policies.bundled import load_prior
from moldesign.policies.sampling import SampledBatch
from moldesign.seeding import make_generators
from tests.generation.test_loop import assert_same_run, interrupt_after
from tests.generation.tiny_run import make_profile, make_settings, read_rows, run_tiny
from tests.policies.tiny_prior import make_prior, make_wide_prior

SCAFFOLD, LINK = "Cc1ccc(*)cc1*", "*c1ccccc1.*CO"
MODES = {"scaffold": {"scaffold": (SCAFFOLD,)}, "link": {"link": (LINK,)}}
KNOWN = {
    "scaffold": ["Cc1ccc(O)cc1F", "Cc1ccc(C(N)=O)cc1OCC", "Cc1ccc(N(C)C)cc1Cl"],
    "link": ["OCc1ccc(cc1)-c1ccccc1", "OCC(F)c1ccccc1", "OCCCOc1ccccc1"],
}


def keeps(text: str) -> bool:
    [mol] = require_mols([text])
    return bool(read_scaffold(SCAFFOLD).find_in(mol)) or cut_linker(mol, *read_ends(LINK)) is not None


def make_wide_mode(name: str, batch_size: int = 16) -> Mode:
    return make_mode(Constraints(**MODES[name]), make_wide_prior(), batch_size)


def make_limited_profile(name: str, **changes: Any) -> Profile:
    return make_profile().with_constraints(**MODES[name], **changes)


@pytest.fixture(scope="module", params=sorted(MODES))
def unbroken_mode(
    request: pytest.FixtureRequest, tiny_prior: Path, tmp_path_factory: pytest.TempPathFactory, known_drugs: None
) -> tuple[str, GenerationResult]:
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name) / "run"
    return name, run_tiny(tiny_prior, folder, profile=make_limited_profile(name), budget=24)


def test_the_mode_is_that_of_the_constraints() -> None:
    assert isinstance(make_mode(Constraints(), make_prior(), 4), DeNovo)
    assert isinstance(make_wide_mode("scaffold"), Decoration)
    assert isinstance(make_wide_mode("link"), Linking)
    for similarity, mode in (((0.4, 1.0), Analogues), ((0.0, 0.4), DeNovo)):
        constraints = Constraints(similar_to=("CCO",), similarity=similarity)
        assert type(make_mode(constraints, make_prior(), 4)) is mode


@pytest.mark.parametrize("name", sorted(MODES))
def test_what_is_written_keeps_what_is_given(name: str) -> None:
    prior = make_wide_prior()
    batch = make_wide_mode(name).write(prior.policy, make_generators(0))
    again = make_wide_mode(name).write(prior.policy, make_generators(0))
    assert batch.smiles == again.smiles
    assert 0 < len(batch.smiles) <= 16
    assert all(map(keeps, batch.smiles))
    assert len({canonicalize(mol) for mol in require_mols(batch.smiles)}) == len(batch.smiles)
    assert batch.is_written is not None
    assert batch.is_written.shape == batch.sequences.shape
    assert not (batch.is_written & (batch.sequences == PAD)).any()


@pytest.mark.parametrize("name", sorted(MODES))
def test_known_molecules_are_spelled_in_the_same_way(name: str) -> None:
    known = [canonicalize(mol) for mol in require_mols([*KNOWN[name], "CCO", "Cc1ccc2c(c1)CCC2"])]
    mode, rng = make_wide_mode(name), np.random.default_rng(0)
    texts = set()
    for _ in range(10):
        rows, batch = mode.spell(known, rng)
        assert rows == [0, 1, 2]
        assert [canonicalize(mol) for mol in require_mols(batch.smiles)] == known[:3]
        assert batch.is_written is not None
        for sequence, chosen in zip(batch.sequences, batch.is_written, strict=True):
            assert chosen.any()
            assert (~chosen & (sequence != PAD)).any()
        texts.add(batch.smiles[0])
    assert len(texts) > 2


def test_without_constraints_every_token_is_the_policys() -> None:
    prior = make_wide_prior()
    rows, batch = DeNovo(prior, 4).spell(["CCO", "C[Se]C", "CCN"], np.random.default_rng(0))
    assert rows == [0, 2]
    assert batch.is_written is not None
    assert torch.equal(batch.is_written, batch.sequences != PAD)


def find_given(batch: SampledBatch) -> list[str]:
    """Return the beginning of each text that the policy did not write itself."""
    assert batch.is_written is not None
    n_given = (~batch.is_written & (batch.sequences != PAD)).sum(dim=1).tolist()
    return ["".join(tokenize(text)[:n]) for text, n in zip(batch.smiles, n_given, strict=True)]


def test_molecules_near_others_go_on_from_their_beginnings() -> None:
    """The target has all its nitrogens in a ring with oxygens, the best molecule so far has neither."""
    prior = make_wide_prior()
    mode = make_mode(Constraints(similar_to=("O1N(F)ON(F)ON1F",), similarity=(0.6, 1.0)), prior, 64)
    given = find_given(batch := mode.write(prior.policy, make_generators(0)))
    assert batch.smiles == mode.write(prior.policy, make_generators(0)).smiles
    n_target = len(tokenize("O1N(F)ON(F)ON1F"))
    assert all(0.5 * n_target < len(text) and set(text) <= set("ONF()1") for text in given)
    assert len(set(given)) > 16
    best = ["S(C)CCCSCCCSC", "CSCSCSCS"]
    given = find_given(mode.write(prior.policy, make_generators(0), best))
    n_best = sum("S" in text for text in given)
    assert 16 < n_best < 48
    assert all(set(text) <= set("CS()") for text in given if "S" in text)
    assert max(len(text) for text in given if "S" in text) <= round(MOST_GIVEN * max(map(len, best)))


def test_near_a_salt_the_policy_goes_on_from_its_parent(named_drugs: dict[str, str]) -> None:
    prior = make_wide_prior()
    salt = Constraints(similar_to=(named_drugs["diclofenac_sodium"],), similarity=(0.6, 1.0))
    given = find_given(make_mode(salt, prior, 32).write(prior.policy, make_generators(0)))
    assert all(given)
    assert not any("Na" in text or "." in text or "-]" in text for text in given)


def test_near_what_the_policy_cannot_write_it_writes_what_it_can() -> None:
    prior = make_prior()
    for target in ("C[Se]CC[Se]C", "C" * 60):
        mode = make_mode(Constraints(similar_to=(target,), similarity=(0.4, 1.0)), prior, 8)
        batch = mode.write(prior.policy, make_generators(0))
        assert len(batch.smiles) == 8
        assert all(len(tokenize(text)) < prior.max_length for text in batch.smiles)


def test_a_run_near_a_molecule_spends_no_call_on_others(tiny_prior: Path, tmp_path: Path) -> None:
    lead = "Cc1ccc(OC)cc1C(N)=O"
    near = make_profile().with_constraints(similar_to=[lead], similarity=[0.4, 1.0], heavy_atoms=[8, 20])
    options: dict[str, Any] = {"budget": 40, "start": [lead, "CCO"]}
    unbroken = run_tiny(tiny_prior, tmp_path / "unbroken", profile=near, **options)
    rows = read_rows(unbroken.run_dir)
    assert [row[1] for row in rows if row[2] == 0] == ["CCO"]
    assert {row[-1] for row in rows} == {"start", "policy", "genetic"}
    assert len(rows) > 20
    interrupted = {"checkpoint_seconds": 0.0, "on_progress": interrupt_after(2)}
    run_tiny(tiny_prior, tmp_path / "run", profile=near, **options, **interrupted)
    resumed = run_tiny(tiny_prior, tmp_path / "run", profile=near, budget=40, resume=True)
    assert_same_run(resumed, unbroken)


def test_limits_that_nothing_keeps_are_named_and_end_the_run(
    tiny_prior: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    impossible = make_profile().with_constraints(required=["C"], heavy_atoms=[1, 2])
    result = run_tiny(tiny_prior, tmp_path, profile=impossible)
    assert (result.n_scored, result.stopped) == (0, "exhausted")
    assert "keeps the limits; most break 'heavy_atoms in 1..2'" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("name", sorted(MODES))
def test_the_policy_learns_what_to_write(name: str) -> None:
    """Nitrogen is paid, which the scaffold and the ends have not: it must come more often."""
    prior, generators = make_wide_prior(max_length=30), make_generators(0)
    mode = make_mode(Constraints(**MODES[name]), prior, 16)
    learner = Learner(prior.policy, LearningSettings(learning_rate=1e-2, sigma=30.0))
    means = []
    for _ in range(12):
        batch = mode.write(learner.policy, generators)
        rewards = torch.tensor([min(1.0, text.upper().count("N") / 8) for text in batch.smiles])
        means.append(rewards.mean().item())
        learner.update(batch.sequences, rewards, batch.is_written)
    assert np.mean(means[-3:]) > np.mean(means[:3]) + 0.1


def test_every_scored_molecule_keeps_the_limits(unbroken_mode: tuple[str, GenerationResult]) -> None:
    _, result = unbroken_mode
    rows = read_rows(result.run_dir)
    assert rows
    assert all(keeps(row[1]) for row in rows)
    assert all(row[2] > 0 for row in rows)
    assert len(result.frame) > 0
    assert all(map(keeps, result.frame["smiles"]))
    assert (result.frame.filter(like="must ").filter(like="_score") == 1).to_numpy().all()


def test_an_interrupted_run_in_a_mode_goes_on_as_if_nothing_had_happened(
    unbroken_mode: tuple[str, GenerationResult], tiny_prior: Path, tmp_path: Path
) -> None:
    name, result = unbroken_mode
    profile = make_limited_profile(name)
    run_tiny(tiny_prior, tmp_path, profile=profile, budget=24, checkpoint_seconds=0.0, on_progress=interrupt_after(1))
    assert_same_run(run_tiny(tiny_prior, tmp_path, profile=profile, budget=24, resume=True), result)


def test_every_hit_keeps_every_limit(tiny_prior: Path, tmp_path: Path) -> None:
    """Start molecules break them and are scored, so that there is something to sort out."""
    start = ["Cc1ccc(Cl)cc1N", "Cc1ccc(C(=O)N)cc1O", "OCCc1ccccc1"]
    limits: dict[str, Any] = {"forbidden": ["C(=O)N"], "elements": ["C", "N", "O", "F"], "heavy_atoms": [9, 13]}
    profile = make_limited_profile("scaffold", charge=0, stereo="defined", **limits)
    profile = profile.model_copy(update={"threshold": 1e-6})
    result = run_tiny(tiny_prior, tmp_path, profile=profile, budget=24, start=start)
    rows = read_rows(tmp_path)
    assert [row[2] for row in rows[:3]] == [0.0, 0.0, 0.0]
    checked = make_profile().with_constraints(scaffold=[SCAFFOLD], charge=0, stereo="defined", **limits)
    assert len(result.frame) > 0
    assert (checked.score(result.frame["smiles"].tolist()).total > 0).all()


def test_start_molecules_are_remembered_by_what_they_are_worth_without_limits(tiny_prior: Path, tmp_path: Path) -> None:
    profile = make_profile().with_constraints(similar_to=["CC(=O)Nc1ccc(O)cc1"], similarity=[0.4, 0.9])
    session = Session(load_prior(tiny_prior), profile, make_settings(tiny_prior), tmp_path)
    scored = Oracle(profile, budget=5).score(["CC(=O)Nc1ccc(O)cc1"], source="start")
    assert scored.rewards.total.tolist() == [0.0]
    session.welcome(scored)
    assert session.guide.replay.state_dict() == {
        "CC(=O)Nc1ccc(O)cc1": pytest.approx(make_profile().score(["CC(=O)Nc1ccc(O)cc1"]).total[0])
    }


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"scaffold": ["C" * 30 + "*"]}, r"'C{30}\*' is too long: the prior 'tiny' writes at most 23 tokens"),
        ({"link": ["C" * 12 + "*.N" + "C" * 12 + "*"]}, r"is too long: the prior 'tiny' writes at most 23 tokens"),
        ({"scaffold": ["C[Si](C)(C)C*"]}, r"has never seen the token '\[Si\]', which 'C\[Si\]\(C\)\(C\)C\*' needs"),
    ],
)
def test_what_the_prior_cannot_write_is_said_before_the_run(
    tiny_prior: Path, tmp_path: Path, constraints: dict[str, Any], message: str
) -> None:
    with pytest.raises(OpenPointError, match=message) as caught:
        generate(
            make_profile().with_constraints(**constraints), out=tmp_path / "run", settings=make_settings(tiny_prior)
        )
    assert re.fullmatch(r"[^\n]+", str(caught.value))
    assert not (tmp_path / "run").exists()


def test_a_scaffold_that_is_kept_is_not_charged_for_coming_often(tiny_prior: Path, tmp_path: Path) -> None:
    sessions = [
        Session(load_prior(tiny_prior), profile, make_settings(tiny_prior), tmp_path)
        for profile in (make_profile(), make_limited_profile("scaffold"))
    ]
    assert [session.diversity is None for session in sessions] == [False, True]
