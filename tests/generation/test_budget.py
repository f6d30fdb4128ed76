"""A larger budget, given later, gives what it had given at once."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from moldesign.generation.loop import GenerationResult
from moldesign.learning.learner import Learner
from tests.generation.tiny_run import (
    BUDGET,
    EVERY_BATCH,
    NEVER,
    START,
    assert_same_run,
    read_metrics,
    read_rows,
    run_tiny,
)


def test_a_finished_run_goes_on_only_for_a_larger_budget(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path
) -> None:
    shutil.copytree(unbroken.run_dir, tmp_path / "run")
    assert_same_run(run_tiny(tiny_prior, tmp_path / "run", resume=True), unbroken)
    more = run_tiny(tiny_prior, tmp_path / "run", resume=True, budget=BUDGET + 30)
    assert more.n_scored == BUDGET + 30
    assert read_rows(more.run_dir)[:BUDGET] == read_rows(unbroken.run_dir)
    assert f"calls = {BUDGET + 30}" in (more.run_dir / "profile.toml").read_text()
    batches = [row["batch"] for row in read_metrics(more.run_dir)]
    assert batches == list(range(1, len(batches) + 1))
    assert len(batches) > len(read_metrics(unbroken.run_dir))


@pytest.mark.parametrize("checkpoint_seconds", [NEVER, EVERY_BATCH])
@pytest.mark.parametrize("budget", [1, 8, 30])
def test_a_larger_budget_later_gives_the_molecules_of_a_larger_budget_at_once(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path, budget: int, checkpoint_seconds: float
) -> None:
    """The first part ends within the start molecules, the first batch, and later ones."""
    first = run_tiny(tiny_prior, tmp_path, start=START, budget=budget, checkpoint_seconds=checkpoint_seconds)
    assert first.n_scored == budget
    resumed = run_tiny(tiny_prior, tmp_path, resume=True, budget=BUDGET)
    assert read_rows(resumed.run_dir) == read_rows(unbroken.run_dir)
    pd.testing.assert_frame_equal(resumed.frame, unbroken.frame, check_exact=True)


def test_nothing_is_learned_of_the_round_that_spends_the_budget(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[int] = []
    update = Learner.update
    monkeypatch.setattr(Learner, "update", lambda self, *rows: learned.append(1) or update(self, *rows))
    first, second = (row["n_calls"] for row in read_metrics(unbroken.run_dir)[:2])
    run_tiny(tiny_prior, tmp_path, start=START, budget=first, checkpoint_seconds=EVERY_BATCH)
    assert not learned
    run_tiny(tiny_prior, tmp_path, resume=True, budget=second)
    n_learned = len(learned)
    assert n_learned > 0
    assert read_rows(run_tiny(tiny_prior, tmp_path, resume=True, budget=BUDGET).run_dir) == read_rows(unbroken.run_dir)
    assert len(learned) > n_learned
