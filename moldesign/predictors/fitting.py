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
from moldesign.chem.smiles import Mol, parse_smiles, quiet_rdkit
from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import TableError
from moldesign.graphs import count_features, featurize_smiles
from moldesign.metrics import METRICS
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.finished import fingerprint_training, load_finished, save_finished
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import (
    TrainingProgress,
    TrainingSet,
    TrainingSettings,
    apply_network,
    train_network,
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


def key_molecules(smiles: Sequence[Any]) -> KeyedMolecules:
    """Return the standardised SMILES and its InChIKey, by which copies of one molecule are recognised."""
    standardized = standardize_smiles(smiles)
    with quiet_rdkit():
        keys = [None if mol is None else _make_key(mol) for mol in standardized.mols]
    return KeyedMolecules(list(standardized.smiles), keys)


def fit_predictor(
    name: str,
    table: LabelTable,
    endpoints: Sequence[Endpoint],
    settings: FittingSettings,
    *,
    card: dict[str, Any],
    work: Path | None = None,
    device: str = "cpu",
    on_epoch: Callable[[int, TrainingProgress], None] | None = None,
) -> Predictor:
    """Train an ensemble on every row of the table.

    Args:
        name: of the predictor.
        table: M molecules with labels of the T endpoints; one whose graph cannot be read is left out.
        endpoints: T endpoints.
        settings: size and length of the training.
        card: what the model card says beside what is filled in here.
        work: folder for finished networks; those found there are not trained again if they were trained on the same
            table in the same way.
        device: where to train.
        on_epoch: called with the number of the network and its progress.
    """
    featurized = featurize_smiles(table.smiles)
    for error in filter(None, featurized.errors):
        logger.warning("left out of the training: %s", error)
    table = table.select(featurized.rows)
    data = TrainingSet(featurized.graphs, table.labels, endpoints)
    networks, validation = [], []
    for member in range(settings.n_networks):
        rng = np.random.default_rng([settings.seed, member])
        held_out = rng.random(len(data.graphs)) < settings.held_out_share
        rows = np.flatnonzero(~held_out)
        network = _train_or_load(
            table.smiles, data, rows, settings, member, work=work, device=device, on_epoch=on_epoch
        )
        networks.append(network.cpu())
        held_out_graphs = data.graphs.select(np.flatnonzero(held_out))
        outputs = _to_values(apply_network(networks[-1], held_out_graphs), endpoints)
        validation.append(measure_endpoints(endpoints, table.labels[held_out], outputs))
    domain = fit_domain(table.smiles, table.labels, rng=np.random.default_rng(settings.seed))
    full_card = {
        "n_training_molecules": len(table.smiles),
        "n_labels": {e.name: int(np.isfinite(table.labels[:, t]).sum()) for t, e in enumerate(endpoints)},
        "validation": average_figures(validation),
        **card,
    }
    return Predictor(name, tuple(endpoints), tuple(networks), domain, full_card)


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


def _train_or_load(
    smiles: Sequence[str],
    data: TrainingSet,
    rows: NDArray[np.int64],
    settings: FittingSettings,
    member: int,
    *,
    work: Path | None,
    device: str,
    on_epoch: Callable[[int, TrainingProgress], None] | None,
) -> PropertyNetwork:
    shape = NetworkSettings(
        *count_features(), len(data.endpoints), hidden_size=settings.hidden_size, n_layers=settings.n_layers
    )
    seed = settings.seed + member
    train = partial(
        train_network,
        data,
        rows,
        settings.training,
        shape,
        seed=seed,
        device=device,
        on_epoch=(lambda progress: on_epoch(member, progress)) if on_epoch else None,
    )
    if work is None:
        return train()
    folder = work / f"network_{member}"
    fingerprint = fingerprint_training(smiles, data, rows, settings.training, shape, seed=seed)
    network = load_finished(folder, shape, fingerprint)
    if network is None:
        network = train()
        save_finished(folder, network, fingerprint)
    return network


def _to_values(outputs: NDArray[np.float32], endpoints: Sequence[Endpoint]) -> NDArray[np.float32]:
    return np.column_stack([endpoint.to_values(outputs[:, t]) for t, endpoint in enumerate(endpoints)])


def _make_key(mol: Mol) -> str | None:
    key: str = Chem.MolToInchiKey(mol)
    return key or None
