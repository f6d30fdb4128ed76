"""From arrays to a predictor: what is merged, what is left out, where the networks start, and when they stop."""

from dataclasses import replace

import numpy as np
import pytest

from moldesign.datasets.folds import split_rows
from moldesign.errors import InvalidSmilesError, TableError
from moldesign.predictors.array_fit import ArrayOptions, ArrayTarget, fit_arrays
from moldesign.predictors.calibration import MIN_LABELS
from moldesign.predictors.training import TrainingSettings
from tests.predictors.tiny_predictor import make_predictor
from tests.predictors.toy_assay import SMILES, make_frame
from tests.small_forests import small_forests  # noqa: F401  a fixture

FRAME = make_frame()
BALANCE = FRAME["balance"].to_numpy(float)[:, None]
AROMATIC = FRAME["aromatic"].to_numpy(float)[:, None]
NUMBER, CLASS = ArrayTarget("balance", "regression"), ArrayTarget("aromatic", "classification")
QUICK = ArrayOptions(TrainingSettings(n_epochs=2, patience=5), start=None, n_networks=2, split="random", forest=False)
WITHOUT_STOP = replace(QUICK, training=TrainingSettings(n_epochs=1), n_networks=1)


def make_single_positive():
    """Return classes of which one alone is positive, and that among the validation rows."""
    labels = np.zeros((len(SMILES), 1))
    labels[split_rows("random", SMILES, np.random.default_rng(QUICK.seed)).valid[0]] = 1
    return labels


def test_without_patience_every_molecule_is_learned():
    predictor = fit_arrays(SMILES, BALANCE, [NUMBER], WITHOUT_STOP)
    assert len(predictor.domain.smiles) == len(SMILES)
    assert not predictor.calibration.parts
    assert predictor.card["n_labels"] == {"balance": 96}


@pytest.mark.parametrize(("split", "n_learned"), [("scaffold", 72), ("random", 86), ("cluster", 86)])
def test_with_patience_about_one_tenth_is_not_learned(split, n_learned):
    """Of the four scaffolds in the table one is kept."""
    predictor = fit_arrays(SMILES, BALANCE, [NUMBER], replace(QUICK, split=split, n_networks=1))
    assert predictor.card["n_training_molecules"] == len(predictor.domain.smiles) == n_learned


def test_fingerprints_are_mixed_in_where_a_tenth_can_say_how_much():
    options = replace(QUICK, n_networks=1, forest=True)
    predictor = fit_arrays(SMILES, BALANCE, [NUMBER], options)
    network_share = (1 - predictor.kernel.shares[0]) * (1 - predictor.forest.shares[0])
    assert network_share < 0.5  # two epochs teach the network nothing
    assert predictor.card["n_training_molecules"] == len(SMILES)  # fingerprints are learned of that tenth, too
    without = replace(predictor, forest=None, kernel=None)
    mixed, alone = (one.predict(SMILES).values[:, 0] for one in (predictor, without))
    errors = [np.abs(values - BALANCE[:, 0]).mean() for values in (mixed, alone)]
    assert errors[0] < errors[1]
    again = fit_arrays(SMILES, BALANCE, [NUMBER], options)
    np.testing.assert_array_equal(again.predict(SMILES).values[:, 0], mixed)
    assert fit_arrays(SMILES, BALANCE, [NUMBER], replace(WITHOUT_STOP, forest=True)).forest is None


def test_enough_validation_molecules_calibrate():
    smiles = [f"{text}{end}" for text in SMILES if text[-1] != "F" for end in ("CC", "CN", "COC", "CS")]
    labels = np.array([[text.count("O") - text.count("N")] for text in smiles], dtype=float)
    predictor = fit_arrays(smiles, labels, [NUMBER], replace(QUICK, n_networks=1))
    assert len(smiles) - len(predictor.domain.smiles) >= MIN_LABELS
    assert predictor.predict(["CCO"]).with_interval == ("balance",)


def test_copies_of_a_molecule_become_one():
    smiles = [*SMILES, "OCCCl", "[Na+].ClCC[O-]"]
    merged = fit_arrays(smiles, np.vstack([BALANCE, [[5.0], [6.0]]]), [NUMBER], WITHOUT_STOP)
    own = SMILES.index("ClCCO")
    label = merged.domain.labels[merged.domain.smiles.index("OCCCl"), 0]
    assert len(merged.domain.smiles) == len(SMILES)
    assert label == pytest.approx((BALANCE[own, 0] + 11) / 3)


def test_classes_that_contradict_each_other_are_left_out():
    contradicted = fit_arrays([*SMILES, SMILES[0]], np.vstack([AROMATIC, 1 - AROMATIC[:1]]), [CLASS], WITHOUT_STOP)
    agreeing = fit_arrays([*SMILES, SMILES[0]], np.vstack([AROMATIC, AROMATIC[:1]]), [CLASS], WITHOUT_STOP)
    assert (len(contradicted.domain.smiles), len(agreeing.domain.smiles)) == (95, 96)


def test_a_model_to_start_from_gives_its_encoder(tmp_path):
    start = make_predictor(n_networks=1)
    start.save(tmp_path)
    options = replace(WITHOUT_STOP, start=tmp_path, dropout=0.3)
    settings = fit_arrays(SMILES, BALANCE, [NUMBER], options).networks[0].settings
    assert settings == replace(start.networks[0].settings, n_endpoints=1, dropout=0.3)


def test_rows_that_are_no_molecule_are_named():
    with pytest.raises(
        InvalidSmilesError, match=r"^2 of 97 rows are no molecule: row 0: .*, row 96: the SMILES is empty"
    ):
        fit_arrays(["C(C", *SMILES[1:], None], np.zeros((97, 1)), [NUMBER], QUICK)


@pytest.mark.parametrize(
    ("labels", "target", "said"),
    [
        (
            np.where(np.arange(96)[:, None] < 19, BALANCE, np.nan),
            NUMBER,
            "19 different molecules have a label of balance",
        ),
        (np.zeros((96, 1)), CLASS, "every label of aromatic is the same"),
        (make_single_positive(), CLASS, "the random split leaves too few labels of aromatic .*patience=None"),
    ],
    ids=["few", "constant", "split"],
)
def test_too_little_to_learn_from_is_refused(labels, target, said):
    with pytest.raises(TableError, match=said):
        fit_arrays(SMILES, labels, [target], QUICK)
