"""Pre-train the encoder: a network that predicts computed descriptors and public measurements of many molecules.

    python -m scripts.teacher.pool    --data DATA --describe
    python -m scripts.teacher.pretrain_encoder --data DATA

No molecule of the benchmark, train or test, is among them: a network that starts from the encoder and was trained
without a benchmark molecule has never seen it. Writes the network into WORK/encoder.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from moldesign.checkpoint import save_model
from moldesign.graphs import FEATURES_VERSION, count_features, featurize_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, train_network
from scripts.teacher.auxiliary import read_auxiliary
from scripts.teacher.encoder import FOLDER
from scripts.teacher.features import N_AVALON, N_ERG, N_MORGAN, list_descriptors, load_features
from scripts.teacher.pool import list_benchmark_molecules, read_pool
from scripts.teacher.progress import print_progress

MIN_DISTINCT = 3


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    data, rows = read_training_set(options)
    shape = NetworkSettings(*count_features(), len(data.endpoints), options.hidden_size, options.layers, dropout=0.0)
    settings = TrainingSettings(
        n_epochs=options.epochs, batch_size=128, learning_rate=options.learning_rate, task_balance=0.75
    )
    valid = rows[-len(rows) // 50 :]
    plan = NetworkPlan(rows[: -len(valid)], shape, settings, seed=0, valid=valid)
    print(f"{len(plan.rows)} molecules, {len(data.endpoints)} endpoints", flush=True)
    began = time.monotonic()
    network = train_network(data, plan, on_epoch=print_progress)
    card = {
        "kind": "encoder",
        "network": shape.to_dict(),
        "features_version": FEATURES_VERSION,
        "n_molecules": len(plan.rows),
        "endpoints": [endpoint.name for endpoint in data.endpoints],
        "training_seconds": round(time.monotonic() - began),
    }
    save_model(options.work / options.name, network.state_dict(), card)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--name", default=FOLDER, help="folder of WORK to write the network into")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def read_training_set(options: argparse.Namespace) -> tuple[TrainingSet, NDArray[np.int64]]:
    """Return the molecules with their targets, and the rows in a random order."""
    cache = options.work / "molecules"
    auxiliary = read_auxiliary(options.data, list_benchmark_molecules(options.data, cache), cache)
    pool = read_pool(options.work)
    features = load_features(pool.smiles, options.work / "features")
    descriptors = spread_normally(features[:, N_MORGAN + N_AVALON + N_ERG :].astype(np.float64))
    varies = [len(np.unique(column[np.isfinite(column)])) >= MIN_DISTINCT for column in descriptors.T]
    names = [name for name, keep in zip(list_descriptors(), varies, strict=True) if keep]
    endpoints = [Endpoint(name, "regression", "", "") for name in names]
    featurized = featurize_smiles([*auxiliary.smiles, *pool.smiles])
    n_auxiliary = len(auxiliary.smiles)
    targets = np.full((n_auxiliary + len(pool.smiles), len(names) + len(auxiliary.endpoints)), np.nan)
    targets[:n_auxiliary, len(names) :] = auxiliary.labels
    targets[n_auxiliary:, : len(names)] = descriptors[:, varies]
    data = TrainingSet(featurized.graphs, targets[featurized.rows], [*endpoints, *auxiliary.endpoints])
    return data, np.random.default_rng(0).permutation(len(featurized.rows))


def spread_normally(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the columns with their ranks turned into quantiles of a normal distribution; NaN stays NaN.

    >>> spread_normally(np.array([[1.0], [5.0], [1000.0]])).round(2).tolist()
    [[-0.67], [0.0], [0.67]]
    """
    spread = np.full(columns.shape, np.nan)
    for t, column in enumerate(columns.T):
        known = np.isfinite(column)
        spread[known, t] = norm.ppf(rankdata(column[known]) / (known.sum() + 1) if known.any() else [])
    return spread


if __name__ == "__main__":
    main()
