"""The teacher's predictions: weights from unseen training molecules, applied to the test molecules."""

import json
import sys

import numpy as np
import pytest

from scripts.teacher import blend as command
from scripts.teacher.blend import blend_open, blend_task, find_missing
from scripts.teacher.store import StoredPrediction, load_prediction, locate_prediction, save_prediction
from tests.toy_task import make_task

TASK = make_task(n_train=60, n_test=20)


def write_models(work, **errors):
    for model, error in errors.items():
        for part, rows in (("unseen", TASK.train), ("accuracy", TASK.test)):
            path = locate_prediction(work / part, model, TASK.name, 0)
            save_prediction(path, rows.smiles, StoredPrediction(rows.labels + error, 1.0, "made up"))


def test_opposite_errors_cancel(tmp_path):
    write_models(tmp_path, above=0.5, below=-0.5)
    [weights] = blend_task(tmp_path, ["above", "below"], TASK, 0)
    assert weights == pytest.approx({"above": 0.5, "below": 0.5})
    path = locate_prediction(tmp_path / "accuracy", "teacher", TASK.name, 0)
    np.testing.assert_allclose(load_prediction(path, TASK.test.smiles).values, TASK.test.labels)


def test_trees_of_all_published_rows_stand_in(tmp_path):
    write_models(tmp_path, trees=0.5, gnn=-0.5)
    blend_open(tmp_path, ["trees", "gnn"], TASK, 0)
    path = locate_prediction(tmp_path / "accuracy", "open_teacher", TASK.name, 0)
    assert not path.exists()
    write_models(tmp_path, open_trees=0.9)
    blend_open(tmp_path, ["trees", "gnn"], TASK, 0)
    expected = TASK.test.labels + (0.9 - 0.5) / 2
    np.testing.assert_allclose(load_prediction(path, TASK.test.smiles).values, expected)


def test_missing_file_is_named(tmp_path):
    write_models(tmp_path, trees=0.1)
    assert find_missing(tmp_path, ["trees"], TASK.name, 0) is None
    assert find_missing(tmp_path, ["trees", "gnn"], TASK.name, 0) == tmp_path / "unseen" / "gnn" / "toy" / "seed0.npz"


def test_command_leaves_out_what_is_missing(tmp_path, monkeypatch, capsys):
    write_models(tmp_path, trees=0.1)
    monkeypatch.setattr(command, "load_admet_tasks", lambda names, data, cache: [TASK])
    options = ["blend", "--work", str(tmp_path), "--models", "trees", "--seeds", "0", "1", "--tasks", "hia"]
    monkeypatch.setattr(sys, "argv", options)
    command.main()
    assert "toy seed 1: left out" in capsys.readouterr().out
    assert json.loads((tmp_path / "teacher_weights.json").read_text()) == {"toy": [{"trees": 1.0}]}
