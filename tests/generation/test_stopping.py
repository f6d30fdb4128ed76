import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from moldesign.generation.loop import GenerationResult
from moldesign.generation.rounds import FastRounds
from moldesign.generation.session import Session
from moldesign.generation.settings import GenerationSettings
from moldesign.generation.stopping import CollapseWatch, ConvergenceWatch, Stopper, StopReason
from moldesign.learning.learner import Learner
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.policies.bundled import load_prior
from moldesign.policies.pretraining import pad_sequences
from tests.generation.test_loop import EVERY_BATCH, assert_same_run, interrupt_after
from tests.generation.tiny_run import BUDGET, START, make_profile, make_settings, run_tiny
from tests.policies.tiny_prior import make_policy

ALKYLBENZENES = [f"{'C' * n}c1ccccc1" for n in range(1, 20)]
VARIED = ["c1ccccc1", "c1ccncc1", "C1CCCCC1", "c1ccoc1", "c1ccsc1", "CCO", "C1CCNCC1", "c1cc[nH]c1", "C1CC1", "C1CCC1"]


def test_a_run_has_converged_when_its_best_hundred_gain_nothing() -> None:
    watch = ConvergenceWatch()
    watch.take_in([0.5] * 60, 60)
    watch.take_in([0.1] * 40, 100)
    assert watch.idle_calls == 0
    watch.take_in([0.3, float("nan")] * 5, 110)  # replaces five of the poor ones, which is a gain of 0.01
    assert watch.idle_calls == 0
    watch.take_in([0.1] * 100, 210)
    assert watch.idle_calls == 100
    watch.take_in([0.14], 211)  # a gain of 0.0004 is none
    assert watch.idle_calls == 101
    watch.take_in([0.5], 212)
    assert watch.idle_calls == 0


def test_few_molecules_with_a_score_are_no_convergence() -> None:
    watch = ConvergenceWatch()
    for n_calls in range(50, 500, 50):
        watch.take_in([0.5] * 5 + [float("nan")] * 45, n_calls)
    assert watch.idle_calls == 0


def test_what_a_watch_knows_survives_json() -> None:
    watch, restored = ConvergenceWatch(), ConvergenceWatch()
    watch.take_in([0.5] * 120, 120)
    watch.take_in([0.1] * 30, 150)
    restored.load_state_dict(json.loads(json.dumps(watch.state_dict())))
    for one in (watch, restored):
        one.take_in([0.5004] * 100, 250)
    assert watch.idle_calls == restored.idle_calls == 130
    assert restored.state_dict() == watch.state_dict()


@pytest.mark.parametrize(
    ("smiles", "n_new", "counts"),
    [
        (VARIED, 10, False),
        (VARIED, 1, False),
        (VARIED, 0, True),
        ([None] * 10, 0, True),
        (ALKYLBENZENES[:10], 10, True),
        ([*ALKYLBENZENES[:9], "CCO"], 10, False),
        ([*ALKYLBENZENES[:10], None], 10, True),
        ([*ALKYLBENZENES, "CCO"], 20, True),
        (["CCO", *ALKYLBENZENES[:18], "CCN"], 20, False),
    ],
    ids=[
        "varied",
        "90 %",
        "no new",
        "none",
        "one scaffold",
        "90 % of one",
        "and an error",
        "95 % of one",
        "two others",
    ],
)
def test_a_batch_counts_above_nine_tenths_of_the_same(smiles: list[str | None], n_new: int, counts: bool) -> None:
    watch = CollapseWatch(0.9, with_scaffolds=True)
    watch.take_in(smiles, n_new)
    assert watch.n_in_a_row == int(counts)
    watch.take_in(VARIED, 10)
    assert watch.n_in_a_row == 0


def test_where_molecules_may_share_a_scaffold_they_may() -> None:
    watch = CollapseWatch(0.9, with_scaffolds=False)
    watch.take_in(ALKYLBENZENES, len(ALKYLBENZENES))
    assert watch.n_in_a_row == 0
    for goals, expected in (
        (parse_goals(["qed max"]), 1),
        (parse_goals(["qed max"]).with_constraints(scaffold=["c1ccc(*)cc1"]), 0),
        (parse_goals(["qed max"]).with_changes(diversity={"enabled": False}), 0),
    ):
        stopper = Stopper(goals, GenerationSettings())
        stopper.take_in(Oracle(goals, budget=20).score(ALKYLBENZENES), 0)
        assert stopper.collapse.n_in_a_row == expected


def test_molecules_are_new_by_their_call_also_when_a_resumed_run_writes_them_again() -> None:
    """The oracle knows them all; the calls before the checkpoint alone are old."""
    profile = make_profile()
    oracle = Oracle(profile, budget=100)
    first = oracle.score(ALKYLBENZENES[:10])
    again = oracle.score([*ALKYLBENZENES[:10], *ALKYLBENZENES[:10]])
    assert not again.is_new.any()
    for scored, n_calls, counts in ((first, 0, 0), (again, 0, 0), (again, 8, 0), (again, 9, 1), (again, 10, 1)):
        stopper = Stopper(profile.with_changes(diversity={"enabled": False}), GenerationSettings())
        stopper.take_in(scored, n_calls)
        assert stopper.collapse.n_in_a_row == counts


def test_time_is_looked_at_after_a_batch() -> None:
    seconds = 0.0
    profile = make_profile().with_changes(budget={"max_time": "1m"})
    stopper = Stopper(profile, GenerationSettings(), clock=lambda: seconds)
    seconds = 61.0
    assert stopper.reason is None
    stopper.finish_batch(Learner(make_policy()))
    assert stopper.reason == StopReason.TIME
    seconds = 59.0
    assert stopper.reason is None


def test_a_collapsed_policy_goes_half_way_back_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    profile = make_profile()
    learner, stopper = Learner(make_policy()), Stopper(profile, GenerationSettings(collapse_patience=2))
    with torch.no_grad():
        learner.policy.head.weight.add_(1.0)
    scored = Oracle(profile, budget=10).score(["CCO"])
    for n_batches in (1, 2):
        stopper.take_in(scored, n_calls=1)
        with caplog.at_level(logging.WARNING):
            stopper.finish_batch(learner)
        moved = (learner.policy.head.weight - learner.prior.head.weight).detach()
        torch.testing.assert_close(moved, torch.full_like(moved, 1.0 if n_batches == 1 else 0.5))
    assert "2 batches in a row brought hardly any new molecules" in caplog.text
    assert "50 % of the way back to its prior" in caplog.text
    assert (stopper.collapse.n_in_a_row, stopper.collapse.n_resets) == (0, 1)


def watch_everything() -> Profile:
    """A profile whose run ends by convergence, with everything switched on that has a state of its own."""
    changes = {"budget": {"converged_after": 20}, "diversity": {"bucket": "similarity", "bucket_size": 3}}
    changes["guards"] = {"unseen": 1.0}  # nearly all that the tiny prior writes has surroundings that ChEMBL has not
    return parse_goals(["qed >= 0.5", "mw in 120..250"]).with_changes(**changes, pareto=True)


@pytest.fixture(scope="module")
def collapsing(tiny_prior: Path, tmp_path_factory: pytest.TempPathFactory, known_drugs: None) -> GenerationResult:
    return run_collapsing(tiny_prior, tmp_path_factory.mktemp("collapsing"))


def run_collapsing(prior: Path, folder: Path, **options: Any) -> GenerationResult:
    """Run where a tenth of repetitions in two batches is a collapse."""
    settings = {"collapse_share": 0.1, "collapse_patience": 2, "patience": 20}
    return run_tiny(prior, folder, budget=4 * BUDGET, **({"profile": watch_everything()} | settings | options))


def test_a_run_ends_by_convergence_and_says_so(collapsing: GenerationResult) -> None:
    assert collapsing.stopped == StopReason.CONVERGED
    assert 100 < collapsing.n_scored < 4 * BUDGET
    assert collapsing.n_resets > 1


@pytest.mark.parametrize("n_batches", [3, 8])
@pytest.mark.parametrize("checkpoint_seconds", [EVERY_BATCH, 1e9], ids=["with a checkpoint", "from the beginning"])
def test_an_interrupted_run_ends_like_an_unbroken_one(
    tiny_prior: Path, collapsing: GenerationResult, tmp_path: Path, n_batches: int, checkpoint_seconds: float
) -> None:
    watch = interrupt_after(n_batches)
    first = run_collapsing(tiny_prior, tmp_path, on_progress=watch, checkpoint_seconds=checkpoint_seconds)
    assert first.stopped == StopReason.INTERRUPTED
    resumed = run_collapsing(tiny_prior, tmp_path, resume=True)
    assert_same_run(resumed, collapsing)
    assert (resumed.stopped, resumed.n_resets) == (collapsing.stopped, collapsing.n_resets)
    assert (resumed.run_dir / "pareto.csv").read_bytes() == (collapsing.run_dir / "pareto.csv").read_bytes()


def test_a_converged_run_goes_on_for_more_patience_alone(tiny_prior: Path, tmp_path: Path) -> None:
    first = run_collapsing(tiny_prior, tmp_path)
    assert run_collapsing(tiny_prior, tmp_path, resume=True).n_scored == first.n_scored
    more = watch_everything().with_changes(budget={"converged_after": 40})
    assert run_collapsing(tiny_prior, tmp_path, resume=True, profile=more).n_scored > first.n_scored


def test_a_run_out_of_time_goes_on_as_if_nothing_had_happened(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path
) -> None:
    hasty = make_profile().with_changes(budget={"max_time": "0.001s"})
    first = run_tiny(tiny_prior, tmp_path, start=START, profile=hasty)
    assert first.stopped == StopReason.TIME
    assert not first.interrupted
    assert 0 < first.n_scored < BUDGET
    again = run_tiny(tiny_prior, tmp_path, profile=hasty, resume=True)
    assert first.n_scored < again.n_scored < BUDGET
    assert_same_run(run_tiny(tiny_prior, tmp_path, resume=True), unbroken)


def collapse(session: Session, smiles: str, n_steps: int = 100) -> None:
    """Teach the policy to write hardly anything but one molecule."""
    sequences = pad_sequences([load_prior(session.settings.prior).vocabulary.encode(smiles)])
    optimizer = torch.optim.Adam(session.guide.learner.policy.parameters(), lr=1e-2)
    for _ in range(n_steps):
        optimizer.zero_grad()
        (-session.guide.learner.policy.sequence_log_prob(sequences)).mean().backward()
        optimizer.step()


def count_molecules(prior: Path, folder: Path, **changes: Any) -> tuple[list[int], int]:
    """Return how many different molecules each batch of a collapsed policy has, and how often it was reset."""
    profile = make_profile().with_changes(diversity={"enabled": False})
    session = Session(load_prior(prior), profile, make_settings(prior, n_children=0, **changes), folder)
    collapse(session, "Cc1ccc(C)cc1C")
    oracle, rounds = Oracle(profile, budget=10_000), FastRounds(session)
    counts = [len(set(scored.smiles)) for _ in range(16) for scored in rounds.play(session, oracle)]
    return counts, session.stopper.collapse.n_resets


def test_a_collapsed_policy_writes_different_molecules_again(tiny_prior: Path, tmp_path: Path) -> None:
    counts, n_resets = count_molecules(tiny_prior, tmp_path, collapse_patience=3)
    stuck, none = count_molecules(tiny_prior, tmp_path, collapse_patience=1_000)
    assert counts[:3] == stuck[:3] == [1, 1, 1]
    assert min(counts[-4:]) > max(stuck)
    assert n_resets >= 1
    assert none == 0
