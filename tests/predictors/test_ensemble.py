"""The predictor that users hold: rows, spread, domain, tables, and its model folder."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.checkpoint import load_model, save_model
from moldesign.chem.smiles import randomize_smiles, require_mols
from moldesign.errors import UnknownNameError
from moldesign.graphs import featurize_smiles
from moldesign.metrics import compute_ece
from moldesign.predictors import ensemble as ensemble_module
from moldesign.predictors.calibration import Calibration, ConformalInterval, PlattScaling
from moldesign.predictors.domain import Neighbour, fit_domain
from moldesign.predictors.ensemble import load_model_folder
from moldesign.predictors.error_model import fit_error_model
from moldesign.predictors.latent import apply_ensemble, apply_with_states
from moldesign.predictors.training import apply_network
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import ENDPOINTS, TRAINING, make_predictor

MIXED = ["CCO", "C(C", "c1ccccc1", None, "", "C(C)(C)(C)(C)C", float("nan"), 7, "CC(=O)Oc1ccccc1C(=O)O"]
GOOD = [0, 2, 8]


def test_rows_stay_where_they_are(tiny_predictor):
    predictions = tiny_predictor.predict(MIXED, first_row=10)
    assert predictions.values.shape == predictions.std.shape == predictions.in_domain.shape == (9, 2)
    assert predictions.values.dtype == predictions.std.dtype == np.float32
    assert np.flatnonzero(predictions.is_valid).tolist() == GOOD
    assert (np.isnan(predictions.values).all(axis=1) == ~predictions.is_valid).all()
    assert (np.isfinite(predictions.std).all(axis=1) == predictions.is_valid).all()
    assert not predictions.in_domain[~predictions.is_valid].any()
    assert [error is None for error in predictions.errors] == predictions.is_valid.tolist()
    assert predictions.errors[1] == "row 11: 'C(C' is not a valid SMILES (syntax error)"
    for row in GOOD:
        alone = tiny_predictor.predict([MIXED[row]])
        np.testing.assert_allclose(predictions.values[row], alone.values[0], rtol=1e-5)


def test_chunks_change_nothing(tiny_predictor, monkeypatch):
    whole = tiny_predictor.predict(MIXED)
    monkeypatch.setattr(ensemble_module, "_CHUNK", 2)
    pieces = tiny_predictor.predict(MIXED)
    np.testing.assert_allclose(whole.values, pieces.values, rtol=1e-5)
    np.testing.assert_array_equal(whole.in_domain, pieces.in_domain)
    assert whole.errors == pieces.errors
    assert whole.smiles[:6] == pieces.smiles[:6]


def test_values_and_std_are_mean_and_spread_of_the_networks(tiny_predictor):
    graphs = featurize_smiles(["CCO"]).graphs
    outputs = np.stack([apply_network(network, graphs)[0] for network in tiny_predictor.networks])
    probability = 1 / (1 + np.exp(-outputs[:, 0]))
    hours = 10 ** (outputs[:, 1] * 0.4 + 0.7)
    predictions = tiny_predictor.predict(["CCO"])
    assert predictions.values[0].tolist() == pytest.approx([probability.mean(), hours.mean()], rel=1e-5)
    assert predictions.std[0].tolist() == pytest.approx([probability.std(), hours.std()], rel=1e-4)
    assert (predictions.std > 0).all()


def test_the_writing_of_a_molecule_does_not_matter(tiny_predictor, named_drugs):
    rng = np.random.default_rng(0)
    again = [randomize_smiles(mol, rng) for mol in require_mols(list(named_drugs.values()))]
    first, second = tiny_predictor.predict(list(named_drugs.values())), tiny_predictor.predict(again)
    np.testing.assert_allclose(first.values, second.values, rtol=1e-4)
    np.testing.assert_array_equal(first.in_domain, second.in_domain)


def test_a_salt_is_predicted_as_its_parent_unless_told_otherwise(tiny_predictor, named_drugs):
    salt, acid = named_drugs["diclofenac_sodium"], "OC(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl"
    values = tiny_predictor.predict([salt, acid]).values
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5)
    as_written = tiny_predictor.predict([salt], standardize=False).values
    assert np.abs(as_written - values[0]).max() > 1e-3


def test_a_salt_is_as_near_to_the_training_set_as_its_parent(tiny_predictor):
    aspirin, salt = "CC(=O)Oc1ccccc1C(=O)O", "[Na+].CC(=O)Oc1ccccc1C(=O)[O-]"
    measured = tiny_predictor.measure_domain([salt])
    assert (measured.nearest, measured.similarity.tolist()) == ([aspirin], [1.0])


@pytest.mark.parametrize("nothing", [[], ["C(C"]])
def test_nothing_to_predict(tiny_predictor, nothing):
    predictions = tiny_predictor.predict(nothing)
    assert predictions.values.shape == (len(nothing), 2)
    assert predictions.values.dtype == np.float32
    assert len(predictions.to_frame()) == len(nothing)


def test_without_the_domain_nothing_is_claimed_to_be_inside(tiny_predictor):
    aspirin = ["CC(=O)Oc1ccccc1C(=O)O"]
    assert tiny_predictor.predict(aspirin).in_domain.all()
    assert not tiny_predictor.predict(aspirin, with_domain=False).in_domain.any()


def test_the_table_has_its_columns(tiny_predictor):
    frame = tiny_predictor.predict(["CC(=O)Oc1ccccc1C(=O)O", "C(C"]).to_frame()
    assert frame.columns.tolist() == [
        "smiles",
        *("herg", "herg_std", "half_life", "half_life_std"),
        *("herg_in_domain", "half_life_in_domain", "in_domain", "error"),
    ]
    assert frame["smiles"].tolist() == ["CC(=O)Oc1ccccc1C(=O)O", "C(C"]
    assert frame["in_domain"].tolist() == [True, False]
    assert frame["herg"].isna().tolist() == [False, True]
    assert frame["error"].isna().tolist() == [True, False]


SCORES = np.linspace(0.1, 3, 59, dtype=np.float32)
CALIBRATION = Calibration(
    {
        "herg": PlattScaling(0.5, 0.2, 80),
        "half_life": ConformalInterval(errors=SCORES * np.float32(0.2), std=np.zeros_like(SCORES), offset=0.2),
    }
)


@pytest.fixture(scope="module")
def calibrated_predictor():
    """The tiny predictor with a calibration, and with a domain that knows how its first network sees molecules."""
    predictor = make_predictor()
    labels = np.linspace(0.1, 12, 24).reshape(12, 2)
    smiles = list(NAMED_DRUGS.values())[:-1]
    states = apply_with_states(predictor.networks[0], featurize_smiles(smiles).graphs).states
    domain = fit_domain(smiles, labels[:-1], rng=np.random.default_rng(0), states=states)
    return replace(predictor, calibration=CALIBRATION, domain=domain)


def test_a_calibrated_regression_has_intervals(tiny_predictor, calibrated_predictor):
    raw, predictions = tiny_predictor.predict(MIXED), calibrated_predictor.predict(MIXED)
    assert predictions.with_interval == ("half_life",)
    assert np.isnan(predictions.low[:, 0]).all()
    assert (np.isfinite(predictions.low[:, 1]) == predictions.is_valid).all()
    low, value, high = predictions.low[GOOD, 1], predictions.values[GOOD, 1], predictions.high[GOOD, 1]
    assert ((low < value) & (value < high)).all()
    np.testing.assert_array_equal(value, raw.values[GOOD, 1])
    np.testing.assert_array_equal(predictions.std[GOOD, 1], raw.std[GOOD, 1])
    outputs = np.stack([apply_network(n, featurize_smiles(["CCO"]).graphs)[0, 1] for n in tiny_predictor.networks])
    half = 2.75 * (outputs.std() + 0.2)  # the 54th of 59 scores
    assert [low[0], high[0]] == pytest.approx(
        [10 ** (0.7 + 0.4 * (outputs.mean() + s * half)) for s in (-1, 1)], rel=1e-4
    )


def test_another_level_gives_other_intervals(calibrated_predictor):
    usual, narrow = calibrated_predictor.predict(["CCO"]), calibrated_predictor.predict(["CCO"], level=0.5)
    assert usual.low[0, 1] < narrow.low[0, 1] < narrow.high[0, 1] < usual.high[0, 1]
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibrated_predictor.predict(["CCO"], level=90)


def test_a_calibrated_classification_has_calibrated_probabilities(tiny_predictor, calibrated_predictor):
    outputs = np.stack([apply_network(n, featurize_smiles(["CCO"]).graphs)[0, 0] for n in tiny_predictor.networks])
    value = calibrated_predictor.predict(["CCO"]).values[0, 0]
    assert value == pytest.approx(1 / (1 + np.exp(-(0.5 * outputs.mean() + 0.2))), rel=1e-5)


@pytest.mark.parametrize("smiles", [MIXED, ["C(C"], []])
def test_intervals_have_columns_whatever_the_rows(calibrated_predictor, smiles):
    frame = calibrated_predictor.predict(smiles).to_frame()
    assert frame.columns.tolist() == [
        "smiles",
        *("herg", "herg_std", "half_life", "half_life_std", "half_life_low", "half_life_high"),
        *("herg_in_domain", "half_life_in_domain", "in_domain", "error"),
    ]


def test_without_calibration_there_are_no_intervals(tiny_predictor):
    predictions = tiny_predictor.predict(MIXED)
    assert predictions.with_interval == ()
    assert np.isnan([predictions.low, predictions.high]).all()


def test_a_saved_calibration_and_domain_are_read_back(calibrated_predictor, tmp_path):
    calibrated_predictor.save(tmp_path)
    again = load_model_folder(tmp_path)
    first, second = calibrated_predictor.predict(MIXED), again.predict(MIXED)
    for part in ("values", "std", "low", "high", "in_domain", "distance"):
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part))
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["calibration"]["half_life"] == {"method": "conformal", "n": 59, "offset": 0.2}
    assert again.neighbours(["CCO"], "half_life") == calibrated_predictor.neighbours(["CCO"], "half_life")


def test_a_folder_without_calibration_labels_and_latent_space_loads(calibrated_predictor, tiny_predictor, tmp_path):
    tiny_predictor.save(tmp_path)
    tensors, card = load_model(tmp_path, kind="predictor")
    del card["calibration"], tensors["domain.labels"]
    save_model(tmp_path, tensors, card)
    old = load_model_folder(tmp_path)
    np.testing.assert_array_equal(old.predict(MIXED).values, tiny_predictor.predict(MIXED).values)
    assert np.isnan(old.predict(MIXED).distance).all()
    assert old.neighbours([TRAINING[0]], "herg", k=1) == [[Neighbour(TRAINING[0], 1.0, None)]]


def test_neighbours_are_found_by_the_name_of_the_endpoint(calibrated_predictor):
    salt = "[Na+].CC(=O)Oc1ccccc1C(=O)[O-]"
    ((aspirin,), nothing) = calibrated_predictor.neighbours([salt, "C(C"], "t_half", k=1)
    assert (aspirin.smiles, aspirin.similarity, nothing) == (NAMED_DRUGS["aspirin"], 1.0, [])
    assert aspirin.value == pytest.approx(np.linspace(0.1, 12, 24)[1])
    with pytest.raises(UnknownNameError, match="unknown endpoint of tiny 'half_lif'; did you mean: half_life"):
        calibrated_predictor.neighbours(["CCO"], "half_lif")


def test_the_distance_is_small_for_training_molecules_only(calibrated_predictor):
    training = calibrated_predictor.predict(list(NAMED_DRUGS.values())[:-1])
    assert (training.distance[:, 0] <= 1).mean() >= 0.8
    strange = calibrated_predictor.predict(["C" * 300, "[Au+3]", "C(C"])
    assert strange.distance[0].min() > 2
    assert not strange.in_domain.any()
    assert np.isnan(strange.distance[2]).all()
    assert np.isnan(calibrated_predictor.predict(["CCO"], with_domain=False).distance).all()


def make_measurements(predictor, n=80):
    """Return molecules and labels: hours that scatter around the predictions, and classes that follow them."""
    smiles = [f"{'C' * (1 + i % 8)}{end}" for i, end in enumerate(["O", "N", "F", "Cl", "S", "C#N", "OC", "NC"] * 10)][
        :n
    ]
    rng = np.random.default_rng(0)
    values = predictor.predict(smiles, with_domain=False).values.astype(np.float64)
    hours = values[:, 1] * 10 ** rng.normal(0, 0.3, n)
    active = values[:, 0] + rng.normal(0, 0.02, n) > np.median(values[:, 0])
    return smiles, np.column_stack([active, hours])


def test_recalibrating_covers_the_new_measurements(tiny_predictor):
    smiles, labels = make_measurements(tiny_predictor)
    again = tiny_predictor.recalibrate(smiles, labels)
    assert again.networks is tiny_predictor.networks
    assert tiny_predictor.calibration == Calibration()
    predictions = again.predict(smiles)
    covered = (labels[:, 1] >= predictions.low[:, 1]) & (labels[:, 1] <= predictions.high[:, 1])
    assert 0.9 <= covered.mean() <= 0.95
    before = tiny_predictor.predict(smiles).values[:, 0]
    assert compute_ece(labels[:, 0], predictions.values[:, 0]) < compute_ece(labels[:, 0], before)


def test_recalibrating_leaves_out_what_was_trained_on(tiny_predictor, caplog):
    smiles, labels = make_measurements(tiny_predictor, n=40)
    labels[:, 0] = np.nan
    known = ["CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "C(C"]
    with caplog.at_level(logging.WARNING):
        again = tiny_predictor.recalibrate(smiles + known, np.vstack([labels, [[1.0, 5.0], [np.nan, 5.0]]]))
    alone = tiny_predictor.recalibrate(smiles, labels)
    np.testing.assert_array_equal(
        again.calibration.parts["half_life"].scores, alone.calibration.parts["half_life"].scores
    )
    assert "3 labels left out: trained on already, or of molecules that cannot be read" in caplog.text


def test_an_endpoint_with_too_few_new_labels_keeps_its_calibration(calibrated_predictor):
    smiles, labels = make_measurements(calibrated_predictor, n=40)
    labels[10:, 1] = np.nan
    again = calibrated_predictor.recalibrate(smiles, labels)
    assert again.calibration.parts["half_life"] is CALIBRATION.parts["half_life"]
    assert again.calibration.parts["herg"] != CALIBRATION.parts["herg"]


def test_a_saved_predictor_predicts_the_same(tiny_predictor, tmp_path):
    tiny_predictor.save(tmp_path)
    again = load_model_folder(tmp_path)
    assert (again.name, again.endpoints) == ("tiny", ENDPOINTS)
    assert again.card["source"] == "random numbers"
    first, second = tiny_predictor.predict(MIXED), again.predict(MIXED)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.std, second.std)
    np.testing.assert_array_equal(first.in_domain, second.in_domain)
    assert again.measure_domain(["CCO"]).nearest == tiny_predictor.measure_domain(["CCO"]).nearest


def test_a_changed_predictor_is_saved_as_it_is(tiny_predictor, tmp_path):
    tiny_predictor.save(tmp_path / "first")
    loaded = load_model_folder(tmp_path / "first")
    replace(loaded, name="smaller", networks=loaded.networks[:1]).save(tmp_path / "second")
    again = load_model_folder(tmp_path / "second")
    assert (again.name, len(again.networks)) == ("smaller", 1)
    assert again.card["source"] == "random numbers"


def test_predicting_draws_no_random_numbers(tiny_predictor):
    before = torch.get_rng_state()
    first = tiny_predictor.predict(["CCO"]).values
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(first, tiny_predictor.predict(["CCO"]).values)


def test_four_threads_predict_what_one_predicts(calibrated_predictor):
    drugs = list(NAMED_DRUGS.values())
    tables = [[*drugs[start:], *MIXED] * 5 for start in range(8)]
    alone = [calibrated_predictor.predict(table) for table in tables]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(calibrated_predictor.predict, tables))
    for one, other in zip(alone, together, strict=True):
        for part in ("values", "std", "low", "high", "in_domain", "distance"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
        assert one.errors == other.errors


@pytest.fixture(scope="module")
def predictor_with_error_model(calibrated_predictor):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(300, 48)).astype(np.float32)
    errors = np.abs(rng.normal(size=(300, 2)) * [0.3, 0.1])
    model = fit_error_model(rng.normal(size=(300, 2)), states, errors)
    return replace(calibrated_predictor, error_model=model)


def test_an_error_model_takes_the_place_of_the_spread(predictor_with_error_model, calibrated_predictor):
    smiles = ["CCO", "c1ccccc1O", "CCN(CC)CC"]
    ours, spread = predictor_with_error_model.predict(smiles), calibrated_predictor.predict(smiles)
    np.testing.assert_array_equal(ours.values, spread.values)
    outputs, states = apply_ensemble(predictor_with_error_model.networks, featurize_smiles(smiles).graphs)
    expected = predictor_with_error_model.error_model.expect(outputs.mean(axis=0), states)
    np.testing.assert_allclose(ours.std[:, 0], expected[:, 0].clip(max=1), rtol=1e-5)
    hours = ENDPOINTS[1]
    mean = outputs.mean(axis=0)[:, 1]
    above, below = hours.to_values(mean + expected[:, 1]), hours.to_values(mean - expected[:, 1])
    np.testing.assert_allclose(ours.std[:, 1], (above - below) / 2, rtol=1e-5)
    low, high = CALIBRATION.parts["half_life"].bound(mean, expected[:, 1], 0.9)
    np.testing.assert_allclose(ours.high[:, 1], hours.to_values(high), rtol=1e-3)
    np.testing.assert_allclose(ours.low[:, 1], hours.to_values(low), rtol=1e-3)


def test_a_saved_error_model_is_read_back(predictor_with_error_model, tmp_path):
    predictor_with_error_model.save(tmp_path)
    again = load_model_folder(tmp_path)
    np.testing.assert_array_equal(again.predict(["CCO"]).std, predictor_with_error_model.predict(["CCO"]).std)
    smiles, labels = make_measurements(predictor_with_error_model, n=60)
    interval = again.recalibrate(smiles, labels).calibration.parts["half_life"]
    np.testing.assert_array_equal(np.sort(interval.std), np.sort(expect_errors(again, smiles)[:, 1]))


def expect_errors(predictor, smiles):
    outputs, states = apply_ensemble(predictor.networks, featurize_smiles(smiles).graphs)
    return predictor.error_model.expect(outputs.mean(axis=0), states)
