"""What is written down of a training: every figure in `training.json`, the main ones in the model card."""

import datetime
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.checkpoint import Card, write_text_atomically
from moldesign.datasets.splits import Rows
from moldesign.predictors.assay import Assay, Target
from moldesign.predictors.baseline import BASELINE_NAME
from moldesign.predictors.cells import Finding
from moldesign.predictors.ensemble_fit import EnsemblePlan, SplitFit
from moldesign.predictors.evaluation import Verdict
from moldesign.predictors.fingerprint_fit import FingerprintBlend
from moldesign.predictors.finished import FinishedNetwork
from moldesign.predictors.outcomes import Outcome
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.tuning import Trial

RECORD_FILE = "training.json"
RECORD_VERSION = 1

_LIBRARIES = ("moldesign", "torch", "torch-geometric", "rdkit", "scikit-learn", "numpy")


class Training(NamedTuple):
    """How a model was made."""

    options: TrainOptions
    plan: EnsemblePlan
    trials: list[Trial]
    fits: list[SplitFit]
    networks: list[FinishedNetwork]
    """The model's own"""
    rows: Rows
    """What these have learned from"""
    beside: FingerprintBlend | None = None
    """The model's own, too"""


def make_record(assay: Assay, outcomes: Sequence[Outcome], training: Training, *, seconds: float) -> dict[str, Any]:
    """Return everything that is known of a training, as JSON can hold it."""
    options, plan, described = training.options, training.plan, describe_assay(assay)
    return {
        "format_version": RECORD_VERSION,
        "date": _today(),
        "seconds": round(seconds, 1),
        "command": options.command,
        "seed": options.seed,
        "device": options.device,
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _LIBRARIES},
        "table": described["table"],
        "split": {
            "kind": options.split,
            "n_folds": options.n_folds,
            "parts": [dict(zip(("train", "valid", "test"), map(len, fit.split), strict=True)) for fit in training.fits],
            "measured_on": describe_split(training),
            "caveat": describe_caveat(assay, training),
        },
        "start": None if plan.encoder is None else plan.encoder.name,
        "network": plan.shape.to_dict(),
        "training": asdict(plan.settings) | {"n_networks": plan.n_networks},
        "forest": describe_fingerprints(assay, training.beside),
        "search": [asdict(trial) for trial in training.trials],
        "curves": _describe_curves(training),
        "baseline": BASELINE_NAME,
        "targets": {
            outcome.endpoint.name: described["targets"][outcome.endpoint.name] | _describe_outcome(assay, outcome)
            for outcome in outcomes
        },
    }


def make_card(assay: Assay, outcomes: Sequence[Outcome], training: Training) -> Card:
    """Return what the model card says beside what every predictor's card says."""
    labels = assay.table.labels[training.rows]
    verdicts = {outcome.endpoint.name: outcome.verdict for outcome in outcomes}
    start = training.plan.encoder
    return {
        "source": f"{assay.source}, {assay.n_rows} rows",
        "licence": "that of the table",
        "split": training.options.split,
        "measured_on": describe_split(training),
        "caveat": describe_caveat(assay, training),
        "n_training_molecules": len(training.rows),
        "n_labels": {target.name: int(np.isfinite(labels[:, t]).sum()) for t, target in enumerate(assay.targets)},
        "test": {outcome.endpoint.name: outcome.figures for outcome in outcomes},
        "test_std": {outcome.endpoint.name: outcome.spread for outcome in outcomes if outcome.spread},
        "baseline": BASELINE_NAME,
        "baseline_test": {outcome.endpoint.name: outcome.baseline_figures for outcome in outcomes},
        "baseline_is_better": [name for name, verdict in verdicts.items() if verdict and verdict.baseline_is_better],
        "thresholds": {
            outcome.endpoint.name: outcome.threshold
            for outcome in outcomes
            if outcome.endpoint.task == "classification"
        },
        "start": "from scratch" if start is None else start.name,
        "forest": describe_fingerprints(assay, training.beside),
        "training_command": training.options.command,
        "seed": training.options.seed,
        "date": _today(),
        "limits": "Predictions are hypotheses: outside the domain of the training set they may mean nothing.",
    }


def describe_split(training: Training) -> str:
    """Return on which molecules the figures were measured, and what the model was trained on."""
    kind, fits = training.options.split, training.fits
    if len(fits) == 1:
        train, valid, test = (len(part) for part in fits[0].split)
        return (
            f"{test} test molecules of a {kind} split, which this model has not seen; it was trained on {train} and "
            f"stopped and calibrated on {valid} others"
        )
    n_tested = sum(len(fit.split.test) for fit in fits)
    return (
        f"{len(fits)} {kind} folds, {n_tested} molecules, each predicted by networks that had not seen it; this model "
        f"was then trained on all {len(training.rows)} molecules, and was not tested itself"
    )


def describe_fingerprints(assay: Assay, beside: FingerprintBlend | None) -> dict[str, Any] | None:
    """Return how much of the predictions of each target the forest and the kernel regression are; None without them."""
    if beside is None:
        return None
    shares = zip(assay.targets, beside.shares.tolist(), strict=True)
    with_kernel = zip(assay.targets, beside.has_kernel.tolist(), strict=True)
    return {
        "n_trees": len(beside.forest.forests[0].roots),
        "shares": {target.name: round(share, 3) for target, share in shares},
        "half_is_kernel_regression": [target.name for target, has_kernel in with_kernel if has_kernel],
    }


def tell_shares(described: Mapping[str, Any]) -> str:
    """Return in words what `describe_fingerprints` has found.

    >>> tell_shares({"shares": {"pIC50": 0.62}, "half_is_kernel_regression": ["pIC50"]})
    '62% of pIC50 (forest and kernel regression)'
    """
    with_kernel = described.get("half_is_kernel_regression", ())
    return ", ".join(
        f"{share:.0%} of {name} ({'forest and kernel regression' if name in with_kernel else 'forest'})"
        for name, share in described["shares"].items()
    )


def describe_caveat(assay: Assay, training: Training) -> str:
    """Return how many test molecules the model knew from which the networks start; empty where it knew none."""
    start = training.plan.encoder
    if start is None:
        return ""
    tested = np.unique(np.concatenate([fit.split.test for fit in training.fits])).tolist()
    n_known = sum(assay.table.smiles[row] in start.learned for row in tested)
    if n_known == 0:
        return ""
    return (
        f"{start.name}, from which the networks start, had learned from {n_known:,} of the {len(tested):,} test "
        "molecules. Where it knew this property, the figures are too good; --from scratch measures without it."
    )


def describe_assay(assay: Assay) -> dict[str, Any]:
    """Return what was read, and what in it is odd, of the table and of each target."""
    table = {
        "source": assay.source,
        "n_rows": assay.n_rows,
        "n_molecules": assay.n_molecules,
        "left_out": _describe_finding(assay.unreadable),
    }
    return {"table": table, "targets": {target.name: _describe_column(target) for target in assay.targets}}


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write `training.json`."""
    write_text_atomically(folder / RECORD_FILE, json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def _describe_column(target: Target) -> dict[str, Any]:
    return {
        "task": target.task,
        "unit": target.unit,
        "log_scale": target.log_scale,
        "n_labels": target.n_labels,
        "n_repeated": target.n_repeated,
        "bad_cells": _describe_finding(target.bad_cells),
        "conflicts": _describe_finding(target.conflicts),
    }


def _describe_outcome(assay: Assay, outcome: Outcome) -> dict[str, Any]:
    return {
        "threshold": outcome.threshold if outcome.endpoint.task == "classification" else None,
        "test": outcome.figures,
        "test_std": outcome.spread,
        "baseline": outcome.baseline_figures,
        "baseline_std": outcome.baseline_spread,
        "folds": [part.figures for part in outcome.parts] if len(outcome.parts) > 1 else [],
        "verdict": _describe_verdict(outcome.verdict),
        "predictions": _describe_predictions(assay, outcome),
    }


def _describe_verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    return None if verdict is None else asdict(verdict) | {"baseline_is_better": verdict.baseline_is_better}


def _describe_predictions(assay: Assay, outcome: Outcome) -> dict[str, list[Any]]:
    column = [one.name for one in assay.targets].index(outcome.endpoint.name)
    rows = np.concatenate([part.rows for part in outcome.parts])
    return {
        "smiles": [assay.table.smiles[row] for row in rows.tolist()],
        "truth": _round(assay.table.labels[rows, column]),
        "value": _round(np.concatenate([part.values for part in outcome.parts])),
        "std": _round(np.concatenate([part.std for part in outcome.parts])),
        "baseline": _round(np.concatenate([part.baseline for part in outcome.parts])),
        "fold": [number for number, part in enumerate(outcome.parts, start=1) for _ in range(len(part.rows))],
    }


def _describe_curves(training: Training) -> list[dict[str, Any]]:
    is_folded = len(training.fits) > 1
    named = [
        (f"fold {number}" if is_folded else "model", finished)
        for number, fit in enumerate(training.fits, start=1)
        for finished in fit.networks
    ]
    if is_folded:
        named += [("model", finished) for finished in training.networks]
    return [
        {
            "part": part,
            "train": _round(np.array([epoch.train for epoch in finished.curve])),
            "valid": [None if epoch.valid is None else round(epoch.valid, 6) for epoch in finished.curve],
            "best_epoch": finished.best_epoch,
        }
        for part, finished in named
    ]


def _describe_finding(finding: Finding) -> dict[str, Any]:
    return {"n": finding.n, "examples": list(finding.examples)}


def _round(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]


def _today() -> str:
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()
