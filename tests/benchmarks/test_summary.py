"""The rows of an accuracy table: mean over seeds, the best baseline, gains, wins against published figures."""

import json
import math

import numpy as np
import pytest

from benchmarks.accuracy.summary import (
    count_wins,
    count_within,
    fill_missing,
    measure,
    read_anchors,
    summarize_task,
)
from benchmarks.admet_accuracy import ANCHORS, CHEMPROP_TASKS
from moldesign.datasets.catalog import TDC_ADMET
from scripts.teacher.store import StoredPrediction
from tests.toy_task import double_targets, make_task

TASK = make_task("regression", n_train=30, n_test=40)


def runs(*errors, seconds=2.0):
    return [StoredPrediction(TASK.test.labels + error, seconds, "") for error in errors]


def row(mean, metric="MAE", **anchors):
    return {"metric": metric, "models": {name: {"mean": value} for name, value in mean.items()}, "anchors": anchors}


def test_row_says_what_was_measured():
    models = {"trees": runs(0.1, 0.3), "forest": runs(0.5, 0.5), "knn": runs(1.0)}
    summary = summarize_task(TASK, models, {"best_clean": 0.3}, n_resamples=50)
    assert (summary["metric"], summary["better"], summary["n_test"], summary["n_train"]) == ("MAE", "lower", 40, 30)
    assert summary["models"]["trees"] == {"mean": 0.2, "std": 0.14142, "n_seeds": 2, "seconds": 2.0}
    assert summary["models"]["knn"]["std"] is None
    assert summary["best_baseline"] == "forest"
    assert summary["gain_over_best_baseline"] == {"trees": {"gain": 0.3, "low": 0.3, "high": 0.3}}
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_bootstrap_pairs_the_molecules():
    shared = np.where(np.arange(40)[:, None] < 20, 0.0, 2.0)  # both models fail on the same half
    models = {"trees": runs(shared + 0.1), "forest": runs(shared + 0.2)}
    gain = summarize_task(TASK, models, {}, n_resamples=200)["gain_over_best_baseline"]["trees"]
    assert gain == pytest.approx({"gain": 0.1, "low": 0.1, "high": 0.1})


def test_without_baseline_there_is_no_gain():
    assert "gain_over_best_baseline" not in summarize_task(TASK, {"trees": runs(0.1)}, {})


def test_missing_predictions_become_the_training_mean_and_are_counted():
    values = TASK.test.labels.copy()
    values[3] = np.nan
    mean = TASK.train.labels.mean()
    assert fill_missing(TASK, values)[3, 0] == mean
    summary = summarize_task(TASK, {"trees": [StoredPrediction(values, math.nan, "")]}, {})
    expected = round(abs(mean - TASK.test.labels[3, 0]) / 40, 5)
    assert summary["models"]["trees"] == {
        "mean": expected, "std": None, "n_seeds": 1, "seconds": None, "n_without_prediction": 1
    }  # fmt: skip


def test_figure_of_several_targets_is_their_mean_over_what_was_measured():
    task = double_targets(TASK)
    values = np.nan_to_num(task.test.labels) + np.array([1.0, 3.0])
    assert measure(task, values) == pytest.approx(2)


def test_target_with_one_class_is_left_out_of_the_mean():
    task = make_task("classification")
    constant = np.column_stack([task.test.labels, np.zeros_like(task.test.labels)])
    task = task._replace(test=task.test._replace(labels=constant))
    assert measure(task, constant) == 1


def test_wins_are_counted_where_figures_are_comparable():
    rows = {
        "a": row({"trees": 0.3}, chemprop_rdkit=0.4, best_clean=0.2),
        "b": row({"trees": 0.9}, "AUROC", chemprop_rdkit=0.8),
        "c": row({"trees": 0.1}, chemprop_rdkit=0.4),
    }
    assert count_wins(rows, {"c": "other rows"}) == {"trees": {"chemprop_rdkit": "2 of 2", "best_clean": "0 of 1"}}


def test_within_a_share_of_the_reference():
    rows = {
        "a": row({"student": 0.511, "teacher": 0.5}),
        "b": row({"student": 0.981, "teacher": 1.0}, "AUROC"),
        "c": row({"student": 0.4, "teacher": 0.5}),
        "d": row({"student": 0.4}),
    }
    assert count_within(rows, "student", "teacher") == "2 of 3"
    assert count_within(rows, "gnn", "teacher") is None


def test_published_figures_are_of_known_tasks_and_have_sources():
    anchors = read_anchors(ANCHORS)
    assert anchors.figures.keys() == TDC_ADMET.keys()
    assert anchors.not_comparable.keys() == {"ppbr"}
    assert {column for figures in anchors.figures.values() for column in figures} == anchors.sources.keys()
    assert (anchors.figures["caco2"]["chemprop_rdkit"], anchors.figures["caco2"]["best_clean"]) == (0.330, 0.256)
    assert anchors.figures["bioavailability"] == {"best_clean": 0.743}


def test_chemprop_runs_on_at_least_six_known_tasks():
    assert len(CHEMPROP_TASKS) >= 6
    assert set(CHEMPROP_TASKS) <= TDC_ADMET.keys()
