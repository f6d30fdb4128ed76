"""The calibration of a model, fitted anew on a table of measurements; its networks stay as they are."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.errors import TableError
from moldesign.metrics import compute_ece
from moldesign.predictors.assay import Assay, LogChoice, merge_rows
from moldesign.predictors.assay_rows import read_rows
from moldesign.predictors.bundled import find_model_folder, load_predictor
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.evaluation import choose_threshold
from moldesign.predictors.measurements import copy_measurements
from moldesign.predictors.model_folder import explain_write_errors, make_folder, refuse_finished
from moldesign.predictors.new_data import require_logarithms
from moldesign.predictors.predictions import Predictions
from moldesign.predictors.training_record import describe_assay


@dataclass(frozen=True)
class Refit:
    """A calibration that was fitted anew."""

    n: int
    """Labels it was fitted on"""
    n_trained: int
    """Further labels, which the networks were trained on already"""
    figure: str
    """"coverage", the share of the labels inside the 90 % interval, or "ECE", the expected calibration error"""
    before: float | None
    """That figure of the former calibration on these labels; None where there were no intervals"""


@dataclass(frozen=True)
class Recalibration:
    """A model with a new calibration."""

    folder: Path
    predictor: Predictor
    record: Mapping[str, Any]
    """What the table held, as `training.json` says it"""
    refits: Mapping[str, Refit]
    """By name of the endpoint"""
    kept: Mapping[str, str]
    """Why another one that the table measures was not, by name"""


def recalibrate_model(
    model: str | Path,
    table: str | Path,
    targets: Sequence[str],
    out: str | Path,
    *,
    smiles_column: str | None = None,
    skip_bad: bool = False,
    command: str = "",
) -> Recalibration:
    """Write a model folder with the networks of a model, and a calibration fitted on newly measured molecules.

    Args:
        model: bundled name or model folder.
        table: CSV, TSV, SMI, SDF or Parquet.
        targets: columns of measurements, each called like an endpoint of the model, or like its alias.
        out: the model folder to make.
        smiles_column: name of the SMILES column; without it, the column whose name says so.
        skip_bad: leave out cells that hold no number instead of refusing the table.
        command: what the card says of how it was done.

    Raises:
        UnknownNameError: there is no such model, or it has no endpoint of that name.
        TableError: the table cannot be read, measures something else, or holds too little to calibrate on.
        RunFolderError: the folder holds a model already, or cannot be written.
    """
    folder = Path(out)
    refuse_finished(folder)
    predictor = load_predictor(model)
    new = _read(predictor, table, targets, smiles_column, skip_bad=skip_bad)
    newer = _fit(predictor, new)
    calibrated = replace(predictor, name=folder.resolve().name, calibration=predictor.calibration | newer)
    before, after = (one.predict(new.assay.table.smiles, with_domain=False) for one in (predictor, calibrated))
    refits = {endpoint: _measure(before, new, column) for column, endpoint in _list_columns(predictor, newer)}
    thresholds = dict(predictor.card.get("thresholds", {})) | _choose_thresholds(after, new.labels, refits)
    card = predictor.card | {"thresholds": thresholds, "calibrated_on": _describe(new.assay, refits, command)}
    make_folder(folder, out=folder)
    calibrated = replace(calibrated, card=card)
    with explain_write_errors(folder):
        copy_measurements(find_model_folder(model), folder)
        calibrated.save(folder)
    return Recalibration(folder, calibrated, describe_assay(new.assay), refits, dict(newer.skipped))


class _NewLabels(NamedTuple):
    """What a table tells of the endpoints of a predictor."""

    assay: Assay
    columns: list[int]
    """Of the predictor, of each target of the assay"""
    labels: NDArray[np.float64]
    """[M, T], NaN where not measured, and where the predictor was trained on it"""
    n_trained: NDArray[np.int64]
    """[T], labels that it was trained on"""


def _read(
    predictor: Predictor, table: str | Path, targets: Sequence[str], smiles_column: str | None, *, skip_bad: bool
) -> _NewLabels:
    columns = _find_columns(predictor, table, targets)
    endpoints = [predictor.endpoints[column] for column in columns]
    rows = read_rows(table, targets, smiles_column=smiles_column, skip_bad=skip_bad)
    for target, endpoint, values in zip(targets, endpoints, rows.labels.T, strict=True):
        require_logarithms(rows.source, target, predictor, endpoint, values)
    logs: list[LogChoice] = ["on" if endpoint.log_scale else "off" for endpoint in endpoints]
    assay = merge_rows(rows, targets, logs)
    _require_same_tasks(predictor, columns, assay)
    labels = np.full((assay.n_molecules, len(predictor.endpoints)), np.nan)
    labels[:, columns] = assay.table.labels
    is_trained = predictor.domain.find_trained(assay.table.smiles)
    n_trained = (np.isfinite(labels) & is_trained).sum(axis=0)
    labels[is_trained] = np.nan  # errors there say nothing of new molecules
    return _NewLabels(assay, columns, labels, n_trained)


def _fit(predictor: Predictor, new: _NewLabels) -> Calibration:
    """Return the calibration of the endpoints that can be fitted on the new labels alone.

    Raises:
        TableError: there is none; says why.
    """
    # Without the former calibration, an endpoint that could not be fitted is told from one that was.
    fitted = replace(predictor, calibration=Calibration()).recalibrate(new.assay.table.smiles, new.labels).calibration
    if not fitted.parts:
        none_left = f"{predictor.name} was trained on all its molecules"
        names = [predictor.endpoints[column].name for column in new.columns]
        reasons = "; ".join(f"{name}: {fitted.skipped.get(name, none_left)}" for name in names)
        raise TableError(f"{new.assay.source}: nothing can be calibrated on it ({reasons}); measure other molecules")
    return fitted


def _list_columns(predictor: Predictor, calibration: Calibration) -> list[tuple[int, str]]:
    return [(column, one.name) for column, one in enumerate(predictor.endpoints) if one.name in calibration.parts]


def _find_columns(predictor: Predictor, table: str | Path, targets: Sequence[str]) -> list[int]:
    if not targets:
        known = ", ".join(endpoint.name for endpoint in predictor.endpoints)
        raise TableError(f"{table}: name at least one target; endpoints of {predictor.name}: {known}")
    columns = [predictor.find_column(target) for target in targets]
    if len(set(columns)) < len(columns):
        raise TableError(f"{table}: two of the columns {', '.join(targets)} are the same endpoint of {predictor.name}")
    return columns


def _require_same_tasks(predictor: Predictor, columns: Sequence[int], assay: Assay) -> None:
    for column, target in zip(columns, assay.targets, strict=True):
        endpoint = predictor.endpoints[column]
        if endpoint.task != target.task:
            raise TableError(
                f"{assay.source}: {target.name} is a {target.task} here and a {endpoint.task} in {predictor.name}; "
                f"give values in the unit that the model predicts, {endpoint.unit or endpoint.task}"
            )


def _measure(before: Predictions, new: _NewLabels, column: int) -> Refit:
    """Say how well the former calibration did on the new labels of an endpoint."""
    labels, endpoint = new.labels[:, column], before.endpoints[column]
    known = np.isfinite(labels) & before.is_valid
    truth, n, n_trained = labels[known], int(known.sum()), int(new.n_trained[column])
    if endpoint.task == "classification":
        return Refit(n, n_trained, "ECE", compute_ece(truth, before.values[known, column]))
    if endpoint.name not in before.with_interval:
        return Refit(n, n_trained, "coverage", None)
    is_inside = (before.low[known, column] <= truth) & (truth <= before.high[known, column])
    return Refit(n, n_trained, "coverage", float(is_inside.mean()))


def _choose_thresholds(
    after: Predictions, labels: NDArray[np.float64], refits: Mapping[str, Refit]
) -> dict[str, float]:
    """Return the new probability from which a molecule is called positive, of each classification."""
    chosen = {}
    for column, endpoint in enumerate(after.endpoints):
        if endpoint.task == "classification" and endpoint.name in refits:
            known = np.isfinite(labels[:, column]) & after.is_valid
            chosen[endpoint.name] = choose_threshold(labels[known, column], after.values[known, column])
    return chosen


def _describe(assay: Assay, refits: Mapping[str, Refit], command: str) -> dict[str, Any]:
    return {
        "source": f"{assay.source}, {assay.n_rows} rows",
        "n_labels": {name: refit.n for name, refit in refits.items()},
        "command": command,
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }
