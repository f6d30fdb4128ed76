"""What the test says: on rows that have a label, with the calibration of another part, beside the forest."""

import numpy as np
import pytest

from moldesign.datasets.splits import Split
from moldesign.predictors import baseline
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble_fit import SplitFit
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.outcomes import calibrate, evaluate

SMILES = ["C" * n + end for n in range(1, 41) for end in ("O", "N", "F")]
N = len(SMILES)
LABELS = np.column_stack([np.arange(N) / 10, np.arange(N) % 2]).astype(float)
ENDPOINTS = [Endpoint("size", "regression", "", ""), Endpoint("odd", "classification", "", "")]
SPLIT = Split(np.arange(40), np.arange(40, 80), np.arange(80, 120))


def make_table(labels=LABELS):
    return LabelTable(SMILES, labels, SMILES)


def fit(split, *, error=0.0):
    """Return two networks that are right but for `error`, one above and one below."""

    def predict(rows):
        right = np.column_stack([LABELS[rows, 0], 4 * LABELS[rows, 1] - 2])
        return np.stack([right + error + 0.1, right + error - 0.1]).astype(np.float32)

    return SplitFit(split, [], predict(split.valid), predict(split.test))


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(baseline, "N_TREES", 20)


def test_figures_are_those_of_the_test_part():
    size, odd = evaluate(make_table(), ENDPOINTS, [fit(SPLIT, error=0.5)], Calibration(), seed=0)
    assert size.figures["MAE"] == pytest.approx(0.5, abs=1e-4)
    assert size.figures["n"] == 40
    assert size.spread == {}
    assert size.parts[0].std == pytest.approx(0.1, abs=1e-5)
    assert odd.figures["AUROC"] == odd.figures["accuracy"] == 1.0
    assert 0.1 < odd.threshold < 0.9
    assert size.verdict.figure == "MAE"


def test_rows_without_a_label_are_not_tested():
    labels = LABELS.copy()
    labels[80:100, 0] = np.nan
    size, odd = evaluate(make_table(labels), ENDPOINTS, [fit(SPLIT)], Calibration(), seed=0)
    assert size.parts[0].rows.tolist() == list(range(100, 120))
    assert (size.figures["n"], odd.figures["n"]) == (20, 40)
    assert len(size.parts[0].values) == len(size.parts[0].baseline) == 20


def test_a_target_without_test_molecules_has_no_figures():
    labels = LABELS.copy()
    labels[80:, 0] = np.nan
    size, _ = evaluate(make_table(labels), ENDPOINTS, [fit(SPLIT)], Calibration(), seed=0)
    assert size.figures == size.baseline_figures == {"n": 0}
    assert size.verdict is None


def test_the_calibration_of_one_split_is_that_of_its_validation_part():
    calibration = calibrate(make_table(), ENDPOINTS, [fit(SPLIT)])
    assert {name: part.to_dict()["n"] for name, part in calibration.parts.items()} == {"size": 40, "odd": 40}
    labels = LABELS.copy()
    labels[SPLIT.valid] = np.nan
    assert not calibrate(make_table(labels), ENDPOINTS, [fit(SPLIT)]).parts


def test_folds_are_averaged_and_calibrate_on_what_they_tested():
    back = Split(SPLIT.test, SPLIT.valid, SPLIT.train)
    fits = [fit(SPLIT, error=0.2), fit(back, error=0.4)]
    calibration = calibrate(make_table(), ENDPOINTS, fits)
    assert calibration.parts["size"].to_dict()["n"] == 80
    size, _ = evaluate(make_table(), ENDPOINTS, fits, calibration, seed=0)
    assert size.figures["MAE"] == pytest.approx(0.3, abs=1e-4)
    assert size.spread["MAE"] == pytest.approx(np.std([0.2, 0.4], ddof=1), abs=1e-4)
    assert [len(part.rows) for part in size.parts] == [40, 40]
    assert size.baseline_spread["MAE"] > 0
