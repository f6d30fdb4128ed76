"""`moldesign generate`: what it writes, what it says, and how it refuses."""

import os
import re
import shlex
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.cli import generate as verb
from moldesign.envs.vocabulary import END
from moldesign.generation.archive import RunArchive
from moldesign.generation.lock import hold_lock
from moldesign.generation.settings import GenerationSettings
from moldesign.learning.guide import Guide
from moldesign.objectives.profile import default_profile, load_profile, parse_goals
from moldesign.policies.sampling import SampledBatch
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import load_model_folder
from tests.cli.conftest import Moldesign
from tests.cli.tiny_models import save_predictor

GOALS = ("--goal", "qed max", "--goal", "herg <= 0.9")
SHORT = ("--budget", 40, "--n", 5)  # half of what the untrained prior writes has atoms that ChEMBL does not have


def count_calls(folder: Path) -> int:
    with sqlite3.connect(folder / "run.sqlite") as store:
        return int(store.execute("SELECT count(*) FROM molecules").fetchone()[0])


def test_run_writes_ranked_hits_and_a_summary(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, *SHORT, "--out", "run", "--start", "CCO")
    frame = pd.read_csv("run/hits.csv")
    assert done.code == 0
    assert len(frame) == 5
    assert frame["smiles"].is_unique
    assert (frame["score"] >= 0.5).all()
    assert "5 hits with a score of at least 0.5, of 40 molecules scored" in done.out
    assert "run/hits.csv" in done.out
    assert "(herg: the model activity came without one)" in done.out
    assert all(smiles in done.out for smiles in frame["smiles"][:5])
    assert "goals: qed max; herg <= 0.9\n" in done.err
    assert "40 of 40 molecules" in done.err
    assert {path.name for path in Path("run").iterdir()} >= {"hits.sdf", "audit.json", "profile.toml", "metrics.jsonl"}


def test_goals_may_name_endpoints_of_a_trained_model(moldesign: Moldesign, tmp_path: Path) -> None:
    endpoint = Endpoint("pIC50", "regression", "", "of the user's own assay", low=-2.0, high=2.0)
    save_predictor(tmp_path / "mine", "mine", (endpoint,), ["CCO", "c1ccccc1"])
    goals = ("--model", "mine", "--goal", "pIC50 max")
    done = moldesign("generate", *goals, *SHORT, "--out", "run")
    assert done.code == 0
    frame = pd.read_csv("run/hits.csv")
    predicted = load_model_folder(tmp_path / "mine").predict(frame["smiles"].tolist()).values[:, 0]
    np.testing.assert_allclose(frame["pIC50"], predicted, atol=1e-4)
    assert load_profile("run/profile.toml").models == ("mine",)
    assert moldesign("generate", "--resume", "--out", "run", "--budget", 60).code == 0
    Path("qed.toml").write_text('[[goal]]\nproperty = "qed"\nmax = true\n')
    assert moldesign("generate", "qed.toml", *goals, *SHORT, "--out", "both").code == 0
    assert moldesign("generate", "--model", "mine", "--out", "none").code == 2


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
        stopped = moldesign("generate", *GOALS, "--budget", 300, "--out", out, "--seed", 3)
    assert stopped.code == 130
    assert 0 < count_calls(out) < 300
    assert re.search(r"^interrupted with \d+ of 100 hits; everything scored is kept; go on with: ", stopped.err, re.M)
    command = stopped.err.partition("go on with: ")[2]
    resumed = moldesign(*shlex.split(command)[1:])
    assert resumed.code == 0
    assert count_calls(out) == 300


def test_too_few_hits_are_explained(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, "--budget", 20, "--out", "run")
    assert done.code == 0
    assert "of 100 hits: the budget of 20 molecules is spent" in done.err
    assert "--resume --out run" in done.err
    assert "--budget 40" in done.err


def test_no_hits_are_explained(moldesign: Moldesign) -> None:
    """An empty SDF has no place for an explanation; the last message gives it."""
    Path("hard.toml").write_text(
        'threshold = 0.99\n[[goal]]\nproperty = "qed"\nmax = true\n[[goal]]\nproperty = "mw"\nat_least = 5000\n'
    )
    done = moldesign("generate", "hard.toml", "--budget", 20, "--out", "run")
    assert done.code == 0
    with sqlite3.connect("run/run.sqlite") as store:
        best = store.execute("SELECT max(total) FROM molecules").fetchone()[0]
    assert Path("run/hits.sdf").read_bytes() == b""
    assert Path("run/hits.csv").read_text().startswith("rank,smiles,score,qed,")
    assert "0 hits with a score of at least 0.99, of 20 molecules scored" in done.out
    assert "hits.csv has its header alone, run/hits.sdf is empty" in done.out
    warning = done.err.splitlines()[-1]
    assert warning.startswith(f"warning: no hits (the best score is {best:.3f}; that molecule meets 'mw >= 5000' least")
    assert warning.endswith("; relax a goal or lower the threshold (0.99) in a profile with another --out")
    assert "--budget" not in warning  # no budget finds what is out of reach


def test_no_molecule_at_all_is_explained(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guide, "write", lambda self: SampledBatch(torch.tensor([[END]]), [""], np.zeros(1)))
    done = moldesign("generate", "--goal", "qed max", "--quiet")
    assert done.code == 0
    assert "no hits, because no molecule was scored: the policy writes no new molecules any more" in done.err


def test_a_resumed_run_keeps_its_seed(moldesign: Moldesign) -> None:
    moldesign("generate", *GOALS, "--budget", 30, "--out", "run", "--seed", 3)
    other = moldesign("generate", "--resume", "--out", "run", "--budget", 60, "--seed", 4)
    assert other.code == 1
    assert other.err.splitlines()[-1] == (
        "error: run was run with seed 3, not 4; resume it without --seed, or choose another --out"
    )
    assert count_calls(Path("run")) == 30
    resumed = moldesign("generate", "--resume", "--out", "run", "--budget", 60)
    assert resumed.code == 0
    assert "prior chembl, seed 3, on cpu, into run" in resumed.err
    assert count_calls(Path("run")) == 60
    assert moldesign("generate", "--resume", "--out", "run", "--seed", 3, "--prior", "chembl").code == 0


def test_a_resumed_run_keeps_the_number_of_its_hits(moldesign: Moldesign) -> None:
    moldesign("generate", *GOALS, *SHORT, "--out", "run")
    before = Path("run/hits.csv").read_bytes()
    assert moldesign("generate", "--resume", "--out", "run").code == 0
    assert Path("run/hits.csv").read_bytes() == before
    assert moldesign("generate", "--resume", "--out", "run", "--n", 3).code == 0
    assert Path("run/hits.csv").read_bytes().count(b"\n") == 4


def test_a_salt_to_begin_with_is_taken_as_its_parent(moldesign: Moldesign, caplog: pytest.LogCaptureFixture) -> None:
    done = moldesign("generate", *GOALS, *SHORT, "--start", "C[NH2+]Cc1ccccc1.[Cl-]", "--out", "run")
    assert done.code == 0
    assert "the start molecule 'C[NH2+]Cc1ccccc1.[Cl-]' is taken as CNCc1ccccc1" in caplog.text
    with sqlite3.connect("run/run.sqlite") as store:
        assert store.execute("SELECT smiles FROM molecules WHERE source = 'start'").fetchall() == [("CNCc1ccccc1",)]


def test_a_run_on_a_gpu_is_resumed_on_one(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    moldesign("generate", *GOALS, "--budget", 5, "--out", "run")
    with RunArchive(Path("run"), ()) as archive:
        course = GenerationSettings(device="cuda").describe_course()
        archive.write_facts({"settings": course})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = moldesign("generate", "--resume", "--out", "run")
    assert done.code == 1
    assert "run was run on cuda: PyTorch finds no CUDA device; resume it where there is one, or choose" in done.err


def test_a_folder_in_use_is_said(moldesign: Moldesign) -> None:
    moldesign("generate", *GOALS, "--budget", 5, "--out", "run")
    with hold_lock(Path("run")):
        done = moldesign("generate", "--resume", "--out", "run", "--quiet")
    assert done.code == 1
    assert done.err.startswith(f"error: run is in use by process {os.getpid()} on ")


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
        (["--start", "CC("], "start molecule: 'CC(' is not a valid SMILES"),
        (["--goal", "qed max", "--goal", "QED max"], "the goal 'QED max' says the same as 'qed max'; use its weight"),
        (["--goal", "qed max * 0"], "the goal 'qed max * 0' makes no sense: weight Input should be greater than 0"),
        (["empty.toml"], "empty.toml: a profile states its goals as [[goal]] tables, at least one"),
        (["--start", "C[Se]C"], "'[Se]'"),
        (["--prior", "chemlb"], "did you mean: chembl"),
        (["--max-time", "10"], "budget.max_time: '10' is no duration; write a number with s, m or h, such as 90s"),
        (["--resume", "--out", "empty"], "empty holds no run to resume"),
        (["--scaffold", "c1ccccc1"], "the scaffold 'c1ccccc1' has no open point; mark each place to grow with '*'"),
        (["--scaffold", "c1ccc(*cc1"], "the scaffold cannot be read: 'c1ccc(*cc1' is not a valid SMILES"),
        (["--scaffold", "C" * 30 + "*"], "is too long: the prior 'chembl' writes at most 23 tokens"),
        (["--scaffold", "C" * 300 + "*"], f"error: '{'C' * 100}...' is too long: the prior 'chembl' writes at most 23"),
        (["--scaffold", "CS*"], "the prior 'chembl' has never seen the token 'S', which 'CS*' needs"),
        (["--link", "C*.N(*)*"], "the linker ends 'C*.N(*)*' are 2 pieces with 3 open points"),
        (["--link", "C*.N*", "--scaffold", "C*"], "scaffold and link are two ways to design; give one of them"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, arguments: list[str], said: str) -> None:
    Path("wrong.toml").write_text('[[goal]]\nproperty = "qed"\nmaximum = true\n')
    Path("empty.toml").write_text("")
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
    assert done.err == "error: run already holds a run; add --resume to go on with it, or choose another --out\n"
    assert Path("run/hits.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "core"),
    [
        (["--scaffold", "c1ccc(*)cc1"], "scaffold(c1ccc(*)cc1) >= 1"),
        (["--link", "*c1ccccc1.*CO"], "linked(*c1ccccc1.*CO) >= 1"),
    ],
)
def test_hits_keep_what_the_options_say(moldesign: Moldesign, options: list[str], core: str) -> None:
    done = moldesign("generate", "--goal", "mw >= 50", *options, "--budget", 20, "--n", 5, "--out", "run")
    assert done.code == 0
    frame = pd.read_csv("run/hits.csv")
    assert len(frame) > 0
    assert (parse_goals([core]).score(frame["smiles"].tolist()).total == 1).all()
    assert moldesign("generate", "--resume", "--out", "run", "--budget", 30, "--n", 5).code == 0
    other = moldesign("generate", "--resume", "--out", "run", "--scaffold", "CC*")
    assert other.code == 1
    assert "another profile" in other.err or "two ways to design" in other.err


def test_start_molecules_may_say_how_near_the_hits_are(moldesign: Moldesign) -> None:
    options = ("--start", "CCO", "--start", "CCN", "--min-similarity", 0.3)
    done = moldesign("generate", "--goal", "mw >= 10", *options, "--budget", 30, "--n", 10, "--out", "run")
    assert done.code == 0
    frame = pd.read_csv("run/hits.csv")
    assert set(frame["smiles"]) >= {"CCO", "CCN"}
    assert (frame["must nearest(CCO|CCN) in 0.3..1"] >= 0.3).all()
    assert load_profile("run/profile.toml").constraints.similar_to == ("CCO", "CCN")
    assert moldesign("generate", "--goal", "mw >= 10", "--max-similarity", 0.3).code == 2


def test_a_run_ends_on_time_and_says_so(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, "--budget", 5000, "--n", 1000, "--max-time", "0.01s", "--out", "run")
    assert done.code == 0
    assert "up to 5,000 molecules are scored, for at most 0.01s\n" in done.err
    assert "; the time limit of 0.01s is over\n" in done.out
    warning = done.err.splitlines()[-1]
    assert "of 1000 hits: the time limit of 0.01s is over; go on for as long again with: moldesign" in warning
    n_calls = count_calls(Path("run"))
    command = warning.partition("again with: ")[2].partition(";")[0]
    assert moldesign(*shlex.split(command)[1:]).code == 0
    assert n_calls < count_calls(Path("run")) < 5000


def test_a_run_ends_by_convergence_and_says_so(moldesign: Moldesign) -> None:
    options = ("--budget", 1000, "--n", 900, "--converged-after", 30, "--out", "run")
    done = moldesign("generate", "--goal", "mw >= 1", *options)
    assert done.code == 0
    assert ", until 30 of them improve nothing\n" in done.err
    assert "; the last 30 molecules have not improved the mean of the best 100\n" in done.out
    assert re.search(r"go on with: moldesign generate --resume --out run --n 900 --converged-after 60;", done.err)
    assert 100 < count_calls(Path("run")) < 1000


def test_near_duplicates_wait_or_are_counted(moldesign: Moldesign) -> None:
    options = ("--goal", "mw >= 1", "--budget", 60, "--no-guards")
    strict = moldesign("generate", *options, "--n", 60, "--hit-similarity", 0.05, "--out", "strict")
    frame = pd.read_csv("strict/hits.csv")
    n_alike = int((frame["cluster"] != frame["rank"]).sum())
    assert len(frame) == 60
    assert n_alike > 0
    assert f"; {n_alike} of the hits resemble a better one (Tanimoto similarity of 0.05 or more)\n" in strict.out
    off = moldesign("generate", *options, "--n", 60, "--hit-similarity", 1, "--out", "off")
    assert "resemble" not in off.out
    again = moldesign("generate", "--resume", "--out", "strict", "--n", 3, "--hit-similarity", 1)
    assert "resemble" not in again.out
    assert pd.read_csv("strict/hits.csv")["smiles"].tolist() == frame["smiles"].tolist()[:3]


def test_pareto_adds_a_table_and_a_volume(moldesign: Moldesign) -> None:
    done = moldesign("generate", "--goal", "qed max", "--goal", "mw max", "--pareto", *SHORT, "--out", "run")
    assert done.code == 0
    assert "run/hits.sdf is empty; run/pareto.csv has the best compromises\n" in done.out
    assert "hypervolume: 0." in done.err
    table = pd.read_csv("run/pareto.csv").sort_values("qed_score")
    assert list(table.columns) == list(pd.read_csv("run/hits.csv").columns)
    assert (table["mw_score"].diff().dropna() <= 0).all()
    assert load_profile("run/profile.toml").pareto
    done = moldesign("generate", *GOALS, "--pareto", *SHORT, "--out", "other")
    assert "other/hits.csv, other/hits.sdf, other/pareto.csv\n" in done.out


@pytest.mark.parametrize("arguments", [["--resume"], ["--n", "0"], ["--budget", "0"], ["--device", "tpu"]])
def test_wrong_usage_is_exit_2(moldesign: Moldesign, arguments: list[str]) -> None:
    assert moldesign("generate", *arguments).code == 2


def test_cuda_must_be_there(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = moldesign("generate", "--device", "cuda")
    assert done.code == 1
    assert "--device cpu" in done.err


def test_defaults_are_those_of_the_library(moldesign: Moldesign) -> None:
    assert verb.choose_profile(None, [], None, {}) == default_profile()
    shown = moldesign("generate", "--help").out
    for name in ("prior", "seed"):
        assert f"[default: ({getattr(GenerationSettings(), name)})" in shown
    assert verb.choose_settings(None, None, None, verb.Device.CPU) == GenerationSettings()
