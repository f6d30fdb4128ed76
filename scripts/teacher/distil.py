"""Distil the teacher into the network that ships: it learns the measured labels and what the teacher says.

    python -m scripts.teacher.distil --data DATA

Needs everything the teacher is made of: the trees of `benchmarks.admet_accuracy`, the networks, the weights of `blend`.
The teacher speaks of the molecules of the pool, of those of the encoder's measurements, and of the training molecules:
of one with a label as if it had not seen it, of the others as it is. The endpoints of the panel that are no tasks of
the benchmark are learned from their labels alone. The network does not start from the encoder, which has seen Tox21
labels of molecules that the panel is tested on. It is written into WORK/student; `scripts.teacher.bundle` makes the
predictor.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.datasets.catalog import TDC_ADMET
from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.finished import train_or_load
from moldesign.predictors.fitting import LabelTable, merge_labels
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings
from scripts.panels.panel import find_panel, read_panel
from scripts.panels.records import Task
from scripts.teacher.auxiliary import read_auxiliary
from scripts.teacher.encoder import LARGE_FOLDER, Encoder, load_encoder, load_tree_inputs
from scripts.teacher.networks import TaskTable, featurize_all, merge_tasks, predict_together, train_ensemble
from scripts.teacher.pool import list_benchmark_molecules, read_pool
from scripts.teacher.progress import print_progress
from scripts.teacher.stack import blend, choose_scale
from scripts.teacher.store import digest, load_arrays, load_prediction, locate_prediction, save_arrays
from scripts.teacher.tasks import BenchmarkTask, load_admet_tasks
from scripts.teacher.trees import BoostedTrees

SEED = 0
"""Of the teacher's models that speak."""
PANEL = "admet"
MEASURED_TIMES = 2
"""How often each measured molecule is shown for once that the teacher speaks of it."""
MAX_LENGTH = 150
"""Longer SMILES are left out: they are rare, and cost the most."""

Weights = Mapping[str, Mapping[str, float]]
"""Of each model, by task."""


class Lesson(NamedTuple):
    """What the student learns: N rows of T endpoints."""

    smiles: list[str]
    labels: NDArray[np.float64]
    """[N, T] in the unit of each endpoint: measured values and classes, or the teacher's values and probabilities"""
    endpoints: list[Endpoint]
    """Those of the benchmark first"""


class Materials(NamedTuple):
    """What a distillation is made of."""

    work: Path
    tasks: list[BenchmarkTask]
    table: TaskTable
    unlabelled: list[str]
    """What the teacher speaks of beside the molecules of the table"""
    encoder: Encoder
    weights: Weights
    further: LabelTable
    """Training molecules of the endpoints that only the panel has"""
    endpoints: list[Endpoint]
    """Of the tasks, then those of `further`"""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    materials = gather(options.data, options.work)
    lesson = write_lesson(materials)
    print(f"{len(lesson.smiles)} rows", flush=True)
    for number in options.networks:
        train_student(options, lesson, number)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--networks", type=int, nargs="+", default=[0], help="which members to train")
    parser.add_argument("--epochs", type=int, default=17)
    parser.add_argument("--hidden-size", type=int, default=192)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def gather(data: Path | None, work: Path) -> Materials:
    """Read the tasks, and what the teacher's models weigh."""
    tasks = load_admet_tasks(list(TDC_ADMET), data, work / "molecules")
    stored = json.loads((work / "teacher_weights.json").read_text(encoding="utf-8"))
    weights = {task.name: stored[task.name][0] for task in tasks}
    table, panel = merge_tasks(tasks), find_panel(PANEL)
    further = read_further(read_panel(PANEL, data, work / "molecules"))
    names = [name for name in panel if name not in TDC_ADMET]
    described = [panel[task.name].describe(table.labels[:, t]) for t, task in enumerate(tasks)]
    described += [panel[name].describe(further.labels[:, t]) for t, name in enumerate(names)]
    unlabelled = read_unlabelled(data, work)
    return Materials(work, tasks, table, unlabelled, load_encoder(work, LARGE_FOLDER), weights, further, described)


def read_unlabelled(data: Path | None, work: Path) -> list[str]:
    """Return molecules of the pool, and those that the encoder's measurements are of: none is of the benchmark."""
    cache = work / "molecules"
    auxiliary = read_auxiliary(data, list_benchmark_molecules(data, cache), cache)
    measured = [text for text in auxiliary.smiles if len(text) <= MAX_LENGTH]
    together = list(dict.fromkeys([*read_pool(work).smiles, *measured]))
    return [together[row] for row in featurize_smiles(together).rows.tolist()]


def read_further(tasks: Mapping[str, Task]) -> LabelTable:
    """Join the training molecules of the endpoints that are no tasks of the benchmark."""
    names = [name for name in tasks if name not in TDC_ADMET]
    is_class = [find_panel(PANEL)[name].kind == "classification" for name in names]
    return merge_labels([tasks[name].train for name in names], names, is_class)


def train_student(options: argparse.Namespace, lesson: Lesson, number: int) -> PropertyNetwork:
    """Train one member of the ensemble, or take the one that is there."""
    shape = NetworkSettings(*count_features(), len(lesson.endpoints), options.hidden_size, options.layers, dropout=0.0)
    settings = TrainingSettings(n_epochs=options.epochs, batch_size=128, weight_decay=1e-5)
    data = TrainingSet(featurize_all(lesson.smiles), lesson.labels, lesson.endpoints)
    plan = NetworkPlan(np.arange(len(lesson.smiles)), shape, settings, seed=number)
    folder = options.work / "student" / f"network_{number}"
    return train_or_load(lesson.smiles, data, plan, folder, on_epoch=print_progress).network


def write_lesson(materials: Materials) -> Lesson:
    """Let the teacher speak, and join that with the measured labels."""
    pool, table, further = materials.unlabelled, materials.table, materials.further
    unseen = read_unseen(materials)
    of_train = np.where(np.isfinite(unseen), unseen, ask_teacher(materials, table.smiles))
    smiles = [*pool, *table.smiles, *(table.smiles * MEASURED_TIMES), *(further.smiles * MEASURED_TIMES)]
    of_tasks = np.concatenate([ask_teacher(materials, pool), of_train, *[table.labels] * MEASURED_TIMES])
    of_further = np.concatenate([further.labels] * MEASURED_TIMES)
    labels = np.full((len(smiles), len(materials.endpoints)), np.nan)
    labels[: len(of_tasks), : len(materials.tasks)] = of_tasks
    labels[len(of_tasks) :, len(materials.tasks) :] = of_further
    return Lesson(smiles, labels, materials.endpoints)


def ask_teacher(materials: Materials, smiles: Sequence[str]) -> NDArray[np.float64]:
    """Return the teacher's predictions of all endpoints, float64 [N, T]; they are kept under WORK/soft."""
    work = materials.work
    name = digest(list(smiles), materials.encoder.digest, materials.weights)
    path = work / "soft" / f"{name}.npz"
    if not path.is_file():
        inputs = load_tree_inputs(smiles, work)
        networks = predict_by_networks(materials, smiles)
        columns = [
            blend(
                {"trees": predict_by_trees(work, task, inputs), "gnn": networks[:, t]},
                materials.weights[task.name],
                choose_scale(task.kind, log_scale=task.log_scale),
            )
            for t, task in enumerate(materials.tasks)
        ]
        save_arrays(path, {"values": np.column_stack(columns)})
    return load_arrays(path)["values"]


def predict_by_trees(work: Path, task: BenchmarkTask, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the task's trees say, float64 [N]."""
    return BoostedTrees.load(work / "models" / "trees" / task.name / f"seed{SEED}" / task.name).predict(inputs)


def predict_by_networks(materials: Materials, smiles: Sequence[str]) -> NDArray[np.float64]:
    """Return what the teacher's networks say, float64 [N, T]."""
    table = materials.table
    data = TrainingSet(featurize_all(table.smiles), table.labels, table.endpoints)
    networks = train_ensemble(materials.work, table, data, materials.encoder, SEED)
    return predict_together(networks, featurize_all(smiles), table.endpoints)


def read_unseen(materials: Materials) -> NDArray[np.float64]:
    """Return the blend of what the models say of molecules they were not trained on, float64 [N, T]; else NaN."""
    table, tasks = materials.table, materials.tasks
    number = {key: row for row, key in enumerate(table.keys)}
    values = np.full(table.labels.shape, np.nan)
    for t, task in enumerate(tasks):
        weights = materials.weights[task.name]
        locate = partial(locate_prediction, materials.work / "unseen")
        parts = {
            model: load_prediction(locate(model, task.name, SEED), task.train.smiles).values[:, 0] for model in weights
        }
        rows = [number[key] for key in task.train.keys]
        values[rows, t] = blend(parts, weights, choose_scale(task.kind, log_scale=task.log_scale))
    return values


if __name__ == "__main__":
    main()
