"""A calibration fitted anew: on new molecules alone, in another folder, with the same networks."""

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import RunFolderError, TableError, UnknownNameError
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor, load_model_folder
from moldesign.predictors.recalibration import recalibrate_model
from tests.predictors.tiny_predictor import make_network
from tests.predictors.toy_assay import SMILES, make_frame

ENDPOINTS = (
    Endpoint("balance", "regression", "mg", "", aliases=("o_minus_n",)),
    Endpoint("aromatic", "classification", "probability", ""),
    Endpoint("clearance", "regression", "mL/min", "", log_scale=True, center=1.0, floor=0.01),
)
N_TRAINED = 24
CARD = {"source": "random numbers", "licence": "none", "thresholds": {"aromatic": 0.123, "other": 0.7}}


@pytest.fixture
def model(tmp_path):
    """A model with random weights that knows the first molecules of the table."""
    networks = tuple(make_network(seed, n_endpoints=len(ENDPOINTS)) for seed in range(3))
    labels = np.zeros((N_TRAINED, len(ENDPOINTS)))
    domain = fit_domain(standardize_smiles(SMILES[:N_TRAINED]).smiles, labels, rng=np.random.default_rng(0))
    Predictor("model", ENDPOINTS, networks, domain, CARD).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def table(tmp_path):
    frame = make_frame()
    frame["aromatic"] = [str(row % 2) for row in range(len(frame))]
    frame["clearance"] = 10.0 ** np.linspace(-1, 3, len(frame))
    frame.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def read_state(folder):
    tensors = {}
    for member, network in enumerate(load_model_folder(folder).networks):
        tensors |= {(member, name): tensor for name, tensor in network.state_dict().items()}
    return tensors


def test_the_intervals_fit_the_new_measurements(model, table, tmp_path):
    result = recalibrate_model(model, table, ["balance"], tmp_path / "out")
    predicted = load_model_folder(tmp_path / "out").predict(SMILES[N_TRAINED:])
    measured = make_frame()["balance"].to_numpy()[N_TRAINED:]
    is_inside = (predicted.low[:, 0] <= measured) & (measured <= predicted.high[:, 0])
    assert 0.9 <= is_inside.mean() <= 0.93
    assert predicted.with_interval == ("balance",)
    refit = result.refits["balance"]
    assert (refit.n, refit.n_trained, refit.figure, refit.before) == (72, 24, "coverage", None)


def test_the_networks_stay_as_they_are(model, table, tmp_path):
    recalibrate_model(model, table, ["balance", "aromatic"], tmp_path / "out")
    before, after = read_state(model), read_state(tmp_path / "out")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_the_model_was_trained_on_changes_nothing(model, table, tmp_path):
    frame = pd.read_csv(table)
    frame.loc[: N_TRAINED - 1, "balance"] += 1000
    frame.to_csv(tmp_path / "shifted.csv", index=False)
    frame.iloc[N_TRAINED:].to_csv(tmp_path / "unseen.csv", index=False)
    shifted = recalibrate_model(model, tmp_path / "shifted.csv", ["balance"], tmp_path / "a")
    unseen = recalibrate_model(model, tmp_path / "unseen.csv", ["balance"], tmp_path / "b")
    errors = [one.predictor.calibration.parts["balance"].errors for one in (shifted, unseen)]
    np.testing.assert_allclose(*errors, atol=1e-6)  # other batches round otherwise


def test_how_well_the_former_intervals_did_is_measured(model, table, tmp_path):
    recalibrate_model(model, table, ["balance"], tmp_path / "first")
    frame = pd.read_csv(table).assign(balance=lambda rows: rows["balance"] * 10)
    frame.to_csv(tmp_path / "wide.csv", index=False)
    second = recalibrate_model(tmp_path / "first", tmp_path / "wide.csv", ["balance"], tmp_path / "second")
    assert second.refits["balance"].before < 0.6
    again = recalibrate_model(tmp_path / "second", tmp_path / "wide.csv", ["balance"], tmp_path / "third")
    assert again.refits["balance"].before == pytest.approx(0.9, abs=0.03)


def test_an_endpoint_that_is_not_measured_keeps_its_calibration(model, table, tmp_path):
    recalibrate_model(model, table, ["balance", "clearance"], tmp_path / "first")
    second = recalibrate_model(tmp_path / "first", table, ["aromatic"], tmp_path / "second").predictor
    assert set(second.calibration.parts) == {"balance", "clearance", "aromatic"}
    first = load_model_folder(tmp_path / "first").calibration
    np.testing.assert_array_equal(second.calibration.parts["balance"].scores, first.parts["balance"].scores)


def test_an_endpoint_with_too_little_is_told_from_the_others(model, table, tmp_path):
    frame = pd.read_csv(table)
    frame.loc[N_TRAINED + 20 :, "clearance"] = np.nan
    frame.to_csv(table, index=False)
    result = recalibrate_model(model, table, ["balance", "clearance"], tmp_path / "out")
    assert set(result.refits) == {"balance"}
    assert result.kept == {"clearance": "20 held-out labels; at least 30 are needed"}


def test_a_class_gets_a_new_threshold_and_the_card_says_so(model, tmp_path):
    predicted = load_model_folder(model).predict(SMILES).values[:, 1]
    frame = pd.DataFrame({"smiles": SMILES, "aromatic": (predicted > np.quantile(predicted, 0.75)).astype(int)})
    frame.to_csv(tmp_path / "new.csv", index=False)
    result = recalibrate_model(model, tmp_path / "new.csv", ["aromatic"], tmp_path / "out", command="moldesign train x")
    card = load_model_folder(tmp_path / "out").card
    calibrated = result.predictor.predict(SMILES).values[:, 1]
    is_called = calibrated[N_TRAINED:] >= card["thresholds"]["aromatic"]
    np.testing.assert_array_equal(is_called, frame["aromatic"].to_numpy()[N_TRAINED:] == 1)
    assert card["thresholds"]["other"] == 0.7
    assert card["calibrated_on"]["source"] == "new.csv, 96 rows"
    assert card["calibrated_on"]["n_labels"] == {"aromatic": 72}
    assert card["calibrated_on"]["command"] == "moldesign train x"
    assert (card["name"], card["source"]) == ("out", "random numbers")
    assert result.refits["aromatic"].figure == "ECE"
    assert result.refits["aromatic"].before > 0.1


def test_an_alias_names_the_endpoint(model, table, tmp_path):
    pd.read_csv(table).rename(columns={"balance": "o_minus_n"}).to_csv(table, index=False)
    assert set(recalibrate_model(model, table, ["o_minus_n"], tmp_path / "out").refits) == {"balance"}


def test_copies_are_merged_on_the_scale_of_the_endpoint(model, table, tmp_path):
    frame = pd.read_csv(table)[["smiles", "clearance"]]
    copies = pd.DataFrame({"smiles": [SMILES[40], SMILES[50]], "clearance": [2 * frame["clearance"][40], 0.0001]})
    pd.concat([frame, copies]).to_csv(table, index=False)
    target = recalibrate_model(model, table, ["clearance"], tmp_path / "out").record["targets"]["clearance"]
    assert (target["log_scale"], target["n_repeated"], target["conflicts"]["n"]) == (True, 1, 1)


@pytest.mark.parametrize(
    ("change", "targets", "said"),
    [
        (lambda rows: rows.assign(aromatic=rows["year"]), ["aromatic"], "is a regression here and a classification in"),
        (lambda rows: rows.assign(o_minus_n=rows["balance"]), ["balance", "o_minus_n"], "are the same endpoint of mod"),
        (lambda rows: rows.head(N_TRAINED), ["balance"], r"\(balance: model was trained on all its molecules\)"),
        (lambda rows: rows.head(N_TRAINED + 4), ["balance"], r"\(balance: 4 held-out labels; at least 30 are needed\)"),
        (
            lambda rows: rows.assign(clearance=rows["clearance"] - 9),
            ["clearance"],
            "clearance has values below 0, such as -8.9, and model has learned its logarithm; give the values the",
        ),
        (lambda rows: rows, [], "new.csv: name at least one target; endpoints of model: balance, aromatic, clearance"),
        (lambda rows: rows.drop(columns="balance"), ["balance"], "no column 'balance'; columns: smiles, aromatic"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(model, table, tmp_path, change, targets, said):
    change(pd.read_csv(table)).to_csv(table, index=False)
    with pytest.raises(TableError, match=said):
        recalibrate_model(model, table, targets, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_endpoint_or_a_folder_with_a_model_is_refused(model, table, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown endpoint of model 'balanse'; did you mean: balance"):
        recalibrate_model(model, table, ["balanse"], tmp_path / "out")
    with pytest.raises(RunFolderError, match="holds a model already"):
        recalibrate_model(model, table, ["balance"], model)
