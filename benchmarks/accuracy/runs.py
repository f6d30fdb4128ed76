"""Run models on tasks, keep every prediction on disk, and make the table of what is there.

`WORK/<benchmark>/<model>/<task>/seed<k>.npz` holds the predictions of the test molecules. A run that was interrupted
goes on where it was; one whose rows or settings have changed since is done again. Models that the benchmark cannot run
itself (`HOOKED`) write such files with `scripts.teacher.store.save_prediction`, and then are in the table.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.accuracy.baselines import N_FOREST_TREES, RUNNERS, Context
from benchmarks.accuracy.chemprop import CHEMPROP_EPOCHS, read_version
from benchmarks.accuracy.summary import (
    BASELINES,
    N_RESAMPLES,
    OURS,
    Anchors,
    count_wins,
    count_within,
    summarize_task,
)
from benchmarks.harness import write_result
from scripts.render_readme import render_accuracy
from scripts.teacher.store import (
    StaleFileError,
    StoredPrediction,
    digest,
    load_prediction,
    locate_prediction,
    save_prediction,
)
from scripts.teacher.tasks import BenchmarkTask
from scripts.teacher.trees import TreeSettings

HOOKED = ("gnn", "teacher", "student", "open_teacher")
SEEDS = (0, 1, 2, 3, 4)


def parse_options(
    text: str | None,
    tasks: Sequence[str],
    chemprop_tasks: Sequence[str],
    models: Sequence[str],
    arguments: Sequence[str] | None = None,
) -> argparse.Namespace:
    """Return the options that the accuracy benchmarks share.

    Args:
        text: the help.
        tasks: all tasks of the benchmark.
        chemprop_tasks: those on which chemprop is run unless others are named.
        models: the runners that apply.
        arguments: of the command line; by default those of this process.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=tasks, default=list(tasks), metavar="TASK")
    parser.add_argument("--models", nargs="+", choices=[*models, *HOOKED], default=[*models, *HOOKED], metavar="MODEL")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--iterations", type=int, default=TreeSettings().iterations, help="trees of each CatBoost model"
    )
    parser.add_argument("--chemprop", type=Path, help="command of an environment with chemprop; without it, no row")
    parser.add_argument("--chemprop-tasks", nargs="*", choices=tasks, default=list(chemprop_tasks), metavar="TASK")
    parser.add_argument("--chemprop-epochs", type=int, default=CHEMPROP_EPOCHS)
    parser.set_defaults(n_tasks=len(tasks))
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    return options


def run_benchmark(
    name: str,
    folder: Path,
    tasks: Sequence[BenchmarkTask],
    options: argparse.Namespace,
    anchors: Anchors,
    extra: Mapping[str, Any],
) -> None:
    """Do what is missing, print the table, and write the result file.

    A part of the tasks or seeds, or shortened training, prints its table only.

    Args:
        name: of the result file.
        folder: of the predictions.
        tasks: to run.
        options: of `parse_options`.
        anchors: published figures.
        extra: notes for the result file.
    """
    context = make_context(options)
    versions = {library: find_version(library) for library in ("catboost", "scikit-learn")}
    versions["chemprop"] = None if options.chemprop is None else read_version(options.chemprop)
    run_missing(folder, tasks, options, context)
    result = assemble(folder, tasks, options, context, anchors)
    result["extra"] = {**result["extra"], **extra, "versions": versions}
    print(render_accuracy(result))
    print(result["extra"]["wins"], flush=True)
    if is_complete(options, context):
        print(write_result(name, result["figures"], seed=0, extra=result["extra"]))


def make_context(options: argparse.Namespace) -> Context:
    """Return what the runs may use."""
    return Context(options.work, options.threads, options.iterations, options.chemprop, options.chemprop_epochs)


def is_complete(options: argparse.Namespace, context: Context) -> bool:
    """Return whether a run is the whole benchmark, so that its table may replace the result file."""
    whole = Context(context.work, context.threads, chemprop=context.chemprop)
    return options.n_tasks == len(options.tasks) and tuple(options.seeds) == SEEDS and context == whole


def run_missing(folder: Path, tasks: Sequence[BenchmarkTask], options: argparse.Namespace, context: Context) -> None:
    """Run every (task, model, seed) asked for that has no current file."""
    wanted = [job for task in tasks for job in list_jobs(task, options)]
    for number, (task, model, seed) in enumerate(wanted, start=1):
        path = locate_prediction(folder, model, task.name, seed)
        recipe = name_recipe(task, model, seed, context)
        if load_current(path, task, recipe) is not None:
            continue
        began = time.monotonic()
        values = RUNNERS[model].predict(task, seed, context)
        seconds = time.monotonic() - began
        save_prediction(path, task.test.smiles, StoredPrediction(values, seconds, recipe))
        print(f"[{number}/{len(wanted)}] {task.name} {model} seed {seed}: {seconds:.0f} s", flush=True)


def list_jobs(task: BenchmarkTask, options: argparse.Namespace) -> list[tuple[BenchmarkTask, str, int]]:
    """Return what has to be run for a task: (task, model, seed)."""
    jobs = []
    for model in options.models:
        if model in HOOKED or (model == "chemprop" and not has_chemprop(task, options)):
            continue
        seeds = options.seeds[:1] if RUNNERS[model].is_deterministic else options.seeds
        jobs += [(task, model, seed) for seed in seeds]
    return jobs


def has_chemprop(task: BenchmarkTask, options: argparse.Namespace) -> bool:
    """Return whether chemprop is run on a task."""
    return options.chemprop is not None and task.name in options.chemprop_tasks


def assemble(
    folder: Path, tasks: Sequence[BenchmarkTask], options: argparse.Namespace, context: Context, anchors: Anchors
) -> dict[str, Any]:
    """Return figures and notes of everything that is on disk for the tasks."""
    figures = {}
    models = [model for model in (*OURS, *BASELINES) if model in HOOKED or model in RUNNERS]
    for task in tasks:
        runs = {model: load_runs(folder, task, model, options.seeds, context) for model in models}
        runs = {model: stored for model, stored in runs.items() if stored}
        figures[task.name] = summarize_task(task, runs, anchors.figures.get(task.name, {}))
    extra = {
        "seeds": list(options.seeds),
        "n_resamples": N_RESAMPLES,
        "models": {
            model: note for model, note in MODEL_NOTES.items() if any(model in f["models"] for f in figures.values())
        },
        "anchors": dict(anchors.sources),
        "not_comparable": {task: reason for task, reason in anchors.not_comparable.items() if task in figures},
        "wins": count_wins(figures, anchors.not_comparable)
        | {"student within 2 % of teacher": count_within(figures, "student", "teacher")},
    }
    return {"figures": figures, "extra": extra}


def load_runs(
    folder: Path, task: BenchmarkTask, model: str, seeds: Sequence[int], context: Context
) -> list[StoredPrediction]:
    """Return the current predictions of a model, one per seed that is on disk."""
    stored = []
    for seed in seeds:
        recipe = None if model in HOOKED else name_recipe(task, model, seed, context)
        prediction = load_current(locate_prediction(folder, model, task.name, seed), task, recipe)
        stored += [] if prediction is None else [prediction]
    return stored


def load_current(path: Path, task: BenchmarkTask, recipe: str | None) -> StoredPrediction | None:
    """Return the stored predictions, or None where there are none or those of another recipe.

    Args:
        path: of the file.
        task: whose test molecules were predicted.
        recipe: what the file must have been made by; None accepts any, as for a model that was run elsewhere.

    Raises:
        StaleFileError: the file of a model that was run elsewhere belongs to other molecules.
    """
    if not path.is_file():
        return None
    try:
        stored = load_prediction(path, task.test.smiles)
    except StaleFileError:
        if recipe is None:
            raise
        return None
    return stored if recipe is None or stored.recipe == recipe else None


def name_recipe(task: BenchmarkTask, model: str, seed: int, context: Context) -> str:
    """Return a name for all that the predictions of one of `RUNNERS` depend on."""
    rows = [part for part in (task.train, task.valid) if part is not None]
    contents = [content for part in rows for content in (part.smiles, part.labels)]
    return digest(model, seed, task.kind, task.log_scale, RUNNERS[model].describe(context), *contents)


def find_version(library: str) -> str | None:
    """Return the installed version of a library, or None."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


MODEL_NOTES = {
    "teacher": "stack of the teacher's models, weights fitted on unseen training molecules",
    "student": "one graph network that learned from the teacher",
    "gnn": "ensemble of graph networks",
    "finetuned": "one graph network of all targets of a set that starts from the encoder",
    "trees": "CatBoost on ECFP4, Avalon and ErG counts, 200 RDKit descriptors and the states of the encoder",
    "open_trees": "the same on all published training rows of the task, without the strict rule",
    "open_teacher": "teacher whose trees are open_trees: its training rows are those of the published figures",
    "bundled": "the predictor that ships",
    "chemprop": "chemprop with its default settings",
    "catboost": "CatBoost with its default settings on Morgan bits",
    "forest": f"random forest of {N_FOREST_TREES} trees on Morgan bits",
    "knn": "label of the nearest training molecule, Tanimoto on Morgan bits",
}
"""What each row of models is."""
