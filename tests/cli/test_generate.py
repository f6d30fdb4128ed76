"""`moldesign generate`: what it writes, what it says, and how it refuses."""

import os
import shlex
import signal
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import torch

from moldesign.cli import generate as verb
from moldesign.generation.settings import GenerationSettings
from moldesign.objectives.profile import default_profile, load_profile
from tests.cli.conftest import Moldesign

GOALS = ("--goal", "qed max", "--goal", "herg <= 0.9")
SHORT = ("--budget", 40, "--n", 10)


def count_calls(folder: Path) -> int:
    with sqlite3.connect(folder / "run.sqlite") as store:
        return int(store.execute("SELECT count(*) FROM molecules").fetchone()[0])


def test_run_writes_ranked_hits_and_a_summary(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, *SHORT, "--out", "run", "--start", "CCO")
    frame = pd.read_csv("run/hits.csv")
    assert done.code == 0
    assert len(frame) == 10
    assert frame["smiles"].is_unique
    assert (frame["score"] >= 0.5).all()
    assert "10 hits with a score of at least 0.5, of 40 molecules scored" in done.out
    assert "run/hits.csv" in done.out
    assert all(smiles in done.out for smiles in frame["smiles"][:5])
    assert "goals: qed max; herg <= 0.9\n" in done.err
    assert "40 of 40 molecules" in done.err
    assert {path.name for path in Path("run").iterdir()} >= {"hits.sdf", "profile.toml", "metrics.jsonl"}


def test_quiet_run_says_where_the_hits_are(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, *SHORT, "--quiet")
    assert done == (0, "moldesign-run-1/hits.csv\n", "")


def test_terminal_shows_a_bar(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = moldesign("generate", *GOALS, *SHORT)
    assert done.code == 0
    assert "━" in done.err
    assert "best 100:" in done.err


def test_interrupted_run_says_how_to_go_on(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def press_ctrl_c(progress: object) -> str:
        # A real signal: some releases of RDKit (2026.3.4 to 2026.3.6) replace the handler of Python and lose it.
        if not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        return ""

    out = Path("run 1")
    with monkeypatch.context() as patch:
        patch.setattr(verb, "describe_progress", press_ctrl_c)
        stopped = moldesign("generate", *GOALS, "--budget", 100, "--out", out, "--seed", 3)
    assert stopped.code == 130
    assert 0 < count_calls(out) < 100
    command = stopped.err.partition("go on with: ")[2]
    resumed = moldesign(*shlex.split(command)[1:])
    assert resumed.code == 0
    assert count_calls(out) == 100


def test_too_few_hits_are_explained(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, "--budget", 20, "--out", "run")
    assert done.code == 0
    assert "of 100 hits: the budget of 20 molecules is spent" in done.err
    assert "--resume --out run" in done.err
    assert "--budget 40" in done.err


def test_goals_add_to_the_profile(moldesign: Moldesign) -> None:
    Path("mine.toml").write_text('[[goal]]\nproperty = "qed"\nmax = true\n')
    moldesign("generate", "mine.toml", "--goal", "mw <= 300 * 2", *SHORT, "--out", "run")
    profile = load_profile("run/profile.toml")
    assert [goal.text for goal in profile.goals] == ["qed max", "mw <= 300"]
    assert profile.budget.calls == 40


def test_contradiction_is_told_before_the_run(moldesign: Moldesign) -> None:
    done = moldesign("generate", "--goal", "mw >= 600", "--goal", "mw <= 300", "--budget", 5)
    assert done.err.startswith("warning: the goals 'mw >= 600' and 'mw <= 300' contradict each other")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--goal", "solubilty >= -4"], "did you mean: solubility"),
        (["--goal", "qed > 3"], "PROPERTY max | min"),
        (["wrong.toml"], "wrong.toml, line 3: unknown key 'maximum'"),
        (["missing.toml"], "cannot read the profile missing.toml"),
        (["--start", "CC("], "'CC(' is not a valid SMILES"),
        (["--start", "C[Se]C"], "'[Se]'"),
        (["--prior", "zicn"], "did you mean: zinc"),
        (["--resume", "--out", "empty"], "empty holds no run to resume"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, arguments: list[str], said: str) -> None:
    Path("wrong.toml").write_text('[[goal]]\nproperty = "qed"\nmaximum = true\n')
    done = moldesign("generate", "--quiet", *arguments)
    assert done.code == 1
    assert said in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_folder_of_another_run_is_kept(moldesign: Moldesign) -> None:
    moldesign("generate", *GOALS, *SHORT, "--out", "run")
    before = Path("run/hits.csv").read_bytes()
    done = moldesign("generate", *GOALS, *SHORT, "--out", "run")
    assert done.code == 1
    assert "--resume" in done.err
    assert "--out" in done.err
    assert Path("run/hits.csv").read_bytes() == before


@pytest.mark.parametrize("arguments", [["--resume"], ["--n", "0"], ["--budget", "0"], ["--device", "tpu"]])
def test_wrong_usage_is_exit_2(moldesign: Moldesign, arguments: list[str]) -> None:
    assert moldesign("generate", *arguments).code == 2


def test_cuda_must_be_there(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = moldesign("generate", "--device", "cuda")
    assert done.code == 1
    assert "--device cpu" in done.err


def test_defaults_are_those_of_the_library(moldesign: Moldesign) -> None:
    assert verb.choose_profile(None, [], None, None) == default_profile()
    assert f"[default: {GenerationSettings().prior}]" in moldesign("generate", "--help").out
