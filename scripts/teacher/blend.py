"""Weigh the teacher's models by their predictions of unseen training molecules, and write its test predictions.

    python -m scripts.teacher.blend --data DATA --models trees gnn

Reads WORK/unseen/<model>/<task>/seed0.npz (training molecules, each predicted from the other folds) and
WORK/accuracy/<model>/<task>/seed<k>.npz (test molecules, predicted by a model of all training molecules); writes
WORK/accuracy/teacher/<task>/seed<k>.npz and the weights, which are those of all seeds, in WORK/teacher_weights.json.
Where there are trees of all published training rows (`open_trees`), it also writes WORK/accuracy/open_teacher: the same
with these trees, which have the rows of the published figures.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moldesign.checkpoint import write_text_atomically
from moldesign.datasets.catalog import TDC_ADMET
from scripts.teacher.stack import blend, choose_scale, fit_weights
from scripts.teacher.store import StoredPrediction, digest, load_prediction, locate_prediction, save_prediction
from scripts.teacher.tasks import BenchmarkTask, load_admet_tasks

TREES, OPEN_TREES = "trees", "open_trees"
WEIGHING_SEED = 0
"""Of the predictions of unseen molecules that the weights are fitted on."""

Weights = dict[str, float]
"""Of each model."""


def main() -> None:
    options = parse_options()
    weights: dict[str, list[Weights]] = {}
    for task in load_admet_tasks(options.tasks, options.data, options.work / "molecules"):
        for seed in options.seeds:
            if missing := find_missing(options.work, options.models, task.name, seed):
                print(f"{task.name} seed {seed}: left out, because {missing} is missing", flush=True)
                continue
            by_target = blend_task(options.work, options.models, task, seed)
            weights[task.name] = by_target
            blend_open(options.work, options.models, task, seed)
            print(f"{task.name} seed {seed}: {by_target}", flush=True)
    write_text_atomically(options.work / "teacher_weights.json", json.dumps(weights, indent=1) + "\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--models", nargs="+", required=True, help="whose predictions are averaged")
    parser.add_argument("--tasks", nargs="+", choices=list(TDC_ADMET), default=list(TDC_ADMET), metavar="TASK")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    return parser.parse_args()


def find_missing(work: Path, models: Sequence[str], task: str, seed: int) -> Path | None:
    """Return the first file that the blend of a task needs and that is not there."""
    wanted = (("unseen", WEIGHING_SEED), ("accuracy", seed))
    paths = (locate_prediction(work / part, model, task, number) for model in models for part, number in wanted)
    return next((path for path in paths if not path.is_file()), None)


def blend_task(
    work: Path,
    models: Sequence[str],
    task: BenchmarkTask,
    seed: int,
    *,
    name: str = "teacher",
    stand_ins: Mapping[str, str] | None = None,
) -> list[Weights]:
    """Write the teacher's test predictions of one task and seed, and return the weights of each target.

    Args:
        work: folder of everything that is kept.
        models: whose predictions are averaged.
        task: what is predicted.
        seed: of the models that predict the test molecules.
        name: under which the predictions are written.
        stand_ins: by model, another one whose test predictions are taken with its weight.
    """
    unseen = _load_all(work / "unseen", models, task.name, WEIGHING_SEED, task.train.smiles)
    stored = [(stand_ins or {}).get(model, model) for model in models]
    loaded = _load_all(work / "accuracy", stored, task.name, seed, task.test.smiles)
    test = dict(zip(models, loaded.values(), strict=True))
    scale = choose_scale(task.kind, log_scale=task.log_scale)
    weights = [
        fit_weights({m: v[:, t] for m, v in unseen.items()}, task.train.labels[:, t], task.metric, scale)
        for t in range(len(task.targets))
    ]
    columns = [blend({m: v[:, t] for m, v in test.items()}, weights[t], scale) for t in range(len(task.targets))]
    recipe = digest(weights, *unseen.values(), *test.values())
    path = locate_prediction(work / "accuracy", name, task.name, seed)
    save_prediction(path, task.test.smiles, StoredPrediction(np.column_stack(columns), float("nan"), recipe))
    return weights


def blend_open(work: Path, models: Sequence[str], task: BenchmarkTask, seed: int) -> None:
    """Write the test predictions of the teacher with trees of all published training rows, if there are such trees."""
    if TREES in models and locate_prediction(work / "accuracy", OPEN_TREES, task.name, seed).is_file():
        blend_task(work, models, task, seed, name="open_teacher", stand_ins={TREES: OPEN_TREES})


def _load_all(
    folder: Path, models: Sequence[str], task: str, seed: int, smiles: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    return {model: load_prediction(locate_prediction(folder, model, task, seed), smiles).values for model in models}


if __name__ == "__main__":
    main()
