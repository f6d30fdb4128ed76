"""Train the bundled predictors of activity; that of ADMET is distilled by `scripts.teacher`.

    python -m scripts.train_predictors activity --data DATA --device cpu
    python -m scripts.train_predictors targets  --data DATA --device cpu --epochs 10

No molecule of any test set (by InChIKey of the standardised parent) is in the training set of any endpoint. The model
folder with its card is written into moldesign/predictors/weights. The card holds the figures on the test split, which
is read once, at the end, beside two baselines: the training mean and the nearest training molecule.
"""

import argparse
import datetime
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.fitting import (
    FittingSettings,
    LabelTable,
    fit_predictor,
    measure_endpoints,
    merge_labels,
    predict_by_nearest,
)
from moldesign.predictors.training import TrainingProgress, TrainingSettings
from scripts.panels.activity import read_activity
from scripts.panels.admet import LOG_SCALED
from scripts.panels.panel import find_panel, name_splits, read_panel
from scripts.panels.records import Task
from scripts.panels.splitting import N_INACTIVES

__all__ = ["LOG_SCALED", "WEIGHTS", "measure_on_test"]

WEIGHTS = Path(__file__).parents[1] / "moldesign" / "predictors" / "weights"
PANEL = "targets"
"""That describes the endpoints of both predictors."""
CACHE = Path("work/molecules")


def main() -> None:
    options = parse_options()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    torch.set_num_threads(options.threads)
    began = time.monotonic()
    kept = load_predictor(options.panel) if options.keep_networks else None
    tasks = READERS[options.panel](options.data)
    train, test = separate(tasks)
    endpoints = describe(list(tasks), train)
    settings = FittingSettings(
        TrainingSettings(n_epochs=options.epochs),
        n_networks=options.networks,
        hidden_size=options.hidden_size,
        kernel=options.panel == PANEL,
        calibration_folds=options.calibration_folds,
    )
    print(f"{len(train.smiles)} training molecules, {len(test.smiles)} test molecules", flush=True)
    predictor = fit_predictor(
        options.panel,
        train,
        endpoints,
        settings,
        work=options.work / options.panel,
        networks=kept.networks if kept else (),
        device=options.device,
        on_epoch=print_progress,
    )
    figures = measure_on_test(predictor, train, test)
    seconds = time.monotonic() - began + (kept.card["training_seconds"] if kept else 0)
    predictor.card.update(make_card(options, figures, seconds))
    predictor.save(WEIGHTS / options.panel)
    print(pd.DataFrame(figures).T.to_string())


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panel", choices=list(READERS))
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--networks", type=int, default=3)
    parser.add_argument("--hidden-size", type=int, default=96)
    parser.add_argument("--calibration-folds", type=int, default=0, help="train so many ensembles more to calibrate on")
    parser.add_argument("--keep-networks", action="store_true", help="take those of the bundled model; train none")
    parser.add_argument("--work", type=Path, default=Path("work/predictors"), help="folder of finished networks")
    return parser.parse_args()


def read_targets(data: Path) -> dict[str, Task]:
    """Return the potencies of the panel: its classes are the predictor `activity`."""
    kinds = {name: record.kind for name, record in find_panel(PANEL).items()}
    return {name: task for name, task in read_panel(PANEL, data, CACHE).items() if kinds[name] == "regression"}


READERS: Mapping[str, Callable[[Path], dict[str, Task]]] = {"activity": read_activity, "targets": read_targets}


def separate(tasks: dict[str, Task]) -> tuple[LabelTable, LabelTable]:
    """Merge the endpoints, and take every test molecule of any endpoint out of all training sets."""
    is_class = [find_panel(PANEL)[name].kind == "classification" for name in tasks]
    test = merge_labels([task.test for task in tasks.values()], list(tasks), is_class)
    train = merge_labels([task.train for task in tasks.values()], list(tasks), is_class)
    forbidden = set(test.keys)
    keep = np.array([key not in forbidden for key in train.keys])
    print(f"{(~keep).sum()} training molecules left out: they are in a test set", flush=True)
    return train.select(np.flatnonzero(keep)), test


def describe(names: list[str], train: LabelTable) -> list[Endpoint]:
    records = find_panel(PANEL)
    return [records[name].describe(train.labels[:, t]) for t, name in enumerate(names)]


def measure_on_test(predictor: Predictor, train: LabelTable, test: LabelTable) -> dict[str, dict[str, float]]:
    """Return per endpoint the figures of the predictor, of the nearest neighbour and of the training mean."""
    endpoints = predictor.endpoints
    values = predictor.predict(test.smiles, with_domain=False).values
    ours = measure_endpoints(endpoints, test.labels, values)
    nearest = measure_endpoints(endpoints, test.labels, predict_by_nearest(train, test.smiles))
    constant = np.broadcast_to(np.nanmean(train.labels, axis=0), test.labels.shape)
    mean = measure_endpoints(endpoints, test.labels, constant)
    return {
        name: figures | prefix_figures("nearest", nearest[name]) | prefix_figures("mean", mean[name])
        for name, figures in ours.items()
    }


def prefix_figures(prefix: str, figures: dict[str, float]) -> dict[str, float]:
    """Name the figures of a baseline."""
    return {f"{prefix}_{name}": value for name, value in figures.items() if name != "n"}


def make_card(options: argparse.Namespace, figures: dict[str, dict[str, float]], seconds: float) -> dict[str, object]:
    sources = {
        "activity": (
            f"ExCAPE-DB actives and inactives, scaffold split 85/15; training keeps {N_INACTIVES} inactives a target",
            "CC BY-SA 4.0",
        ),
        "targets": ("potencies from ChEMBL and ExCAPE-DB, see each endpoint", "CC BY-SA 3.0 or as each original"),
    }
    source, licence = sources[options.panel]
    return {
        "source": source,
        "licence": licence,
        "test": figures,
        "split": {name: split for name, split in name_splits(PANEL).items() if name in figures},
        "epochs": options.epochs,
        "training_seconds": round(seconds),
        "training_command": f"python -m scripts.train_predictors {options.panel} --data DATA "
        f"--epochs {options.epochs} --networks {options.networks} --hidden-size {options.hidden_size}",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "limits": "Predictions are hypotheses: outside the domain of the training set they may mean nothing.",
    }


def print_progress(member: int, progress: TrainingProgress) -> None:
    print(
        f"network {member} epoch {progress.epoch}/{progress.n_epochs} loss {progress.loss:.4f} "
        f"{progress.molecules_per_second:.0f} molecules/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
