"""Models that a benchmark runs itself: each takes a task and a seed, and predicts the task's test molecules."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from benchmarks.accuracy.chemprop import CHEMPROP_EPOCHS, run_chemprop
from benchmarks.accuracy.finetuned import N_STEPS, fit_and_predict
from moldesign.chem.fingerprints import morgan_bits, nearest
from moldesign.chem.smiles import parse_smiles
from moldesign.predictors.bundled import load_predictor, read_model_card
from moldesign.predictors.endpoints import fit_endpoint
from scripts.teacher.encoder import LARGE_FOLDER, load_encoder, load_tree_inputs
from scripts.teacher.features import FEATURES_VERSION
from scripts.teacher.networks import SETTINGS
from scripts.teacher.tasks import BenchmarkTask
from scripts.teacher.trees import BoostedTrees, TreeSettings

N_FOREST_TREES = 300
BUNDLED = "admet"


class Context(NamedTuple):
    """What a run may use."""

    work: Path
    threads: int = 1
    iterations: int = TreeSettings().iterations
    """Trees of each CatBoost model."""
    chemprop: Path | None = None
    """Command of an environment that has chemprop."""
    chemprop_epochs: int = CHEMPROP_EPOCHS


class Runner(NamedTuple):
    """How a model is run."""

    predict: Callable[[BenchmarkTask, int, Context], NDArray[np.float64]]
    """(task, seed, context) -> predictions of the test molecules, [N, T] in the unit of the task"""
    describe: Callable[[Context], str]
    """What the predictions depend on beside the rows and the seed: another answer makes stored ones stale."""
    is_deterministic: bool = False
    """Whether one seed is enough."""


def predict_nearest(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict the label of the most similar training molecule (Morgan fingerprints, Tanimoto)."""
    library, queries = (morgan_bits(parse_smiles(rows.smiles).mols) for rows in (task.train, task.test))
    columns = []
    for labels in task.train.labels.T:
        known = np.flatnonzero(np.isfinite(labels))
        columns.append(labels[known][nearest(queries, library[known]).index])
    return np.column_stack(columns)


def predict_forest(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by a random forest over Morgan bits; a regression tries a third of the bits at each split."""
    return _fit_columns(task, _unpack_bits, partial(_fit_forest, task, seed, context))


def predict_catboost(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by CatBoost with its default settings over Morgan bits."""
    settings = TreeSettings(context.iterations, random_strength=1.0, column_share=1.0, n_threads=context.threads)
    return _fit_columns(task, _unpack_bits, partial(_fit_trees, task, seed, settings))


def predict_trees(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by the teacher's boosted trees over all its features; the trees are kept under `models/trees`."""
    describe = partial(load_tree_inputs, work=context.work, n_processes=context.threads)
    settings = TreeSettings(context.iterations, n_threads=context.threads)
    models = context.work / "models" / "trees" / task.name / f"seed{seed}"
    return _fit_columns(task, describe, partial(_fit_trees, task, seed, settings, keep=models))


def predict_open_trees(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by the same trees, trained on all rows that were published for training, without the strict rule."""
    if task.published is None:
        raise ValueError(f"{task.name} has no training rows beside those of the strict rule")
    describe = partial(load_tree_inputs, work=context.work, n_processes=context.threads)
    settings = TreeSettings(context.iterations, n_threads=context.threads)
    return _fit_columns(task._replace(train=task.published), describe, partial(_fit_trees, task, seed, settings))


def predict_finetuned(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by a network that starts from the encoder."""
    return fit_and_predict(task, seed, context.work)


def describe_finetuned(context: Context) -> str:
    """Return what such a network depends on."""
    return f"encoder {load_encoder(context.work, LARGE_FOLDER).digest}, {SETTINGS}, {N_STEPS} steps"


def predict_bundled(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by the predictor that ships, which was trained under the strict rule too."""
    predictor = load_predictor(BUNDLED)
    names = [endpoint.name for endpoint in predictor.endpoints]
    values = predictor.predict(task.test.smiles, with_domain=False).values
    return values[:, [names.index(target) for target in task.targets]].astype(np.float64)


def predict_chemprop(task: BenchmarkTask, seed: int, context: Context) -> NDArray[np.float64]:
    """Predict by chemprop with its default settings, run through its command line."""
    if context.chemprop is None:
        raise ValueError("chemprop needs --chemprop, the path of its command")
    logs = context.work / "chemprop"
    return run_chemprop(context.chemprop, task, seed, logs, epochs=context.chemprop_epochs, threads=context.threads)


def describe_trees(context: Context) -> str:
    """Return what the teacher's trees depend on."""
    settings = TreeSettings(context.iterations)
    return f"features {FEATURES_VERSION}, encoder {load_encoder(context.work).digest}, {settings}"


RUNNERS: Mapping[str, Runner] = {
    "knn": Runner(predict_nearest, lambda context: "morgan 2 2048", is_deterministic=True),
    "forest": Runner(predict_forest, lambda context: f"morgan 2 2048, {N_FOREST_TREES} trees"),
    "catboost": Runner(predict_catboost, lambda context: f"morgan 2 2048, {context.iterations} iterations"),
    "trees": Runner(predict_trees, describe_trees),
    "open_trees": Runner(predict_open_trees, describe_trees),
    "finetuned": Runner(predict_finetuned, describe_finetuned),
    "chemprop": Runner(predict_chemprop, lambda context: f"{context.chemprop_epochs} epochs"),
    "bundled": Runner(predict_bundled, lambda context: str(read_model_card(BUNDLED)["sha256"]), is_deterministic=True),
}


class _Model(NamedTuple):
    """A fitted model of one target."""

    predict: Callable[[NDArray[Any]], NDArray[np.float64]]


def _fit_columns(
    task: BenchmarkTask,
    describe: Callable[[Sequence[str]], NDArray[Any]],
    fit: Callable[[str, NDArray[Any], NDArray[np.float64]], _Model],
) -> NDArray[np.float64]:
    """Fit one model per target on the rows that have it, and predict the test rows, [N, T]."""
    train, test = describe(task.train.smiles), describe(task.test.smiles)
    columns = []
    for target, labels in zip(task.targets, task.train.labels.T, strict=True):
        known = np.isfinite(labels)
        columns.append(fit(target, train[known], labels[known]).predict(test))
    return np.column_stack(columns)


def _unpack_bits(smiles: Sequence[str]) -> NDArray[np.uint8]:
    return np.unpackbits(morgan_bits(parse_smiles(smiles).mols), axis=1, bitorder="little")


def _fit_trees(
    task: BenchmarkTask,
    seed: int,
    settings: TreeSettings,
    target: str,
    features: NDArray[Any],
    labels: NDArray[np.float64],
    *,
    keep: Path | None = None,
) -> _Model:
    trees = BoostedTrees(task.kind, log_scale=task.log_scale, settings=settings).fit(features, labels, seed)
    if keep is not None:
        trees.save(keep / target)
    return _Model(trees.predict)


def _fit_forest(
    task: BenchmarkTask, seed: int, context: Context, target: str, features: NDArray[Any], labels: NDArray[np.float64]
) -> _Model:
    options = {"n_estimators": N_FOREST_TREES, "n_jobs": context.threads, "random_state": seed}
    if task.kind == "classification":
        classifier = RandomForestClassifier(**options).fit(features, labels)
        return _Model(lambda rows: classifier.predict_proba(rows)[:, 1])
    scale = fit_endpoint(target, task.kind, labels, log_scale=task.log_scale)
    regressor = RandomForestRegressor(max_features=1 / 3, **options).fit(features, scale.to_targets(labels))
    return _Model(lambda rows: scale.to_values(regressor.predict(rows)).astype(np.float64))
