"""A network of one task, all its targets at once, that starts from the pre-trained encoder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moldesign.graphs import featurize_smiles
from moldesign.predictors.endpoints import fit_endpoint
from moldesign.predictors.training import NetworkPlan, TrainingSet, apply_network, train_network
from scripts.teacher.encoder import LARGE_FOLDER, load_encoder
from scripts.teacher.networks import DROPOUT, SETTINGS, to_values
from scripts.teacher.tasks import BenchmarkTask

N_STEPS, MAX_EPOCHS = 800, 60
"""Small sets are shown more often than the teacher's tasks together."""


def fit_and_predict(task: BenchmarkTask, seed: int, work: Path) -> NDArray[np.float64]:
    """Predict the test molecules, [N, T] in the unit of the task; NaN for one without a graph.

    Where the task has validation rows, the network is the one of the epoch that is best on them.
    """
    encoder = load_encoder(work, LARGE_FOLDER)
    parts = [task.train] if task.valid is None else [task.train, task.valid]
    featurized = featurize_smiles([parent for part in parts for parent in part.parents])
    labels = np.concatenate([part.labels for part in parts])
    endpoints = [
        fit_endpoint(target, task.kind, task.train.labels[:, t], log_scale=task.log_scale)
        for t, target in enumerate(task.targets)
    ]
    data = TrainingSet(featurized.graphs, labels[featurized.rows], endpoints)
    is_train = featurized.rows < len(task.train.smiles)
    train, valid = np.flatnonzero(is_train), np.flatnonzero(~is_train)
    n_epochs = int(np.clip(N_STEPS * SETTINGS.batch_size / len(train), SETTINGS.n_epochs, MAX_EPOCHS))
    shape = replace(encoder.shape, n_endpoints=len(endpoints), dropout=DROPOUT)
    settings = replace(SETTINGS, n_epochs=n_epochs)
    plan = NetworkPlan(train, shape, settings, seed, valid if len(valid) else None, encoder.weights)
    tested = featurize_smiles(task.test.parents)
    values = np.full((len(task.test.smiles), len(endpoints)), np.nan)
    values[tested.rows] = to_values(apply_network(train_network(data, plan), tested.graphs), endpoints)
    return values
