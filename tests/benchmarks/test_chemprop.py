"""Chemprop through its command line, played by a script that says what it was given."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.chemprop import ChempropError, read_version, run_chemprop, tabulate_training
from moldesign.predictors.endpoints import fit_endpoint
from tests.toy_task import make_rows, make_task

FAKE = """#!{python}
import csv, os, pathlib, sys
option = lambda *names: sys.argv[next(sys.argv.index(name) for name in names if name in sys.argv) + 1]
if sys.argv[1] == "--version":
    print("chemprop 2.3.1")
elif sys.argv[1] == "train":
    model = pathlib.Path(option("-o")) / "model_0"
    model.mkdir(parents=True)
    (model / "best.pt").write_text("weights")
    with open(option("-i")) as handle:
        rows = list(csv.DictReader(handle))
    print(len(rows), sorted(rows[0]), {{row["split"] for row in rows}} == {{"train", "val"}}, sys.argv[2:])
    print("threads", os.environ["OMP_NUM_THREADS"])
else:
    assert pathlib.Path(option("--model-paths")).read_text() == "weights"
    with open(option("-i")) as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["smiles"]  # no label of a test molecule
    with open(option("-o"), "w") as handle:
        handle.write("smiles,target_0\\n" + "".join(row["smiles"] + ",{answer}\\n" for row in rows[{first}:]))
sys.exit({code})
"""


def make_command(folder: Path, *, answer: float = 0.0, first: int = 0, code: int = 0) -> Path:
    command = folder / "chemprop"
    command.write_text(FAKE.format(python=sys.executable, answer=answer, first=first, code=code))
    command.chmod(0o755)
    return command


def test_predictions_come_back_in_the_unit_of_the_task(tmp_path):
    task = make_task("regression")
    values = run_chemprop(make_command(tmp_path), task, 3, tmp_path / "logs", epochs=7, threads=2)
    np.testing.assert_allclose(values, np.full((20, 1), task.train.labels.mean()), rtol=1e-5)  # 0 is the centre
    log = (tmp_path / "logs" / "toy_seed3.log").read_text()
    assert "60 ['smiles', 'split', 'target_0'] True" in log
    assert "'--epochs', '7'" in log
    assert "'--pytorch-seed', '3'" in log
    assert "threads 2" in log
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["toy_seed3.log"]


def test_probabilities_stay_as_they_are(tmp_path):
    values = run_chemprop(make_command(tmp_path, answer=0.25), make_task("classification"), 0, tmp_path / "logs")
    np.testing.assert_array_equal(values, np.full((20, 1), 0.25))


def test_failure_names_the_log(tmp_path):
    with pytest.raises(ChempropError, match=r"chemprop train ended with code 3; .*toy_seed0\.log says why"):
        run_chemprop(make_command(tmp_path, code=3), make_task(), 0, tmp_path / "logs")


def test_version_is_asked_for_and_a_wrong_command_named(tmp_path):
    assert read_version(make_command(tmp_path)) == "chemprop 2.3.1"
    for wrong in (tmp_path / "nothing", make_command(tmp_path, code=2)):
        with pytest.raises(ChempropError, match=f"{wrong.name} does not work"):
            read_version(wrong)


def test_missing_rows_are_refused(tmp_path):
    with pytest.raises(ChempropError, match="predicted 19 of the 20 test molecules"):
        run_chemprop(make_command(tmp_path, first=1), make_task(), 0, tmp_path / "logs")


def test_a_tenth_is_drawn_for_validation_by_the_seed():
    task = make_task(n_train=200)
    scales = [fit_endpoint("label", "regression", task.train.labels[:, 0])]
    first, again, other = (tabulate_training(task, scales, ["y"], seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert sorted(first["smiles"]) == sorted(task.train.smiles)
    assert 8 <= (first["split"] == "val").sum() <= 35
    assert set(first.loc[first["split"] == "val", "smiles"]) != set(other.loc[other["split"] == "val", "smiles"])


def test_validation_rows_of_the_split_are_used():
    task = make_task("classification")._replace(valid=make_rows(10, "classification", first=80))
    scales = [fit_endpoint("label", "classification", task.train.labels[:, 0])]
    table = tabulate_training(task, scales, ["y"], seed=0)
    assert table["split"].value_counts().to_dict() == {"train": 60, "val": 10}
    assert set(table["y"]) == {0.0, 1.0}
