"""What does a model gain, and what does it forget, when it goes on with newer measurements?

    python -m benchmarks.continuing --data DATA

Two targets of ChEMBL (pChEMBL values of PI3K alpha and of BACE1), split by year as DeepChem did: the old molecules are
a sample of its validation part, the new ones a sample of its test part, which is later. Four ways end in one network
and models of fingerprints each, and are measured on all other molecules of both parts, which none has learned, once:

* as it was: trained on the old molecules alone;
* continued: `train --continue`, with the old molecules replayed;
* without replay: the same, on the new molecules alone, though old validation molecules still say when to stop;
* from scratch: trained on the old and the new molecules at once, in the same parts.

Networks start from nothing, so that nothing is known of the test. The learning rate is the one whose validation loss,
on old and new validation molecules, a mean over the targets, is lowest.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.harness import write_result
from moldesign.datasets.growing import TEST, TRAIN, VALID
from moldesign.datasets.splits import Split
from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors.assay import describe_endpoint, merge_rows, read_assay
from moldesign.predictors.completing import TrainingResult
from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.continuing import continue_training
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.ensemble import Predictor, load_model_folder
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, fit_split
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.measurements import OldData, read_measurements
from moldesign.predictors.modelling import train_predictor
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training import TrainingSet, TrainingSettings
from moldesign.predictors.workload import Workload

TARGETS = ("CHEMBL4005", "CHEMBL4822")
FILES = {"old": Path("chembl", "chembl_sparse_ts_valid.csv.gz"), "new": Path("chembl", "chembl_sparse_ts_test.csv.gz")}
RATES = (2e-3, 5e-4, 2e-4)
COLUMN = "pchembl"

Figures = dict[str, float]


class Tested(NamedTuple):
    """Measured molecules that no way has learned from."""

    smiles: list[str]
    truth: np.ndarray


def main() -> None:
    options = parse_options()
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as work:
        tried = {target: try_rates(target, options, Path(work)) for target in options.targets}
        losses = {rate: float(np.mean([runs[rate].loss for runs in tried.values()])) for rate in RATES}
        chosen = min(losses, key=losses.__getitem__)
        print(f"validation losses {losses}: {chosen} is chosen", flush=True)
        for target in options.targets:
            figures |= compare(target, tried[target][chosen].result, chosen, options, Path(work))
    extra = {
        **{"targets": options.targets, "n_old": options.old, "n_new": options.new, "networks": 1},
        **{"epochs": options.epochs, "patience": options.patience, "split": "scaffold", "start": "from scratch"},
        **{"validation_loss_by_rate": {str(rate): round(loss, 4) for rate, loss in losses.items()}},
        "learning_rate": chosen,
    }
    if not options.trial:
        print(write_result("continuing", figures, seed=options.seed, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--targets", nargs="+", default=list(TARGETS))
    parser.add_argument("--old", type=int, default=600, help="old molecules")
    parser.add_argument("--new", type=int, default=200, help="new molecules")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--patience", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trial", action="store_true", help="write no result")
    return parser.parse_args()


class Run(NamedTuple):
    """A training at one learning rate."""

    loss: float
    result: TrainingResult


def try_rates(target: str, options: argparse.Namespace, work: Path) -> dict[float, Run]:
    """Train on the old molecules, go on with the new ones at each rate, and return the best validation losses."""
    tables = write_tables(target, options, work)
    base = TrainOptions(start=None, n_networks=1, n_epochs=options.epochs, patience=options.patience, seed=options.seed)
    train_predictor(tables["old"], [COLUMN], work / target, base)
    runs = {}
    for rate in RATES:
        result = go_on(target, f"{target}_{rate}", rate, options, work)
        runs[rate] = Run(min(result.record["curves"][0]["valid"]), result)
        print(target, rate, runs[rate].loss, flush=True)
    return runs


def write_tables(target: str, options: argparse.Namespace, work: Path) -> dict[str, Path]:
    """Write a sample of the old and of the new measurements, and beside each one the rest, which is the test."""
    paths = {}
    for age, file in FILES.items():
        frame = pd.read_csv(options.data / file, usecols=["smiles", target]).dropna().rename(columns={target: COLUMN})
        chosen = frame.sample(getattr(options, age), random_state=options.seed)
        paths[age] = work / f"{target}_{age}.csv"
        chosen.to_csv(paths[age], index=False)
        frame.drop(chosen.index).to_csv(work / f"{target}_{age}_test.csv", index=False)
    return paths


def go_on(
    target: str, name: str, rate: float, options: argparse.Namespace, work: Path, **changes: Any
) -> TrainingResult:
    settings = ContinueOptions(
        n_epochs=options.epochs, patience=options.patience, seed=options.seed, learning_rate=rate, **changes
    )
    return continue_training(work / target, work / f"{target}_new.csv", work / name, options=settings)


def compare(
    target: str, continued: TrainingResult, rate: float, options: argparse.Namespace, work: Path
) -> dict[str, Figures]:
    """Return the figures of every way on the test molecules of a target."""
    every = read_measurements(continued.folder, [COLUMN])
    if every is None:
        raise RuntimeError(f"{continued.folder} holds no measurements")
    naive = go_on(target, f"{target}_naive", rate, options, work, replay=0.0)
    began = time.monotonic()
    scratch = retrain(every, options, work / target)
    ways = {
        "as it was": (load_model_folder(work / target), 0.0),
        "continued": (continued.predictor, continued.record["seconds"]),
        "without replay": (naive.predictor, naive.record["seconds"]),
        "from scratch": (scratch, time.monotonic() - began),
    }
    tested = {age: find_tested(work / f"{target}_{age}_test.csv", every) for age in FILES}
    former = {age: find_errors(ways["as it was"][0], rows) for age, rows in tested.items()}
    figures = {
        f"{target}, {way}": {**measure(predictor, tested, former), "seconds": round(seconds, 1)}
        for way, (predictor, seconds) in ways.items()
    }
    for name, row in figures.items():
        print(name, row, flush=True)
    return figures


def find_tested(path: Path, learned: OldData) -> Tested:
    """Read the molecules of a table that none has learned from, copies merged."""
    table = read_assay(path, [COLUMN], log="off").table
    known = set(learned.rows.keys)
    rows = [row for row, key in enumerate(table.keys) if key not in known and np.isfinite(table.labels[row, 0])]
    return Tested([table.smiles[row] for row in rows], table.labels[rows, 0])


def retrain(every: OldData, options: argparse.Namespace, former: Path) -> Predictor:
    """Train on all molecules at once, each in the part that it has in the continued model."""
    assay = merge_rows(every.rows, [COLUMN], ["off"])
    featurized = featurize_smiles(assay.table.smiles)
    assay = assay.select(featurized.rows)
    parts = np.array([every.parts[key] for key in assay.table.keys])
    split = Split(*(np.flatnonzero(parts == part) for part in (TRAIN, VALID, TEST)))
    endpoint = describe_endpoint(assay, 0)
    data = TrainingSet(featurized.graphs, assay.table.labels, [endpoint])
    settings = TrainingSettings(n_epochs=options.epochs, patience=options.patience, loss="weighted")
    plan = EnsemblePlan(NetworkSettings(*count_features(), 1), settings, 1, options.seed, None)
    work = former.with_name(f"{former.name}_scratch")
    bench = Bench(assay.table, data, work, "cpu", Workload(1, options.epochs, None))
    fit = fit_split(bench, plan, split, stage="training", folder="scratch")
    members = tuple(finished.network for finished in fit.networks)
    learned = assay.table.select(split.untested)
    domain = fit_domain(learned.smiles, learned.labels, rng=np.random.default_rng(0))
    forest, kernel = fit.beside.attach(domain)
    return Predictor("scratch", (endpoint,), members, domain, {}, forest=forest, kernel=kernel)


def measure(predictor: Predictor, tested: dict[str, Tested], former: dict[str, np.ndarray]) -> Figures:
    """Return errors of a model, their gain over the former one, how sure it is, and errors of the network alone."""
    figures: Figures = {}
    for age, rows in tested.items():
        gains = former[age] - find_errors(predictor, rows)
        figures[f"{age}_mae"] = rounded(former[age].mean() - gains.mean())
        figures[f"{age}_gain"] = rounded(gains.mean())
        figures[f"{age}_gain_error"] = rounded(gains.std(ddof=1) / np.sqrt(len(gains)))
        alone = replace(predictor, forest=None, kernel=None)
        figures[f"{age}_mae_network_alone"] = rounded(find_errors(alone, rows).mean())
        figures[f"n_{age}"] = len(gains)
    return figures


def find_errors(predictor: Predictor, tested: Tested) -> np.ndarray:
    return np.abs(predictor.predict(tested.smiles, with_domain=False).values[:, 0] - tested.truth)


def rounded(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
