"""From a table of labels to a predictor that beats the mean."""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.chem.smiles import require_mols
from moldesign.errors import ExportError, TableError
from moldesign.graphs import featurize_smiles
from moldesign.metrics import compute_auroc, compute_mae
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.ensemble import load_model_folder
from moldesign.predictors.fitting import (
    FittingSettings,
    LabelTable,
    average_figures,
    fit_predictor,
    key_molecules,
    measure_endpoints,
    merge_labels,
    predict_by_nearest,
)
from moldesign.predictors.onnx_export import export_onnx
from moldesign.predictors.training import TrainingSettings
from tests.small_forests import small_forests  # noqa: F401  a fixture

NAN = float("nan")
SETTINGS = FittingSettings(
    TrainingSettings(n_epochs=14, batch_size=24, learning_rate=1e-2), n_networks=2, hidden_size=16, n_layers=2
)


def frame(**labels):
    return pd.DataFrame({"smiles": list(labels), "label": list(labels.values())})


def test_writings_and_salts_of_one_molecule_are_merged():
    table = merge_labels([frame(**{"OCC": 1.0, "CCO": 3.0, "CC(=O)[O-].[Na+]": 5.0})], ["x"], [False])
    assert dict(zip(table.smiles, table.labels[:, 0], strict=True)) == {"CCO": 2.0, "CC(=O)O": 5.0}


def test_classes_that_disagree_are_left_out():
    table = merge_labels([frame(OCC=0, CCO=1, CCN=1, NCC=1, CCC=0)], ["x"], [True])
    assert dict(zip(table.smiles, table.labels[:, 0], strict=True)) == {"CCN": 1.0, "CCC": 0.0}


def test_endpoints_are_joined_by_molecule():
    table = merge_labels([frame(CCO=1.0, bad=2.0, CCC=NAN), frame(OCC=0, CCN=1)], ["x", "y"], [False, True])
    assert table.smiles == ["CCO", "CCN"]
    np.testing.assert_array_equal(table.labels, [[1, 0], [NAN, 1]])
    assert table.keys == list(key_molecules(["CCO", "CCN"]).keys)


def test_a_table_without_anything_to_learn_is_refused():
    with pytest.raises(TableError, match="no row has a readable SMILES and a label of x"):
        merge_labels([frame(bad=1.0, CCO=NAN)], ["x"], [False])


def test_unreadable_molecules_have_no_key():
    keyed = key_molecules(["CCO", "bad", None])
    assert keyed.smiles == ["CCO", None, None]
    assert keyed.keys == ["LFQSCWFLJHTTHZ-UHFFFAOYSA-N", None, None]
    assert [error is None for error in keyed.errors] == [True, False, False]
    assert key_molecules(["bad"], first_row=7).errors[0].startswith("row 7: 'bad' is not a valid SMILES")


def test_a_molecule_without_inchi_is_its_own_key():
    peptide = "NCC(=O)" * 280 + "O"  # more atoms than InChI takes
    keyed = key_molecules([peptide, "CCO"])
    assert keyed.keys == [keyed.smiles[0], "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"]


def test_figures_of_merit_by_hand():
    endpoints = [Endpoint("x", "regression", "", ""), Endpoint("y", "classification", "", "")]
    labels = np.array([[1.0, 1], [2.0, 0], [NAN, 0], [4.0, NAN]])
    values = np.array([[1.5, 0.9], [2.5, 0.1], [9.0, 0.95], [NAN, 0.2]])
    figures = measure_endpoints(endpoints, labels, values)
    assert figures == {"x": {"MAE": 0.5, "Spearman": 1.0, "n": 2}, "y": {"AUROC": 0.5, "AUPRC": 0.5, "n": 3}}
    assert measure_endpoints(endpoints, np.full((4, 2), NAN), values) == {}


def test_a_figure_that_is_not_defined_is_left_out():
    endpoints = [
        Endpoint("one_class", "classification", "", ""),
        Endpoint("no_positive", "classification", "", ""),
        Endpoint("constant", "regression", "", ""),
    ]
    labels, values = np.array([[1, 0, 1.0], [1, 0, 2.0]]), np.array([[0.2, 0.2, 3.0], [0.3, 0.3, 3.0]])
    assert measure_endpoints(endpoints, labels, values) == {
        "one_class": {"AUPRC": 1.0, "n": 2},
        "no_positive": {"n": 2},
        "constant": {"MAE": 1.5, "n": 2},
    }


def test_figures_of_several_networks_are_averaged():
    figures = [{"x": {"MAE": 1.0, "n": 10}}, {"x": {"MAE": 2.0, "n": 20}}, {}]
    assert average_figures(figures) == {"x": {"MAE": 1.5, "n": 15.0}}
    assert average_figures([]) == {}


def test_each_figure_is_averaged_over_the_networks_that_have_it():
    figures = [{"x": {"n": 1}}, {"x": {"AUROC": 0.5, "n": 3}, "y": {"MAE": 2.0}}]
    assert average_figures(figures) == {"x": {"n": 2.0, "AUROC": 0.5}, "y": {"MAE": 2.0}}


def test_the_nearest_molecule_with_a_label_is_the_baseline():
    train = LabelTable(["CCO", "CCCO", "c1ccccc1O"], np.array([[1.0, NAN], [2.0, 0.0], [3.0, 1.0]]), ["a", "b", "c"])
    predicted = predict_by_nearest(train, ["CCO", "Cc1ccccc1O"])
    np.testing.assert_array_equal(predicted, [[1.0, 0.0], [3.0, 1.0]])


def make_library():
    """Return molecules with two labels that follow from the structure: n(O) - n(N) with noise, and being aromatic."""
    cores, ends = ["CC", "CCC(C)", "c1ccc(cc1)", "C1CCC(CC1)"], ["C", "O", "N", "CO", "CN", "C(=O)O", "OC", "F"]
    smiles = [f"{a}{core}{b}" for a, core, b in product(("C", "O", "N", "CC", "OC", "NC"), cores, ends)]
    rng = np.random.default_rng(0)
    oxygens = np.array([text.count("O") - text.count("N") for text in smiles]) + rng.normal(0, 0.1, len(smiles))
    aromatic = np.array([float("c" in text) for text in smiles])
    aromatic[rng.random(len(smiles)) < 0.3] = NAN
    labels = np.column_stack([oxygens, aromatic])
    return LabelTable(smiles, labels, smiles), np.array([float("c" in text) for text in smiles])


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Train on three quarters of the library; return what is needed to judge it on the rest."""
    work = tmp_path_factory.mktemp("work")
    table, aromatic = make_library()
    is_test = np.random.default_rng(1).random(len(table.smiles)) < 0.25
    train = table.select(np.flatnonzero(~is_test))
    endpoints = [
        fit_endpoint("oxygens", "regression", train.labels[:, 0]),
        fit_endpoint("aromatic", "classification", train.labels[:, 1]),
    ]
    predictor = fit_predictor("toy", train, endpoints, SETTINGS, work=work)
    predictor.card["source"] = "made up"
    return predictor, train, table.select(np.flatnonzero(is_test)), aromatic[is_test], work


def test_a_trained_predictor_beats_the_mean_on_molecules_it_has_not_seen(fitted):
    predictor, train, test, aromatic, _ = fitted
    values = predictor.predict(test.smiles).values
    mean = np.full(len(test.smiles), train.labels[:, 0].mean())
    assert compute_mae(test.labels[:, 0], values[:, 0]) < 0.4 * compute_mae(test.labels[:, 0], mean)
    assert compute_auroc(aromatic, values[:, 1]) > 0.95


def test_the_card_tells_how_it_was_trained(fitted, tmp_path):
    predictor, train, _, _, _ = fitted
    predictor.save(tmp_path)
    card = load_model_folder(tmp_path).card
    assert card["source"] == "made up"
    assert card["n_training_molecules"] == len(train.smiles)
    assert card["n_labels"] == {"oxygens": len(train.smiles), "aromatic": int(np.isfinite(train.labels[:, 1]).sum())}
    assert card["validation"]["oxygens"]["MAE"] < 0.6
    assert predictor.domain.smiles == tuple(train.smiles)


def test_a_fit_with_folds_is_calibrated_on_what_its_ensembles_have_not_seen(fitted, tmp_path):
    predictor, train, test, _, _ = fitted
    assert not predictor.calibration.parts
    trained = set()
    settings = replace(SETTINGS, calibration_folds=3)
    calibrated = fit_predictor(
        "toy",
        train,
        predictor.endpoints,
        settings,
        work=tmp_path,
        on_epoch=lambda number, _: trained.add(number),
    )
    assert trained == set(range(2 * (1 + 3)))
    for network, same in zip(calibrated.networks, predictor.networks, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(network.parameters(), same.parameters(), strict=True))
    predictions = calibrated.predict(test.smiles)
    assert predictions.with_interval == ("oxygens",)
    covered = (test.labels[:, 0] >= predictions.low[:, 0]) & (test.labels[:, 0] <= predictions.high[:, 0])
    assert covered.mean() >= 0.9
    assert len(calibrated.calibration.parts["oxygens"].errors) == len(train.smiles)
    assert np.isfinite(predictions.distance).all()


@pytest.fixture(scope="module")
def with_kernel(fitted):
    """Kernel regressions beside networks that have learned next to nothing, and nothing at all of one in ten rows."""
    train, endpoint = fitted[1], fitted[0].endpoints[0]
    settings = replace(SETTINGS, training=TrainingSettings(n_epochs=1), kernel=True)
    return fit_predictor("toy", train._replace(labels=train.labels[:, :1]), [endpoint], settings)


def test_kernel_regressions_are_mixed_in(with_kernel, fitted, tmp_path):
    test = fitted[2]
    assert with_kernel.kernel.shares[0] >= 0.5
    networks = replace(with_kernel, kernel=None)
    ours, theirs = (one.predict(test.smiles) for one in (with_kernel, networks))
    assert compute_mae(test.labels[:, 0], ours.values[:, 0]) < 0.7 * compute_mae(test.labels[:, 0], theirs.values[:, 0])
    assert with_kernel.card["validation"]["oxygens"]["MAE"] < 0.7 * measure_alone(networks, fitted[1])
    np.testing.assert_allclose(ours.std, theirs.std, rtol=1e-4)
    with_kernel.save(tmp_path)
    loaded = load_model_folder(tmp_path)
    np.testing.assert_array_equal(loaded.predict(test.smiles).values, ours.values)
    again = loaded.predict_standardized(test.smiles, [0], featurize_smiles(test.smiles).graphs).predictions
    np.testing.assert_allclose(again.values, ours.values, rtol=1e-4, atol=1e-5)


def measure_alone(networks, train):
    return compute_mae(train.labels[:, 0], networks.predict(train.smiles).values[:, 0])


def test_an_explanation_is_of_networks_and_kernel_regression(with_kernel):
    [mol] = require_mols(["Cc1ccccc1O"])
    share, spread = with_kernel.kernel.shares[0], with_kernel.endpoints[0].spread
    theirs = replace(with_kernel, kernel=None).explain("Cc1ccccc1O").atom_weights
    expected = (1 - share) * theirs + share * spread * with_kernel.kernel.weigh_atoms(mol, 0)
    np.testing.assert_allclose(with_kernel.explain("Cc1ccccc1O").atom_weights, expected, rtol=1e-4, atol=1e-6)


def test_a_kernel_regression_is_not_exported(with_kernel, tmp_path):
    with pytest.raises(ExportError, match="has models of fingerprints beside its networks"):
        export_onnx(with_kernel, tmp_path / "toy.onnx")


def test_given_networks_are_not_trained_again(with_kernel, fitted):
    train, endpoints = fitted[1], with_kernel.endpoints
    train = train._replace(labels=train.labels[:, :1])
    settings = replace(SETTINGS, kernel=True)
    again = fit_predictor("toy", train, endpoints, settings, networks=with_kernel.networks, on_epoch=pytest.fail)
    np.testing.assert_array_equal(again.predict(["CCO"]).values, with_kernel.predict(["CCO"]).values)


def test_kernel_regressions_have_no_folds_to_calibrate_on(fitted):
    with pytest.raises(ValueError, match="is not calibrated"):
        fit_predictor("toy", fitted[1], fitted[0].endpoints, replace(SETTINGS, kernel=True, calibration_folds=2))


def test_finished_networks_are_not_trained_again(fitted):
    predictor, train, test, _, work = fitted

    def fail(member, progress):
        raise AssertionError(member, progress)

    again = fit_predictor("toy", train, predictor.endpoints, SETTINGS, work=work, on_epoch=fail)
    np.testing.assert_array_equal(again.predict(test.smiles).values, predictor.predict(test.smiles).values)


def fit_tiny(work, *, smiles=("CCO", "CCN", "CCC", "CCCl"), labels=(1.0, 2.0, 3.0, 4.0), n_epochs=1, **settings):
    """Fit one small network; return what was trained, as (network, epochs)."""
    table = LabelTable(list(smiles), np.array(labels)[:, None], list(smiles))
    trained = []
    fit_predictor(
        "toy",
        table,
        [fit_endpoint("x", "regression", table.labels[:, 0])],
        FittingSettings(TrainingSettings(n_epochs=n_epochs), **{"n_networks": 1, "hidden_size": 8} | settings),
        work=work,
        on_epoch=lambda member, progress: trained.append((member, progress.epoch)),
    )
    return trained


@pytest.mark.parametrize(
    ("changes", "reason", "trained"),
    [
        ({"n_epochs": 2}, "training settings", [(0, 1), (0, 2)]),
        ({"hidden_size": 16}, "network settings", [(0, 1)]),
        ({"seed": 9, "held_out_share": 0.0}, "seed", [(0, 1)]),
        ({"smiles": ("CCO", "CCN", "CCC", "CCBr")}, "molecules", [(0, 1)]),
        ({"labels": (1.0, 2.0, 3.0, 5.0)}, "endpoints, labels", [(0, 1)]),
        ({"held_out_share": 0.5}, "rows", [(0, 1)]),
    ],
)
def test_a_network_of_another_training_is_trained_again(tmp_path, caplog, changes, reason, trained):
    first = {"held_out_share": 0.0}
    assert fit_tiny(tmp_path, **first) == [(0, 1)]
    assert fit_tiny(tmp_path, **first) == []
    assert caplog.text == ""
    assert fit_tiny(tmp_path, **first | changes) == trained
    assert f"the network in {tmp_path / 'network_0'} is trained again: changed since then: {reason}" in caplog.text
    assert fit_tiny(tmp_path, **first | changes) == []


def test_a_predictor_without_any_figure_can_be_saved(tmp_path):
    smiles, labels = ["CCO", "CCN", "CCC", "CCCl"], np.ones((4, 1))
    settings = FittingSettings(TrainingSettings(n_epochs=1), n_networks=2, hidden_size=8, n_layers=1)
    endpoint = fit_endpoint("active", "classification", labels[:, 0])
    predictor = fit_predictor("toy", LabelTable(smiles, labels, smiles), [endpoint], settings)
    predictor.save(tmp_path)
    assert "AUROC" not in load_model_folder(tmp_path).card["validation"].get("active", {})


@pytest.mark.parametrize("ask", [key_molecules, partial(predict_by_nearest, LabelTable(["C"], np.ones((1, 1)), ["a"]))])
def test_one_text_is_not_taken_for_many_rows(ask):
    with pytest.raises(TypeError, match="pass a list"):
        ask("CCO")


def test_a_molecule_without_a_graph_is_left_out_of_the_training(caplog):
    table = LabelTable(["CCO", "C(C", "CCN", "CCC"], np.array([[1.0], [9.0], [2.0], [3.0]]), list("abcd"))
    settings = FittingSettings(TrainingSettings(n_epochs=1), n_networks=1, hidden_size=8, n_layers=1)
    endpoint = fit_endpoint("x", "regression", table.labels[:, 0])
    predictor = fit_predictor("toy", table, [endpoint], settings)
    assert predictor.domain.smiles == ("CCO", "CCN", "CCC")
    assert predictor.card["n_labels"] == {"x": 3}
    assert "row 1: 'C(C' is not a valid SMILES" in caplog.text
