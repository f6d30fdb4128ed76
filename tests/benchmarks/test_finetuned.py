"""A network of one task: it learns from the encoder's weights on, keeps rows, and stops where validation is best."""

import numpy as np
import pytest

from benchmarks.accuracy import finetuned
from benchmarks.accuracy.baselines import RUNNERS, Context
from moldesign.metrics import METRICS
from scripts.teacher.networks import TrainingSettings
from tests.tiny_encoder import save_encoder
from tests.toy_task import double_targets, make_task


@pytest.fixture
def context(tmp_path, monkeypatch):
    save_encoder(tmp_path)
    monkeypatch.setattr(finetuned, "SETTINGS", TrainingSettings(n_epochs=15, batch_size=8, learning_rate=1e-2))
    monkeypatch.setattr(finetuned, "N_STEPS", 0)
    return Context(tmp_path)


def test_classes_are_ranked(context):
    task = make_task("classification")
    values = RUNNERS["finetuned"].predict(task, 0, context)
    assert METRICS["AUROC"](task.test.labels[:, 0], values[:, 0]) > 0.95


def test_all_targets_are_learned_at_once(context):
    task = double_targets(make_task("regression"))
    values = RUNNERS["finetuned"].predict(task._replace(valid=task.train.select(np.arange(10))), 0, context)
    assert values.shape == (20, 2)
    assert METRICS["MAE"](task.test.labels[:, 0], values[:, 0]) < 2  # labels are 1 to 9; their mean is 2.2 away


def test_molecule_without_graph_has_no_prediction(context):
    task = make_task("regression")
    parents = ["C(C", *task.test.parents[1:]]
    values = RUNNERS["finetuned"].predict(task._replace(test=task.test._replace(parents=parents)), 0, context)
    assert np.isnan(values[0, 0])
    assert np.isfinite(values[1:]).all()
