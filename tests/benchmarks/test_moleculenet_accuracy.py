"""MoleculeNet's split: DeepChem's order, every row once, the same in every run."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.moleculenet_accuracy import (
    CHEMPROP_TASKS,
    SETS,
    MoleculeSet,
    join_halves,
    load_task,
    split_by_scaffold,
    split_table,
)
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.datasets.catalog import load_catalog
from moldesign.metrics import METRICS
from scripts.teacher.store import StoredPrediction, load_prediction, locate_prediction, save_prediction
from tests.toy_task import make_task


def test_largest_scaffolds_are_trained_on():
    smiles = ["C1CC1", *["C" * n + "c1ccccc1" for n in range(8)], "C1CCCCC1"]
    split = split_by_scaffold(smiles)
    assert list(split.train) == list(range(1, 9))
    assert (list(split.valid), list(split.test)) == ([9], [0])  # of equally large ones the last goes first


def test_validation_may_use_the_room_that_training_left():
    smiles = [*["C" * n + "c1ccccc1" for n in range(7)], "C1CCCCC1", "CC1CCCCC1", "C1CC1"]
    split = split_by_scaffold(smiles)  # 8 places in training, 9 together with validation
    assert [part.tolist() for part in split] == [[*range(7), 9], [7, 8], []]


def test_parts_share_no_scaffold_and_hold_every_row():
    rings = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CC1", "c1ccsc1", "C1CCOCC1", "C1CCNC1"]
    smiles = ["C" * (i // 7) + rings[i % (1 + i % 7)] for i in range(100)]
    split = split_by_scaffold(smiles)
    assert sorted(np.concatenate(split).tolist()) == list(range(100))
    scaffolds = [{murcko_scaffold(mol) for mol in require_mols([smiles[i] for i in part])} for part in split]
    assert sum(map(len, scaffolds)) == len(set.union(*scaffolds))


def test_test_molecules_are_not_trained_on(tmp_path):
    mixture = "CCc1ccccc1.C1CC1"  # another scaffold than ethylbenzene, of which it is a form
    smiles = [*["C" * n + "c1ccccc1" for n in range(1, 9)], mixture, "C1CC1"]
    table = pd.DataFrame({"smiles": smiles, "y": np.arange(10.0)})
    task = split_table("toy", MoleculeSet("none", "regression", ("y",)), table, tmp_path)
    assert task.test.smiles == [mixture]
    assert task.train.smiles == [text for text in smiles[:8] if text != "CCc1ccccc1"]
    assert (task.n_left_out, task.metric) == (1, "RMSE")
    assert task.valid is not None
    assert task.valid.smiles == ["C1CC1"]


def test_sets_are_in_the_catalog():
    assert {known.dataset for known in SETS.values()} <= load_catalog().keys()
    assert set(CHEMPROP_TASKS) <= SETS.keys()


@pytest.mark.data
def test_set_is_read_from_the_data_folder(data_folder, tmp_path):
    task = load_task("freesolv", data_folder, tmp_path)
    assert task.metric in METRICS
    assert [len(rows.smiles) for rows in (task.train, task.valid, task.test)] == [513, 64, 65]


def test_teacher_is_the_mean_of_its_models(tmp_path):
    task = make_task("classification")
    join_halves(tmp_path, task, 0)
    path = locate_prediction(tmp_path, "teacher", task.name, 0)
    assert not path.exists()
    for model, probability in (("trees", 0.1), ("finetuned", 0.9)):
        values = np.full(task.test.labels.shape, probability)
        save_prediction(
            locate_prediction(tmp_path, model, task.name, 0), task.test.smiles, StoredPrediction(values, 1.0, "made up")
        )
    join_halves(tmp_path, task, 0)
    np.testing.assert_allclose(load_prediction(path, task.test.smiles).values, 0.5)
