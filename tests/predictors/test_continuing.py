"""Going on from a model: what was tested stays unseen, nothing leaks, and both models are compared on both tests."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import parse_smiles
from moldesign.chem.standardize import standardize_smiles
from moldesign.datasets.growing import TEST, TRAIN
from moldesign.metrics import METRICS
from moldesign.predictors import baseline, ensemble_fit, forest_fit
from moldesign.predictors.continuing import continue_training
from moldesign.predictors.ensemble import load_model_folder
from moldesign.predictors.measurements import MEASUREMENTS_FILE, read_measurements
from moldesign.predictors.modelling import train_predictor
from tests.predictors.toy_growth import N_OLD, NEW, OLD, SMILES, make_frames, write_tables
from tests.small_forests import small_forests  # noqa: F401  a fixture

NAMES = ["balance", "aromatic"]


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baseline, "N_TREES", 10)
        patch.setattr(forest_fit, "N_TREES", 10)
        yield


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with both tables and a model of the old one."""
    folder = tmp_path_factory.mktemp("growth")
    old, _ = write_tables(folder)
    train_predictor(old, NAMES, folder / "model", OLD)
    return folder


@pytest.fixture(scope="module")
def continued(work):
    """The same model after the new table, and every plan by which a network was trained."""
    plans, real = [], ensemble_fit.train_or_load

    def spy(smiles, data, plan, folder, **options):
        plans.append((list(smiles), data, plan))
        return real(smiles, data, plan, folder, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_fit, "train_or_load", spy)
        result = continue_training(work / "model", work / "new.csv", work / "continued", options=NEW)
    return result, plans


def read_parts(folder, names=NAMES):
    """Return the part of each molecule by SMILES."""
    data = read_measurements(folder, names)
    return {data.rows.smiles[key]: part for key, part in data.parts.items()}


def weights_of(folder):
    return [
        tensor for network in load_model_folder(folder).networks for _, tensor in sorted(network.state_dict().items())
    ]


def assert_same(first, second):
    assert all(torch.equal(one, two) for one, two in zip(weights_of(first), weights_of(second), strict=True))


def test_old_test_molecules_are_never_trained_on_even_where_they_are_measured_again(work, continued):
    before, after = read_parts(work / "model"), read_parts(work / "continued")
    tested = {text for text, part in before.items() if part == TEST}
    assert tested & set(standardize_smiles(make_frames()[1]["smiles"].tolist()).smiles)
    assert all(after[text] == TEST for text in tested)
    assert all(after[text] == part for text, part in before.items())
    for smiles, _, plan in continued[1]:
        learned = {smiles[row] for row in [*plan.rows.tolist(), *plan.valid.tolist()]}
        assert not learned & tested
        assert len(learned) > N_OLD - len(tested)
    assert not set(load_model_folder(work / "continued").domain.smiles) & tested


def test_no_scaffold_of_a_test_molecule_is_learned_from(continued):
    result, plans = continued
    smiles, _, plan = plans[0]
    tested = set(result.record["targets"]["balance"]["predictions"]["smiles"])
    learned = {smiles[row] for row in [*plan.rows.tolist(), *plan.valid.tolist()]}
    scaffolds = [{murcko_scaffold(mol) for mol in parse_smiles(sorted(part)).mols} for part in (tested, learned)]
    assert not scaffolds[0] & scaffolds[1]
    assert result.record["split"]["kind"] == "scaffold"


def test_measurements_of_one_molecule_are_merged(work, continued):
    old, new = make_frames()
    known = {row.smiles: row.balance for row in old.itertuples()}
    again = {row.smiles: row.balance for row in new.itertuples() if row.smiles in known}
    smiles, data, _ = continued[1][0]
    label = dict(zip(smiles, data.labels[:, 0], strict=True))
    assert len(again) == 24
    for text, value in again.items():
        [standard] = standardize_smiles([text]).smiles
        assert label[standard] == pytest.approx((known[text] + value) / 2)
    assert continued[0].record["targets"]["balance"]["n_repeated"] == 24


def test_networks_start_from_the_weights_and_keep_the_scale(work, continued):
    old, new = load_model_folder(work / "model"), load_model_folder(work / "continued")
    for member, (_, data, plan) in enumerate(continued[1]):
        state = old.networks[member].state_dict()
        assert plan.start.keys() == state.keys()
        assert all(torch.equal(plan.start[name], tensor) for name, tensor in state.items())
        assert [(one.center, one.spread) for one in data.endpoints] == [(e.center, e.spread) for e in old.endpoints]
    assert len(new.networks) == len(old.networks)
    assert not torch.equal(weights_of(work / "model")[0], weights_of(work / "continued")[0])


def test_values_below_all_old_ones_are_learned_and_measured_as_they_are(tmp_path):
    old, new = make_frames()
    rng = np.random.default_rng(0)
    for frame, lowest in ((old, 1.0), (new, -2.0)):
        logs = lowest + 2 * rng.random(len(frame))
        frame.assign(ic50=10.0**logs)[["smiles", "ic50"]].to_csv(tmp_path / f"{lowest:g}.csv", index=False)
    short = replace(OLD, n_networks=1, n_epochs=1, log="on", split="random")
    first = train_predictor(tmp_path / "1.csv", ["ic50"], tmp_path / "model", short)
    after = continue_training(
        tmp_path / "model", tmp_path / "-2.csv", tmp_path / "out", options=replace(NEW, n_epochs=1)
    )
    [before], [endpoint] = first.predictor.endpoints, after.predictor.endpoints
    assert before.floor >= 10
    assert endpoint.floor == pytest.approx(pd.read_csv(tmp_path / "-2.csv")["ic50"].min())
    assert replace(endpoint, floor=before.floor, low=before.low, high=before.high, description="") == replace(
        before, description=""
    )
    rows = after.record["targets"]["ic50"]["predictions"]
    truth, said = np.array(rows["truth"]), first.predictor.predict(rows["smiles"]).values[:, 0]
    is_new = ~np.isin(rows["smiles"], list(read_parts(tmp_path / "model", ["ic50"])))
    error = np.abs(np.log10(truth) - np.log10(said))[is_new].mean()
    made = after.record["continued"]["targets"]["ic50"]["new"]
    assert error > 1.5
    assert made["before"]["log10 MAE"] == pytest.approx(error, abs=1e-3)


def test_both_models_are_measured_on_old_and_new_test_molecules(work, continued):
    record = json.loads((work / "continued" / "training.json").read_text(encoding="utf-8"))
    made = record["continued"]
    assert (made["n_old"], made["n_new"]) == (N_OLD, len(SMILES) - N_OLD)
    assert made["n_replayed"] == made["n_old_training"]
    rows, parts = record["targets"]["balance"]["predictions"], read_parts(work / "model")
    truth = np.array(rows["truth"])
    values = {
        "before": load_model_folder(work / "model").predict(rows["smiles"]).values[:, 0],
        "after": np.array(rows["value"]),
    }
    is_old = np.array([text in parts for text in rows["smiles"]])
    for age, chosen in (("old", is_old), ("new", ~is_old)):
        part = made["targets"]["balance"][age]
        assert part["n"] == chosen.sum() > 5
        for when, said in values.items():
            assert part[when]["MAE"] == pytest.approx(METRICS["MAE"](truth[chosen], said[chosen]), abs=2e-4)
        gain = part["gain"]
        assert gain["gain"] == pytest.approx(part["before"]["MAE"] - part["after"]["MAE"], abs=1e-4)
        assert gain["low"] <= gain["gain"] <= gain["high"]
    card = load_model_folder(work / "continued").card
    assert card["continued_from"]["model"] == str(work / "model")
    assert (card["start"], card["n_training_molecules"]) == ("from scratch", len(continued[0].predictor.domain.smiles))


def test_the_same_seed_gives_the_same_model(work, continued, tmp_path):
    continue_training(work / "model", work / "new.csv", tmp_path / "again", options=NEW)
    for name in ("model.safetensors", MEASUREMENTS_FILE):
        assert (tmp_path / "again" / name).read_bytes() == (work / "continued" / name).read_bytes()


def test_an_interrupted_training_goes_on(work, continued, tmp_path):
    def interrupt(progress):
        if progress.network == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        continue_training(work / "model", work / "new.csv", tmp_path / "out", options=NEW, on_progress=interrupt)
    assert (tmp_path / "out" / ".work" / "split_1" / "network_0" / "card.json").exists()
    trained = []
    continue_training(
        work / "model",
        work / "new.csv",
        tmp_path / "out",
        options=NEW,
        on_progress=lambda progress: trained.append(progress.network),
    )
    assert {number for number in trained if number} == {2}
    assert not (tmp_path / "out" / ".work").exists()
    assert_same(tmp_path / "out", work / "continued")


def test_an_older_folder_goes_on_with_the_table_it_was_trained_on(work, continued, tmp_path):
    shutil.copytree(work / "model", tmp_path / "model")
    (tmp_path / "model" / MEASUREMENTS_FILE).unlink()
    options = replace(NEW, old_data=work / "old.csv")
    continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=options)
    assert_same(tmp_path / "out", work / "continued")
    assert read_parts(tmp_path / "out") == read_parts(work / "continued")


def test_an_endpoint_that_is_not_measured_is_kept(work, tmp_path):
    options = replace(NEW, n_epochs=1, split="random", forest=False)
    result = continue_training(work / "model", work / "new.csv", tmp_path / "out", ["balance"], options)
    assert [one.name for one in result.predictor.endpoints] == NAMES
    assert result.predictor.forest is None
    assert result.record["split"]["kind"] == "random"
    made = result.record["continued"]["targets"]["aromatic"]
    assert made["new"]["n"] == 0
    assert made["new"]["gain"] is None
    assert made["old"]["n"] > 5


def test_a_model_goes_on_twice_and_keeps_all_its_tests(work, continued, tmp_path):
    extra = pd.DataFrame({"smiles": [f"FC{text}" for text in SMILES[::6]]})
    extra["balance"] = np.linspace(-2, 1, len(extra))
    extra["year"] = np.arange(len(extra))
    extra.to_csv(tmp_path / "newer.csv", index=False)
    options = replace(NEW, n_epochs=1, split="time", time_column="year")
    second = continue_training(work / "continued", tmp_path / "newer.csv", tmp_path / "out", options=options)
    before, after = read_parts(work / "continued"), read_parts(tmp_path / "out")
    assert all(after[text] == part for text, part in before.items())
    assert len(after) == len(before) + len(extra)
    assert second.predictor.card["continued_from"]["splits"] == ["scaffold"]
    newest = standardize_smiles([extra["smiles"].iloc[-1]]).smiles[0]
    assert after[newest] == TEST
    assert sum(part == TRAIN for part in after.values()) > sum(part == TRAIN for part in before.values())


def test_the_former_model_stays_as_it_was(work, continued):
    assert sorted(path.name for path in (work / "model").iterdir()) == [
        *("card.json", "control.safetensors", MEASUREMENTS_FILE, "model.safetensors", "training.json")
    ]
    assert {path.name for path in (work / "continued").iterdir()} == {
        path.name for path in Path(work / "model").iterdir()
    }
