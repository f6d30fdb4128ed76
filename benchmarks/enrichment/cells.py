"""A cell is a target: what each method scores, its figures, and how much better ours is, with intervals."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.enrichment.methods import METHODS, OURS, Scores
from benchmarks.enrichment.resampling import METRICS, Floats, bound, draw_stratified, measure, measure_resamples
from benchmarks.enrichment.targets import EnrichmentTask
from scripts.teacher.store import (
    StaleFileError,
    StoredPrediction,
    digest,
    load_prediction,
    locate_prediction,
    save_prediction,
)

N_RESAMPLES = 1_000
BASELINES = ("nearest", "forest", "properties")
"""What ours is compared with, pair by pair, on the same resamples."""
BEST = "best baseline"

Cell = dict[str, Any]


def make_cell(task: EnrichmentTask, work: Path, seed: int, methods: Sequence[str]) -> Cell:
    """Return the figures of a target; scores that are stored already are not computed again."""
    is_active = task.test.is_active
    weights = draw_stratified(is_active, N_RESAMPLES, seed)
    values, drawn, seconds = {}, {}, {}
    for method in methods:
        stored = score_or_load(task, work, seed, method)
        scores = stored.values[:, 0]
        values[method], drawn[method] = measure(is_active, scores), measure_resamples(is_active, scores, weights)
        seconds[method] = round(stored.seconds, 1)
    return {
        "recipe": name_recipe(seed, methods),
        "counts": task.counts,
        "left_out": task.left_out,
        "seconds": seconds,
        "figures": {
            method: {name: _round(bound(value, drawn[method][name])) for name, value in values[method].items()}
            for method in methods
        },
        "gains": _compare(values, drawn) if OURS in methods else {},
    }


def name_recipe(seed: int, methods: Sequence[str]) -> str:
    """Return what the figures of a cell depend on beside the data: a cell with another recipe is measured anew."""
    return digest(seed, N_RESAMPLES, *(f"{method}: {METHODS[method].recipe}" for method in methods))


def score_or_load(task: EnrichmentTask, work: Path, seed: int, method: str) -> StoredPrediction:
    """Return the scores of the test molecules, [N, 1], from the work folder if they are there."""
    recipe = digest(METHODS[method].recipe, task.train.smiles, task.train.is_active)
    path = locate_prediction(work, method, task.name, seed)
    if path.is_file() and (found := _load_current(path, task, recipe)) is not None:
        return found
    began = time.monotonic()
    scores: Scores = METHODS[method].rank(task, seed)
    stored = StoredPrediction(scores[:, None], time.monotonic() - began, recipe)
    save_prediction(path, task.test.smiles, stored)
    return stored


def _load_current(path: Path, task: EnrichmentTask, recipe: str) -> StoredPrediction | None:
    try:
        found = load_prediction(path, task.test.smiles)
    except StaleFileError:  # of other molecules: scored again, and written over
        return None
    return found if found.recipe == recipe else None


def _compare(values: Mapping[str, dict[str, float]], drawn: Mapping[str, dict[str, Floats]]) -> dict[str, Any]:
    """Return the gain of ours over each baseline, and over the one that is best on this target, metric by metric."""
    rivals = [method for method in BASELINES if method in values]
    gains: dict[str, Any] = {rival: {} for rival in (*rivals, BEST)}
    for name in METRICS:
        for rival in rivals:
            gain = values[OURS][name] - values[rival][name]
            gains[rival][name] = _round(bound(gain, drawn[OURS][name] - drawn[rival][name]))
        best = max(rivals, key=lambda rival: values[rival][name])
        gains[BEST][name] = gains[best][name]
    return gains


def _round(numbers: Sequence[float]) -> list[float]:
    return [float(f"{number:.5g}") for number in np.asarray(numbers, dtype=float).tolist()]
