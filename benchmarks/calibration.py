"""Does a predictor know what it does not know? Intervals, probabilities, spread and domain on the TDC ADMET test sets.

    python -m benchmarks.calibration --model admet --data DATA

For each task of the benchmark group that the model has an endpoint for, on the official test split:

* regression: share of measured values inside the 90 % interval and the interval's mean width, beside the interval of
  constant width that the same held-out errors give; in units of the endpoint's spread on the scale it is learned on;
* classification: expected calibration error over ten bins of equal width, beside that of the uncalibrated
  probabilities, and beside what a perfectly calibrated model with the same probabilities gets from so few molecules;
* both: mean error in each fifth of the predictions by their `std`, whether it grows from fifth to fifth, the rank
  correlation of error and `std`, and the mean error outside the domain over that inside.

Errors are absolute, of a classification |class - probability|; those compared with `std` are in the unit of the
endpoint, as `std` is, the others on the scale that the endpoint is learned on.
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.harness import write_result
from moldesign.datasets.catalog import TDC_ADMET, load_tdc_admet
from moldesign.metrics import compute_ece, compute_spearman
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.calibration import DEFAULT_LEVEL, Calibration, ConformalInterval
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor

MIN_OUTSIDE = 10
"""Molecules on either side of the domain's edge below which no ratio of errors is given."""
N_SIMULATED = 200
NO_CALIBRATION = (
    "the model carries no calibration: there are no intervals, and probabilities are as the networks give them"
)

Figures = dict[str, float | list[float]]


class Tested(NamedTuple):
    """One endpoint on the n molecules of its test set that the model could read; each [n]."""

    endpoint: Endpoint
    labels: NDArray[np.float64]
    values: NDArray[np.float32]
    uncalibrated: NDArray[np.float32]
    """Probabilities without the calibration"""
    std: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    in_domain: NDArray[np.bool_]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Absolute errors in the unit of the endpoint."""
        return np.abs(self.labels - self.values)

    @property
    def scaled_errors(self) -> NDArray[np.float64]:
        """Absolute errors on the scale that the endpoint is learned on."""
        if self.endpoint.task == "classification":
            return self.errors
        return np.abs(scale(self.endpoint, self.labels) - scale(self.endpoint, self.values))


def main() -> None:
    options = parse_options()
    predictor = load_predictor(options.model)
    if not predictor.calibration.parts:
        print(NO_CALIBRATION, flush=True)
    rng = np.random.default_rng(options.seed)
    figures: dict[str, Figures] = {}
    for column, endpoint in enumerate(predictor.endpoints):
        if endpoint.name in TDC_ADMET:
            table = load_tdc_admet(endpoint.name, options.data).test.head(options.limit)
            figures[endpoint.name] = measure(run(predictor, column, table), predictor.calibration, rng)
            print(endpoint.name, figures[endpoint.name], flush=True)
    extra = {
        "model": predictor.name,
        "model_sha256": predictor.card.get("sha256"),
        "calibration": predictor.calibration.to_card() or NO_CALIBRATION,
        "level": DEFAULT_LEVEL,
        "summary": summarize(figures),
    }
    for name, value in extra["summary"].items():
        print(f"{name}: {value}")
    if options.limit is None:
        print(write_result("calibration", figures, seed=options.seed, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="admet", help="bundled name or model folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--limit", type=int, help="first rows of each test set, to try the program; writes no result")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def run(predictor: Predictor, column: int, table: pd.DataFrame) -> Tested:
    """Predict a test set, with and without the calibration."""
    smiles = table["smiles"].tolist()
    predictions = predictor.predict(smiles)
    bare = replace(predictor, calibration=Calibration()).predict(smiles, with_domain=False)
    rows = np.flatnonzero(predictions.is_valid)
    parts = (predictions.std, predictions.low, predictions.high, predictions.in_domain)
    return Tested(
        predictor.endpoints[column],
        table["label"].to_numpy(float)[rows],
        predictions.values[rows, column],
        bare.values[rows, column],
        *(part[rows, column] for part in parts),
    )


def measure(tested: Tested, calibration: Calibration, rng: np.random.Generator) -> Figures:
    """Return the figures of one task; what is not defined is left out."""
    part = calibration.parts.get(tested.endpoint.name)
    if tested.endpoint.task == "classification":
        own = measure_probabilities(tested, rng)
    else:
        own = measure_intervals(tested, part) if isinstance(part, ConformalInterval) else {}
    return {"n": len(tested.labels), **own, **measure_spread(tested), **measure_domain(tested)}


def measure_intervals(tested: Tested, interval: ConformalInterval) -> Figures:
    """Return coverage and mean width of the intervals, and of those of constant width."""
    constant = ConformalInterval(interval.errors, np.zeros_like(interval.errors), 1.0).find_factor(DEFAULT_LEVEL)
    inside = (tested.labels >= tested.low) & (tested.labels <= tested.high)
    width = scale(tested.endpoint, tested.high) - scale(tested.endpoint, tested.low)
    return {
        "coverage": rounded(inside.mean()),
        "coverage_constant_width": rounded((tested.scaled_errors <= constant).mean()),
        "width": rounded(width.mean()),
        "width_constant": rounded(2 * constant),
    }


def measure_probabilities(tested: Tested, rng: np.random.Generator) -> Figures:
    """Return calibration errors: ours, uncalibrated, and of classes drawn from our own probabilities."""
    drawn = rng.random((N_SIMULATED, len(tested.values))) < tested.values
    return {
        "ece": rounded(compute_ece(tested.labels, tested.values)),
        "ece_uncalibrated": rounded(compute_ece(tested.labels, tested.uncalibrated)),
        "ece_if_perfect": rounded(np.mean([compute_ece(classes, tested.values) for classes in drawn])),
    }


def measure_spread(tested: Tested) -> Figures:
    """Return the mean error in each fifth of the molecules by `std`, and how well both go together."""
    fifths = np.array_split(np.argsort(tested.std, kind="stable"), 5)
    errors = [float(tested.errors[rows].mean()) for rows in fifths]
    return {
        "error_by_std_fifth": [rounded(error) for error in errors],
        "grows_with_std": int(all(a < b for a, b in pairwise(errors))),
        **defined("error_std_spearman", compute_spearman(tested.errors, tested.std)),
    }


def measure_domain(tested: Tested) -> Figures:
    """Return the share of molecules outside the domain, and how much larger their errors are."""
    outside = ~tested.in_domain
    share: Figures = {"outside_domain": rounded(outside.mean())}
    if min(outside.sum(), tested.in_domain.sum()) < MIN_OUTSIDE:
        return share
    ratio = tested.scaled_errors[outside].mean() / tested.scaled_errors[tested.in_domain].mean()
    return share | {"error_outside_over_inside": rounded(ratio)}


def summarize(figures: Mapping[str, Figures]) -> dict[str, Any]:
    """Return how many tasks do what is asked of an honest predictor."""
    coverage = collect(figures, "coverage")
    large = [row["coverage"] for row in figures.values() if "coverage" in row and row["n"] >= 200]
    ece, ratio = collect(figures, "ece"), collect(figures, "error_outside_over_inside")
    return {
        **({"mean_coverage": rounded(np.mean(coverage))} if coverage else {}),
        "coverage_85_to_95_of_200_or_more": count(0.85 <= value <= 0.95 for value in large),
        "ece_up_to_0.05": count(value <= 0.05 for value in ece),
        "error_grows_with_std": count(bool(value) for value in collect(figures, "grows_with_std")),
        "error_larger_outside_domain": count(value > 1 for value in ratio),
        **({"median_error_outside_over_inside": rounded(np.median(ratio))} if ratio else {}),
    }


def collect(figures: Mapping[str, Figures], name: str) -> list[Any]:
    return [row[name] for row in figures.values() if name in row]


def count(holds: Iterable[bool]) -> str:
    listed = list(holds)
    return f"{sum(listed)} of {len(listed)}"


def scale(endpoint: Endpoint, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values in the unit of the endpoint on the scale it is learned on."""
    return endpoint.to_targets(values.astype(np.float64)).astype(np.float64)


def defined(name: str, value: float) -> Figures:
    return {name: rounded(value)} if np.isfinite(value) else {}


def rounded(value: Any) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
