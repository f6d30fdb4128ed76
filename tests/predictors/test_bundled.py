"""The predictors in the package: by name, cheap to list, complete, and better than guessing."""

import json
import math

import numpy as np
import pytest

from moldesign.datasets.catalog import TDC_ADMET
from moldesign.errors import ModelFormatError, UnknownNameError
from moldesign.predictors import bundled
from moldesign.predictors.bundled import (
    bundled_endpoints,
    find_model_folder,
    list_bundled,
    load_predictor,
    read_model_card,
)
from tests.predictors.tiny_predictor import make_predictor

EXPECTED = {
    "admet": {*TDC_ADMET, "cyp1a2_inhibition", "tox21_nr_ar", "clintox", "hydration_free_energy"},
    "activity": {"drd2", "gsk3b", "jnk3"},
    "targets": {"egfr", "vegfr2", "brd4"},
}
"""Endpoints that the package promises, by model."""
FIELDS = {"name": "herg", "task": "classification", "unit": "", "description": ""}
NAMES = sorted(EXPECTED.keys() | list_bundled().keys())
CARD_KEYS = {
    *("format_version", "features_version", "kind", "name", "sha256", "date", "training_command"),
    *("endpoints", "network", "n_networks", "n_training_molecules", "n_labels", "test"),
    *("source", "licence", "limits"),
}


@pytest.fixture
def two_models(tmp_path, monkeypatch):
    """Put two tiny models in the place of the bundled ones."""
    folders = {name: tmp_path / name for name in ("admet", "activity")}
    for name, folder in folders.items():
        make_predictor(name=name, n_networks=1).save(folder)
    monkeypatch.setattr(bundled, "list_bundled", lambda: folders)
    return folders


def test_a_model_is_found_by_name_or_by_folder(two_models):
    assert find_model_folder("admet") == two_models["admet"]
    assert load_predictor("admet").name == "admet"
    assert load_predictor(two_models["activity"]).name == load_predictor(str(two_models["activity"])).name == "activity"
    assert read_model_card("admet")["name"] == "admet"


def test_an_unknown_name_lists_the_nearest(two_models):
    with pytest.raises(UnknownNameError, match="unknown model 'admt'; did you mean: admet"):
        load_predictor("admt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "prior"}, r"admet holds a model of kind 'prior'; a predictor was expected: name a folder"),
        ({"endpoints": None}, r"card\.json: its endpoints cannot be read .*; copy the complete model folder, update"),
        ({"endpoints": ["herg"]}, r"card\.json: its endpoints cannot be read"),
        ({"endpoints": [{"name": "herg", "colour": "red"}]}, r"card\.json: its endpoints cannot be read .*colour"),
        ({"endpoints": [{**FIELDS, "task": "ranking"}]}, r"card\.json has the task 'ranking'; copy"),
        ({"endpoints": []}, r"card\.json has no endpoint; copy"),
    ],
)
def test_a_card_of_another_kind_or_version_is_refused(two_models, changes, message):
    path = two_models["admet"] / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ModelFormatError, match=message):
        read_model_card("admet")


def test_a_folder_without_a_card_is_no_model(tmp_path):
    with pytest.raises(ModelFormatError, match=r"is no model folder: it has no card\.json"):
        load_predictor(tmp_path)


def test_a_model_is_loaded_once_and_again_when_it_was_retrained(two_models):
    first = load_predictor("admet")
    assert load_predictor("admet") is first
    make_predictor(name="retrained", n_networks=2).save(two_models["admet"])
    assert load_predictor("admet").name == "retrained"


def test_endpoints_are_found_by_name_and_alias(two_models):
    assert bundled_endpoints.__wrapped__() == dict.fromkeys(("herg", "half_life", "t_half"), "activity")


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_predictor_is_there_and_its_card_complete(name):
    assert name in list_bundled(), f"moldesign/predictors/weights has no {name}; the README says how to make it"
    predictor, card = load_predictor(name), read_model_card(name)
    assert card.keys() >= CARD_KEYS
    assert {endpoint.name for endpoint in predictor.endpoints} >= EXPECTED.get(name, set())
    assert predictor.name == card["name"] == name
    assert len(predictor.networks) >= 2 or predictor.error_model is not None  # one of them gives std
    for endpoint in predictor.endpoints:
        assert endpoint.unit
        assert endpoint.description
        assert endpoint.low < endpoint.high
        assert card["n_labels"][endpoint.name] > 100


@pytest.mark.parametrize("name", NAMES)
def test_every_endpoint_beats_the_training_mean_on_its_test_set(name):
    card = read_model_card(name)
    for endpoint in card["endpoints"]:
        figures = card["test"][endpoint["name"]]
        assert figures["n"] > 50
        assert all(math.isfinite(value) for value in figures.values())
        if endpoint["task"] == "classification":
            assert figures["AUROC"] > 0.5, endpoint["name"]
        else:
            assert figures["MAE"] < figures["mean_MAE"], endpoint["name"]


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_predictor_predicts_named_drugs(name, named_drugs):
    predictor = load_predictor(name)
    predictions = predictor.predict([*named_drugs.values(), "C(C"])
    assert predictions.is_valid.tolist() == [True] * len(named_drugs) + [False]
    assert np.isfinite(predictions.values[:-1]).all()
    assert (predictions.std[:-1] >= 0).all()
    classes = [endpoint.task == "classification" for endpoint in predictor.endpoints]
    probabilities = predictions.values[:-1, classes]
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def predict_drugs(named_drugs, model, endpoint):
    predictor = load_predictor(model)
    column = [one.name for one in predictor.endpoints].index(endpoint)
    values = predictor.predict(list(named_drugs.values()), with_domain=False).values[:, column]
    return dict(zip(named_drugs, values, strict=True))


@pytest.mark.parametrize(
    ("model", "endpoint", "higher", "lower"),
    [
        ("admet", "herg", "terfenadine", "metformin"),  # withdrawn for torsades de pointes
        ("admet", "bbb", "haloperidol", "penicillin_g"),
        ("admet", "solubility", "metformin", "terfenadine"),
        ("activity", "drd2", "haloperidol", "aspirin"),  # a D2 antagonist
    ],
)
def test_what_every_chemist_knows(named_drugs, model, endpoint, higher, lower):
    values = predict_drugs(named_drugs, model, endpoint)
    assert values[higher] > values[lower]
