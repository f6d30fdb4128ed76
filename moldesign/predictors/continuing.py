"""A training that goes on from a model: new measurements are learned, and the old ones are seen again.

A network that learns new molecules alone forgets the old ones. So every network starts from the weights that it has,
and learns the new training molecules together with old ones (`replay`). Old molecules keep the part that they were
dealt to: what the model was tested on stays unseen, also where the new table measures it again. What is measured anew
of a molecule is merged with what was known, as if both stood in one table. Forest, calibration, domain, baseline and
report are made of all molecules, old and new.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.folds import SplitKind
from moldesign.datasets.growing import NEW, deal_newcomers
from moldesign.datasets.splits import Split
from moldesign.errors import TableError
from moldesign.graphs import GraphTable, featurize_smiles
from moldesign.predictors.assay import Assay, LogChoice, describe_endpoint, merge_rows
from moldesign.predictors.assay_rows import MeasuredRows, join_rows
from moldesign.predictors.bundled import find_model_folder, load_predictor
from moldesign.predictors.completing import WORK_FOLDER, Course, TrainingResult, complete_model
from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.encoder import Encoder, find_origin, recall_origins
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, fit_split
from moldesign.predictors.measurements import OldData
from moldesign.predictors.model_folder import explain_write_errors, make_folder, refuse_finished
from moldesign.predictors.new_data import read_new_data
from moldesign.predictors.old_data import find_old_data, list_splits
from moldesign.predictors.outcomes import Outcome
from moldesign.predictors.progress_made import measure_progress
from moldesign.predictors.replay import ALL_UP_TO, Replay
from moldesign.predictors.training import TrainingSet, TrainingSettings
from moldesign.predictors.workload import Progress, Workload

MIN_NEW = 20
"""New molecules; with fewer there is hardly one to be tested on."""


class _Joined(NamedTuple):
    """Old and new measurements of M molecules."""

    assay: Assay
    graphs: GraphTable
    parts: NDArray[np.int8]
    """[M], see `growing.Parts`"""
    new: MeasuredRows

    @property
    def is_new(self) -> NDArray[np.bool_]:
        new: NDArray[np.bool_] = self.parts == NEW
        return new


def continue_training(
    model: str | Path,
    table: str | Path,
    out: str | Path,
    targets: Sequence[str] | None = None,
    options: ContinueOptions | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingResult:
    """Make a model folder that knows what a model knew, and what a table of new measurements says.

    The record also says under `continued` how the model before and the one after do on old and on new test molecules.
    A training that was interrupted goes on when it is called again in the same way.

    Args:
        model: folder that `moldesign train` made.
        table: CSV, TSV, SMI, SDF or Parquet.
        out: the model folder to make.
        targets: columns of measurements, each called like an endpoint of the model, or like its alias; without them,
            all columns that are. Endpoints that the table does not measure are kept by replay.
        options: everything else.
        on_progress: called while the table is read and after every epoch.

    Raises:
        UnknownNameError: there is no such model.
        ModelFormatError: it cannot be read.
        TableError: the table cannot be read, measures something else, or holds too little that is new.
        RunFolderError: the folder holds a model already, or cannot be written.
        MoldesignError: what the model was trained on is not known, or left nothing to test on.
    """
    chosen, folder, began = options or ContinueOptions(), Path(out), time.monotonic()
    refuse_finished(folder)
    predictor = load_predictor(model)
    old = find_old_data(predictor, find_model_folder(model), chosen)
    splits = list_splits(predictor)
    chosen = replace(chosen, split=chosen.split or splits[0])
    joined = _join(predictor, old, _read_new(predictor, table, targets, chosen, on_progress))
    split = _deal(predictor, joined, chosen, splits)
    plan = _plan(predictor, joined, chosen)
    bench = _set_up(predictor, joined, plan, make_folder(folder / WORK_FOLDER, out=folder), chosen, on_progress)
    with explain_write_errors(folder):
        fits = [fit_split(bench, plan, split, stage="training", folder="split_1")]

    def compare(outcomes: Sequence[Outcome]) -> dict[str, Any]:
        measured = measure_progress(predictor, joined.assay.table, joined.is_new, outcomes)
        return {**_describe(predictor, model, splits), **_count(joined, plan, split), "targets": measured}

    start = None if plan.encoder is None else plan.encoder.name
    course = Course(chosen.complete(start, plan.n_networks, forest=plan.with_forest), plan, [], fits, began)
    with explain_write_errors(folder):
        return complete_model(folder, joined.assay, bench, course, compare=compare)


def _read_new(
    predictor: Predictor,
    table: str | Path,
    targets: Sequence[str] | None,
    options: ContinueOptions,
    on_progress: Callable[[Progress], None] | None,
) -> MeasuredRows:
    if options.split == "time" and not options.time_column:
        raise TableError("a split by time needs the column of the times: add --time-column NAME, or another --split")
    on_rows = (lambda n: on_progress(Progress("reading the table", n_rows=n))) if on_progress else None
    return read_new_data(predictor, table, targets, options, on_rows)


def _join(predictor: Predictor, old: OldData, new: MeasuredRows) -> _Joined:
    """Merge old and new measurements on the scale that the model has learned.

    Raises:
        TableError: hardly any molecule is new.
    """
    logs: list[LogChoice] = ["on" if endpoint.log_scale else "off" for endpoint in predictor.endpoints]
    assay = merge_rows(join_rows(old.rows, new), [endpoint.name for endpoint in predictor.endpoints], logs)
    featurized = featurize_smiles(assay.table.smiles)
    assay = assay.select(featurized.rows)
    parts = np.array([old.parts.get(key, NEW) for key in assay.table.keys], dtype=np.int8)
    n_new = int((parts == NEW).sum())
    if n_new == 0:
        raise TableError(
            f"{new.source}: {predictor.name} knows every molecule in it already: there is nothing to go on with; add "
            "molecules that were not in its table"
        )
    if n_new < MIN_NEW:
        only = "1 molecule is" if n_new == 1 else f"{n_new} molecules are"
        raise TableError(
            f"{new.source}: only {only} new to {predictor.name}; at least {MIN_NEW} are needed to learn from and to be "
            "tested on: measure more, or train a new model on both tables"
        )
    return _Joined(assay, featurized.graphs, parts, new)


def _deal(predictor: Predictor, joined: _Joined, options: ContinueOptions, splits: Sequence[SplitKind]) -> Split:
    kind, table, rng = options.split or splits[0], joined.assay.table, np.random.default_rng(options.seed)
    times = _find_times(joined) if kind == "time" else None
    split = deal_newcomers(joined.parts, table.smiles, kind, rng, old_kinds=splits, times=times)
    for rows, what in ((split.train, "learn from"), (split.test, "be tested on")):
        if not joined.is_new[rows].any():
            raise TableError(
                f"{joined.new.source}: the {kind} split leaves no new molecule to {what}: all resemble those that "
                f"{predictor.name} was {'tested' if what == 'learn from' else 'trained'} on; add --split random, or "
                "measure other molecules"
            )
    return split


def _find_times(joined: _Joined) -> NDArray[np.float64]:
    """Return the earliest time of each new molecule, [M]; NaN of an old one."""
    earliest: dict[str, float] = {}
    stamps = [] if joined.new.times is None else joined.new.times.tolist()
    for key, stamp in zip(joined.new.keys, stamps, strict=True):
        earliest[key] = min(stamp, earliest.get(key, np.inf))
    return np.array([earliest.get(key, np.nan) for key in joined.assay.table.keys])


def _plan(predictor: Predictor, joined: _Joined, options: ContinueOptions) -> EnsemblePlan:
    training = TrainingSettings(
        n_epochs=options.n_epochs,
        patience=options.patience,
        loss=options.loss,
        learning_rate=options.learning_rate,
    )
    all_up_to = ALL_UP_TO if options.replay else 0
    return EnsemblePlan(
        predictor.networks[0].settings,
        training,
        len(predictor.networks),
        options.seed,
        _start_from(predictor),
        (predictor.forest is not None) if options.forest is None else options.forest,
        Replay(~joined.is_new, options.replay, all_up_to),
    )


def _start_from(predictor: Predictor) -> Encoder:
    """Return all weights of the networks; their name, and what was known of test molecules, is that of their origin.

    Raises:
        MoldesignError: the model that they once started from is not there.
    """
    weights = tuple(network.state_dict() for network in predictor.networks)
    return Encoder(find_origin(predictor), predictor.networks[0].settings, weights, recall_origins(predictor))


def _set_up(
    predictor: Predictor,
    joined: _Joined,
    plan: EnsemblePlan,
    work: Path,
    options: ContinueOptions,
    on_progress: Callable[[Progress], None] | None,
) -> Bench:
    endpoints = [_widen(joined.assay, endpoint, t) for t, endpoint in enumerate(predictor.endpoints)]
    return Bench(
        joined.assay.table,
        TrainingSet(joined.graphs, joined.assay.table.labels, endpoints),
        work,
        options.device,
        Workload(plan.n_networks, options.n_epochs, on_progress),
    )


def _widen(assay: Assay, endpoint: Endpoint, column: int) -> Endpoint:
    """Return the endpoint with the range of all its labels; its scale stays, on which the networks speak."""
    newer = describe_endpoint(assay, column)
    ranged = replace(endpoint, low=newer.low, high=newer.high, description=newer.description)
    return ranged.lower_floor(assay.table.labels[:, column])


def _describe(predictor: Predictor, model: str | Path, splits: Sequence[SplitKind]) -> dict[str, Any]:
    return {"model": str(model), "sha256": predictor.card.get("sha256"), "splits": list(splits)}


def _count(joined: _Joined, plan: EnsemblePlan, split: Split) -> dict[str, Any]:
    """Say how many molecules are old and new, and how many old ones each network has seen again."""
    is_new = joined.is_new
    return {
        "n_old": int((~is_new).sum()),
        "n_new": int(is_new.sum()),
        "n_old_training": int((~is_new[split.train]).sum()),
        "n_new_training": int(is_new[split.train].sum()),
        "n_replayed": 0 if plan.replay is None else plan.replay.count(split.train),
    }
