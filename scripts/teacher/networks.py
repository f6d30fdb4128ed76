"""Networks of all tasks at once, started from the encoder: the teacher's second half.

    python -m scripts.teacher.networks unseen --data DATA --seeds 0
    python -m scripts.teacher.networks test   --data DATA --seeds 0 1 2

`unseen` predicts each training molecule by a network that was trained without its scaffold, on any task, and writes
WORK/unseen/gnn/<task>/seed<k>.npz; `test` trains an ensemble on all training molecules, predicts those of the test
sets, and writes WORK/accuracy/gnn/<task>/seed<k>.npz. Every finished network is kept under WORK/networks, and not
trained again.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.datasets.catalog import TDC_ADMET
from moldesign.graphs import GraphTable, featurize_smiles
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.finished import train_or_load
from moldesign.predictors.gnn import PropertyNetwork
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, apply_network
from scripts.teacher.encoder import LARGE_FOLDER, Encoder, load_encoder
from scripts.teacher.folds import assign_folds
from scripts.teacher.progress import print_progress
from scripts.teacher.store import StoredPrediction, digest, locate_prediction, save_prediction
from scripts.teacher.tasks import BenchmarkTask, load_admet_tasks

MODEL = "gnn"
SETTINGS = TrainingSettings(n_epochs=12, learning_rate=1e-3)
DROPOUT = 0.1
N_MEMBERS = 3
"""Networks of an ensemble; that of another seed shares none with it."""


class TaskTable(NamedTuple):
    """The training molecules of all tasks, each once."""

    keys: list[str]
    smiles: list[str]
    """Of the standardised parents"""
    labels: NDArray[np.float64]
    """[N, T], NaN where not measured; several labels of one molecule are averaged"""
    endpoints: list[Endpoint]


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    tasks = load_admet_tasks(list(TDC_ADMET), options.data, options.work / "molecules")
    table, encoder = merge_tasks(tasks), load_encoder(options.work, LARGE_FOLDER)
    graphs = featurize_all(table.smiles)
    data = TrainingSet(graphs, table.labels, table.endpoints)
    for seed in options.seeds:
        if options.part == "unseen":
            predict_unseen(options.work, tasks, table, data, encoder, seed, options.folds)
        else:
            predict_test(options.work, tasks, table, data, encoder, seed)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["unseen", "test"])
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def merge_tasks(tasks: Sequence[BenchmarkTask]) -> TaskTable:
    """Join the training rows of the tasks by molecule."""
    parents = {key: parent for task in tasks for key, parent in zip(task.train.keys, task.train.parents, strict=True)}
    keys = list(parents)
    number = {key: row for row, key in enumerate(keys)}
    total, count = (np.zeros((len(keys), len(tasks))) for _ in range(2))
    for t, task in enumerate(tasks):
        rows = [number[key] for key in task.train.keys]
        np.add.at(total[:, t], rows, task.train.labels[:, 0])
        np.add.at(count[:, t], rows, 1)
    with np.errstate(invalid="ignore"):
        labels = total / count
    endpoints = [
        fit_endpoint(task.name, task.kind, labels[:, t], log_scale=task.log_scale) for t, task in enumerate(tasks)
    ]
    return TaskTable(keys, list(parents.values()), labels, endpoints)


def featurize_all(smiles: Sequence[str]) -> GraphTable:
    """Return the graph of every molecule.

    Raises:
        ValueError: one has none.
    """
    featurized = featurize_smiles(smiles)
    if len(featurized.graphs) != len(smiles):
        raise ValueError(f"no graph: {'; '.join(filter(None, featurized.errors))}")
    return featurized.graphs


def train(
    work: Path, name: str, table: TaskTable, data: TrainingSet, rows: NDArray[np.int64], encoder: Encoder, seed: int
) -> PropertyNetwork:
    """Train a network on some rows of the table, starting from the encoder, or take the one that is there."""
    shape = replace(encoder.shape, n_endpoints=len(table.endpoints), dropout=DROPOUT)
    plan = NetworkPlan(rows, shape, SETTINGS, seed, start=encoder.weights)
    return train_or_load(table.smiles, data, plan, work / "networks" / name, on_epoch=print_progress).network


def train_ensemble(
    work: Path, table: TaskTable, data: TrainingSet, encoder: Encoder, seed: int
) -> list[PropertyNetwork]:
    """Train the ensemble of a seed on all rows of the table, or take the networks that are there."""
    rows = np.arange(len(table.smiles))
    members = range(seed * N_MEMBERS, (seed + 1) * N_MEMBERS)
    return [train(work, f"member{member}", table, data, rows, encoder, member) for member in members]


def predict_together(
    networks: Sequence[PropertyNetwork], graphs: GraphTable, endpoints: Sequence[Endpoint]
) -> NDArray[np.float64]:
    """Return the mean of what the networks say, in the unit of each endpoint, float64 [N, T]."""
    outputs = np.mean([apply_network(network, graphs) for network in networks], axis=0)
    return to_values(outputs, endpoints)


def predict_unseen(
    work: Path,
    tasks: Sequence[BenchmarkTask],
    table: TaskTable,
    data: TrainingSet,
    encoder: Encoder,
    seed: int,
    n_folds: int,
) -> None:
    """Predict each training molecule by a network that has seen no label of its scaffold."""
    folds = assign_folds(table.smiles, n_folds, seed)
    values = np.full(table.labels.shape, np.nan)
    began = time.monotonic()
    for fold in range(n_folds):
        rows, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        network = train(work, f"seed{seed}_fold{fold}", table, data, rows, encoder, seed)
        values[held_out] = to_values(apply_network(network, data.graphs.select(held_out)), table.endpoints)
    number = {key: row for row, key in enumerate(table.keys)}
    for t, task in enumerate(tasks):
        column = values[[number[key] for key in task.train.keys], t]
        path = locate_prediction(work / "unseen", MODEL, task.name, seed)
        recipe = digest(encoder.digest, SETTINGS, seed, folds, table.labels)
        seconds = time.monotonic() - began
        save_prediction(path, task.train.smiles, StoredPrediction(column[:, None], seconds, recipe))


def predict_test(
    work: Path, tasks: Sequence[BenchmarkTask], table: TaskTable, data: TrainingSet, encoder: Encoder, seed: int
) -> None:
    """Predict the test molecules of every task by an ensemble that was trained on all training molecules."""
    began = time.monotonic()
    networks = train_ensemble(work, table, data, encoder, seed)
    seconds = time.monotonic() - began
    for t, task in enumerate(tasks):
        values = predict_together(networks, featurize_all(task.test.parents), table.endpoints)[:, [t]]
        path = locate_prediction(work / "accuracy", MODEL, task.name, seed)
        recipe = digest(encoder.digest, SETTINGS, N_MEMBERS, seed, table.labels)
        save_prediction(path, task.test.smiles, StoredPrediction(values, seconds / len(tasks), recipe))


def to_values(outputs: NDArray[np.float32], endpoints: Sequence[Endpoint]) -> NDArray[np.float64]:
    """Turn raw outputs [N, T] into values in the unit of each endpoint."""
    columns = [endpoint.to_values(outputs[:, t]) for t, endpoint in enumerate(endpoints)]
    return np.column_stack(columns).astype(np.float64)


if __name__ == "__main__":
    main()
