"""Runs: nothing is done twice, nothing stale is shown, and only a whole run replaces the result file."""

import json

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.accuracy import runs
from benchmarks.accuracy.baselines import Runner
from benchmarks.accuracy.runs import SEEDS, parse_options, run_benchmark
from benchmarks.accuracy.summary import Anchors
from scripts.teacher.store import StaleFileError, StoredPrediction, locate_prediction, save_prediction
from tests.toy_task import make_task

TASKS = [make_task("regression", name="a"), make_task("classification", name="b")]
ANCHORS = Anchors({"best_clean": "a paper"}, {"a": {"best_clean": 9.0}}, {})


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Two runners that write down what they are asked, and results that go into a temporary folder."""
    made: list[tuple[str, str, int]] = []

    def make_runner(model, error, **options):
        def predict(task, seed, context):
            made.append((model, task.name, seed))
            return task.test.labels + error * (1 + seed)

        return Runner(predict, lambda context: f"{context.iterations}", **options)

    runners = {"knn": make_runner("knn", 0.5, is_deterministic=True), "trees": make_runner("trees", 0.1)}
    monkeypatch.setattr(runs, "RUNNERS", runners)
    monkeypatch.setattr(harness, "RESULTS", tmp_path / "results")
    return made


def run(tmp_path, *arguments, tasks=TASKS):
    options = parse_options(
        None, ["a", "b"], [], ["knn", "trees"], [*map(str, arguments), "--work", str(tmp_path / "work")]
    )
    chosen = [task for task in tasks if task.name in options.tasks]
    run_benchmark("toy_accuracy", tmp_path / "work" / "toy", chosen, options, ANCHORS, {"protocol": "made up"})
    path = tmp_path / "results" / "toy_accuracy.json"
    return json.loads(path.read_text()) if path.is_file() else None


def test_whole_run_writes_the_result(calls, tmp_path, capsys):
    result = run(tmp_path)
    assert sorted(calls) == sorted(
        [("knn", task, 0) for task in "ab"] + [("trees", task, seed) for task in "ab" for seed in SEEDS]
    )
    assert result["figures"]["a"]["models"]["trees"]["mean"] == pytest.approx(0.3)  # errors 0.1 to 0.5
    assert result["figures"]["a"]["models"]["trees"]["n_seeds"] == 5
    assert result["figures"]["a"]["models"]["knn"]["mean"] == pytest.approx(0.5)
    assert result["figures"]["a"]["best_baseline"] == "knn"
    assert result["extra"]["wins"]["trees"] == {"best_clean": "1 of 1"}
    assert result["extra"]["protocol"] == "made up"
    assert "trees seed 4" in capsys.readouterr().out


def test_nothing_is_done_twice(calls, tmp_path):
    run(tmp_path, "--models", "trees")
    calls.clear()
    result = run(tmp_path)
    assert sorted(calls) == [("knn", "a", 0), ("knn", "b", 0)]
    assert result["figures"]["a"]["models"].keys() == {"trees", "knn"}


def test_damaged_and_stale_files_are_made_again(calls, tmp_path):
    run(tmp_path)
    calls.clear()
    locate_prediction(tmp_path / "work" / "toy", "trees", "a", 2).write_bytes(b"half")
    changed = TASKS[1].train._replace(labels=1 - TASKS[1].train.labels)
    run(tmp_path, tasks=[TASKS[0], TASKS[1]._replace(train=changed)])
    assert sorted(calls) == sorted([("trees", "a", 2), ("knn", "b", 0), *(("trees", "b", seed) for seed in SEEDS)])


@pytest.mark.parametrize("arguments", [("--tasks", "a"), ("--seeds", 0), ("--iterations", 10)])
def test_part_of_a_run_leaves_the_result_file_alone(calls, tmp_path, arguments, capsys):
    assert run(tmp_path, *arguments) is None
    assert "| a | MAE |" in capsys.readouterr().out
    assert calls


def test_shortened_runs_are_not_shown_with_whole_ones(calls, tmp_path):
    run(tmp_path, "--iterations", 10, "--models", "trees")
    calls.clear()
    result = run(tmp_path, "--models", "knn")
    assert result["figures"]["a"]["models"].keys() == {"knn"}


def test_models_run_elsewhere_are_read_from_their_files(calls, tmp_path):
    for seed in (0, 1):
        path = locate_prediction(tmp_path / "work" / "toy", "gnn", "a", seed)
        stored = StoredPrediction(TASKS[0].test.labels + 0.25, float("nan"), "")
        save_prediction(path, TASKS[0].test.smiles, stored)
    models = run(tmp_path)["figures"]["a"]["models"]
    assert models["gnn"] == {"mean": 0.25, "std": 0.0, "n_seeds": 2, "seconds": None}
    assert "gnn" not in run(tmp_path)["figures"]["b"]["models"]


def test_file_of_other_molecules_is_refused(calls, tmp_path):
    path = locate_prediction(tmp_path / "work" / "toy", "gnn", "a", 0)
    save_prediction(path, ["CCO"], StoredPrediction(np.zeros((1, 1)), 0.0, ""))
    with pytest.raises(StaleFileError, match="other molecules"):
        run(tmp_path)


def test_chemprop_runs_only_with_its_command_and_on_its_tasks(tmp_path):
    jobs = {}
    for name, command in (("without", []), ("with", ["--chemprop", "chemprop"])):
        options = parse_options(None, ["a", "b"], ["b"], ["knn", "chemprop"], [*command, "--seeds", "0", "1"])
        jobs[name] = [(t.name, model, seed) for task in TASKS for t, model, seed in runs.list_jobs(task, options)]
    assert jobs["without"] == [("a", "knn", 0), ("b", "knn", 0)]
    assert jobs["with"] == [("a", "knn", 0), ("b", "knn", 0), ("b", "chemprop", 0), ("b", "chemprop", 1)]
