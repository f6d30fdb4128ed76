"""`moldesign train`: from a table to a model that every other verb takes, and clear words for what cannot be."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moldesign.cli import train as verb
from moldesign.cli import training_text
from moldesign.objectives.profile import parse_goals
from moldesign.predictors import baseline, forest_fit
from moldesign.predictors.assay import read_assay
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.recalibration import Refit
from moldesign.predictors.training import TrainingProgress
from moldesign.predictors.workload import Progress
from moldesign.reporting import training_report
from tests.cli.conftest import Moldesign
from tests.predictors.toy_assay import make_frame, write_assay
from tests.predictors.toy_growth import write_tables
from tests.small_forests import small_forests  # noqa: F401  a fixture

QUICK = ("--split", "random", "--networks", "2", "--epochs", "2")


@pytest.fixture
def assay(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(baseline, "N_TREES", 40)
    monkeypatch.setattr(forest_fit, "N_TREES", 40)
    return str(write_assay(Path()))


@pytest.fixture
def quick(moldesign: Moldesign, assay: str) -> Moldesign:
    """The verb on the table, with settings for a test of a second."""
    return lambda *arguments: moldesign("train", assay, *QUICK, *arguments)


def test_a_table_becomes_a_model_and_a_report(quick: Moldesign) -> None:
    done = quick("--target", "balance", "--target", "aromatic", "--out", "mine")
    assert done.code == 0
    assert {path.name for path in Path("mine").iterdir()} == {
        *("card.json", "control.safetensors", "model.safetensors", "training.json", "report.html"),
        "measurements.csv.gz",
    }
    assert "assay.csv: 96 rows, 96 different molecules" in done.out
    assert "balance: regression, 96 molecules with a value" in done.out
    assert "aromatic: classification, 96 molecules with a value" in done.out
    assert "Measured on 9 test molecules of a random split, which this model has not seen" in done.out
    assert "balance, 9 test molecules  RMSE" in done.out
    assert re.search(
        r"Models of fingerprints make up \d+% of balance \(forest and kernel regression\), \d+% of aromatic",
        done.out,
    )
    assert done.out.splitlines()[-1].endswith("next: moldesign predict library.csv --model mine")
    assert done.err.startswith("training on balance, aromatic of assay.csv, into mine")


def test_a_model_can_do_without_a_forest(quick: Moldesign) -> None:
    done = quick("--target", "balance", "--out", "mine", "--no-forest")
    assert done.code == 0
    assert "make up" not in done.out
    assert not json.loads(Path("mine/card.json").read_text(encoding="utf-8"))["forest"]


def test_every_other_verb_takes_the_model(quick: Moldesign, moldesign: Moldesign) -> None:
    quick("--target", "balance", "--out", "mine")
    predicted = moldesign("predict", "assay.csv", "--model", "mine", "--out", "predicted.csv")
    assert predicted.code == 0
    assert pd.read_csv("predicted.csv")["mine_balance"].notna().all()
    card = moldesign("models", "mine")
    assert "measured on: 9 test molecules" in card.out
    assert "training command: moldesign" in card.out
    assert "MAE" in card.out
    assert moldesign("explain", "CCO", "--model", "mine", "--out", "mine.svg").code == 0
    rewards = parse_goals(["balance >= 1"], models=["mine"]).score(["OCCO", "NCCN"])
    assert rewards.is_valid.all()


def test_a_model_can_be_cross_validated(quick: Moldesign) -> None:
    done = quick("--target", "balance", "--folds", "2", "--networks", "1", "--out", "mine")
    assert "Measured on 2 random folds, 96 molecules, each predicted by networks that had not seen it" in done.out
    assert "±" in done.out
    assert "--folds 5" not in done.out


def test_quiet_says_the_folder_alone(quick: Moldesign) -> None:
    done = quick("--target", "balance", "--out", "mine", "--quiet")
    assert (done.code, done.out, done.err) == (0, "mine\n", "")


def test_odd_rows_are_counted_and_shown(moldesign: Moldesign, assay: str) -> None:
    frame = make_frame()[["smiles", "balance"]]
    odd = pd.DataFrame({"smiles": ["C(C", "CCO", "OCC", "CCN", "NCC"], "balance": [1, 0.4, 0.5, -9, 9]})
    pd.concat([frame, odd]).to_csv("odd.csv", index=False)
    done = moldesign("train", "odd.csv", "--target", "balance", *QUICK, "--out", "mine")
    assert "  1 row left out:\n    row 97: 'C(C' is not a valid SMILES (syntax error)\n" in done.out
    assert "97 molecules with a value (1 measured several times, and averaged)" in done.out
    assert "  1 molecule with values that contradict each other, left out:\n    CCN: -9 in row 100, 9" in done.out


def test_cells_without_a_number_stop_or_are_skipped(moldesign: Moldesign, assay: str) -> None:
    frame = make_frame()[["smiles", "balance"]].astype(str)
    frame.loc[[3, 8], "balance"] = [">10", "n.t."]
    frame.to_csv("text.csv", index=False)
    command = ("train", "text.csv", "--target", "balance", *QUICK, "--out", "mine")
    refused = moldesign(*command)
    assert refused.code == 1
    assert "row 4: '>10', row 9: 'n.t.'" in refused.err.splitlines()[-1]
    done = moldesign(*command, "--skip-bad")
    assert done.code == 0
    assert "  2 cells without a number, left out:\n    row 4: '>10'\n    row 9: 'n.t.'" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["assay.csv", "--target", "pIC50"], "no column 'pIC50'; columns: smiles, balance, aromatic, year"),
        (["assay.csv", "--target", "balance", "--smiles-column", "mol"], "no column 'mol'"),
        (["nowhere.csv", "--target", "balance"], "nowhere.csv: cannot be opened"),
        (["empty.csv", "--target", "balance"], "empty.csv: the file is empty"),
        (["few.csv", "--target", "balance"], "19 molecules have a label of balance; at least 20 are needed"),
        (["assay.csv", "--target", "balance", "--split", "time"], "add --time-column NAME"),
        (["assay.csv", "--target", "balance", "--folds", "1"], "2 or more with --folds"),
        (["assay.csv", "--target", "balance", "--from", "admit"], "did you mean: admet"),
        (["constant.csv", "--target", "balance"], "every label of balance is 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, assay: str, arguments: list[str], said: str) -> None:
    Path("empty.csv").write_text("")
    make_frame().head(19).to_csv("few.csv", index=False)
    make_frame().assign(balance=1).to_csv("constant.csv", index=False)
    done = moldesign("train", *arguments, "--out", "mine")
    assert done.code == 1
    assert done.out == ""
    assert done.err.splitlines()[-1].startswith("error: ")
    assert said in done.err.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--split", "sideways"], ["--networks", "0"], []])
def test_wrong_usage_is_exit_2(moldesign: Moldesign, assay: str, arguments: list[str]) -> None:
    target = ["--target", "balance"] if arguments else []
    assert moldesign("train", assay, *target, "--out", "mine", *arguments).code == 2


def test_an_existing_model_is_kept(quick: Moldesign) -> None:
    quick("--target", "balance", "--out", "mine")
    before = Path("mine/card.json").read_bytes()
    again = quick("--target", "balance", "--out", "mine")
    assert again.code == 1
    assert "mine holds a model already; choose another --out" in again.err
    assert Path("mine/card.json").read_bytes() == before


def test_ctrl_c_keeps_finished_networks_and_the_same_command_goes_on(
    quick: Moldesign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(progress: Progress) -> str:
        if progress.network == 2:
            raise KeyboardInterrupt
        return progress.stage

    with monkeypatch.context() as patch:
        patch.setattr(verb, "describe_progress", interrupt)
        stopped = quick("--target", "balance", "--out", "mine")
    assert stopped.code == 130
    assert "interrupted; 1 finished network is kept in mine; the same command goes on" in stopped.err
    assert not Path("mine/card.json").exists()
    assert quick("--target", "balance", "--out", "mine").code == 0
    assert not Path("mine/.work").exists()
    assert len(json.loads(Path("mine/training.json").read_text())["curves"]) == 2


def test_ctrl_c_before_the_first_network_has_nothing_to_keep(quick: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(progress: Progress) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "describe_progress", interrupt)
    stopped = quick("--target", "balance", "--out", "mine")
    assert stopped.code == 130
    assert "interrupted before the first network was finished; the same command starts again" in stopped.err


def test_ctrl_c_during_the_report_leaves_a_finished_model(quick: Moldesign, moldesign: Moldesign) -> None:
    def interrupt(folder: Path) -> Path:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_report, "write_training_report", interrupt)
        stopped = quick("--target", "balance", "--out", "mine")
    assert stopped.code == 130
    assert "the model in mine is finished, its report may be missing; moldesign report mine writes it" in stopped.err
    assert moldesign("report", "mine").code == 0
    assert Path("mine/report.html").exists()


@pytest.fixture
def new_data(assay: str) -> str:
    """Molecules that the model of `quick` has not seen: those of the table, one carbon longer."""
    frame = make_frame().assign(smiles=lambda rows: "C" + rows["smiles"].str.replace("^(Cl|Br|N#C|F)", "C", regex=True))
    frame.to_csv("new.csv", index=False)
    return "new.csv"


def test_a_model_is_recalibrated_on_new_data(quick: Moldesign, moldesign: Moldesign, new_data: str) -> None:
    quick("--target", "balance", "--target", "aromatic", "--out", "mine")
    command = ("train", new_data, "--target", "balance", "--target", "aromatic", "--recalibrate", "mine")
    done = moldesign(*command, "--out", "newer")
    assert done.code == 0
    assert "balance: regression, " in done.out
    assert re.search(r"balance: intervals fitted on \d\d molecules.*; there were none before", done.out)
    assert re.search(r"aromatic: probabilities fitted on \d\d molecules.*\(expected calibration error\)", done.out)
    assert done.out.splitlines()[-1] == "model in newer; next: moldesign predict library.csv --model newer"
    kept = {"card.json", "model.safetensors", "measurements.csv.gz"}
    assert {path.name for path in Path("newer").iterdir()} == kept
    predicted = moldesign("predict", new_data, "--model", "newer", "--out", "predicted.csv")
    assert predicted.code == 0
    table = pd.read_csv("predicted.csv")
    assert (table["newer_balance_low"] <= table["newer_balance_high"]).all()
    # Rows of one molecule are merged, or left out where they contradict each other: of the rest 90 % are inside.
    measured = read_assay(new_data, ["balance"]).table
    newly = load_predictor("newer").predict(measured.smiles)
    balance, known = measured.labels[:, 0], np.isfinite(measured.labels[:, 0])
    is_inside = (newly.low[:, 0] <= balance) & (balance <= newly.high[:, 0])
    assert known.sum() >= 30
    assert is_inside[known].mean() >= 0.9
    assert "calibrated on: source new.csv" in moldesign("models", "newer").out
    again = moldesign(*command, "--out", "newer")
    assert again.code == 1
    assert "newer holds a model already" in again.err
    assert moldesign(*command, "--out", "third", "--quiet") == (0, "third\n", "")


@pytest.mark.parametrize("option", [("--epochs", 60), ("--split", "random"), ("--log", "on"), ("--from", "scratch")])
def test_options_of_the_training_are_refused_with_recalibrate(
    moldesign: Moldesign, assay: str, option: tuple[object, ...]
) -> None:
    done = moldesign("train", assay, "--target", "herg", "--recalibrate", "admet", *option, "--out", "mine")
    assert done.code == 2
    assert f"Invalid value for {option[0]}: --recalibrate trains nothing; leave this option out" in done.err


def test_an_endpoint_that_the_model_does_not_have_is_an_error(moldesign: Moldesign, assay: str) -> None:
    done = moldesign("train", assay, "--target", "balance", "--recalibrate", "activity", "--out", "mine")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: unknown endpoint of activity 'balance'")
    assert not Path("mine").exists()


def test_what_an_endpoint_lacks_is_said() -> None:
    assert verb.describe_refit(Refit(72, 24, "coverage", None)) == (
        "intervals fitted on 72 molecules (24 more left out: trained on already); there were none before"
    )


def test_progress_has_rate_and_remaining_time() -> None:
    epoch = TrainingProgress(7, 60, 0.41234, 2345.6, 0.5)
    progress = Progress("fold 2 of 5", network=1, n_networks=3, epoch=epoch, share=0.25, seconds_left=92)
    assert verb.describe_progress(progress) == (
        "fold 2 of 5, network 1 of 3, epoch 7 of 60: loss 0.412, validation 0.500\n2,346 molecules/s, at most 1:32 left"
    )
    assert verb.describe_progress(Progress("testing")) == "testing"


def test_a_better_baseline_is_a_warning() -> None:
    target = {
        "verdict": {"figure": "MAE", "model": 0.5, "baseline": 0.4, "baseline_is_better": True},
        "test": {"n": 99},
    }
    [line] = training_text.describe_verdict("pIC50", target, "random forest")
    assert line.startswith(
        "WARNING: for pIC50 the baseline (random forest) is better than this model: MAE 0.400 against"
    )


def test_few_test_molecules_are_said_to_be_uncertain() -> None:
    uncertain = training_text.describe_verdict("active", {"verdict": None, "test": {"n": 12}}, "random forest")
    assert "too few or too alike" in uncertain[0]
    assert "--folds 5 tests on all of them" in uncertain[1]


@pytest.fixture
def grown(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> Moldesign:
    """The verb, going on from a model of one network, with settings for a test of a second."""
    monkeypatch.setattr(baseline, "N_TREES", 10)
    monkeypatch.setattr(forest_fit, "N_TREES", 10)
    write_tables(Path())
    first = ("old.csv", "--target", "balance", "--from", "scratch", "--networks", "1", "--epochs", "1", "--out", "mine")
    assert moldesign("train", *first).code == 0
    return lambda *arguments: moldesign("train", "new.csv", "--continue", "mine", "--epochs", "1", *arguments)


def test_a_model_goes_on_with_new_data(grown: Moldesign) -> None:
    done = grown("--out", "newer")
    assert done.code == 0
    assert done.err.startswith("going on from mine with new.csv, into newer; Ctrl-C keeps finished networks")
    assert "Went on from mine: it knew 160 molecules, 80 are new. Each network learned" in done.out
    table = re.findall(r"^(old|new), (before|after) +(\d+)", done.out, re.MULTILINE)
    assert [row[:2] for row in table] == [("old", "before"), ("old", "after"), ("new", "before"), ("new", "after")]
    assert "--folds" not in done.out
    assert "measurements.csv.gz" in {path.name for path in Path("newer").iterdir()}
    page = Path("newer/report.html").read_text(encoding="utf-8")
    assert "the networks of mine, which knew 160 molecules; 80 are new" in page
    assert "before and after" in page
    assert grown("--out", "newer").err.splitlines()[-1].startswith("error: newer holds a model already")


def test_ctrl_c_keeps_the_networks_that_went_on(grown: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(progress: Progress) -> str:
        if progress.stage == "testing":
            raise KeyboardInterrupt
        return progress.stage

    with monkeypatch.context() as patch:
        patch.setattr(verb, "describe_progress", interrupt)
        stopped = grown("--out", "newer")
    assert stopped.code == 130
    assert "interrupted; 1 finished network is kept in newer; the same command goes on" in stopped.err
    assert grown("--out", "newer", "--quiet") == (0, "newer\n", "")


@pytest.mark.parametrize(
    "option",
    [
        ("--from", "scratch"),
        ("--folds", 2),
        ("--networks", 3),
        ("--log", "on"),
        ("--search", 1),
        ("--recalibrate", "x"),
    ],
)
def test_options_that_a_model_which_goes_on_keeps_are_refused(moldesign: Moldesign, option: tuple[object, ...]) -> None:
    done = moldesign("train", "new.csv", "--continue", "mine", *option, "--out", "newer")
    assert done.code == 2
    assert f"Invalid value for {option[0]}: --continue keeps what the model has; leave this option out" in done.err


def test_old_data_goes_with_continue_alone(moldesign: Moldesign, assay: str) -> None:
    done = moldesign("train", assay, "--target", "balance", "--old-data", "old.csv", "--out", "mine")
    assert done.code == 2
    assert "Invalid value for --old-data: it goes with --continue alone" in done.err
    assert "name the column of values to learn" in moldesign("train", assay, "--out", "mine").err


def test_what_cannot_be_gone_on_from_is_one_line(moldesign: Moldesign, assay: str) -> None:
    done = moldesign("train", assay, "--continue", "activity", "--out", "mine")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("error: ")
    assert "--old-data" in done.err or "--from" in done.err


def test_what_was_forgotten_or_not_learned_is_a_warning() -> None:
    gain = {"figure": "MAE", "before": 0.4, "after": 0.5, "gain": -0.1, "low": -0.15, "high": -0.05}
    worse = {"n": 60, "before": {"MAE": 0.4, "n": 60}, "after": {"MAE": 0.5, "n": 60}, "gain": gain}
    _, old, new = training_text.describe_progress_made("pIC50", {"old": worse, "new": worse}, "mine")
    assert old == (
        "WARNING: pIC50 was forgotten in part: MAE 0.500 after 0.400 (gain -0.100, 95 % interval -0.150 to -0.050) on "
        "the old test molecules; keep mine for molecules like these, or train a new model on both tables"
    )
    assert new.startswith(
        "WARNING: new molecules are not predicted better in pIC50 than by mine: MAE 0.500 after 0.400"
    )


def test_what_is_not_sure_is_no_warning() -> None:
    gain = {"figure": "MAE", "before": 0.5, "after": 0.49, "gain": 0.01, "low": -0.05, "high": 0.07}
    unsure = {"n": 60, "before": {"MAE": 0.5, "n": 60}, "after": {"MAE": 0.49, "n": 60}, "gain": gain}
    nothing = {"n": 0, "before": {"n": 0}, "after": {"n": 0}, "gain": None}
    _, old, new = training_text.describe_progress_made("pIC50", {"old": unsure, "new": unsure}, "mine")
    assert old.startswith("pIC50: nothing shows that the old molecules were forgotten")
    assert new.endswith(", which may be chance")
    _, old, new = training_text.describe_progress_made("pIC50", {"old": nothing, "new": nothing}, "mine")
    assert "too few or too alike" in old
    assert new == "pIC50: none of the new test molecules has a value"
