"""What a predictor refuses: what is no list of SMILES, labels and levels that cannot be, and broken model folders."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from moldesign.errors import ModelFormatError
from moldesign.graphs import FEATURES_VERSION
from moldesign.predictors.ensemble import load_model_folder
from tests.predictors.tiny_predictor import make_predictor


def list_questions(predictor):
    return (
        predictor.predict,
        predictor.measure_domain,
        partial(predictor.neighbours, endpoint="herg"),
        partial(predictor.recalibrate, labels=[[1.0, 2.0]]),
    )


def test_one_text_or_a_table_is_not_taken_for_many_rows(tiny_predictor):
    for ask in list_questions(tiny_predictor):
        with pytest.raises(TypeError, match=r'pass a list: \["CCO"\]'):
            ask("CCO")
        with pytest.raises(TypeError, match="a DataFrame is no list of SMILES"):
            ask(pd.DataFrame({"smiles": ["CCO"]}))


def test_a_generator_is_taken_for_a_list(tiny_predictor):
    for ask in list_questions(tiny_predictor):
        ask(text for text in ["CCO"])


def test_a_number_of_neighbours_below_0_is_refused(tiny_predictor):
    with pytest.raises(ValueError, match="k=-1: give how many neighbours"):
        tiny_predictor.neighbours(["CCO"], "herg", k=-1)


def test_a_level_that_cannot_be_is_refused_without_intervals_too(tiny_predictor):
    with pytest.raises(ValueError, match="between 0 and 1"):
        tiny_predictor.predict(["CCO"], level=5)


def test_labels_of_another_shape_are_refused(tiny_predictor):
    with pytest.raises(ValueError, match=r"\(1, 2\), not \(1,\)"):
        tiny_predictor.recalibrate(["CCO"], [1.0])


@pytest.mark.parametrize("label", [7.0, 0.5, np.inf])
def test_labels_that_are_no_class_are_refused(tiny_predictor, label):
    with pytest.raises(ValueError, match=f"labels of herg are 0 or 1, or NaN where not measured, not {label:g}"):
        tiny_predictor.recalibrate(["CCO"], [[label, 2.0]])


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


@pytest.mark.parametrize("n_listed", [1, 3])
def test_a_card_that_lists_more_or_fewer_endpoints_is_refused(tiny_predictor, tmp_path, n_listed):
    tiny_predictor.save(str(tmp_path))
    endpoints = json.loads((tmp_path / "card.json").read_text())["endpoints"]
    rewrite_card(tmp_path, endpoints=(endpoints * 2)[:n_listed])
    with pytest.raises(ModelFormatError, match=f"it lists {n_listed} endpoints, beside networks with 2 outputs"):
        load_model_folder(tmp_path)
