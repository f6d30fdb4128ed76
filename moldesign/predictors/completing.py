"""The end of every training: ensembles that are fitted become a tested model folder."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from moldesign.checkpoint import Card
from moldesign.datasets.splits import Rows, Split
from moldesign.predictors.assay import Assay
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.control import Control, save_control
from moldesign.predictors.control_fit import MeasuredMolecules, fit_control
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, SplitFit
from moldesign.predictors.fingerprint_fit import FingerprintBlend
from moldesign.predictors.finished import FinishedNetwork
from moldesign.predictors.latent import apply_with_states
from moldesign.predictors.measurements import write_measurements
from moldesign.predictors.outcomes import Outcome, calibrate, evaluate
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training_record import Training, make_card, make_record, write_record
from moldesign.predictors.tuning import Trial

WORK_FOLDER = ".work"
"""Inside the model folder while it is being made: the networks that are finished."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and how good it is."""

    folder: Path
    predictor: Predictor
    record: dict[str, Any]
    """What `training.json` holds: every figure."""


class Course(NamedTuple):
    """A training whose ensembles are fitted."""

    options: TrainOptions
    plan: EnsemblePlan
    trials: list[Trial]
    fits: list[SplitFit]
    began: float
    """By `time.monotonic`"""


Compare = Callable[[Sequence[Outcome]], dict[str, Any]]
"""Says, as JSON can hold it, how the model that was gone on from did on the test molecules of these outcomes."""


def complete_model(
    folder: Path, assay: Assay, bench: Bench, course: Course, *, compare: Compare | None = None
) -> TrainingResult:
    """Calibrate, test, and write the model folder, with all that is known of the training.

    Args:
        folder: what is made.
        assay: what was learned from.
        bench: what the ensembles shared.
        course: the training.
        compare: where it went on from another model.
    """
    bench.workload.announce("testing")
    calibration = calibrate(assay.table, bench.data.endpoints, course.fits)
    outcomes = evaluate(assay.table, bench.data.endpoints, course.fits, calibration, seed=course.options.seed)
    networks, rows = _finish(bench, course.plan, course.fits)
    beside = _finish_fingerprints(bench, course.plan, course.fits)
    training = Training(course.options, course.plan, course.trials, course.fits, networks, rows, beside)
    record = make_record(assay, outcomes, training, seconds=time.monotonic() - course.began)
    card = make_card(assay, outcomes, training)
    if compare is not None:
        record["continued"] = compare(outcomes)
        card["continued_from"] = {name: record["continued"][name] for name in ("model", "sha256", "splits")}
    predictor = _assemble(folder.resolve().name, bench, training, calibration, card)
    write_record(folder, record)
    write_measurements(folder, assay, _describe_parts(course.fits, len(bench.table.smiles)))

    def add_control(sha256: str) -> None:
        save_control(folder, _fit_control(assay, bench.data.endpoints, training, sha256=sha256))

    # A folder with a card is finished: whoever stops before that can give the same command again.
    predictor.save(folder, before_card=add_control)
    shutil.rmtree(folder / WORK_FOLDER, ignore_errors=True)
    return TrainingResult(folder, predictor, record)


def _finish(bench: Bench, plan: EnsemblePlan, fits: Sequence[SplitFit]) -> tuple[list[FinishedNetwork], Rows]:
    """Return the networks that the user gets, and the rows that they, or what is beside them, have learned from.

    After a cross-validation they are trained on every molecule, for as long as was best in the folds.
    """
    if len(fits) == 1:
        split = fits[0].split
        rows = split.train if fits[0].beside is None else split.untested
        return fits[0].networks, rows
    n_best = round(median(network.best_epoch for fit in fits for network in fit.networks))
    final = replace(plan, settings=replace(plan.settings, stop_after=n_best, patience=None))
    rows = np.arange(len(bench.table.smiles))
    return bench.train_ensemble(final, rows, None, stage="final model", folder="final"), rows


def _finish_fingerprints(bench: Bench, plan: EnsemblePlan, fits: Sequence[SplitFit]) -> FingerprintBlend | None:
    """Return what stands beside these networks; after a cross-validation it has learned from every molecule."""
    blends = [fit.beside for fit in fits if fit.beside is not None]
    if len(blends) < 2:
        return blends[0] if blends else None
    shares = np.asarray(np.mean([blend.shares for blend in blends], axis=0), dtype=np.float32)
    return bench.plan_fingerprints(plan.seed).fit(np.arange(len(bench.table.smiles)), shares)


def _describe_parts(fits: Sequence[SplitFit], n: int) -> Split:
    """Return the parts of the molecules; after a cross-validation the model has learned from all of them."""
    nothing = np.empty(0, dtype=np.int64)
    return fits[0].split if len(fits) == 1 else Split(np.arange(n), nothing, nothing)


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


def _assemble(name: str, bench: Bench, training: Training, calibration: Calibration, card: Card) -> Predictor:
    members = tuple(finished.network for finished in training.networks)
    learned = bench.table.select(training.rows)
    states = apply_with_states(members[0], bench.data.graphs.select(training.rows)).states
    domain = fit_domain(learned.smiles, learned.labels, rng=np.random.default_rng(0), states=states)
    forest, kernel = training.beside.attach(domain) if training.beside else (None, None)
    endpoints = tuple(bench.data.endpoints)
    return Predictor(name, endpoints, members, domain, card, calibration, forest=forest, kernel=kernel)
