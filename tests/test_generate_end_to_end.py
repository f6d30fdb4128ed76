"""The command as a user types it, with the bundled weights, from an empty folder."""

import json
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from moldesign.objectives.profile import default_profile, load_profile

pytestmark = pytest.mark.slow

MOLDESIGN = (sys.executable, "-m", "moldesign")


def run_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MOLDESIGN, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def read_smiles(run: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{run / 'run.sqlite'}?mode=ro", uri=True)) as store:
        return [row[0] for row in store.execute("SELECT smiles FROM molecules ORDER BY call")]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as in a terminal: where the tests run in the background it is ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_default_run_writes_hits(tmp_path: Path) -> None:
    done = run_command(tmp_path, "generate", "--budget", "128", "--n", "20", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    run, profile = tmp_path / "moldesign-run-1", default_profile()
    table = pd.read_csv(run / "hits.csv", keep_default_na=False)
    assert 0 < len(table) <= 20
    assert table["smiles"].is_unique
    assert all(Chem.MolFromSmiles(text) is not None for text in table["smiles"])
    assert table["score"].is_monotonic_decreasing
    assert (table["score"] >= profile.threshold).all()
    for name in profile.term_names:
        assert {name, f"{name}_score"} <= set(table.columns)
    for name in ("herg", "ames", "solubility"):
        assert {f"{name}_std", f"{name}_in_domain"} <= set(table.columns)
    known = {"in_domain", "scaffold", "nearest_training_smiles", "nearest_training_similarity", "call", "source"}
    assert known <= set(table.columns)
    assert len(Chem.SDMolSupplier(str(run / "hits.sdf"))) == len(table)
    assert len(set(read_smiles(run))) == 128
    assert load_profile(run / "profile.toml").goals == profile.goals
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["batch"] for line in lines] == list(range(1, len(lines) + 1))


def test_ctrl_c_keeps_everything_and_resume_goes_on_as_if_it_had_not_been_pressed(tmp_path: Path, ctrl_c: None) -> None:
    """Two runs with the same seed, one of them interrupted after its first batch, while it learns."""
    options = ("--goal", "qed >= 0.3", "--budget", "128", "--seed", "5", "--device", "cpu")
    with subprocess.Popen(
        [*MOLDESIGN, "generate", *options, "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for_molecules(tmp_path / "run", process)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
        finally:
            process.kill()
    assert process.returncode == 130, said
    kept = read_smiles(tmp_path / "run")
    assert 0 < len(kept) < 128
    assert len(pd.read_csv(tmp_path / "run" / "hits.csv")) > 0
    command = shlex.split(re.search(r"go on with: moldesign (.*)", said)[1])
    resumed = run_command(tmp_path, *command)
    assert resumed.returncode == 0, resumed.stderr
    unbroken = run_command(tmp_path, "generate", *options, "--out", "unbroken")
    assert unbroken.returncode == 0, unbroken.stderr
    assert read_smiles(tmp_path / "run")[: len(kept)] == kept
    assert read_smiles(tmp_path / "run") == read_smiles(tmp_path / "unbroken")
    assert (tmp_path / "run" / "hits.csv").read_bytes() == (tmp_path / "unbroken" / "hits.csv").read_bytes()


def wait_for_molecules(run: Path, process: subprocess.Popen[str]) -> None:
    """Return when the first batch is stored; the second is a gradient step away, long against the pause."""
    while process.poll() is None:
        try:
            if read_smiles(run):
                return
        except sqlite3.OperationalError:  # the store, or its table, does not exist yet
            pass
        time.sleep(0.02)
    pytest.fail(f"the run ended by itself: {process.communicate()}")
