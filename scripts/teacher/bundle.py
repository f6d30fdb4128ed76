"""Make the predictor that ships of the distilled networks: with its domain, its calibration, and its card.

    python -m scripts.teacher.bundle --data DATA

Reads WORK/student, which `scripts.teacher.distil` wrote, and writes moldesign/predictors/weights/admet. The test split
is read here, for the figures on the card.

The calibration and the error model rest on predictions of training molecules that were not seen: the teacher's, since
the student follows the teacher and was not trained once more without each fold; and for the endpoints that only the
panel has, those of `scripts.teacher.further`. Whether that holds is what `benchmarks.calibration` measures on the test
split.
"""

import argparse
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit

from moldesign.checkpoint import load_model
from moldesign.predictors.calibration import fit_calibration
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.error_model import fit_error_model
from moldesign.predictors.fitting import LabelTable, merge_labels
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.latent import apply_ensemble
from scripts.panels.panel import find_panel, name_splits, read_panel
from scripts.panels.records import Task
from scripts.teacher.distil import PANEL, SEED, Materials, gather, parse_options, read_unseen
from scripts.teacher.further import predict_further
from scripts.teacher.networks import featurize_all
from scripts.teacher.store import StoredPrediction, digest, load_prediction, locate_prediction, save_prediction
from scripts.train_predictors import WEIGHTS, measure_on_test

SMALLEST = 1e-4
"""Probabilities nearer to 0 or 1 than this have no larger logit."""
N_FOLDS = 5
HALVES = ("trees", "gnn")
"""Models of the teacher, which learn in different ways."""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    materials = gather(options.data, options.work)
    predictor = assemble(options, materials)
    test = read_test(read_panel(PANEL, options.data, options.work / "molecules"))
    figures = measure_on_test(predictor, join_training(materials), test)
    predictor.card.update(make_card(options, materials, figures))
    predictor.save(WEIGHTS / predictor.name)
    for name, values in figures.items():
        print(name, values)
    store_predictions(predictor, materials)


def assemble(options: argparse.Namespace, materials: Materials) -> Predictor:
    """Join the networks, the domain and the calibration."""
    endpoints, train = tuple(materials.endpoints), join_training(materials)
    networks = tuple(
        load_student(options.work / "student" / f"network_{number}", len(endpoints)) for number in options.networks
    )
    states = apply_ensemble(networks, featurize_all(train.smiles)).states
    domain = fit_domain(train.smiles, train.labels, rng=np.random.default_rng(0), states=states)
    unseen = to_outputs(join_unseen(options.work, materials, train), endpoints)
    errors = measure_errors(unseen, train.labels, endpoints)
    calibration = fit_calibration(endpoints, train.labels, unseen, expect_held_out(unseen, states, errors))
    error_model = fit_error_model(unseen, states, errors).with_probability_spread(measure_logit_spread(materials))
    return Predictor(PANEL, endpoints, networks, domain, {}, calibration, error_model)


def measure_logit_spread(materials: Materials) -> NDArray[np.float64]:
    """Return how uncertain the logit of each classification is, float64 [E]; NaN for a regression.

    That is half of what the teacher's two models differ by on molecules that they had not seen. The endpoints that only
    the panel has get the median of the others.
    """
    spread = np.full(len(materials.endpoints), np.nan)
    for t, task in enumerate(materials.tasks):
        if task.kind == "classification":
            paths = [locate_prediction(materials.work / "unseen", model, task.name, SEED) for model in HALVES]
            halves = [load_prediction(path, task.train.smiles).values[:, 0] for path in paths]
            logits = [logit(np.clip(half, SMALLEST, 1 - SMALLEST)) for half in halves]
            spread[t] = (logits[0] - logits[1]).std() / 2
    is_class = np.array([endpoint.task == "classification" for endpoint in materials.endpoints])
    return np.where(is_class & np.isnan(spread), np.nanmedian(spread), spread)


def join_unseen(work: Path, materials: Materials, train: LabelTable) -> NDArray[np.float64]:
    """Return the predictions of training molecules that were not seen, in the unit of each endpoint, float64 [M, E]."""
    n_tasks = len(materials.tasks)
    values = np.full(train.labels.shape, np.nan)
    values[: len(materials.table.smiles), :n_tasks] = read_unseen(materials)
    number = {key: row for row, key in enumerate(train.keys)}
    rows = [number[key] for key in materials.further.keys]
    values[rows, n_tasks:] = predict_further(work, materials.further, materials.endpoints[n_tasks:])
    return values


def to_outputs(values: NDArray[np.float64], endpoints: Sequence[Endpoint]) -> NDArray[np.float64]:
    """Turn values in the unit of each endpoint into what a network would have put out, float64 [M, E]."""
    columns = [
        logit(np.clip(values[:, t], SMALLEST, 1 - SMALLEST))
        if endpoint.task == "classification"
        else endpoint.to_targets(values[:, t])
        for t, endpoint in enumerate(endpoints)
    ]
    return np.column_stack(columns).astype(np.float64)


def measure_errors(
    outputs: NDArray[np.float64], labels: NDArray[np.float64], endpoints: Sequence[Endpoint]
) -> NDArray[np.float64]:
    """Return how far outputs are from the labels, as `fit_error_model` takes it, float64 [M, E]."""
    columns = [
        np.abs(labels[:, t] - expit(outputs[:, t]))
        if endpoint.task == "classification"
        else np.abs(endpoint.to_targets(labels[:, t]) - outputs[:, t])
        for t, endpoint in enumerate(endpoints)
    ]
    return np.column_stack(columns).astype(np.float64)


def expect_held_out(
    outputs: NDArray[np.float64], states: NDArray[np.float32], errors: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the error that is expected of each molecule by a model fitted on the others, float32 [M, E]."""
    folds = np.random.default_rng(0).integers(N_FOLDS, size=len(outputs))
    expected = np.full(outputs.shape, np.nan, dtype=np.float32)
    for fold in range(N_FOLDS):
        rows, held_out = folds != fold, folds == fold
        model = fit_error_model(outputs[rows], states[rows], errors[rows])
        expected[held_out] = model.expect(outputs[held_out], states[held_out])
    return expected


def join_training(materials: Materials) -> LabelTable:
    """Return the training molecules of all endpoints; those of the benchmark's tasks come first, in their order."""
    table, further = materials.table, materials.further
    number = {key: row for row, key in enumerate(table.keys)}
    new = [row for row, key in enumerate(further.keys) if key not in number]
    keys = [*table.keys, *(further.keys[row] for row in new)]
    number |= {key: row for row, key in enumerate(keys)}
    labels = np.full((len(keys), len(materials.endpoints)), np.nan)
    labels[: len(table.keys), : len(materials.tasks)] = table.labels
    labels[[number[key] for key in further.keys], len(materials.tasks) :] = further.labels
    return LabelTable([*table.smiles, *(further.smiles[row] for row in new)], labels, keys)


def store_predictions(predictor: Predictor, materials: Materials) -> None:
    """Write what the predictor says of the test molecules to where `benchmarks.admet_accuracy` looks for it."""
    for t, task in enumerate(materials.tasks):
        values = predictor.predict(task.test.smiles, with_domain=False).values[:, [t]].astype(np.float64)
        path = locate_prediction(materials.work / "accuracy", "student", task.name, SEED)
        recipe = digest(materials.weights, materials.encoder.digest, *(n.state_dict() for n in predictor.networks))
        save_prediction(path, task.test.smiles, StoredPrediction(values, float("nan"), recipe))


def load_student(folder: Path, n_endpoints: int) -> PropertyNetwork:
    """Read a network that `distil` has trained."""
    weights, _ = load_model(folder, kind="network")
    size = len(weights["embed_atoms.bias"])
    n_layers = sum(name.startswith("norms.") and name.endswith(".weight") for name in weights)
    n_atoms, n_bonds = weights["embed_atoms.weight"].shape[1], weights["layers.0.lin.weight"].shape[1]
    shape = NetworkSettings(n_atoms, n_bonds, n_endpoints, size, n_layers, dropout=0.0)
    network = PropertyNetwork(shape)
    network.load_state_dict(weights)
    return network.eval()


def read_test(tasks: Mapping[str, Task]) -> LabelTable:
    """Return the test molecules of all endpoints."""
    is_class = [find_panel(PANEL)[name].kind == "classification" for name in tasks]
    return merge_labels([task.test for task in tasks.values()], list(tasks), is_class)


def make_card(
    options: argparse.Namespace, materials: Materials, figures: dict[str, dict[str, float]]
) -> dict[str, object]:
    labels = join_training(materials).labels
    return {
        "n_training_molecules": len(labels),
        "n_labels": {one.name: int(np.isfinite(labels[:, t]).sum()) for t, one in enumerate(materials.endpoints)},
        "source": "TDC ADMET benchmark group, official train_val split; distilled from a teacher of boosted trees and "
        "a network that was pre-trained on public molecules (ChEMBL, ZINC, public ADMET measurements)",
        "licence": "CC BY 4.0 or as each original",
        "teacher": dict(materials.weights),
        "test": figures,
        "split": name_splits(PANEL),
        "training_command": f"python -m scripts.teacher.distil --data DATA --epochs {options.epochs}; "
        "python -m scripts.teacher.bundle --data DATA",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "limits": "Predictions are hypotheses: outside the domain of the training set they may mean nothing.",
    }


if __name__ == "__main__":
    main()
