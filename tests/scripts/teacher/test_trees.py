"""Boosted trees of a toy endpoint: they learn it, repeat it, survive a save, and refuse to predict unfitted."""

import builtins

import numpy as np
import pytest

from scripts.teacher import trees
from scripts.teacher.trees import BoostedTrees, TreeSettings, import_catboost

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(120, 3)).astype(np.float32)
SETTINGS = TreeSettings(iterations=30, column_share=1.0)


@pytest.fixture
def catboost():
    return pytest.importorskip("catboost", reason="the trees are CatBoost's: pip install 'moldesign[bench]'")


@pytest.mark.usefixtures("catboost")
def test_classification_gives_probabilities_that_rank():
    labels = (FEATURES[:, 0] > 0).astype(float)
    predicted = BoostedTrees("classification", settings=SETTINGS).fit(FEATURES, labels, 0).predict(FEATURES)
    assert ((predicted > 0) & (predicted < 1)).all()
    assert predicted[labels == 1].min() > predicted[labels == 0].max()


@pytest.mark.usefixtures("catboost")
@pytest.mark.parametrize("log_scale", [False, True])
def test_regression_is_in_the_unit_of_the_labels(log_scale):
    labels = 10.0 ** FEATURES[:, 1].astype(float)
    model = BoostedTrees("regression", log_scale=log_scale, settings=TreeSettings(iterations=300, column_share=1.0))
    predicted = model.fit(FEATURES, labels, 0).predict(FEATURES)
    assert np.corrcoef(np.argsort(np.argsort(predicted)), np.argsort(np.argsort(labels)))[0, 1] > 0.9
    assert np.median(predicted) == pytest.approx(np.median(labels), rel=0.5)
    assert (predicted > 0).all() or not log_scale


@pytest.mark.usefixtures("catboost")
def test_rows_without_label_are_left_out_and_the_seed_repeats():
    labels = FEATURES[:, 0].astype(float)
    some = np.where(np.arange(120) < 60, labels, np.nan)
    first = BoostedTrees("regression", settings=SETTINGS).fit(FEATURES, some, 1).predict(FEATURES)
    again = BoostedTrees("regression", settings=SETTINGS).fit(FEATURES[:60], labels[:60], 1).predict(FEATURES)
    np.testing.assert_array_equal(first, again)


@pytest.mark.usefixtures("catboost")
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_saved_trees_predict_the_same(tmp_path, kind):
    labels = (FEATURES[:, 0] > 0).astype(float) + (kind == "regression")
    model = BoostedTrees(kind, log_scale=kind == "regression", settings=SETTINGS).fit(FEATURES, labels, 0)
    model.save(tmp_path / "trees")
    loaded = BoostedTrees.load(tmp_path / "trees")
    assert (loaded.kind, loaded.log_scale, loaded.settings) == (kind, kind == "regression", SETTINGS)
    np.testing.assert_array_equal(loaded.predict(FEATURES), model.predict(FEATURES))


def test_unfitted_trees_predict_and_save_nothing(tmp_path):
    with pytest.raises(ValueError, match="call fit first"):
        BoostedTrees("regression").predict(FEATURES)
    with pytest.raises(ValueError, match="call fit first"):
        BoostedTrees("regression").save(tmp_path)


def test_missing_library_is_said(monkeypatch):
    importer = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "catboost":
            raise ModuleNotFoundError(name)
        return importer(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'moldesign\[bench\]'"):
        import_catboost()


def test_library_is_asked_for_with_few_settings(monkeypatch):
    made = {}

    class Recorder:
        def CatBoostClassifier(self, **options):  # noqa: N802  CatBoost's name
            made.update(options)
            return self

        def fit(self, features, labels):
            made["rows"] = len(features)

    monkeypatch.setattr(trees, "import_catboost", Recorder)
    BoostedTrees("classification", settings=TreeSettings(n_threads=2)).fit(FEATURES, np.arange(120) % 2.0, 7)
    assert made == {
        "loss_function": "Logloss",
        "iterations": 1000,
        "random_strength": 2.0,
        "rsm": 0.1,
        "thread_count": 2,
        "random_seed": 7,
        "logging_level": "Silent",
        "allow_writing_files": False,
        "rows": 120,
    }
