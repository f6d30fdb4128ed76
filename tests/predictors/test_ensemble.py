"""The predictor that users hold: rows, spread, domain, tables, and its model folder."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.chem.smiles import randomize_smiles, require_mols
from moldesign.errors import ModelFormatError
from moldesign.graphs import FEATURES_VERSION, featurize_smiles
from moldesign.predictors import ensemble as ensemble_module
from moldesign.predictors.ensemble import load_model_folder
from moldesign.predictors.training import apply_network
from tests.predictors.tiny_predictor import ENDPOINTS, make_predictor

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


def test_one_text_is_not_taken_for_many_rows(tiny_predictor):
    for ask in (tiny_predictor.predict, tiny_predictor.measure_domain):
        with pytest.raises(TypeError, match=r'pass a list: \["CCO"\]'):
            ask("CCO")


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


def rewrite_card(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_features_of_another_version_are_refused(tiny_predictor, tmp_path):
    tiny_predictor.save(tmp_path)
    rewrite_card(tmp_path, features_version=FEATURES_VERSION + 1)
    with pytest.raises(ModelFormatError, match=rf"features version {FEATURES_VERSION + 1}; .* retrain the model"):
        load_model_folder(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [{"n_networks": 4}, {"network": {"hidden_size": 3}}, {"network": None}, {"endpoints": [{"task": "regression"}]}],
    ids=["networks", "shape", "no_shape", "endpoints"],
)
def test_a_card_that_describes_another_model_is_refused(tiny_predictor, tmp_path, changes):
    tiny_predictor.save(tmp_path)
    rewrite_card(tmp_path, **changes)
    with pytest.raises(ModelFormatError, match="does not fit its own card"):
        load_model_folder(tmp_path)


def test_a_future_format_a_damaged_and_a_missing_file_are_refused(tmp_path):
    make_predictor(n_networks=1).save(tmp_path)
    rewrite_card(tmp_path, format_version=2)
    with pytest.raises(ModelFormatError, match="format version 2"):
        load_model_folder(tmp_path)
    rewrite_card(tmp_path, format_version=1, sha256="0" * 64)
    with pytest.raises(ModelFormatError, match="checksum"):
        load_model_folder(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelFormatError, match=r"has no model\.safetensors"):
        load_model_folder(tmp_path)


def test_predicting_draws_no_random_numbers(tiny_predictor):
    before = torch.get_rng_state()
    first = tiny_predictor.predict(["CCO"]).values
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(first, tiny_predictor.predict(["CCO"]).values)
