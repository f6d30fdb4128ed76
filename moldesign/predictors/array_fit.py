"""From arrays of SMILES and labels to a predictor: as `moldesign train` does it, without test and files.

Whoever calls it tests it, with data of their own: cross-validation needs all that it is given for learning.
"""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from moldesign.checkpoint import Card
from moldesign.datasets.folds import split_rows
from moldesign.datasets.splits import Rows, Split
from moldesign.devices import require_device
from moldesign.errors import InvalidSmilesError, TableError
from moldesign.graphs import GraphTable, count_features, featurize_smiles
from moldesign.predictors.assay import MIN_LABELS
from moldesign.predictors.calibration import MIN_LABELS as MIN_CALIBRATED
from moldesign.predictors.calibration import Calibration, fit_calibration
from moldesign.predictors.cells import collect
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.encoder import load_encoder
from moldesign.predictors.endpoints import Endpoint, TaskType, fit_endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.ensemble_fit import EnsemblePlan
from moldesign.predictors.fingerprint_fit import FingerprintLearner
from moldesign.predictors.fitting import LabelTable, key_molecules
from moldesign.predictors.forest_fit import ForestLearner
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.latent import apply_ensemble, apply_with_states
from moldesign.predictors.predictions import find_clash
from moldesign.predictors.train_options import DEFAULT_START
from moldesign.predictors.training import TrainingSet, TrainingSettings, train_network

ArraySplit = Literal["scaffold", "random", "cluster"]


class ArrayTarget(NamedTuple):
    """What one column of labels is."""

    name: str
    task: TaskType
    description: str = ""
    log_scale: bool = False


@dataclass(frozen=True)
class ArrayOptions:
    """How the ensemble is trained."""

    training: TrainingSettings = field(default_factory=TrainingSettings)
    """With a patience, one tenth of the molecules decides when a network is best, and is not learned"""
    start: str | Path | None = DEFAULT_START
    """Bundled model or model folder whose encoder the networks start from; None starts from nothing"""
    n_networks: int = 3
    dropout: float = 0.1
    split: ArraySplit = "random"
    """How that tenth is chosen"""
    forest: bool = True
    """Whether a forest and a kernel regression over fingerprints are mixed in, as far as that tenth says"""
    device: str = "cpu"
    seed: int = 0


def fit_arrays(
    smiles: Sequence[Any], labels: NDArray[np.float64], targets: Sequence[ArrayTarget], options: ArrayOptions
) -> Predictor:
    """Train a predictor; PyTorch's global random numbers stay as they were.

    Molecules are standardised. Labels of one molecule are averaged; classes that contradict each other are left out.

    Args:
        smiles: N molecules.
        labels: float64 [N, T] in the unit of each target, 0 or 1 for a classification, NaN where not measured.
        targets: T targets.
        options: how.

    Raises:
        InvalidSmilesError: names the rows that are no molecule.
        ValueError: two targets have one name, one is called like a column of the predictions, or there is no such
            device.
        TableError: a target has too few labels, or all are equal, or the split leaves too little to learn from.
        UnknownNameError: there is no model to start from by that name.
        ModelFormatError: the model to start from cannot be read.
    """
    _require_names([target.name for target in targets])
    require_device(options.device)
    table, graphs = _read(smiles, labels, targets)
    for t, target in enumerate(targets):
        _require_learnable(target.name, table.labels[:, t])
    data = TrainingSet(
        graphs, table.labels, [_describe(target, table.labels[:, t]) for t, target in enumerate(targets)]
    )
    rows, valid = _split(table, targets, options)
    with torch.random.fork_rng(devices=[]):
        networks = _train(data, rows, valid, options)
    beside, calibration = None, Calibration()
    if valid is not None:
        outputs = apply_ensemble(networks, graphs.select(valid)).outputs
        if options.forest:
            learner = ForestLearner(table.smiles, table.labels, data.endpoints, options.seed)
            split = Split(rows, valid, valid[:0])
            blended = FingerprintLearner(learner).blend_split(split, outputs, outputs[:, :0])
            beside, outputs, rows = blended.blend, blended.valid, split.untested
        calibration = _calibrate(data, outputs, valid)
    learned = table.select(rows)
    states = apply_with_states(networks[0], graphs.select(rows)).states
    domain = fit_domain(learned.smiles, learned.labels, rng=np.random.default_rng(0), states=states)
    name = "_".join(target.name for target in targets)
    card = _make_card(learned, targets, options)
    forest, kernel = beside.attach(domain) if beside else (None, None)
    endpoints = tuple(data.endpoints)
    return Predictor(name, endpoints, tuple(networks), domain, card, calibration, forest=forest, kernel=kernel)


def _require_names(names: Sequence[str]) -> None:
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{count} columns of y are called {name!r}; rename all but one")
    if (clash := find_clash(names)) is not None:
        raise ValueError(f"y is called {clash!r}, which is a column of the predictions; rename it")


def _read(
    smiles: Sequence[Any], labels: NDArray[np.float64], targets: Sequence[ArrayTarget]
) -> tuple[LabelTable, GraphTable]:
    """Return unique molecules in the order of their first row, and their graphs."""
    keyed = key_molecules(smiles)
    featurized = featurize_smiles(keyed.smiles)
    pairs = zip(keyed.errors, featurized.errors, strict=True)
    if (bad := collect([early or str(late) for early, late in pairs if early or late])).n:
        raise InvalidSmilesError(
            f"{bad.n} of {len(smiles)} rows are no molecule: {bad.describe()} (rows count from 0); leave them out of "
            "X and y"
        )
    codes, keys = pd.factorize(np.array(keyed.keys, dtype=object))
    merged = pd.DataFrame(labels).groupby(codes, sort=True).mean().to_numpy(dtype=np.float64, copy=True)
    for t, target in enumerate(targets):
        if target.task == "classification":
            merged[(merged[:, t] > 0) & (merged[:, t] < 1), t] = np.nan
    first = np.unique(codes, return_index=True)[1]
    table = LabelTable([str(keyed.smiles[row]) for row in first.tolist()], merged, list(keys))
    kept = np.flatnonzero(np.isfinite(merged).any(axis=1))
    return table.select(kept), featurized.graphs.select(first[kept])


def _require_learnable(name: str, labels: NDArray[np.float64]) -> None:
    known = labels[np.isfinite(labels)]
    if len(known) < MIN_LABELS:
        raise TableError(f"{len(known)} different molecules have a label of {name}; at least {MIN_LABELS} are needed")
    if np.ptp(known) == 0:
        raise TableError(f"every label of {name} is the same; a model needs molecules that differ in it")


def _describe(target: ArrayTarget, labels: NDArray[np.float64]) -> Endpoint:
    return fit_endpoint(
        target.name, target.task, labels, description=target.description or target.name, log_scale=target.log_scale
    )


def _split(table: LabelTable, targets: Sequence[ArrayTarget], options: ArrayOptions) -> tuple[Rows, Rows | None]:
    """Return the rows to learn from, and those that say when to stop."""
    if options.training.patience is None:
        return np.arange(len(table.smiles)), None
    split = split_rows(options.split, table.smiles, np.random.default_rng(options.seed))
    rows = np.sort(np.concatenate([split.train, split.test]))
    for t, target in enumerate(targets):
        learned, validated = table.labels[rows, t], table.labels[split.valid, t]
        if not np.isfinite(validated).any() or np.ptp(learned[np.isfinite(learned)]) == 0:
            raise TableError(
                f"the {options.split} split leaves too few labels of {target.name} to learn from or to stop by: "
                "use split='random', or patience=None, which needs no validation"
            )
    return rows, split.valid


def _train(data: TrainingSet, rows: Rows, valid: Rows | None, options: ArrayOptions) -> list[PropertyNetwork]:
    encoder = None if options.start is None else load_encoder(options.start)
    shape = NetworkSettings(*count_features(), len(data.endpoints)) if encoder is None else encoder.settings
    shape = replace(shape, n_endpoints=len(data.endpoints), dropout=options.dropout)
    plan = EnsemblePlan(shape, options.training, options.n_networks, options.seed, encoder)
    return [
        train_network(data, plan.plan_member(member, rows, valid), device=options.device).cpu()
        for member in range(options.n_networks)
    ]


def _calibrate(data: TrainingSet, outputs: NDArray[np.float32], valid: Rows) -> Calibration:
    """Calibrate the targets that have enough labels among the validation molecules."""
    labels = data.labels[valid]
    asked = np.flatnonzero(np.isfinite(labels).sum(axis=0) >= MIN_CALIBRATED)
    outputs = outputs[:, :, asked]
    endpoints = [data.endpoints[t] for t in asked.tolist()]
    return fit_calibration(endpoints, labels[:, asked], outputs.mean(axis=0), outputs.std(axis=0))


def _make_card(learned: LabelTable, targets: Sequence[ArrayTarget], options: ArrayOptions) -> Card:
    n_labels = np.isfinite(learned.labels).sum(axis=0).tolist()
    return {
        "source": f"arrays, {len(learned.smiles)} molecules",
        "licence": "that of the labels",
        "measured_on": "not measured: it was trained without a test part",
        "n_training_molecules": len(learned.smiles),
        "n_labels": {target.name: n for target, n in zip(targets, n_labels, strict=True)},
        "start": "from scratch" if options.start is None else str(options.start),
        "seed": options.seed,
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "limits": "Predictions are hypotheses: outside the domain of the training set they may mean nothing.",
    }
