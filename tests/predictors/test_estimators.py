"""The estimators: scikit-learn's conventions, its tools around them, what cannot be read, and what a pickle holds."""

import hashlib
import pickle
import pickletools
from inspect import signature

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks, get_tags

from moldesign.errors import InvalidSmilesError, ModelFormatError, UnknownNameError
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.estimators import MoleculeClassifier, MoleculeRegressor
from tests.predictors.toy_assay import SMILES, make_frame
from tests.small_forests import small_forests  # noqa: F401  a fixture

FRAME = make_frame()
X, BALANCE = FRAME["smiles"], FRAME["balance"]
ACTIVITY = FRAME["aromatic"].map({"1": "active", "0": "inactive"}).rename("activity")
QUICK = {"start": None, "n_networks": 1, "n_epochs": 2, "split": "random", "random_state": 0}


@pytest.fixture(scope="module")
def regressor():
    return MoleculeRegressor(**QUICK | {"n_epochs": 30, "n_networks": 2}).fit(X, BALANCE)


@pytest.fixture(scope="module")
def classifier():
    return MoleculeClassifier(**QUICK | {"n_epochs": 12}).fit(X, ACTIVITY)


def strip(texts):
    return [text.strip() for text in texts]


def write_chains(rows):
    """Return a chain of atoms for each row of numbers: the checks of scikit-learn know numbers alone."""
    digests = [hashlib.md5(np.asarray(row).tobytes(), usedforsecurity=False).digest() for row in np.asarray(rows)]
    return ["".join("CNOS"[byte % 4] for byte in digest) for digest in digests]


class NumberMixin:
    """An estimator over molecules that stand for rows of numbers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = False
        return tags

    def fit(self, X, y=None):  # noqa: N803
        return super().fit(write_chains(X), y)

    def _predict_values(self, X):  # noqa: N803
        return super()._predict_values(write_chains(X))


class NumberRegressor(NumberMixin, MoleculeRegressor):
    pass


class NumberClassifier(NumberMixin, MoleculeClassifier):
    pass


# Those that ask for results equal to the last bit of a float64, or fit fewer than 20 molecules, have no place here.
CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_mixin_order,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_fit_score_takes_y,
    estimator_checks.check_estimators_overwrite_params,
    estimator_checks.check_dont_overwrite_parameters,
    estimator_checks.check_estimators_fit_returns_self,
    estimator_checks.check_estimators_unfitted,
    estimator_checks.check_estimators_pickle,
    estimator_checks.check_dict_unchanged,
    estimator_checks.check_fit_idempotent,
    estimator_checks.check_fit_check_is_fitted,
    estimator_checks.check_methods_sample_order_invariance,
    estimator_checks.check_requires_y_none,
    estimator_checks.check_readonly_memmap_input,
    estimator_checks.check_pipeline_consistency,
    estimator_checks.check_supervised_y_2d,
    estimator_checks.check_supervised_y_no_nan,
]
REGRESSOR_CHECKS = [estimator_checks.check_regressors_int]
CLASSIFIER_CHECKS = [
    estimator_checks.check_classifiers_one_label,
    estimator_checks.check_classifiers_classes,
    estimator_checks.check_classifiers_regression_target,
    estimator_checks.check_classifier_not_supporting_multiclass,
]


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        *((NumberRegressor, check) for check in CHECKS + REGRESSOR_CHECKS),
        *((NumberClassifier, check) for check in CHECKS + CLASSIFIER_CHECKS),
    ],
    ids=lambda part: part.__name__,
)
def test_checks_of_scikit_learn(kind, check):
    estimator = kind(start=None, n_networks=1, n_epochs=1, patience=None, random_state=0)
    check(kind.__name__, estimator)
    assert clone(estimator).get_params() == estimator.get_params()


@pytest.mark.parametrize("kind", [MoleculeRegressor, MoleculeClassifier])
def test_the_constructor_keeps_what_it_gets(kind):
    given = {name: object() for name in signature(kind).parameters}
    estimator = kind(**given)
    assert all(getattr(estimator, name) is value for name, value in given.items())
    assert estimator.set_params(n_epochs=3).n_epochs == 3


def test_tags_say_what_x_is():
    for estimator in (MoleculeRegressor(), MoleculeClassifier()):
        tags = get_tags(estimator)
        assert tags.input_tags.string
        assert tags.input_tags.one_d_array
        assert tags.target_tags.required
    assert is_regressor(MoleculeRegressor())
    assert get_tags(MoleculeRegressor()).target_tags.multi_output
    assert is_classifier(MoleculeClassifier())
    assert not get_tags(MoleculeClassifier()).classifier_tags.multi_class


def test_a_regressor_learns(regressor):
    assert regressor.score(X, BALANCE) > 0.8
    values, std = regressor.predict(X, return_std=True)
    assert values.dtype == np.float64
    assert (std > 0).all()
    np.testing.assert_array_equal(regressor.predictor_.predict(list(X)).values[:, 0], values.astype(np.float32))


def test_a_classifier_learns_words(classifier):
    assert classifier.classes_.tolist() == ["active", "inactive"]
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert roc_auc_score(ACTIVITY == "inactive", probabilities[:, 1]) > 0.9
    assert set(classifier.predict(X)) == {"active", "inactive"}
    assert (classifier.predict(X) == ACTIVITY).mean() == classifier.score(X, ACTIVITY) > 0.8
    assert classifier.predictor_.endpoints[0].description == "whether activity is inactive"


@pytest.mark.parametrize("classes", [[False, True], [3, 7], ["b", "a"]])
def test_any_two_values_are_classes(classes):
    y = np.array(classes)[(ACTIVITY == "active").astype(int)]
    fitted = MoleculeClassifier(**QUICK).fit(X, y)
    assert fitted.classes_.tolist() == sorted(classes)
    assert fitted.predict(X[:3]).dtype == y.dtype


def test_every_form_of_x_is_the_same(regressor):
    expected = regressor.predict(SMILES)
    table = pd.DataFrame({"smiles": SMILES})
    forms = [X, X.astype(object), X.to_numpy(), np.array(SMILES), np.array(SMILES)[:, None], tuple(SMILES), table]
    for form in forms:
        np.testing.assert_array_equal(regressor.predict(form), expected)
    assert regressor.n_features_in_ == 1
    np.testing.assert_allclose(regressor.predict(X[5:6]), expected[5:6], rtol=1e-5)


def test_the_name_of_the_column_is_remembered():
    fitted = MoleculeRegressor(**QUICK).fit(FRAME[["smiles"]], BALANCE)
    assert fitted.feature_names_in_.tolist() == ["smiles"]
    assert np.isfinite(fitted.predict(SMILES)).all()
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit: smiles"):
        fitted.predict(pd.DataFrame({"structure": SMILES}))
    fitted.fit(X, BALANCE)
    assert not hasattr(fitted, "feature_names_in_")


@pytest.mark.parametrize(
    ("x", "error", "said"),
    [
        ("CCO", TypeError, "pass a list"),
        (
            FRAME[["smiles", "year"]],
            ValueError,
            r"one column of SMILES, \[N\] or \[N, 1\]; this one has the shape \(96, 2\)",
        ),
        ([], ValueError, "0 rows"),
        (7, ValueError, r"the shape \(\)"),
    ],
)
def test_an_x_that_is_no_column_is_refused(regressor, x, error, said):
    with pytest.raises(error, match=said):
        regressor.predict(x)
    with pytest.raises(error, match=said):
        MoleculeRegressor(**QUICK).fit(x, BALANCE)


def test_what_cannot_be_read_is_nan_or_refused(regressor, classifier):
    rows = ["CCO", "C(C", None]
    assert np.isnan(regressor.predict(rows)).tolist() == [False, True, True]
    assert np.isnan(classifier.predict_proba(rows)).tolist() == [[False] * 2, [True] * 2, [True] * 2]
    with pytest.raises(InvalidSmilesError, match=r"row 1: 'C\(C' is not a valid SMILES .*; leave the row out, or ask"):
        classifier.predict(rows)
    with pytest.raises(InvalidSmilesError, match=r"1 of 96 rows are no molecule: row 2: .* leave them out of X and y"):
        MoleculeRegressor(**QUICK).fit([*SMILES[:2], "C(C", *SMILES[3:]], BALANCE)


def test_before_fit_there_is_nothing_to_predict():
    for estimator in (MoleculeRegressor(), MoleculeClassifier()):
        with pytest.raises(NotFittedError):
            estimator.predict(SMILES)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (BALANCE.where(BALANCE.index != 4), "y has 1 rows without any label .*row 4"),
        (BALANCE.where(BALANCE.index != 4, np.inf), "y is infinite in row 4"),
        (np.ones(96), "every label of y is the same"),
        (BALANCE[:50], "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
        (np.zeros((96, 2, 2)), r"y is \[N\] or \[N, T\]; this one has the shape \(96, 2, 2\)"),
        (BALANCE.rename("error"), "^y is called 'error', which is a column of the predictions; rename it$"),
        (pd.DataFrame({"a": BALANCE, "a_std": BALANCE}), "y is called 'a_std', which is a column"),
        (pd.DataFrame(np.c_[BALANCE, BALANCE], columns=["a", "a"]), "2 columns of y are called 'a'; rename all but"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(y, said):
    with pytest.raises(ValueError, match=said):
        MoleculeRegressor(**QUICK).fit(X, y)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["active"] * 96, "y has one class alone, 'active'; a classifier needs two"),
        (["a", "b", "c"] * 32, "Only binary classification is supported. The type of the target is multiclass"),
        (BALANCE, "Unknown label type"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused(y, said):
    with pytest.raises(ValueError, match=said):
        MoleculeClassifier(**QUICK).fit(X, y)


@pytest.mark.parametrize(
    ("params", "error", "said"),
    [
        ({"split": "time"}, ValueError, "split='time' is unknown; it is one of 'scaffold', 'random', 'cluster'"),
        ({"log": True}, ValueError, "log=True is unknown"),
        ({"n_networks": 0}, ValueError, "n_networks == 0, must be >= 1"),
        ({"patience": 2.5}, TypeError, "patience must be an instance of"),
        ({"learning_rate": "a"}, TypeError, "learning_rate must be an instance of"),
        ({"device": "cudaa"}, ValueError, "device='cudaa' cannot be computed on here"),
        ({"start": "admit"}, UnknownNameError, "did you mean: admet"),
    ],
)
def test_parameters_are_checked_by_fit(params, error, said):
    with pytest.raises(error, match=said):
        MoleculeRegressor(**QUICK | params).fit(X, BALANCE)


def test_several_targets_with_gaps():
    y = pd.DataFrame({"balance": BALANCE, "double": (2 * BALANCE).where(BALANCE.index % 3 > 0)})
    fitted = MoleculeRegressor(**QUICK).fit(X, y)
    assert [one.name for one in fitted.predictor_.endpoints] == ["balance", "double"]
    values, std = fitted.predict(X, return_std=True)
    assert values.shape == std.shape == (96, 2)
    assert fitted.predict(["C(C"]).shape == (1, 2)


def test_values_that_span_decades_are_learned_as_logarithms():
    y = 10 ** (2 * BALANCE)
    scales = [
        MoleculeRegressor(**QUICK, log=log).fit(X, y).predictor_.endpoints[0].log_scale for log in ("auto", "off")
    ]
    assert scales == [True, False]
    with pytest.raises(ValueError, match="below 0"):
        MoleculeRegressor(**QUICK, log="on").fit(X, BALANCE)


def test_the_seed_decides():
    before = torch.get_rng_state()
    first, second, other = (
        MoleculeRegressor(**QUICK | {"random_state": seed}).fit(X, BALANCE).predict(X) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)
    assert torch.equal(before, torch.get_rng_state())
    drawn = [MoleculeRegressor(**QUICK | {"random_state": np.random.RandomState(5)}).fit(X, BALANCE) for _ in range(2)]
    np.testing.assert_array_equal(*(one.predict(X) for one in drawn))


def test_a_second_fit_forgets_the_first():
    estimator = MoleculeClassifier(**QUICK).fit(X, ACTIVITY)
    again = estimator.fit(X[:60], (ACTIVITY[:60] == "active").astype(int))
    assert again is estimator
    assert again.classes_.tolist() == [0, 1]
    fresh = clone(estimator).fit(X[:60], (ACTIVITY[:60] == "active").astype(int))
    np.testing.assert_array_equal(again.predict_proba(X), fresh.predict_proba(X))


def test_a_pickle_holds_a_model_folder_and_no_code_of_torch(regressor, classifier):
    for fitted, ask in ((regressor, regressor.predict), (classifier, classifier.predict_proba)):
        content = pickle.dumps(fitted)
        strings = [value for code, value, _ in pickletools.genops(content) if isinstance(value, str)]
        assert not [
            text for text in strings if text.startswith(("torch", "moldesign")) and text != type(fitted).__module__
        ]
        state = fitted.__getstate__()
        assert sorted(state["predictor_"]) == ["card.json", "model.safetensors"]
        again = pickle.loads(content)  # noqa: S301  just made here
        np.testing.assert_array_equal(getattr(again, ask.__name__)(X), ask(X))
        assert again.get_params() == fitted.get_params()
    assert classifier.__getstate__()["classes_"].tolist() == ["active", "inactive"]


def test_a_damaged_pickle_is_refused(regressor):
    state = regressor.__getstate__()
    state["predictor_"]["model.safetensors"] = state["predictor_"]["model.safetensors"][:-1]
    with pytest.raises(ModelFormatError, match="checksum"):
        MoleculeRegressor().__setstate__(state)


def test_pipelines_cross_validation_and_searches():
    model = make_pipeline(FunctionTransformer(strip), MoleculeRegressor(**QUICK))
    padded = [f" {text} " for text in X]
    assert np.isfinite(cross_val_score(model, padded, BALANCE, cv=2)).all()
    grid = {"model__n_epochs": [1, 8], "model__learning_rate": [2e-3]}
    search = GridSearchCV(
        Pipeline([("model", MoleculeClassifier(**QUICK, forest=False))]), grid, cv=2, scoring="roc_auc"
    )
    search.fit(FRAME[["smiles"]], ACTIVITY)
    assert search.best_params_["model__n_epochs"] == 8
    assert search.best_score_ > search.cv_results_["mean_test_score"][0]
    assert search.best_estimator_.n_features_in_ == 1


def test_more_classes_in_one_against_the_rest():
    y = np.array(["O" if "O" in text else "N" if "N" in text else "none" for text in SMILES])
    fitted = OneVsRestClassifier(MoleculeClassifier(**QUICK | {"n_epochs": 1})).fit(np.array(SMILES)[:, None], y)
    assert set(fitted.predict(np.array(SMILES)[:, None])) <= {"N", "O", "none"}


def test_a_fitted_predictor_is_a_model_like_any_other(regressor, tmp_path):
    regressor.predictor_.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(SMILES).values[:, 0], regressor.predict(X).astype(np.float32))
    assert loaded.endpoints[0].name == "balance"
    assert loaded.card["n_training_molecules"] == len(loaded.domain.smiles) > 80
