import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import InvalidSmilesError, ObjectiveError, RunFolderError, UnknownNameError, UnknownTokenError
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import GenerationResult, generate
from moldesign.generation.progress import Progress
from moldesign.generation.session import Session
from moldesign.learning.learner import Learner
from moldesign.objectives.profile import parse_goals
from moldesign.policies.bundled import Prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from tests.conftest import ROOT
from tests.generation.tiny_run import (
    BUDGET,
    EVERY_BATCH,
    NEVER,
    START,
    assert_same_run,
    make_profile,
    read_metrics,
    read_rows,
    run_tiny,
)


def interrupt_after(n_batches: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.batch == n_batches:
            raise KeyboardInterrupt

    return watch


def interrupt_inside(patch: pytest.MonkeyPatch, owner: type, name: str, n_calls: int) -> None:
    """Let the `n_calls`-th call of a method be hit by Ctrl-C."""
    original, calls = getattr(owner, name), iter(range(1, 1 << 30))

    def interrupted(*args: Any, **options: Any) -> Any:
        if next(calls) == n_calls:
            raise KeyboardInterrupt
        return original(*args, **options)

    patch.setattr(owner, name, interrupted)


def test_a_run_spends_its_budget_on_unique_valid_canonical_molecules(unbroken: GenerationResult) -> None:
    rows = read_rows(unbroken.run_dir)
    assert not unbroken.interrupted
    assert unbroken.n_scored == BUDGET
    assert [row[0] for row in rows] == list(range(1, BUDGET + 1))
    smiles = [row[1] for row in rows]
    assert len(set(smiles)) == BUDGET
    assert smiles == [canonicalize(mol) for mol in require_mols(smiles)]


def test_start_molecules_come_first_and_say_so(unbroken: GenerationResult) -> None:
    rows = read_rows(unbroken.run_dir)
    assert [row[1] for row in rows[:2]] == [canonicalize(mol) for mol in require_mols(START)]
    sources = [row[-1] for row in rows]
    assert sources[:2] == ["start"] * 2
    assert set(sources[2:]) == {"policy", "genetic"}


def test_hits_are_valid_unique_ranked_and_above_the_threshold(unbroken: GenerationResult) -> None:
    table = pd.read_csv(unbroken.run_dir / "hits.csv")
    assert 10 < len(table) <= 100
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table["smiles"].is_unique
    assert all(Chem.MolFromSmiles(text) is not None for text in table["smiles"])
    assert table["score"].is_monotonic_decreasing
    assert (table["score"] >= make_profile().threshold).all()
    best = sorted((row[2] for row in read_rows(unbroken.run_dir)), reverse=True)[: len(table)]
    assert table["score"].tolist() == pytest.approx(best)


def test_metrics_have_one_line_per_batch_and_end_at_the_budget(unbroken: GenerationResult) -> None:
    metrics = read_metrics(unbroken.run_dir)
    assert [row["batch"] for row in metrics] == list(range(1, len(metrics) + 1))
    assert metrics[-1]["n_calls"] == metrics[-1]["budget"] == BUDGET
    assert all(0 <= row[name] <= 1 for row in metrics for name in ("top_10", "top_100", "mean", "validity"))
    assert metrics[-1]["n_hits"] >= len(unbroken.frame)


def test_the_same_seed_repeats_the_run(tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path) -> None:
    assert_same_run(run_tiny(tiny_prior, tmp_path / "again", start=START), unbroken)


def test_another_seed_gives_another_run(tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path) -> None:
    other = run_tiny(tiny_prior, tmp_path / "other", start=START, seed=1, budget=30)
    assert read_rows(other.run_dir) != read_rows(unbroken.run_dir)[:30]


@pytest.mark.parametrize(
    ("owner", "method", "n_calls", "checkpoint_seconds"),
    [
        (Session, "judge", 1, NEVER),
        (RunArchive, "append", 4, NEVER),
        (Learner, "update", 6, EVERY_BATCH),
        (Session, "save", 3, EVERY_BATCH),
    ],
    ids=["at the start", "storing", "learning", "saving"],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    tiny_prior: Path,
    unbroken: GenerationResult,
    tmp_path: Path,
    owner: type,
    method: str,
    n_calls: int,
    checkpoint_seconds: float,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_inside(patch, owner, method, n_calls)
        first = run_tiny(tiny_prior, tmp_path, start=START, checkpoint_seconds=checkpoint_seconds)
    assert first.interrupted
    assert 0 < first.n_scored < BUDGET
    assert_same_run(run_tiny(tiny_prior, tmp_path, resume=True), unbroken)


def test_batches_since_the_checkpoint_are_written_again_without_cost(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path
) -> None:
    """The second part repeats none and the third part four batches, more than the patience of three."""
    run_tiny(tiny_prior, tmp_path, start=START, checkpoint_seconds=EVERY_BATCH, on_progress=interrupt_after(2))
    run_tiny(tiny_prior, tmp_path, resume=True, checkpoint_seconds=NEVER, on_progress=interrupt_after(6))
    assert_same_run(run_tiny(tiny_prior, tmp_path, resume=True), unbroken)


def test_ctrl_c_keeps_everything_and_writes_hits(tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path) -> None:
    result = run_tiny(tiny_prior, tmp_path, start=START, on_progress=interrupt_after(4))
    rows = read_rows(tmp_path)
    assert result.interrupted
    assert len(rows) == result.n_scored
    assert rows == read_rows(unbroken.run_dir)[: len(rows)]
    assert len(pd.read_csv(tmp_path / "hits.csv")) == len(result.frame) > 0
    assert len(Chem.SDMolSupplier(str(tmp_path / "hits.sdf"))) == len(result.frame)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; import torch; torch.set_num_threads(1)\n"
        "from tests.generation.tiny_run import START, run_tiny\n"
        "run_tiny(Path(sys.argv[1]), Path(sys.argv[2]), start=START, checkpoint_seconds=0.0)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tiny_prior), str(tmp_path)], cwd=ROOT)
    try:
        wait_for_molecules(tmp_path, n=BUDGET // 3, process=process)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert BUDGET // 3 <= len(read_rows(tmp_path)) < BUDGET
    assert not (tmp_path / "hits.csv").exists()
    assert_same_run(run_tiny(tiny_prior, tmp_path, resume=True), unbroken)


def wait_for_molecules(folder: Path, n: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            if len(read_rows(folder)) >= n:
                return
        except sqlite3.OperationalError:  # the store does not exist yet
            time.sleep(0.02)


def test_a_folder_with_a_run_is_refused(tiny_prior: Path, unbroken: GenerationResult) -> None:
    before = read_rows(unbroken.run_dir)
    with pytest.raises(RunFolderError, match=r"already holds a run; add --resume .* or choose another --out"):
        run_tiny(tiny_prior, unbroken.run_dir)
    assert read_rows(unbroken.run_dir) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": parse_goals(["qed max"])}, "another profile .*profile.toml.* same goals, or choose another --out"),
        ({"seed": 1}, "was run with seed 0, not 1; resume it without --seed, or choose another --out"),
        ({"start": ["CCO"]}, "other start molecules .*OCCc1ccccc1.* without --start"),
    ],
    ids=["goals", "seed", "start"],
)
def test_a_run_is_not_resumed_as_another(
    tiny_prior: Path, unbroken: GenerationResult, changes: dict[str, Any], message: str
) -> None:
    before, rows = (unbroken.run_dir / "profile.toml").read_bytes(), read_rows(unbroken.run_dir)
    with pytest.raises(RunFolderError, match=message):
        run_tiny(tiny_prior, unbroken.run_dir, resume=True, budget=BUDGET + 50, **changes)
    assert (unbroken.run_dir / "profile.toml").read_bytes() == before
    assert read_rows(unbroken.run_dir) == rows


def test_a_resumed_run_keeps_its_settings(tiny_prior: Path, tmp_path: Path) -> None:
    """Nobody has to remember the seed; another one is refused."""
    first = run_tiny(tiny_prior, tmp_path / "run", seed=7, on_progress=interrupt_after(2))
    assert first.interrupted
    with pytest.raises(RunFolderError, match="seed 7, not 8; resume it without --seed"):
        generate(make_profile(), budget=BUDGET, out=tmp_path / "run", resume=True, seed=8)
    resumed = generate(make_profile(), budget=BUDGET, out=tmp_path / "run", resume=True)
    assert_same_run(resumed, run_tiny(tiny_prior, tmp_path / "unbroken", seed=7))


def test_a_folder_is_for_one_process_at_a_time(tiny_prior: Path, tmp_path: Path) -> None:
    refusals: list[str] = []

    def start_another(progress: Progress) -> None:
        for resume in (False, True):
            with pytest.raises(RunFolderError) as caught:
                run_tiny(tiny_prior, tmp_path, budget=20, resume=resume)
            refusals.append(str(caught.value))

    run_tiny(tiny_prior, tmp_path, budget=20, on_progress=start_another)
    assert len(refusals) >= 2
    assert all(f"{tmp_path} is in use by process {os.getpid()} on " in text for text in refusals)
    assert run_tiny(tiny_prior, tmp_path, budget=20, resume=True).n_scored == 20


def test_a_run_that_finds_nothing_new_ends_before_its_budget(tmp_path: Path) -> None:
    vocabulary = Vocabulary.from_tokens(["C"])
    policy = TokenPolicy(PolicySettings(len(vocabulary), embedding_size=4, hidden_size=4, n_layers=1))
    Prior("alkanes", policy, vocabulary, 3, {}).save(tmp_path / "prior")
    result = run_tiny(tmp_path / "prior", tmp_path / "run")
    assert not result.interrupted
    assert {row[1] for row in read_rows(tmp_path / "run")} == {"C", "CC"}
    assert result.n_scored == 2
    assert read_metrics(tmp_path / "run")[-1]["n_calls"] == 2


def test_no_hit_leaves_a_table_with_its_header(tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path) -> None:
    profile = make_profile().model_copy(update={"threshold": 1.0})
    result = run_tiny(tiny_prior, tmp_path, profile=profile, budget=20)
    table = pd.read_csv(tmp_path / "hits.csv")
    assert len(result.frame) == len(table) == 0
    assert list(table.columns) == list(result.frame.columns) == list(unbroken.frame.columns)
    assert (tmp_path / "hits.sdf").stat().st_size == 0
    assert result.n_scored == 20
    rows = read_rows(tmp_path)
    assert result.best is not None
    assert result.best.total == max(row[2] for row in rows) < 1
    assert (result.best.call, result.best.smiles, result.best.total) in [row[:3] for row in rows]


def test_no_more_hits_than_asked_for(tiny_prior: Path, tmp_path: Path) -> None:
    assert len(run_tiny(tiny_prior, tmp_path, n=3, budget=40).frame) == 3


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        (["CCO", "C1CC"], InvalidSmilesError, "start molecule: 'C1CC' is not a valid SMILES"),
        (["CC[Si](C)C"], UnknownTokenError, r"'\[Si\]' in 'CC\[Si\]\(C\)C' was never seen"),
    ],
)
def test_a_start_molecule_that_cannot_be_used_is_named(
    tiny_prior: Path, tmp_path: Path, start: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run_tiny(tiny_prior, tmp_path / "run", start=start)
    assert not (tmp_path / "run").exists()


def test_one_start_molecule_is_given_as_a_list(tiny_prior: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r'one text, not a list of SMILES; pass a list: \["CCO"\]'):
        run_tiny(tiny_prior, tmp_path / "run", start="CCO")
    assert not (tmp_path / "run").exists()


def test_an_objective_that_gives_nan_too_often_is_an_error_and_not_a_zero(
    tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_scores.py").write_text(
        "def count_oxygens(smiles):\n"
        "    return [float('nan') if 'N' in text or 'c' in text else text.count('O') / 4 for text in smiles]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    profile = parse_goals(["own_scores:count_oxygens max"])
    said = (
        r"own_scores:count_oxygens gave a score for \d+ of \d+ molecules, fewer than half; first failure: '.*[Nc].*': "
        "it gave nan instead of a finite number; everything scored is kept in run: go on with --resume"
    )
    with pytest.raises(ObjectiveError, match=said):
        run_tiny(tiny_prior, Path("run"), profile=profile, start=["OCCO", "CCO"])
    assert [(row[1], row[2]) for row in read_rows(Path("run"))] == [("OCCO", 0.5), ("CCO", 0.25)]
    assert pd.read_csv("run/hits.csv")["smiles"].tolist() == ["OCCO"]


def test_a_full_disk_stops_the_run_and_leaves_the_store_readable(
    tiny_prior: Path, unbroken: GenerationResult, tmp_path: Path
) -> None:
    make_archive = RunArchive.__init__

    def make_small_archive(self: RunArchive, *args: Any) -> None:
        make_archive(self, *args)
        n_pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {n_pages + 2}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunArchive, "__init__", make_small_archive)
        with pytest.raises(
            RunFolderError, match=r"run\.sqlite: database or disk is full; free some space, then .*--resume"
        ):
            run_tiny(tiny_prior, tmp_path, start=START)
    rows = read_rows(tmp_path)
    assert 0 < len(rows) < BUDGET
    assert rows == read_rows(unbroken.run_dir)[: len(rows)]
    assert_same_run(run_tiny(tiny_prior, tmp_path, resume=True), unbroken)


def test_an_unknown_setting_is_named(tiny_prior: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown setting 'sead'; did you mean: seed"):
        run_tiny(tiny_prior, tmp_path, sead=1)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"n": -1}, "n=-1: give a whole number"),
        ({"n": "5"}, "n='5': give a whole number"),
        ({"budget": 0}, "budget=0: give a whole number, 1 or more"),
        ({"budget": 30.5}, "budget=30.5: give a whole number"),
        ({"device": "cudaa"}, "device='cudaa' cannot be computed on here"),
        ({"seed": 1.5}, "seed=1.5: give a whole number"),
        ({"profile": ["qed max"]}, "a list is no profile; make one"),
    ],
)
def test_an_argument_that_cannot_be_is_named_before_the_folder_is_made(
    tiny_prior: Path, tmp_path: Path, option: dict[str, Any], said: str
) -> None:
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=re.escape(said)):
        run_tiny(tiny_prior, out, **option)
    assert not out.exists()


def test_numbers_of_numpy_are_numbers(tiny_prior: Path, tmp_path: Path) -> None:
    result = run_tiny(tiny_prior, tmp_path, n=np.int64(2), budget=np.int32(20), seed=np.int64(0))
    assert result.n_scored == 20
