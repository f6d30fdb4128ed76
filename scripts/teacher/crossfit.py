"""Let the trees predict each training molecule from the others, which is what the teacher's weights are fitted on.

    python -m scripts.teacher.crossfit --data DATA --threads 2

Writes WORK/unseen/trees/<task>/seed<k>.npz after every fold, and goes on where it was interrupted.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.catalog import TDC_ADMET
from scripts.teacher.encoder import load_encoder, load_tree_inputs
from scripts.teacher.features import FEATURES_VERSION
from scripts.teacher.folds import assign_folds
from scripts.teacher.store import StoredPrediction, digest, load_prediction, locate_prediction, save_prediction
from scripts.teacher.tasks import BenchmarkTask, load_admet_tasks
from scripts.teacher.trees import BoostedTrees, TreeSettings

FitPredict = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]
"""Train on the first rows and return predictions [M, T] of the second ones."""


def main() -> None:
    options = parse_options()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    settings = TreeSettings(iterations=options.iterations, n_threads=options.threads)
    encoder = load_encoder(options.work).digest
    for task in load_admet_tasks(options.tasks, options.data, options.work / "molecules"):
        features = load_tree_inputs(task.train.smiles, options.work, n_processes=options.threads)
        for seed in options.seeds:
            path = locate_prediction(options.work / "unseen", "trees", task.name, seed)
            recipe = digest(FEATURES_VERSION, encoder, replace(settings, n_threads=1), seed, task.train.labels)
            folds = assign_folds(task.train.parents, options.folds, seed)
            cross_fit(path, task, folds, partial(fit_trees, task, features, settings, seed), recipe)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--tasks", nargs="+", choices=list(TDC_ADMET), default=list(TDC_ADMET), metavar="TASK")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=TreeSettings().iterations, help="trees of each model")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def cross_fit(
    path: Path, task: BenchmarkTask, folds: NDArray[np.int64], fit_predict: FitPredict, recipe: str
) -> NDArray[np.float64]:
    """Return a prediction of every training row from the other folds, float64 [N, T]; each fold done is kept.

    Args:
        path: the file of this model, task and seed; folds found there are not done again if they have the same recipe.
        task: whose training rows are predicted.
        folds: fold of each row, int64 [N].
        fit_predict: trains and predicts.
        recipe: names everything the predictions depend on beside the folds.
    """
    recipe = digest(recipe, folds)
    values, seconds = _resume(path, task, recipe)
    for fold in np.unique(folds):
        held_out = np.flatnonzero(folds == fold)
        if np.isfinite(values[held_out]).all():
            continue
        began = time.monotonic()
        values[held_out] = fit_predict(np.flatnonzero(folds != fold), held_out)
        seconds += time.monotonic() - began
        save_prediction(path, task.train.smiles, StoredPrediction(values, seconds, recipe))
        print(f"{path}: fold {fold} in {time.monotonic() - began:.0f} s", flush=True)
    return values


def fit_trees(
    task: BenchmarkTask,
    features: NDArray[np.float32],
    settings: TreeSettings,
    seed: int,
    train: NDArray[np.int64],
    wanted: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Train one model per target on the rows `train` and return its predictions of the rows `wanted`, [M, T]."""
    columns = []
    for labels in task.train.labels.T:
        trees = BoostedTrees(task.kind, log_scale=task.log_scale, settings=settings)
        columns.append(trees.fit(features[train], labels[train], seed).predict(features[wanted]))
    return np.column_stack(columns)


def _resume(path: Path, task: BenchmarkTask, recipe: str) -> tuple[NDArray[np.float64], float]:
    if path.is_file():
        stored = load_prediction(path, task.train.smiles)
        if stored.recipe == recipe:
            return stored.values.copy(), stored.seconds
    return np.full(task.train.labels.shape, np.nan), 0.0


if __name__ == "__main__":
    main()
