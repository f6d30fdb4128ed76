"""Baselines on toy tasks: each predicts in the unit of the task, learns something, and passes over missing labels."""

import numpy as np
import pytest

from benchmarks.accuracy import baselines
from benchmarks.accuracy.baselines import RUNNERS, Context
from moldesign.metrics import METRICS
from scripts.teacher.trees import BoostedTrees
from tests.predictors.tiny_predictor import make_predictor
from tests.tiny_encoder import save_encoder
from tests.toy_task import double_targets, make_task

NEED_CATBOOST = {"catboost", "trees", "open_trees"}
LEARNERS = ["knn", "forest", "catboost", "trees"]


@pytest.fixture(autouse=True)
def small_forest(monkeypatch):
    monkeypatch.setattr(baselines, "N_FOREST_TREES", 20)


@pytest.fixture
def context(tmp_path):
    save_encoder(tmp_path)
    return Context(tmp_path, iterations=60)


def run(model, task, context, seed=0):
    if model in NEED_CATBOOST:
        pytest.importorskip("catboost", reason="CatBoost is an extra: pip install 'moldesign[bench]'")
    return RUNNERS[model].predict(task, seed, context)


@pytest.mark.parametrize("model", LEARNERS)
def test_classification_is_ranked(model, context):
    task = make_task("classification")
    values = run(model, task, context)
    assert values.shape == (20, 1)
    assert ((values >= 0) & (values <= 1)).all()
    assert METRICS["AUROC"](task.test.labels[:, 0], values[:, 0]) > 0.95


@pytest.mark.parametrize("model", LEARNERS)
@pytest.mark.parametrize("log_scale", [False, True])
def test_regression_is_in_the_unit_of_the_labels(model, log_scale, context):
    task = make_task("regression")._replace(log_scale=log_scale)
    values = run(model, task, context)
    assert METRICS["MAE"](task.test.labels[:, 0], values[:, 0]) < 2  # labels are 1 to 9; their mean is 2.2 away
    assert values.mean() == pytest.approx(task.test.labels.mean(), abs=1.5)


@pytest.mark.parametrize("model", LEARNERS)
def test_targets_are_learned_from_the_rows_that_have_them(model, context):
    values = run(model, double_targets(make_task("classification")), context)
    assert values.shape == (20, 2)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("model", ["forest", "catboost"])
def test_seed_decides(model, context):
    task = make_task("regression")
    first, again, other = (run(model, task, context, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_trees_are_kept_for_later_predictions(context):
    task = make_task("regression")
    values = run("trees", task, context)
    features = baselines.load_tree_inputs(task.test.smiles, context.work)
    kept = BoostedTrees.load(context.work / "models" / "trees" / "toy" / "seed0" / "toy")
    np.testing.assert_array_equal(kept.predict(features), values[:, 0])


def test_open_trees_learn_the_published_rows(context):
    task = make_task("regression")
    with pytest.raises(ValueError, match="no training rows beside"):
        run("open_trees", task, context)
    few = task._replace(train=task.train.select(np.arange(10)), published=task.train)
    np.testing.assert_array_equal(run("open_trees", few, context), run("trees", task, context))
    assert not (context.work / "models" / "open_trees").exists()


def test_bundled_gives_the_column_of_the_task(context, monkeypatch):
    predictor = make_predictor()
    monkeypatch.setattr(baselines, "load_predictor", lambda name: predictor)
    task = make_task(name="half_life")
    expected = predictor.predict(task.test.smiles).values[:, 1:]
    np.testing.assert_array_equal(RUNNERS["bundled"].predict(task, 0, context), expected.astype(float))


def test_chemprop_needs_its_command(context):
    with pytest.raises(ValueError, match="--chemprop"):
        RUNNERS["chemprop"].predict(make_task(), 0, context)


def test_descriptions_change_with_what_matters(context):
    longer = context._replace(iterations=61, chemprop_epochs=51)
    changed = {name for name, runner in RUNNERS.items() if runner.describe(context) != runner.describe(longer)}
    assert changed == {"catboost", "trees", "open_trees", "chemprop"}
