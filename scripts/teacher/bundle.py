"""Make the predictor that ships of the distilled networks: with its domain, its calibration, and its card.

    python -m scripts.teacher.bundle --data DATA

Reads WORK/student, which `scripts.teacher.distil` wrote, and writes moldesign/predictors/weights/admet. The test split
is read here, for the figures on the card.

The calibration rests on the teacher's predictions of training molecules that it had not seen: the student follows the
teacher, and was not trained once more without each fold. Whether that holds is what `benchmarks.calibration` measures
on the test split.
"""

import argparse
import datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit

from moldesign.checkpoint import load_model
from moldesign.datasets.catalog import TDC_ADMET, load_tdc_admet
from moldesign.predictors.calibration import Calibration, fit_calibration
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.fitting import LabelTable, merge_labels
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.latent import apply_ensemble
from scripts.teacher.distil import Materials, gather, parse_options, read_unseen
from scripts.teacher.networks import TaskTable, featurize_all
from scripts.train_predictors import LOG_SCALED, WEIGHTS, measure_on_test

SMALLEST = 1e-4
"""Probabilities nearer to 0 or 1 than this have no larger logit."""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    materials = gather(options.data, options.work)
    predictor = assemble(options, materials)
    train = LabelTable(materials.table.smiles, materials.table.labels, materials.table.keys)
    figures = measure_on_test(predictor, train, read_test(options.data))
    predictor.card.update(make_card(options, materials, figures))
    predictor.save(WEIGHTS / predictor.name)
    for name, values in figures.items():
        print(name, values)


def assemble(options: argparse.Namespace, materials: Materials) -> Predictor:
    """Join the networks, the domain and the calibration."""
    table = materials.table
    endpoints = tuple(describe(name, table.labels[:, t]) for t, name in enumerate(TDC_ADMET))
    networks = tuple(load_student(options.work / "student" / f"network_{number}") for number in options.networks)
    outputs, states = apply_ensemble(networks, featurize_all(table.smiles))
    domain = fit_domain(table.smiles, table.labels, rng=np.random.default_rng(0), states=states)
    calibration = calibrate(table, endpoints, read_unseen(materials), outputs.std(axis=0))
    return Predictor("admet", endpoints, networks, domain, {}, calibration)


def describe(name: str, labels: NDArray[np.float64]) -> Endpoint:
    task = TDC_ADMET[name]
    return fit_endpoint(
        name,
        task.task,
        labels,
        unit=task.unit,
        description=task.description,
        aliases=tuple({task.dataset} - {name}),
        log_scale=name in LOG_SCALED,
    )


def load_student(folder: Path) -> PropertyNetwork:
    """Read a network that `distil` has trained."""
    weights, _ = load_model(folder, kind="network")
    size = len(weights["embed_atoms.bias"])
    n_layers = sum(name.startswith("norms.") and name.endswith(".weight") for name in weights)
    n_atoms, n_bonds = weights["embed_atoms.weight"].shape[1], weights["layers.0.lin.weight"].shape[1]
    shape = NetworkSettings(n_atoms, n_bonds, len(TDC_ADMET), size, n_layers, dropout=0.0)
    network = PropertyNetwork(shape)
    network.load_state_dict(weights)
    return network.eval()


def calibrate(
    table: TaskTable, endpoints: tuple[Endpoint, ...], unseen: NDArray[np.float64], std: NDArray[np.float32]
) -> Calibration:
    """Fit the calibration on the teacher's predictions [N, T] of molecules it had not seen."""
    columns = [
        logit(np.clip(unseen[:, t], SMALLEST, 1 - SMALLEST))
        if endpoint.task == "classification"
        else endpoint.to_targets(unseen[:, t])
        for t, endpoint in enumerate(endpoints)
    ]
    return fit_calibration(endpoints, table.labels, np.column_stack(columns), std)


def read_test(data: Path | None) -> LabelTable:
    """Return the test molecules of all tasks."""
    is_class = [task.task == "classification" for task in TDC_ADMET.values()]
    return merge_labels([load_tdc_admet(name, data).test for name in TDC_ADMET], list(TDC_ADMET), is_class)


def make_card(
    options: argparse.Namespace, materials: Materials, figures: dict[str, dict[str, float]]
) -> dict[str, object]:
    labels = materials.table.labels
    return {
        "n_training_molecules": len(labels),
        "n_labels": {name: int(np.isfinite(labels[:, t]).sum()) for t, name in enumerate(TDC_ADMET)},
        "source": "TDC ADMET benchmark group, official train_val split; distilled from a teacher of boosted trees and "
        "a network that was pre-trained on public molecules (ChEMBL, ZINC, public ADMET measurements)",
        "licence": "CC BY 4.0 or as each original",
        "teacher": dict(materials.weights),
        "test": figures,
        "test_split": "official test rows; no molecule of any of the 22 test sets was in any training set",
        "training_command": f"python -m scripts.teacher.distil --data DATA --epochs {options.epochs}; "
        "python -m scripts.teacher.bundle --data DATA",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "limits": "Predictions are hypotheses: outside the domain of the training set they may mean nothing.",
    }


if __name__ == "__main__":
    main()
