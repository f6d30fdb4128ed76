"""From a table of measurements to a model folder: the whole way, in the order in which it happens."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from moldesign.checkpoint import CARD_FILE, Card, read_card
from moldesign.datasets.folds import fold_rows, split_rows
from moldesign.datasets.splits import Rows, Split
from moldesign.errors import TableError
from moldesign.graphs import GraphTable, count_features, featurize_smiles
from moldesign.predictors.assay import Assay, describe_endpoint, read_assay
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.control import Control, save_control
from moldesign.predictors.control_fit import MeasuredMolecules, fit_control
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.encoder import Encoder, load_encoder
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, SplitFit, fit_split
from moldesign.predictors.finished import FinishedNetwork
from moldesign.predictors.forest import ForestBlend
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.latent import apply_with_states
from moldesign.predictors.model_folder import make_folder, refuse_finished
from moldesign.predictors.outcomes import calibrate, evaluate
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training import TrainingSet, TrainingSettings
from moldesign.predictors.training_record import Training, make_card, make_record, write_record
from moldesign.predictors.tuning import Trial, search_plan
from moldesign.predictors.workload import Progress, Workload

WORK_FOLDER = ".work"
"""Inside the model folder while it is being made: the networks that are finished."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and how good it is."""

    folder: Path
    predictor: Predictor
    record: dict[str, Any]
    """What `training.json` holds: every figure."""


def train_predictor(
    table: str | Path,
    targets: Sequence[str],
    out: str | Path,
    options: TrainOptions | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingResult:
    """Make a model folder of a table of measurements.

    Molecules are standardised, merged and split; an ensemble learns the training part, stops early on the validation
    part and is tested on the test part, beside a random forest. The folder holds the model, `training.json` with every
    figure, and a control that has learned from the test part alone (see `control`). A training that was interrupted
    goes on when it is called again in the same way.

    Args:
        table: CSV, TSV, SMI, SDF or Parquet.
        targets: names of the columns to learn.
        out: the model folder.
        options: everything else.
        on_progress: called while the table is read and after every epoch.

    Raises:
        TableError: the table cannot be read, or holds too little to learn from.
        RunFolderError: the folder holds a model already, or cannot be written.
        UnknownNameError: there is no model to start from by that name.
        ModelFormatError: the model to start from cannot be read.
        MoldesignError: a search is asked for and Optuna is not installed.
    """
    chosen, folder, began = options or TrainOptions(), Path(out), time.monotonic()
    chosen.check()
    refuse_finished(folder)
    encoder = None if chosen.start is None else load_encoder(chosen.start)
    assay, graphs = _read(table, targets, chosen, on_progress)
    splits = _split(assay, chosen)
    bench = _set_up(assay, graphs, chosen, make_folder(folder / WORK_FOLDER, out=folder), on_progress)
    plan, trials = _search(bench, _plan(encoder, chosen, len(targets)), splits[0], chosen.n_trials)
    fits = [_fit(bench, plan, split, number, chosen.n_folds) for number, split in enumerate(splits, start=1)]
    bench.workload.announce("testing")
    calibration = calibrate(assay.table, bench.data.endpoints, fits)
    outcomes = evaluate(assay.table, bench.data.endpoints, fits, calibration, seed=chosen.seed)
    networks, rows = _finish(bench, plan, fits)
    forest = _finish_forest(bench, plan, fits)
    training = Training(chosen, plan, trials, fits, networks, rows, forest)
    record = make_record(assay, outcomes, training, seconds=time.monotonic() - began)
    card = make_card(assay, outcomes, training)
    predictor = replace(_assemble(folder.resolve().name, bench, networks, rows, calibration, card), forest=forest)
    write_record(folder, record)
    predictor.save(folder)
    save_control(folder, _fit_control(assay, bench.data.endpoints, training, sha256=str(read_card(folder)["sha256"])))
    shutil.rmtree(folder / WORK_FOLDER, ignore_errors=True)
    return TrainingResult(folder, predictor, record)


def count_finished(folder: Path) -> int:
    """Return how many networks an interrupted training has left in a folder for the next one."""
    return len(list((folder / WORK_FOLDER).rglob(CARD_FILE)))


def _read(
    table: str | Path, targets: Sequence[str], options: TrainOptions, on_progress: Callable[[Progress], None] | None
) -> tuple[Assay, GraphTable]:
    """Return the molecules that have a graph, and their graphs."""
    assay = read_assay(
        table,
        targets,
        smiles_column=options.smiles_column,
        time_column=options.time_column,
        log=options.log,
        skip_bad=options.skip_bad,
        on_rows=(lambda n: on_progress(Progress("reading the table", n_rows=n))) if on_progress else None,
    )
    featurized = featurize_smiles(assay.table.smiles)
    return assay.select(featurized.rows), featurized.graphs


def _set_up(
    assay: Assay,
    graphs: GraphTable,
    options: TrainOptions,
    work: Path,
    on_progress: Callable[[Progress], None] | None,
) -> Bench:
    n_trained = options.n_networks * (options.n_folds + 1 if options.n_folds else 1) + options.n_trials
    endpoints = [describe_endpoint(assay, column) for column in range(len(assay.targets))]
    return Bench(
        assay.table,
        TrainingSet(graphs, assay.table.labels, endpoints),
        work,
        options.device,
        Workload(n_trained, options.n_epochs, on_progress),
    )


def _split(assay: Assay, options: TrainOptions) -> list[Split]:
    rng = np.random.default_rng(options.seed)
    smiles, times = assay.table.smiles, assay.times
    if options.n_folds:
        splits = fold_rows(options.split, smiles, options.n_folds, rng, times)
    else:
        splits = [split_rows(options.split, smiles, rng, times)]
    for split in splits:
        _require_parts(assay, split, options.split)
    return splits


def _require_parts(assay: Assay, split: Split, kind: str) -> None:
    remedy = f"the {kind} split leaves too little; use --split random or --folds 5, or measure more molecules"
    for t, target in enumerate(assay.targets):
        train, valid, test = (assay.table.labels[rows, t] for rows in split)
        for part, labels in (("training", train), ("validation", valid), ("test", test)):
            if not np.isfinite(labels).any():
                raise TableError(f"{assay.source}: no label of {target.name} is in the {part} part: {remedy}")
        if np.ptp(train[np.isfinite(train)]) == 0:
            raise TableError(f"{assay.source}: all labels of {target.name} in the training part are equal: {remedy}")


def _plan(encoder: Encoder | None, options: TrainOptions, n_targets: int) -> EnsemblePlan:
    shape = NetworkSettings(*count_features(), n_targets)
    if encoder is not None:
        shape = replace(encoder.settings, n_endpoints=n_targets)
    training = TrainingSettings(n_epochs=options.n_epochs, patience=options.patience, loss=options.loss)
    return EnsemblePlan(shape, training, options.n_networks, options.seed, encoder, options.forest)


def _search(bench: Bench, plan: EnsemblePlan, split: Split, n_trials: int) -> tuple[EnsemblePlan, list[Trial]]:
    if not n_trials:
        return plan, []
    bench.workload.begin_stage("searching for settings", n_trials)

    def train(number: int, tried: EnsemblePlan) -> FinishedNetwork:
        return bench.train(tried.plan_member(0, split.train, split.valid), f"search/trial_{number}")

    return search_plan(plan, n_trials, train)


def _fit(bench: Bench, plan: EnsemblePlan, split: Split, number: int, n_folds: int) -> SplitFit:
    stage = f"fold {number} of {n_folds}" if n_folds else "training"
    return fit_split(bench, plan, split, stage=stage, folder=f"split_{number}")


def _finish(bench: Bench, plan: EnsemblePlan, fits: Sequence[SplitFit]) -> tuple[list[FinishedNetwork], Rows]:
    """Return the networks that the user gets, and the rows that they, or the forest beside them, have learned from.

    After a cross-validation they are trained on every molecule, for as long as was best in the folds.
    """
    if len(fits) == 1:
        split = fits[0].split
        rows = split.train if fits[0].forest is None else np.sort(np.concatenate([split.train, split.valid]))
        return fits[0].networks, rows
    n_best = round(median(network.best_epoch for fit in fits for network in fit.networks))
    final = replace(plan, settings=replace(plan.settings, stop_after=n_best, patience=None))
    rows = np.arange(len(bench.table.smiles))
    return bench.train_ensemble(final, rows, None, stage="final model", folder="final"), rows


def _finish_forest(bench: Bench, plan: EnsemblePlan, fits: Sequence[SplitFit]) -> ForestBlend | None:
    """Return the forest that the user gets; after a cross-validation it has learned from every molecule."""
    blends = [fit.forest for fit in fits if fit.forest is not None]
    if len(blends) < 2:
        return blends[0] if blends else None
    shares = np.asarray(np.mean([blend.shares for blend in blends], axis=0), dtype=np.float32)
    return bench.plan_forest(plan.seed).fit(np.arange(len(bench.table.smiles)), shares)


def _fit_control(assay: Assay, endpoints: Sequence[Endpoint], training: Training, *, sha256: str) -> Control:
    """Teach a control on the test molecules, if the networks have seen none of them, nor what they start from."""
    tested = training.fits[0].split.test if len(training.fits) == 1 else np.empty(0, dtype=np.int64)
    known = training.plan.encoder.learned if training.plan.encoder else frozenset[str]()
    unseen = np.array([row for row in tested.tolist() if assay.table.smiles[row] not in known], dtype=np.int64)
    held_out, learned = (assay.table.select(rows) for rows in (unseen, training.rows))
    return fit_control(
        endpoints,
        MeasuredMolecules(held_out.smiles, held_out.labels),
        MeasuredMolecules(learned.smiles, learned.labels),
        sha256=sha256,
    )


def _assemble(
    name: str, bench: Bench, networks: Sequence[FinishedNetwork], rows: Rows, calibration: Calibration, card: Card
) -> Predictor:
    members = tuple(finished.network for finished in networks)
    learned = bench.table.select(rows)
    states = apply_with_states(members[0], bench.data.graphs.select(rows)).states
    domain = fit_domain(learned.smiles, learned.labels, rng=np.random.default_rng(0), states=states)
    return Predictor(name, tuple(bench.data.endpoints), members, domain, card, calibration)
