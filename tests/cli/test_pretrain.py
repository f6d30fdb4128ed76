"""`moldesign pretrain`: a prior of a tiny library, stopped and gone on with, and used for design."""

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from moldesign.checkpoint import load_model, read_card
from moldesign.cli import pretrain as module
from moldesign.policies import prior_training
from moldesign.policies.prior_training import PriorOptions, has_checkpoint
from tests.cli.conftest import Moldesign
from tests.policies.tiny_prior import LIBRARY

ARGUMENTS = ("pretrain", "library.smi", "--out", "mine", "--from", "scratch", "--hidden-size", "16", "--device", "cpu")


@pytest.fixture
def library(moldesign: Moldesign) -> Path:
    path = Path("library.smi")
    path.write_text("".join(f"{text} M{row}\n" for row, text in enumerate([*LIBRARY, "C1CC", LIBRARY[0]])))
    return path


@pytest.mark.usefixtures("library")
def test_the_prior_writes_for_generate(moldesign: Moldesign) -> None:
    done = moldesign(*ARGUMENTS, "--epochs", 2, "--licence", "in-house")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{len(LIBRARY) + 2} rows, ")
    assert any("1 left out: not a molecule; first, row 129: 'C1CC'" in line for line in lines)
    assert "molecules/s" in done.err
    assert "left" in done.err
    card = read_card(Path("mine"))
    assert (card["kind"], card["name"], card["source"], card["licence"]) == ("prior", "mine", "library.smi", "in-house")
    assert card["rejected"]["not a molecule"] == 1
    assert card["held_out"]["n"] > 0
    assert not has_checkpoint(Path("mine"))
    assert "trained on" in moldesign("models").out
    found = moldesign(
        "generate", "--prior", "mine", "--goal", "qed max", "--budget", 64, "--out", "run", "--device", "cpu"
    )
    assert found.code == 0, found.err
    assert {"rank", "score", "smiles"} <= set(pd.read_csv("run/hits.csv").columns)


@pytest.mark.usefixtures("library")
def test_ctrl_c_keeps_the_checkpoint_and_the_same_command_goes_on(
    moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = moldesign(*ARGUMENTS[:3], "whole", *ARGUMENTS[4:], "--epochs", 6)
    assert whole.code == 0
    describe = module.describe_progress
    steps: list[int] = []

    def interrupt(progress, max_seconds):
        steps.append(progress.step)
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return describe(progress, max_seconds)

    monkeypatch.setattr(module, "describe_progress", interrupt)
    stopped = moldesign(*ARGUMENTS, "--epochs", 6)
    assert stopped.code == 130
    assert stopped.err.splitlines()[-1] == (
        "interrupted after step 3 of 6, which is kept in mine; the same command goes on"
    )
    assert has_checkpoint(Path("mine"))
    assert moldesign(*ARGUMENTS, "--epochs", 6).code == 0
    assert steps == [1, 2, 3, 4, 5, 6]
    tensors = [load_model(Path(name), kind="prior")[0] for name in ("whole", "mine")]
    assert all((tensors[0][name] == tensors[1][name]).all() for name in tensors[0])


@pytest.mark.usefixtures("library")
def test_a_prior_is_bent_from_another_one(moldesign: Moldesign) -> None:
    done = moldesign("pretrain", "library.smi", "--out", "bent", "--epochs", 1, "--device", "cpu")
    assert done.code == 0, done.err
    card = read_card(Path("bent"))
    assert card["warm_start"] == "chembl"
    assert card["network"]["hidden_size"] == 16


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.smi", "--out", "x"], 1, "nowhere.smi: cannot be opened"),
        (["library.smi", "--out", "x", "--from", "zinx"], 1, "unknown prior 'zinx'"),
        (["library.smi", "--out", "x", "--max-time", "soon"], 2, "is no duration"),
        (["library.smi", "--out", "library.smi"], 1, "cannot write to library.smi"),
        (["library.smi", "--out", "x", "--max-length", "10"], 1, "are left to learn from"),
    ],
)
@pytest.mark.usefixtures("library")
def test_bad_input_is_one_line(moldesign: Moldesign, arguments: list[str], code: int, said: str) -> None:
    done = moldesign("pretrain", *arguments, "--device", "cpu")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.usefixtures("library")
def test_a_finished_prior_is_kept(moldesign: Moldesign) -> None:
    assert moldesign(*ARGUMENTS, "--epochs", 1).code == 0
    again = moldesign(*ARGUMENTS, "--epochs", 1)
    assert (again.code, "holds a model already" in again.err) == (1, True)


def test_the_end_of_the_time_is_the_end_of_the_training(library: Path) -> None:
    options = PriorOptions(start=None, hidden_size=16, n_epochs=1_000, max_seconds=0.2, n_samples=16)
    result = prior_training.train_prior(library, Path("short"), options)
    assert result.card is not None
    assert 0 < result.step < result.n_steps
