"""Distillation: the student hears the teacher on every molecule, as of unseen ones where there is a label."""

import json

import numpy as np
import pytest

from scripts.teacher import distil, networks
from scripts.teacher.distil import gather, write_lesson
from scripts.teacher.store import StoredPrediction, locate_prediction, save_prediction
from tests.tiny_encoder import save_encoder
from tests.toy_task import make_task

TASK = make_task("regression", name="length", n_train=40)
POOL = ["CCCCCCO", "CCCCN"]


@pytest.fixture
def materials(tmp_path, monkeypatch):
    """A teacher of one model, the network, whose predictions of unseen molecules are the labels plus 10."""
    save_encoder(tmp_path)
    (tmp_path / "pool.csv").write_text("smiles,key\n" + "".join(f"{text},key {text}\n" for text in POOL))
    (tmp_path / "teacher_weights.json").write_text(json.dumps({"length": {"seed 0": [{"gnn": 1.0}]}}))
    path = locate_prediction(tmp_path / "unseen", "gnn", "length", 0)
    save_prediction(path, TASK.train.smiles, StoredPrediction(TASK.train.labels + 10, 1.0, "made up"))
    monkeypatch.setattr(distil, "load_admet_tasks", lambda names, data, cache: [TASK])
    monkeypatch.setattr(distil, "predict_by_trees", lambda work, task, inputs: np.full(len(inputs), np.nan))
    monkeypatch.setattr(networks, "SETTINGS", networks.TrainingSettings(n_epochs=2))
    return gather(None, tmp_path)


def test_lesson_holds_the_pool_the_unseen_predictions_and_the_labels(materials):
    table = materials.table
    lesson = write_lesson(materials)
    n = len(table.smiles)
    assert lesson.smiles == [*POOL, *table.smiles, *table.smiles * distil.MEASURED_TIMES]
    said = distil.ask_teacher(materials, POOL)
    np.testing.assert_array_equal(lesson.labels[:2], said)
    np.testing.assert_allclose(lesson.labels[2 : 2 + n], table.labels + 10)
    np.testing.assert_array_equal(lesson.labels[2 + n : 2 + 2 * n], table.labels)


def test_teacher_is_asked_once(materials, monkeypatch):
    first = distil.ask_teacher(materials, POOL)
    monkeypatch.setattr(distil, "predict_by_networks", lambda materials, smiles: pytest.fail("asked again"))
    np.testing.assert_array_equal(distil.ask_teacher(materials, POOL), first)
