"""Forests beside the networks: the trees as arrays, and what they add to the outputs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rdkit import Chem
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from moldesign.predictors import forest_fit
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.forest import N_BITS, Forest, ForestBlend, mix_outputs
from moldesign.predictors.forest_fit import (
    EVEN_SHARE,
    SHRINKAGE,
    ForestLearner,
    choose_share,
    flatten,
)

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 4, size=(80, N_BITS)).astype(np.uint8) * (RNG.random((80, N_BITS)) < 0.05)
NEW = RNG.integers(0, 300, size=(50, N_BITS)).clip(0, 255).astype(np.uint8) * (RNG.random((50, N_BITS)) < 0.05)
CLASS = Endpoint("active", "classification", "probability", "")
ALCOHOLS = [f"{'C' * n}O" for n in range(1, 21)]
ALKANES = ["C" * n for n in range(1, 21)]


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(forest_fit, "N_TREES", 15)


def test_the_arrays_of_a_regression_predict_what_scikit_learn_does():
    model = RandomForestRegressor(20, random_state=0).fit(COUNTS, COUNTS[:, :300].sum(axis=1))
    np.testing.assert_allclose(flatten(model).average(NEW), model.predict(NEW), rtol=1e-5)


@pytest.mark.parametrize("classes", [[False, True], [True], [False]])
def test_the_arrays_of_a_classification_give_the_share_of_positives(classes):
    labels = RNG.choice(classes, size=80)
    model = RandomForestClassifier(20, random_state=0).fit(COUNTS, labels)
    expected = model.predict_proba(NEW)[:, model.classes_].sum(axis=1)
    np.testing.assert_allclose(flatten(model).average(NEW), expected, atol=1e-6)


def test_no_molecule_is_no_row():
    forest = flatten(RandomForestRegressor(3, random_state=0).fit(COUNTS, RNG.random(80)))
    assert forest.average(NEW[:0]).shape == (0,)


def test_mixing_moves_the_mean_and_keeps_the_spread():
    outputs, forest = RNG.normal(size=(3, 10, 2)).astype(np.float32), RNG.normal(size=(10, 2)).astype(np.float32)
    shares = np.array([0.25, 1.0], dtype=np.float32)
    mixed = mix_outputs(outputs, forest, shares)
    np.testing.assert_allclose(mixed.mean(axis=0), (1 - shares) * outputs.mean(axis=0) + shares * forest, atol=1e-6)
    np.testing.assert_allclose(mixed.std(axis=0), outputs.std(axis=0), atol=1e-6)
    assert mixed.dtype == np.float32


def make_blend() -> ForestBlend:
    labels = np.column_stack([[1.0] * 20 + [0.0] * 20, np.arange(40.0)])
    endpoints = [CLASS, fit_endpoint("size", "regression", labels[:, 1])]
    learner = ForestLearner([*ALCOHOLS, *ALKANES], labels, endpoints, seed=0)
    return learner.fit(np.arange(40), np.array([0.5, 0.25], dtype=np.float32))


def test_what_is_written_is_read_back():
    blend = make_blend()
    tensors = {"network.0.weight": torch.zeros(1)} | blend.to_tensors()
    read = ForestBlend.from_tensors(tensors, blend.is_class)
    mols = [None, *map(Chem.MolFromSmiles, ["CCCO", "CCCCC", "c1ccccc1"])]
    np.testing.assert_array_equal(read.predict(mols), blend.predict(mols))
    np.testing.assert_array_equal(read.shares, blend.shares)
    assert ForestBlend.from_tensors({}, blend.is_class) is None


def test_a_forest_knows_an_alcohol():
    logits = make_blend().predict([Chem.MolFromSmiles("CCCCCCO"), Chem.MolFromSmiles("CCCCCC")])[:, 0]
    assert logits[0] > 1
    assert logits[1] < -1
    assert np.isfinite(logits).all()


@pytest.mark.parametrize(
    ("array", "value"), [("left", 0), ("right", 10**6), ("left", -5), ("features", N_BITS), ("roots", 10**6)]
)
def test_a_tree_that_leads_nowhere_is_refused(array, value):
    forest = make_blend().forests[0]
    broken = np.array(getattr(forest, array))
    broken[np.flatnonzero(forest.features >= 0)[-1] if array != "roots" else 0] = value
    with pytest.raises(ValueError, match="leads nowhere"):
        replace(forest, **{array: broken})


def test_arrays_of_different_lengths_are_refused():
    forest = make_blend().forests[0]
    with pytest.raises(ValueError, match="different lengths"):
        replace(forest, values=forest.values[1:])


def test_without_labels_forest_and_networks_count_the_same():
    nothing = np.full(4, np.nan)
    assert choose_share(CLASS, nothing, np.zeros(4, np.float32), np.zeros(4, np.float32)) == EVEN_SHARE


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_better_half_gets_more_the_more_labels_say_so(task):
    def share(n: int, forest_is_right: bool) -> float:
        labels = np.tile([0.0, 1.0], n // 2)
        endpoint = CLASS if task == "classification" else Endpoint("value", "regression", "", "")
        right, wrong = (labels * 4 - 2, RNG.normal(size=n)) if task == "classification" else (labels, 1 - labels)
        networks, forest = (wrong, right) if forest_is_right else (right, wrong)
        return choose_share(endpoint, labels, networks.astype(np.float32), forest.astype(np.float32))

    if task == "regression":
        assert [share(20, True), share(20, False)] == [1, 0]
    else:
        assert 0.5 < share(20, True) < share(500, True) <= 1
        assert 0.5 > share(20, False) > share(500, False) >= 0


def test_few_actives_among_many_decoys_decide_little():
    labels = np.array([1.0] * 2 + [0.0] * 1000)
    right = (labels * 8 - 4).astype(np.float32)
    share = choose_share(CLASS, labels, -right, right)
    assert share == pytest.approx(0.5 + 0.5 * 4 / (4 + SHRINKAGE["classification"]))


def test_networks_that_are_surer_do_not_decide_alone():
    labels = np.full(4, np.nan)
    forest = np.array([-1.0, 1.0, -1.0, 1.0], dtype=np.float32)
    share = choose_share(CLASS, labels, 9 * forest, forest)
    assert share == pytest.approx(0.9)
    assert ((1 - share) * 9 * forest).std() == pytest.approx((share * forest).std())
    assert choose_share(CLASS, labels, 0.1 * forest, forest) == EVEN_SHARE


def test_a_column_is_grown_on_the_rows_that_have_it():
    labels = np.column_stack([np.where(np.arange(40) < 10, np.nan, np.arange(40.0)), np.arange(40) % 2.0])
    endpoints = [fit_endpoint("size", "regression", labels[:, 0]), CLASS]
    blend = ForestLearner([*ALCOHOLS, *ALKANES], labels, endpoints, 0).fit(np.arange(40), np.ones(2, np.float32))
    assert np.isfinite(blend.predict([Chem.MolFromSmiles("CCO")])).all()
    assert isinstance(blend.forests[1], Forest)
