"""From a table of measured labels to a predictor: merge duplicates, train the ensemble, measure it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.fingerprints import morgan_bits, nearest
from moldesign.chem.smiles import parse_smiles, quiet_rdkit
from moldesign.chem.standardize import standardize_smiles
from moldesign.datasets.splits import Rows
from moldesign.errors import TableError
from moldesign.graphs import count_features, featurize_smiles
from moldesign.metrics import METRICS
from moldesign.predictors.calibration import Calibration, fit_calibration
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.finished import train_or_load
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.held_out import predict_held_out
from moldesign.predictors.kernel_fit import KernelLearner, Unseen, fit_kernel
from moldesign.predictors.latent import apply_with_states
from moldesign.predictors.training import (
    NetworkPlan,
    TrainingProgress,
    TrainingSet,
    TrainingSettings,
    apply_network,
)

logger = logging.getLogger(__name__)


class LabelTable(NamedTuple):
    """Unique standardised molecules with one column of labels per endpoint."""

    smiles: list[str]
    labels: NDArray[np.float64]
    """[M, T], NaN where not measured"""
    keys: list[str]
    """InChIKey of each molecule"""

    def select(self, rows: NDArray[np.int64]) -> "LabelTable":
        """Return the given rows, in that order."""
        chosen = rows.tolist()
        return LabelTable([self.smiles[i] for i in chosen], self.labels[rows], [self.keys[i] for i in chosen])


@dataclass(frozen=True)
class FittingSettings:
    """Size of the ensemble and of its networks."""

    training: TrainingSettings = field(default_factory=TrainingSettings)
    n_networks: int = 3
    hidden_size: int = 96
    n_layers: int = 3
    held_out_share: float = 0.1
    """Each network leaves out another random share of the rows, on which its validation figures are measured."""
    kernel: bool = False
    """Mix kernel regressions into what the networks say, as far as that helps on their validation molecules."""
    calibration_folds: int = 0
    """Train so many further ensembles, each without one fold of scaffolds, to calibrate on; 0 does not calibrate."""
    seed: int = 0


def merge_labels(tables: Sequence[pd.DataFrame], endpoints: Sequence[str], is_class: Sequence[bool]) -> LabelTable:
    """Standardise molecules and merge the tables of several endpoints by InChIKey.

    Several labels of one molecule are averaged; classes that disagree are left out.

    Args:
        tables: one per endpoint, with columns `smiles` and `label`.
        endpoints: names, for the messages.
        is_class: whether the endpoint is a classification.
    """
    columns = []
    known: dict[str, str] = {}
    for table, name, classes in zip(tables, endpoints, is_class, strict=True):
        keyed = key_molecules(table["smiles"].tolist())
        rows = pd.DataFrame({"key": keyed.keys, "smiles": keyed.smiles, "label": table["label"].to_numpy(float)})
        rows = rows.dropna(subset=["key", "label"])
        logger.info("%s: %d of %d rows read", name, len(rows), len(table))
        for key, text in zip(rows["key"], rows["smiles"], strict=True):
            known.setdefault(key, text)
        merged = rows.groupby("key")["label"].mean()
        columns.append(merged[(merged <= 0) | (merged >= 1)] if classes else merged)
    keys = list(known)
    labels = np.column_stack([column.reindex(keys).to_numpy(float) for column in columns])
    measured = np.isfinite(labels).any(axis=1)
    keys = [key for key, keep in zip(keys, measured, strict=True) if keep]
    if not keys:
        raise TableError(f"no row has a readable SMILES and a label of {', '.join(endpoints)}")
    return LabelTable([known[key] for key in keys], labels[measured], keys)


class KeyedMolecules(NamedTuple):
    """Standardised SMILES and InChIKey per row; None where the row cannot be read."""

    smiles: list[str | None]
    keys: list[str | None]
    errors: list[str | None]
    """Why a row cannot be read."""


def key_molecules(smiles: Sequence[Any], *, first_row: int = 0) -> KeyedMolecules:
    """Return the standardised SMILES and its InChIKey, by which copies of one molecule are recognised.

    The SMILES itself is the key of a molecule that InChI refuses, such as a protein.

    Args:
        smiles: N texts.
        first_row: the number of the first row, for the messages.
    """
    standardized = standardize_smiles(smiles, first_row=first_row)
    with quiet_rdkit():
        rows = zip(standardized.mols, standardized.smiles, strict=True)
        keys = [None if mol is None else Chem.MolToInchiKey(mol) or text for mol, text in rows]
    return KeyedMolecules(list(standardized.smiles), keys, list(standardized.errors))


def fit_predictor(
    name: str,
    table: LabelTable,
    endpoints: Sequence[Endpoint],
    settings: FittingSettings,
    *,
    work: Path | None = None,
    networks: Sequence[PropertyNetwork] = (),
    device: str = "cpu",
    on_epoch: Callable[[int, TrainingProgress], None] | None = None,
) -> Predictor:
    """Train an ensemble on every row of the table.

    Args:
        name: of the predictor.
        table: M molecules with labels of the T endpoints; one whose graph cannot be read is left out.
        endpoints: T endpoints.
        settings: size and length of the training.
        work: folder for finished networks; those found there are not trained again if they were trained on the same
            table in the same way.
        networks: of an earlier fit of the same table with the same settings; they are not trained again.
        device: where to train.
        on_epoch: called with the number of the network and its progress.

    Raises:
        ValueError: kernel regressions and calibration are both asked for, or an endpoint is a classification.
    """
    if settings.kernel and settings.calibration_folds:
        raise ValueError("folds are predicted by networks alone: a predictor with kernel regressions is not calibrated")
    featurized = featurize_smiles(table.smiles)
    for error in filter(None, featurized.errors):
        logger.warning("left out of the training: %s", error)
    table = table.select(featurized.rows)
    data = TrainingSet(featurized.graphs, table.labels, endpoints)
    shape = NetworkSettings(*count_features(), len(endpoints), settings.hidden_size, settings.n_layers)
    bench = _Bench(table.smiles, data, shape, settings, work, device, on_epoch)
    every = np.arange(len(data.graphs))
    trained = list(networks) or [bench.train(member, every) for member in range(settings.n_networks)]
    left_out = [bench.leave_out(member) for member in range(settings.n_networks)]
    unseen = [
        Unseen(rows, apply_network(network, data.graphs.select(rows)))
        for network, rows in zip(trained, left_out, strict=True)
    ]
    rng = np.random.default_rng(settings.seed)
    states = apply_with_states(trained[0], data.graphs).states
    domain = fit_domain(table.smiles, table.labels, rng=rng, states=states)
    kernel, said = None, [one.outputs for one in unseen]
    if settings.kernel:
        kernel, said = fit_kernel(KernelLearner.of_labels(domain, table.labels, endpoints), unseen)
    validation = [
        measure_endpoints(endpoints, table.labels[rows], _to_values(outputs, endpoints))
        for rows, outputs in zip(left_out, said, strict=True)
    ]
    calibration = Calibration()
    if settings.calibration_folds:
        held_out = predict_held_out(table.smiles, settings.calibration_folds, bench.predict_fold, rng=rng)
        calibration = fit_calibration(endpoints, table.labels, held_out.mean, held_out.std)
    full_card = {
        "n_training_molecules": len(table.smiles),
        "n_labels": {e.name: int(np.isfinite(table.labels[:, t]).sum()) for t, e in enumerate(endpoints)},
        "validation": average_figures(validation),
    }
    return Predictor(name, tuple(endpoints), tuple(trained), domain, full_card, calibration, kernel=kernel)


@dataclass(frozen=True)
class _Bench:
    """What the ensembles of one fit share."""

    smiles: Sequence[str]
    data: TrainingSet
    shape: NetworkSettings
    settings: FittingSettings
    work: Path | None
    device: str
    on_epoch: Callable[[int, TrainingProgress], None] | None

    def leave_out(self, number: int) -> Rows:
        """Return the rows of the table, a random share, that a network does not learn from."""
        rng = np.random.default_rng([self.settings.seed, number])
        return np.flatnonzero(rng.random(len(self.smiles)) < self.settings.held_out_share)

    def train(self, number: int, rows: Rows) -> PropertyNetwork:
        """Train a network on `rows` but for those that it leaves out."""
        learned = np.setdiff1d(rows, self.leave_out(number))
        plan = NetworkPlan(learned, self.shape, self.settings.training, self.settings.seed + number)
        folder = self.work / f"network_{number}" if self.work else None
        report = partial(self.on_epoch, number) if self.on_epoch else None
        finished = train_or_load(self.smiles, self.data, plan, folder, device=self.device, on_epoch=report)
        return finished.network

    def predict_fold(self, fold: int, rows: Rows, held_out: Rows) -> NDArray[np.float32]:
        """Return what an ensemble that was trained on `rows` says of `held_out`, float32 [K, n, T]."""
        n_networks, graphs = self.settings.n_networks, self.data.graphs.select(held_out)
        numbers = range((fold + 1) * n_networks, (fold + 2) * n_networks)
        return np.stack([apply_network(self.train(number, rows), graphs) for number in numbers])


def measure_endpoints(
    endpoints: Sequence[Endpoint], labels: NDArray[np.float64], values: NDArray[np.floating[Any]]
) -> dict[str, dict[str, float]]:
    """Return the figures of merit of every endpoint that has labels: AUROC and AUPRC, or MAE and Spearman.

    A figure that is not defined, such as the AUROC of a single class, is left out.
    """
    figures = {}
    for t, endpoint in enumerate(endpoints):
        known = np.isfinite(labels[:, t]) & np.isfinite(values[:, t])
        if known.sum() < 2:
            continue
        names = ("AUROC", "AUPRC") if endpoint.task == "classification" else ("MAE", "Spearman")
        measured = {name: round(METRICS[name](labels[known, t], values[known, t]), 4) for name in names}
        defined = {name: value for name, value in measured.items() if np.isfinite(value)}
        figures[endpoint.name] = defined | {"n": int(known.sum())}
    return figures


def predict_by_nearest(train: LabelTable, smiles: Sequence[str]) -> NDArray[np.float64]:
    """Predict the label of the most similar training molecule, float64 [N, T]: the baseline any model must beat."""
    queries = morgan_bits(parse_smiles(smiles).mols)
    library = morgan_bits(parse_smiles(train.smiles).mols)
    columns = []
    for labels in train.labels.T:
        known = np.flatnonzero(np.isfinite(labels))
        columns.append(labels[known][nearest(queries, library[known]).index])
    return np.column_stack(columns)


def average_figures(figures: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Average the figures of several networks, each over the networks that have it."""
    gathered: dict[str, dict[str, list[float]]] = {}
    for one in figures:
        for endpoint, by_name in one.items():
            for name, value in by_name.items():
                gathered.setdefault(endpoint, {}).setdefault(name, []).append(value)
    return {
        endpoint: {name: round(float(np.mean(values)), 4) for name, values in by_name.items()}
        for endpoint, by_name in gathered.items()
    }


def _to_values(outputs: NDArray[np.float32], endpoints: Sequence[Endpoint]) -> NDArray[np.float32]:
    return np.column_stack([endpoint.to_values(outputs[:, t]) for t, endpoint in enumerate(endpoints)])
