"""Predictions of unseen molecules for the endpoints that only the panel has, for their calibration.

    python -m scripts.teacher.further --data DATA

Five networks from scratch, each without a fifth of the scaffolds: the encoder has seen measurements of these molecules,
so that networks which start from it would seem better than they are. Writes WORK/unseen/further.npz.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.graphs import count_features
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.finished import train_or_load
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, apply_network
from scripts.teacher.folds import assign_folds
from scripts.teacher.networks import featurize_all, to_values
from scripts.teacher.progress import print_progress
from scripts.teacher.store import digest, load_arrays, save_arrays

SETTINGS = TrainingSettings(n_epochs=16)
N_FOLDS = 5
SEED = 0


def main() -> None:
    from scripts.teacher.distil import gather  # noqa: PLC0415  it reads what this script writes

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    materials = gather(options.data, options.work)
    endpoints = materials.endpoints[len(materials.tasks) :]
    predict_further(options.work, materials.further, endpoints)


def predict_further(work: Path, table: LabelTable, endpoints: list[Endpoint]) -> NDArray[np.float64]:
    """Return what networks that have not seen a molecule say of it, float64 [N, T]; done once."""
    folds = assign_folds(table.smiles, N_FOLDS, SEED)
    path = locate_further(work)
    recipe = digest(SETTINGS, SEED, folds, list(table.smiles), table.labels)
    if path.is_file() and str(load_arrays(path)["recipe"]) == recipe:
        return load_arrays(path)["values"]
    data = TrainingSet(featurize_all(table.smiles), table.labels, endpoints)
    shape = NetworkSettings(*count_features(), len(endpoints))
    values = np.full(table.labels.shape, np.nan)
    for fold in range(N_FOLDS):
        plan = NetworkPlan(np.flatnonzero(folds != fold), shape, SETTINGS, SEED)
        folder = work / "networks" / f"further_fold{fold}"
        network = train_or_load(table.smiles, data, plan, folder, on_epoch=print_progress).network
        held_out = np.flatnonzero(folds == fold)
        values[held_out] = to_values(apply_network(network, data.graphs.select(held_out)), endpoints)
    save_arrays(path, {"values": values, "recipe": np.array(recipe)})
    return values


def locate_further(work: Path) -> Path:
    """Return the file of these predictions."""
    return work / "unseen" / "further.npz"


if __name__ == "__main__":
    main()
