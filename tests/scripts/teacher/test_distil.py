"""Distillation: the student hears the teacher on every molecule, as of unseen ones where there is a label."""

import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from scripts.panels.panel import find_panel
from scripts.panels.records import Task
from scripts.teacher import distil, networks
from scripts.teacher.distil import gather, write_lesson
from scripts.teacher.store import StoredPrediction, locate_prediction, save_prediction
from tests.tiny_encoder import save_encoder
from tests.toy_task import make_task

TASK = make_task("regression", name="caco2", n_train=40)
FURTHER = pd.DataFrame({"smiles": ["CCS", "CCCl", "c1ccccc1C"], "label": [1.0, 0.0, 1.0]})
POOL = ["CCCCCCO", "CCCCN"]
MEASURED = "CCCCF"


class Measured(NamedTuple):
    smiles: list[str]


@pytest.fixture
def materials(tmp_path, monkeypatch):
    """A teacher of one model, the network, whose predictions of unseen molecules are the labels plus 10."""
    save_encoder(tmp_path)
    (tmp_path / "pool.csv").write_text("smiles,key\n" + "".join(f"{text},key {text}\n" for text in POOL))
    (tmp_path / "teacher_weights.json").write_text(json.dumps({"caco2": [{"gnn": 1.0}]}))
    path = locate_prediction(tmp_path / "unseen", "gnn", "caco2", 0)
    save_prediction(path, TASK.train.smiles, StoredPrediction(TASK.train.labels + 10, 1.0, "made up"))
    monkeypatch.setattr(distil, "load_admet_tasks", lambda names, data, cache: [TASK])
    panel = find_panel("admet")
    monkeypatch.setattr(distil, "find_panel", lambda name: {one: panel[one] for one in ("caco2", "clintox")})
    monkeypatch.setattr(distil, "read_panel", lambda name, data, cache: {"clintox": Task(FURTHER, FURTHER)})
    monkeypatch.setattr(distil, "list_benchmark_molecules", lambda data, cache: set())
    monkeypatch.setattr(
        distil, "read_auxiliary", lambda data, forbidden, cache: Measured(["CCCCN", MEASURED, "C" * 151])
    )
    monkeypatch.setattr(distil, "predict_by_trees", lambda work, task, inputs: np.full(len(inputs), np.nan))
    monkeypatch.setattr(networks, "SETTINGS", networks.TrainingSettings(n_epochs=2))
    return gather(None, tmp_path)


def test_lesson_holds_the_pool_the_unseen_predictions_and_the_labels(materials):
    table = materials.table
    lesson = write_lesson(materials)
    n, spoken_of = len(table.smiles), [*POOL, MEASURED]
    times = distil.MEASURED_TIMES
    assert lesson.smiles == [*spoken_of, *table.smiles, *table.smiles * times, *["CCS", "CCCl", "Cc1ccccc1"] * times]
    assert [endpoint.name for endpoint in lesson.endpoints] == ["caco2", "clintox"]
    said = distil.ask_teacher(materials, spoken_of)
    np.testing.assert_array_equal(lesson.labels[:3, :1], said)
    np.testing.assert_allclose(lesson.labels[3 : 3 + n, :1], table.labels + 10)
    np.testing.assert_array_equal(lesson.labels[3 + n : 3 + 2 * n, :1], table.labels)
    further = lesson.labels[3 + (1 + times) * n :]
    np.testing.assert_array_equal(further[:, 1], [1.0, 0.0, 1.0] * times)
    assert np.isnan(further[:, 0]).all()
    assert np.isnan(lesson.labels[: -3 * times, 1]).all()


def test_teacher_is_asked_once(materials, monkeypatch):
    first = distil.ask_teacher(materials, POOL)
    monkeypatch.setattr(distil, "predict_by_networks", lambda materials, smiles: pytest.fail("asked again"))
    np.testing.assert_array_equal(distil.ask_teacher(materials, POOL), first)
