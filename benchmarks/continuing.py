"""What does a model gain, and what does it forget, when it goes on with newer measurements?

    python -m benchmarks.continuing --data DATA

Two targets of ChEMBL (pChEMBL values of PI3K alpha and of BACE1), split by year as DeepChem did: the old molecules are
those of its validation part, the new ones a sample of its test part, which is later. Each way ends in one network and a
forest, and is measured on the same test molecules, whose scaffolds none has learned from:

* as it was: trained on the old molecules alone;
* continued: `train --continue`, with the old molecules replayed;
* without replay: the same, on the new molecules alone, though old validation molecules still say when to stop;
* from scratch: trained on all old and new molecules at once, from where the model once started.

The learning rate is the one whose validation loss, a mean over the targets, is lowest; the test is looked at once.
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
from moldesign.graphs import featurize_smiles
from moldesign.predictors.assay import describe_endpoint, merge_rows
from moldesign.predictors.completing import TrainingResult
from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.continuing import continue_training
from moldesign.predictors.encoder import load_encoder
from moldesign.predictors.ensemble import Predictor, load_model_folder
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, fit_split
from moldesign.predictors.measurements import OldData, read_measurements
from moldesign.predictors.modelling import train_predictor
from moldesign.predictors.train_options import DEFAULT_START, TrainOptions
from moldesign.predictors.training import TrainingSet, TrainingSettings
from moldesign.predictors.workload import Workload

TARGETS = ("CHEMBL4005", "CHEMBL4822")
FILES = {"old": Path("chembl", "chembl_sparse_ts_valid.csv.gz"), "new": Path("chembl", "chembl_sparse_ts_test.csv.gz")}
RATES = (2e-3, 5e-4, 2e-4)
COLUMN = "pchembl"

Figures = dict[str, float]


class Tested(NamedTuple):
    """Test molecules of one target."""

    smiles: list[str]
    truth: np.ndarray
    is_new: np.ndarray


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
        **{"targets": options.targets, "n_new": options.new, "networks": 1, "epochs": options.epochs},
        **{"patience": options.patience, "split": "scaffold", "start": DEFAULT_START},
        **{"validation_loss_by_rate": {str(rate): round(loss, 4) for rate, loss in losses.items()}},
        "learning_rate": chosen,
    }
    if not options.trial:
        print(write_result("continuing", figures, seed=options.seed, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--targets", nargs="+", default=list(TARGETS))
    parser.add_argument("--new", type=int, default=300, help="new molecules")
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
    base = TrainOptions(n_networks=1, n_epochs=options.epochs, patience=options.patience, seed=options.seed)
    train_predictor(tables["old"], [COLUMN], work / target, base)
    runs = {}
    for rate in RATES:
        result = go_on(target, f"{target}_{rate}", rate, options, work)
        runs[rate] = Run(min(result.record["curves"][0]["valid"]), result)
        print(target, rate, runs[rate].loss, flush=True)
    return runs


def write_tables(target: str, options: argparse.Namespace, work: Path) -> dict[str, Path]:
    """Write the old and the new measurements of a target; the new ones are a sample of the later part."""
    paths = {}
    for age, file in FILES.items():
        frame = pd.read_csv(options.data / file, usecols=["smiles", target]).dropna().rename(columns={target: COLUMN})
        if age == "new":
            frame = frame.sample(options.new, random_state=options.seed)
        paths[age] = work / f"{target}_{age}.csv"
        frame.to_csv(paths[age], index=False)
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
    every, old = (read_measurements(folder, [COLUMN]) for folder in (continued.folder, work / target))
    if every is None or old is None:
        raise RuntimeError("a model folder holds no measurements")
    naive = go_on(target, f"{target}_naive", rate, options, work, replay=0.0)
    began = time.monotonic()
    scratch = retrain(every, options, work / f"{target}_scratch")
    scratch_seconds = time.monotonic() - began
    tested = find_tested(continued, every, old)
    ways = {
        "as it was": (load_model_folder(work / target), 0.0),
        "continued": (continued.predictor, continued.record["seconds"]),
        "without replay": (naive.predictor, naive.record["seconds"]),
        "from scratch": (scratch, scratch_seconds),
    }
    figures = {
        f"{target}, {way}": {**measure(predictor, tested), "seconds": round(seconds, 1)}
        for way, (predictor, seconds) in ways.items()
    }
    for name, row in figures.items():
        print(name, row, flush=True)
    return figures


def find_tested(continued: TrainingResult, every: OldData, old: OldData) -> Tested:
    rows = continued.record["targets"][COLUMN]["predictions"]
    key_of = {text: key for key, text in every.rows.smiles.items()}
    is_new = np.array([key_of[text] not in old.parts for text in rows["smiles"]])
    return Tested(rows["smiles"], np.array(rows["truth"]), is_new)


def retrain(every: OldData, options: argparse.Namespace, work: Path) -> Predictor:
    """Train on all molecules at once, each in the part that it has in the continued model."""
    assay = merge_rows(every.rows, [COLUMN], ["off"])
    featurized = featurize_smiles(assay.table.smiles)
    assay = assay.select(featurized.rows)
    parts = np.array([every.parts[key] for key in assay.table.keys])
    encoder = load_encoder(DEFAULT_START)
    endpoint = describe_endpoint(assay, 0)
    data = TrainingSet(featurized.graphs, assay.table.labels, [endpoint])
    settings = TrainingSettings(n_epochs=options.epochs, patience=options.patience, loss="weighted")
    shape = replace(encoder.settings, n_endpoints=1)
    plan = EnsemblePlan(shape, settings, 1, options.seed, encoder)
    bench = Bench(assay.table, data, work, "cpu", Workload(1, options.epochs, None))
    split = Split(*(np.flatnonzero(parts == part) for part in (TRAIN, VALID, TEST)))
    fit = fit_split(bench, plan, split, stage="training", folder="scratch")
    domain = load_model_folder(work.parent / f"{work.name.removesuffix('_scratch')}").domain
    members = tuple(finished.network for finished in fit.networks)
    return Predictor("scratch", (endpoint,), members, domain, {}, forest=fit.forest)


def measure(predictor: Predictor, tested: Tested) -> Figures:
    """Return the mean absolute errors of a model, and of its network without the forest."""
    figures: Figures = {}
    for title, one in (("", predictor), ("_network_alone", replace(predictor, forest=None))):
        errors = np.abs(one.predict(tested.smiles, with_domain=False).values[:, 0] - tested.truth)
        figures[f"old_test_mae{title}"] = round(float(errors[~tested.is_new].mean()), 4)
        figures[f"new_test_mae{title}"] = round(float(errors[tested.is_new].mean()), 4)
    return figures | {"n_old_test": int((~tested.is_new).sum()), "n_new_test": int(tested.is_new.sum())}


if __name__ == "__main__":
    main()
