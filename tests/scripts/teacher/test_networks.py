"""Networks of all tasks: molecules are joined, no fold sees its own labels, predictions land beside the trees'."""

import numpy as np
import pytest

from moldesign.predictors.training import TrainingSet
from scripts.teacher import networks
from scripts.teacher.encoder import load_encoder
from scripts.teacher.networks import featurize_all, merge_tasks, predict_test, predict_unseen
from scripts.teacher.store import load_prediction, locate_prediction
from tests.tiny_encoder import save_encoder
from tests.toy_task import make_task

TASKS = [make_task("regression", name="length"), make_task("classification", name="acid", n_train=30)]


@pytest.fixture
def parts(tmp_path):
    save_encoder(tmp_path)
    table = merge_tasks(TASKS)
    return tmp_path, TASKS, table, TrainingSet(featurize_all(table.smiles), table.labels, table.endpoints)


def test_tasks_are_joined_by_molecule():
    table = merge_tasks(TASKS)
    assert len(set(table.keys)) == len(table.keys)
    assert set(table.keys) == {*TASKS[0].train.keys, *TASKS[1].train.keys}
    lengths = dict(zip(TASKS[0].train.keys, TASKS[0].train.labels[:, 0], strict=True))
    assert table.labels[:, 0].tolist() == [lengths[key] for key in table.keys]
    assert np.isnan(table.labels[:, 1]).sum() == len(table.keys) - len(set(TASKS[1].train.keys))


def test_a_molecule_is_predicted_by_networks_without_its_fold(parts, monkeypatch):
    work, tasks, table, data = parts
    trained: list[set[int]] = []
    original = networks.train

    def watch(work, name, table, data, rows, encoder, seed):
        trained.append(set(rows.tolist()))
        return original(work, name, table, data, rows, encoder, seed)

    monkeypatch.setattr(networks, "train", watch)
    monkeypatch.setattr(networks, "SETTINGS", networks.TrainingSettings(n_epochs=1))
    predict_unseen(work, tasks, table, data, load_encoder(work), 0, 3)
    everything = set(range(len(table.keys)))
    left_out = [everything - rows for rows in trained]
    assert set.union(*left_out) == everything
    assert sum(map(len, left_out)) == len(everything)
    for task in tasks:
        path = locate_prediction(work / "unseen", "gnn", task.name, 0)
        assert np.isfinite(load_prediction(path, task.train.smiles).values).all()


def test_networks_learn_the_tasks(parts, monkeypatch):
    work, tasks, table, data = parts
    monkeypatch.setattr(networks, "SETTINGS", networks.TrainingSettings(n_epochs=60, batch_size=8, learning_rate=1e-2))
    predict_test(work, tasks, table, data, load_encoder(work), 0)
    path = locate_prediction(work / "accuracy", "gnn", "length", 0)
    lengths = load_prediction(path, tasks[0].test.smiles).values
    assert np.abs(lengths - tasks[0].test.labels).mean() < 1.2  # labels are 1 to 9; their mean is 2.2 away
    path = locate_prediction(work / "accuracy", "gnn", "acid", 0)
    acids = load_prediction(path, tasks[1].test.smiles).values
    assert acids[tasks[1].test.labels == 1].min() > acids[tasks[1].test.labels == 0].max()


def test_a_molecule_without_graph_is_named():
    with pytest.raises(ValueError, match=r"row 1: 'C\(C'"):
        featurize_all(["CCO", "C(C"])
