"""From a table to a model folder: it works, repeats itself, goes on after a stop, and refuses what cannot be."""

import errno
import json
import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moldesign import checkpoint
from moldesign.chem.smiles import require_mols
from moldesign.errors import ModelFormatError, MoldesignError, RunFolderError, TableError, UnknownNameError
from moldesign.predictors import baseline, completing, ensemble_fit, forest_fit
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.control import read_control
from moldesign.predictors.ensemble import load_model_folder
from moldesign.predictors.evaluation import judge
from moldesign.predictors.modelling import count_finished, train_predictor
from moldesign.predictors.train_options import TrainOptions
from tests.predictors.toy_assay import QUICK, SMILES, make_frame, write_assay
from tests.small_forests import small_forests  # noqa: F401  a fixture


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(baseline, "N_TREES", 40)
    monkeypatch.setattr(forest_fit, "N_TREES", 40)


@pytest.fixture
def assay(tmp_path):
    return write_assay(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of two targets that was trained long enough to be good at them."""
    folder = tmp_path_factory.mktemp("trained")
    options = replace(QUICK, n_epochs=30, command="moldesign train assay.csv")
    return train_predictor(write_assay(folder), ["balance", "aromatic"], folder / "model", options)


def state_of(predictor):
    return {
        (member, name): tensor
        for member, network in enumerate(predictor.networks)
        for name, tensor in network.state_dict().items()
    }


def assert_same(first, second):
    one, two = state_of(first), state_of(second)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_folder_is_a_model_that_has_learned(trained):
    predictor = load_model_folder(trained.folder)
    assert predictor.name == "model"
    assert [(one.name, one.task) for one in predictor.endpoints] == [
        ("balance", "regression"),
        ("aromatic", "classification"),
    ]
    figures = trained.record["targets"]
    assert figures["balance"]["test"]["MAE"] < 0.5
    assert figures["aromatic"]["test"]["AUROC"] > 0.9
    assert load_predictor(trained.folder).predict(["CCO"]).is_valid.all()
    names = ["card.json", "control.safetensors", "measurements.csv.gz", "model.safetensors", "training.json"]
    assert sorted(path.name for path in trained.folder.iterdir()) == names


def test_the_card_says_how_it_was_made_and_measured(trained):
    card = load_model_folder(trained.folder).card
    split = trained.record["split"]["parts"][0]
    assert split == {"train": 77, "valid": 10, "test": 9}
    assert card["n_training_molecules"] == 87
    assert card["n_labels"] == {"balance": 87, "aromatic": 87}  # fingerprints are learned from the validation part, too
    assert card["measured_on"].startswith("9 test molecules of a random split, which this model has not seen")
    assert card["training_command"] == "moldesign train assay.csv"
    assert card["test"]["balance"] == trained.record["targets"]["balance"]["test"]
    assert card["baseline_test"]["balance"]["n"] == 9
    assert (card["start"], card["split"], card["source"]) == ("from scratch", "random", "assay.csv, 96 rows")
    assert set(card["thresholds"]) == {"aromatic"}


def test_models_of_fingerprints_stand_beside_the_networks(trained):
    predictor, smiles = load_model_folder(trained.folder), ["CCO", "c1ccccc1", "bad"]
    shares = trained.record["forest"]["shares"]
    assert shares == load_model_folder(trained.folder).card["forest"]["shares"]
    assert list(shares) == ["balance", "aromatic"]
    assert 0 <= shares["balance"] <= 1
    assert 0 < shares["aromatic"] < 1
    assert trained.record["forest"]["half_is_kernel_regression"] == ["balance", "aromatic"]
    assert predictor.kernel.shares.tolist() == pytest.approx([share / 2 for share in shares.values()], abs=1e-3)
    networks = replace(predictor, forest=None, kernel=None)
    ours, theirs = (one.predict(smiles, with_domain=False) for one in (predictor, networks))
    assert (ours.values[:2, 1] != theirs.values[:2, 1]).all()
    np.testing.assert_allclose(ours.std[:, 0], theirs.std[:, 0], atol=1e-5)
    assert ours.is_valid.tolist() == [True, True, False]
    again = predictor.predict_standardized(smiles[:2], [0]).predictions
    np.testing.assert_allclose(again.values, ours.values[:2], rtol=1e-5)


def test_an_explanation_is_of_the_shares_of_networks_and_regression(trained):
    predictor, [mol] = load_model_folder(trained.folder), require_mols(["Cc1ccccc1"])
    alone = replace(predictor, forest=None, kernel=None)
    ours, theirs = (one.explain("Cc1ccccc1", "aromatic") for one in (predictor, alone))
    share = trained.record["forest"]["shares"]["aromatic"]
    expected = (1 - share) * theirs.atom_weights + share / 2 * predictor.kernel.weigh_atoms(mol, 1)
    np.testing.assert_allclose(ours.atom_weights, expected, atol=2e-3)


def test_a_model_can_do_without_a_forest(assay, tmp_path):
    result = train_predictor(assay, ["balance"], tmp_path / "model", replace(QUICK, forest=False))
    assert (result.predictor.forest, result.predictor.kernel) == (None, None)
    loaded = load_model_folder(tmp_path / "model")
    assert (loaded.forest, loaded.kernel) == (None, None)
    assert result.record["forest"] is None


def test_a_broken_forest_is_refused(trained, tmp_path):
    predictor = load_model_folder(trained.folder)
    tensors = predictor.forest.to_tensors()
    tensors["forest.0.left"] = tensors["forest.0.left"] * 0
    broken = SimpleNamespace(to_tensors=lambda: tensors)
    replace(predictor, forest=broken).save(tmp_path / "broken")
    with pytest.raises(ModelFormatError, match="leads nowhere"):
        load_model_folder(tmp_path / "broken")


def test_the_test_molecules_are_not_in_the_training_set(trained):
    tested = trained.record["targets"]["balance"]["predictions"]["smiles"]
    assert len(tested) == 9
    assert not set(tested) & set(trained.predictor.domain.smiles)


def test_the_figures_are_those_of_the_model_that_is_written(trained):
    for column, (name, target) in enumerate(trained.record["targets"].items()):
        rows = target["predictions"]
        predicted = load_model_folder(trained.folder).predict(rows["smiles"])
        np.testing.assert_allclose(predicted.values[:, column], rows["value"], rtol=1e-4, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(predicted.std[:, column], rows["std"], rtol=1e-3, atol=1e-5, err_msg=name)


def test_the_verdict_follows_from_the_figures(trained):
    for endpoint, target in zip(trained.predictor.endpoints, trained.record["targets"].values(), strict=True):
        verdict = judge(endpoint, target["test"], target["baseline"])
        assert target["verdict"]["baseline_is_better"] is verdict.baseline_is_better
        assert target["verdict"]["figure"] in target["baseline"]


def test_the_record_is_what_the_file_holds(trained):
    assert json.loads((trained.folder / "training.json").read_text()) == json.loads(json.dumps(trained.record))
    [first, second] = trained.record["curves"]
    assert len(first["train"]) == len(first["valid"]) <= 30
    assert first["valid"][first["best_epoch"] - 1] == min(first["valid"])
    assert first != second


def test_the_same_seed_gives_the_same_weights(assay, tmp_path):
    first = train_predictor(assay, ["balance"], tmp_path / "a", QUICK)
    second = train_predictor(assay, ["balance"], tmp_path / "b", QUICK)
    other = train_predictor(assay, ["balance"], tmp_path / "c", replace(QUICK, seed=1))
    assert_same(first.predictor, second.predictor)
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()
    assert state_of(first.predictor).keys() == state_of(other.predictor).keys()
    assert not torch.equal(*(next(iter(state_of(one.predictor).values())) for one in (first, other)))


def test_an_interrupted_training_goes_on(assay, tmp_path, monkeypatch):
    class Stop(KeyboardInterrupt):
        pass

    def interrupt(progress):
        if progress.network == 2:
            raise Stop

    with pytest.raises(Stop):
        train_predictor(assay, ["balance"], tmp_path / "model", QUICK, on_progress=interrupt)
    assert (tmp_path / "model" / ".work" / "split_1" / "network_0" / "card.json").exists()
    trained = []
    resumed = train_predictor(
        assay, ["balance"], tmp_path / "model", QUICK, on_progress=lambda p: trained.append(p.network)
    )
    assert {number for number in trained if number} == {2}
    assert not (tmp_path / "model" / ".work").exists()
    assert_same(resumed.predictor, train_predictor(assay, ["balance"], tmp_path / "whole", QUICK).predictor)


def test_a_folder_is_finished_only_when_its_control_is_there(assay, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(completing, "fit_control", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_predictor(assay, ["balance"], tmp_path / "model", QUICK)
    assert not (tmp_path / "model" / "card.json").exists()
    trained = []
    train_predictor(assay, ["balance"], tmp_path / "model", QUICK, on_progress=lambda p: trained.append(p.network))
    assert not any(trained)
    assert not (tmp_path / "model" / ".work").exists()
    card = checkpoint.read_card(tmp_path / "model")
    assert read_control(tmp_path / "model").sha256 == card["sha256"]


def test_a_finished_model_is_not_overwritten(trained, assay):
    before = (trained.folder / "model.safetensors").read_bytes()
    with pytest.raises(RunFolderError, match="holds a model already; choose another --out"):
        train_predictor(assay, ["balance"], trained.folder, QUICK)
    assert (trained.folder / "model.safetensors").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_refused(assay, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write to"):
        train_predictor(assay, ["balance"], tmp_path / "file", QUICK)


def test_finished_networks_are_counted(tmp_path):
    assert count_finished(tmp_path) == 0
    for member in range(2):
        folder = tmp_path / ".work" / "split_1" / f"network_{member}"
        folder.mkdir(parents=True)
        (folder / "card.json").write_text("{}")
    assert count_finished(tmp_path) == 2


def test_folds_test_every_molecule_and_train_on_all_of_them(assay, tmp_path):
    result = train_predictor(assay, ["balance", "aromatic"], tmp_path / "model", replace(QUICK, n_folds=3))
    target = result.record["targets"]["balance"]
    assert sorted(target["predictions"]["smiles"]) == sorted(result.predictor.domain.smiles)
    assert len(result.predictor.domain.smiles) == 96
    assert target["test"]["n"] == 96
    assert len(target["folds"]) == 3
    assert target["test"]["MAE"] == pytest.approx(np.mean([fold["MAE"] for fold in target["folds"]]), abs=1e-4)
    assert target["test_std"]["MAE"] == pytest.approx(
        np.std([fold["MAE"] for fold in target["folds"]], ddof=1), abs=1e-4
    )
    assert target["baseline_std"]["MAE"] > 0
    assert result.predictor.card["measured_on"].startswith("3 random folds, 96 molecules")
    parts = [curve["part"] for curve in result.record["curves"]]
    assert parts == ["fold 1"] * 2 + ["fold 2"] * 2 + ["fold 3"] * 2 + ["model"] * 2
    assert all(loss is None for loss in result.record["curves"][-1]["valid"])
    assert result.predictor.calibration.parts.keys() >= {"balance"}


@pytest.mark.parametrize("kind", ["scaffold", "cluster", "time"])
def test_every_kind_of_split(assay, tmp_path, kind):
    options = replace(QUICK, split=kind, n_networks=1, time_column="year" if kind == "time" else None)
    record = train_predictor(assay, ["balance"], tmp_path / "model", options).record
    assert record["split"]["kind"] == kind
    assert sum(record["split"]["parts"][0].values()) == 96


def test_a_model_can_start_from_another(trained, assay, tmp_path):
    options = replace(QUICK, start=trained.folder, n_networks=3, n_epochs=1, seed=1)
    result = train_predictor(assay, ["aromatic"], tmp_path / "model", options)
    assert result.predictor.card["start"] == str(trained.folder)
    known = set(trained.predictor.domain.smiles) & set(result.record["targets"]["aromatic"]["predictions"]["smiles"])
    assert known
    assert f"had learned from {len(known)} of the 9 test molecules" in result.record["split"]["caveat"]
    assert result.predictor.card["caveat"] == result.record["split"]["caveat"]
    assert len(result.predictor.networks) == 3
    assert result.predictor.networks[0].settings.n_endpoints == 1


def test_by_default_it_starts_from_the_bundled_model(assay, tmp_path):
    result = train_predictor(
        assay, ["balance"], tmp_path / "model", TrainOptions(n_networks=1, n_epochs=1, split="random")
    )
    bundled = load_predictor("admet").networks[0].settings
    assert result.record["start"] == "admet"
    assert replace(result.predictor.networks[0].settings, n_endpoints=bundled.n_endpoints) == bundled


def test_gaps_and_a_rare_class_are_no_obstacle(tmp_path):
    frame = make_frame()
    frame.loc[::3, "balance"] = None
    frame["rare"] = [str(int(row % 10 == 0)) for row in range(len(frame))]
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    for loss in ("weighted", "focal", "plain"):
        options = replace(QUICK, n_networks=1, loss=loss)
        record = train_predictor(tmp_path / "gaps.csv", ["balance", "rare"], tmp_path / loss, options).record
        assert record["targets"]["balance"]["n_labels"] == 64
        assert record["targets"]["rare"]["test"]["n"] == 9
        assert record["training"]["loss"] == loss


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (replace(QUICK, split="time"), TableError, "--time-column"),
        (replace(QUICK, n_folds=1), TableError, "ask for 2 or more"),
        (replace(QUICK, start="admit"), UnknownNameError, "did you mean: admet"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_read(tmp_path, options, error, said):
    with pytest.raises(error, match=said):
        train_predictor(tmp_path / "nowhere.csv", ["balance"], tmp_path / "model", options)


def test_a_search_without_optuna_says_how_to_install_it(assay, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MoldesignError, match=r"pip install 'moldesign\[search\]'"):
        train_predictor(assay, ["balance"], tmp_path / "model", replace(QUICK, n_trials=2))


def test_a_split_that_leaves_nothing_to_test_is_refused(tmp_path):
    frame = make_frame()[["smiles", "balance"]]
    frame["smiles"] = ["c1ccccc1" + "C" * n for n in range(len(frame))]
    frame.to_csv(tmp_path / "series.csv", index=False)
    with pytest.raises(TableError, match=r"no label of balance is in the validation part: the scaffold split"):
        train_predictor(tmp_path / "series.csv", ["balance"], tmp_path / "model", replace(QUICK, split="scaffold"))
    assert not (tmp_path / "model").exists()


def test_a_training_part_of_one_class_is_refused(tmp_path):
    frame = make_frame()
    frame["late"] = [str(int(year > 2008)) for year in frame["year"]]
    frame.to_csv(tmp_path / "late.csv", index=False)
    options = replace(QUICK, split="time", time_column="year")
    with pytest.raises(TableError, match="all labels of late in the training part are equal"):
        train_predictor(tmp_path / "late.csv", ["late"], tmp_path / "model", options)


def test_every_network_is_trained_on_the_training_part_alone(assay, tmp_path, monkeypatch):
    seen = []
    real = ensemble_fit.train_or_load

    def spy(smiles, data, plan, folder, **options):
        seen.append((set(plan.rows.tolist()), set(plan.valid.tolist())))
        return real(smiles, data, plan, folder, **options)

    monkeypatch.setattr(ensemble_fit, "train_or_load", spy)
    record = train_predictor(assay, ["balance"], tmp_path / "model", QUICK).record
    tested = {SMILES.index(text) for text in record["targets"]["balance"]["predictions"]["smiles"] if text in SMILES}
    for rows, valid in seen:
        assert len(rows) == 77
        assert not rows & valid
        assert not (rows | valid) & tested


def test_a_target_that_predictions_could_not_hold_is_refused_before_training(tmp_path):
    frame = make_frame().rename(columns={"smiles": "structure", "balance": "smiles"})
    frame.to_csv(tmp_path / "assay.csv", index=False)
    with pytest.raises(TableError, match=r"'smiles' cannot be a target"):
        train_predictor(tmp_path / "assay.csv", ["smiles"], tmp_path / "m", replace(QUICK, smiles_column="structure"))
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_networks": 0}, "n_networks must be at least 1, not 0"),
        ({"n_epochs": 0}, "n_epochs must be at least 1, not 0"),
        ({"n_folds": -1}, "n_folds must be at least 0, not -1"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"split": "scafold"}, "split='scafold' is unknown; it is one of 'scaffold', 'random', 'cluster', 'time'"),
        ({"device": "tpu"}, r"device='tpu' cannot be computed on \(.*\); use 'cpu', or 'cuda' where it is"),
        ({"loss": "mse"}, "loss='mse' is unknown; it is one of 'plain', 'weighted', 'focal'"),
        ({"log": True}, "log=True is unknown; it is one of 'auto', 'on', 'off'"),
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, options, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        train_predictor("nowhere.csv", ["balance"], tmp_path / "m", replace(QUICK, **options))


def test_one_name_is_not_taken_for_many_targets(tmp_path):
    with pytest.raises(TypeError, match=r"^'balance' is one name, not a list of targets; pass a list: \['balance'\]$"):
        train_predictor("nowhere.csv", "balance", tmp_path / "m", QUICK)


def test_a_full_disk_is_explained_and_the_same_call_goes_on(assay, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write_bytes_atomically", refuse_to_write)
        with pytest.raises(RunFolderError, match="No space left on device; free some space, then give the same"):
            train_predictor(assay, ["balance"], tmp_path / "m", QUICK)
    assert train_predictor(assay, ["balance"], tmp_path / "m", QUICK).folder == tmp_path / "m"


def refuse_to_write(path, content):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
