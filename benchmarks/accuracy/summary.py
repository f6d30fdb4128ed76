"""From stored predictions to the figures of a table: mean and spread over seeds, gain over the best baseline."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.bootstrap import compare, draw_resamples, measure_resamples
from moldesign.metrics import LOWER_IS_BETTER, METRICS
from scripts.teacher.store import StoredPrediction
from scripts.teacher.tasks import BenchmarkTask

OURS = ("teacher", "student", "open_teacher", "gnn", "finetuned", "trees", "open_trees", "bundled")
BASELINES = ("chemprop", "catboost", "forest", "knn")
N_RESAMPLES = 1_000


class Anchors(NamedTuple):
    """Published figures to print beside ours."""

    sources: Mapping[str, str]
    """What each column holds and where it is from."""
    figures: Mapping[str, Mapping[str, float]]
    """Task -> column -> figure; some are missing."""
    not_comparable: Mapping[str, str]
    """Tasks whose published figures are for other rows, with the reason."""


def read_anchors(path: Path) -> Anchors:
    """Read a file of `benchmarks/anchors`."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Anchors(content["sources"], content["figures"], content["not_comparable"])


def summarize_task(
    task: BenchmarkTask,
    runs: Mapping[str, Sequence[StoredPrediction]],
    anchors: Mapping[str, float],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Return one row of the table.

    Args:
        task: whose test labels are compared with.
        runs: predictions of the test molecules by model, one per seed.
        anchors: published figures of the task by column.
        n_resamples: of the test molecules.
        seed: of the resamples.
    """
    values = {model: [fill_missing(task, run.values) for run in stored] for model, stored in runs.items()}
    models = {model: _summarize_model(task, values[model], stored) for model, stored in runs.items()}
    row = {
        "metric": task.metric,
        "better": "lower" if task.metric in LOWER_IS_BETTER else "higher",
        "n_train": len(task.train.smiles),
        "n_left_out": task.n_left_out,
        "n_unreadable": task.n_unreadable,
        "n_test": len(task.test.smiles),
        "models": models,
        "anchors": dict(anchors),
    }
    baseline = find_best(task.metric, {model: models[model]["mean"] for model in BASELINES if model in models})
    if baseline is None:
        return row
    weights = draw_resamples(len(task.test.smiles), n_resamples, seed)
    drawn = {
        model: (models[model]["mean"], measure_resamples(task.metric, task.test.labels, values[model], weights))
        for model in (baseline, *OURS)
        if model in models
    }
    gains = {
        model: _round_all(compare(task.metric, drawn[model], drawn[baseline])) for model in OURS if model in models
    }
    return row | {"best_baseline": baseline, "gain_over_best_baseline": gains}


def measure(task: BenchmarkTask, values: NDArray[np.float64]) -> float:
    """Return the task's metric of the test predictions [N, T], averaged over the targets on which it is defined."""
    figures = []
    for t, labels in enumerate(task.test.labels.T):
        known = np.isfinite(labels)
        figures.append(METRICS[task.metric](labels[known], values[known, t]))
    defined = [figure for figure in figures if np.isfinite(figure)]
    return float(np.mean(defined)) if defined else float("nan")


def fill_missing(task: BenchmarkTask, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the predictions with the training mean where a model has none: it knows nothing of such a molecule."""
    return np.where(np.isfinite(values), values, np.nanmean(task.train.labels, axis=0))


def find_best(metric: str, figures: Mapping[str, float]) -> str | None:
    """Return the name of the best figure, or None without any.

    >>> find_best("MAE", {"a": 0.5, "b": 0.4}), find_best("AUROC", {"a": 0.5, "b": 0.4}), find_best("MAE", {})
    ('b', 'a', None)
    """
    if not figures:
        return None
    return (min if metric in LOWER_IS_BETTER else max)(figures, key=lambda name: figures[name])


def count_wins(rows: Mapping[str, Mapping[str, Any]], not_comparable: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return for each of our models on how many tasks it is at or above each published column, as "15 of 20"."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row["anchors"]))
    counts: dict[str, dict[str, str]] = {}
    for model in OURS:
        for column in columns:
            wins = [
                _is_at_least(row["metric"], row["models"][model]["mean"], row["anchors"][column])
                for name, row in rows.items()
                if name not in not_comparable and model in row["models"] and column in row["anchors"]
            ]
            if wins:
                counts.setdefault(model, {})[column] = f"{sum(wins)} of {len(wins)}"
    return counts


def count_within(rows: Mapping[str, Mapping[str, Any]], model: str, reference: str, share: float = 0.02) -> str | None:
    """Return on how many tasks a model is worse than another by at most a share of the latter's figure, or better."""
    within = []
    for row in rows.values():
        if {model, reference} <= row["models"].keys():
            best = row["models"][reference]["mean"]
            slack = abs(best) * share * (1 if row["metric"] in LOWER_IS_BETTER else -1)
            within.append(_is_at_least(row["metric"], row["models"][model]["mean"], best + slack))
    return f"{sum(within)} of {len(within)}" if within else None


def _summarize_model(
    task: BenchmarkTask, values: Sequence[NDArray[np.float64]], stored: Sequence[StoredPrediction]
) -> dict[str, Any]:
    figures = [measure(task, run) for run in values]
    n_missing = int(np.max([(~np.isfinite(run.values)).sum() for run in stored]))
    seconds = float(np.mean([run.seconds for run in stored]))
    return {
        "mean": round(float(np.mean(figures)), 5),
        "std": round(float(np.std(figures, ddof=1)), 5) if len(figures) > 1 else None,
        "n_seeds": len(figures),
        "seconds": round(seconds, 1) if np.isfinite(seconds) else None,
        **({"n_without_prediction": n_missing} if n_missing else {}),
    }


def _round_all(gain: Any) -> dict[str, float]:
    return {name: round(value, 5) for name, value in gain._asdict().items()}


def _is_at_least(metric: str, ours: float, theirs: float) -> bool:
    return ours <= theirs if metric in LOWER_IS_BETTER else ours >= theirs
