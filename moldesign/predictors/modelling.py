"""From a table of measurements to a model folder: the whole way, in the order in which it happens."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from moldesign.checkpoint import CARD_FILE
from moldesign.datasets.folds import fold_rows, split_rows
from moldesign.datasets.splits import Split
from moldesign.errors import TableError
from moldesign.graphs import GraphTable, count_features, featurize_smiles
from moldesign.predictors.assay import Assay, describe_endpoint, read_assay, refuse_target_names
from moldesign.predictors.completing import WORK_FOLDER, Course, TrainingResult, complete_model
from moldesign.predictors.encoder import Encoder, load_encoder
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, SplitFit, fit_split
from moldesign.predictors.finished import FinishedNetwork
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.model_folder import explain_write_errors, make_folder, refuse_finished
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training import TrainingSet, TrainingSettings
from moldesign.predictors.tuning import Trial, search_plan
from moldesign.predictors.workload import Progress, Workload


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
    figure, the measurements that a later training can go on from (see `continuing`), and a control that has learned
    from the test part alone (see `control`). A training that was interrupted
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
    refuse_target_names(table, targets)
    encoder = None if chosen.start is None else load_encoder(chosen.start)
    assay, graphs = _read(table, targets, chosen, on_progress)
    splits = _split(assay, chosen)
    bench = _set_up(assay, graphs, chosen, make_folder(folder / WORK_FOLDER, out=folder), on_progress)
    with explain_write_errors(folder):
        plan, trials = _search(bench, _plan(encoder, chosen, len(targets)), splits[0], chosen.n_trials)
        fits = [_fit(bench, plan, split, number, chosen.n_folds) for number, split in enumerate(splits, start=1)]
        return complete_model(folder, assay, bench, Course(chosen, plan, trials, fits, began))


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
