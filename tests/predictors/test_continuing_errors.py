"""What cannot be gone on with is refused in one line that names file or column, and the remedy; nothing is written."""

import gzip
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from moldesign.errors import ModelFormatError, MoldesignError, RunFolderError, TableError, UnknownNameError
from moldesign.predictors import baseline, forest_fit
from moldesign.predictors.continuing import continue_training
from moldesign.predictors.measurements import MEASUREMENTS_FILE
from moldesign.predictors.modelling import train_predictor
from tests.predictors.toy_growth import NEW, OLD, make_frames
from tests.small_forests import small_forests  # noqa: F401  a fixture


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A model of a value, a class, and what is learned as log10; and a folder of tables that do not go with it."""
    folder = tmp_path_factory.mktemp("wrong")
    old, new = make_frames()
    for frame in (old, new):
        frame["ic50"] = 10.0 ** (frame["balance"] * 1.5)
    old.to_csv(folder / "old.csv", index=False)
    write_wrong(folder, old, new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baseline, "N_TREES", 10)
        patch.setattr(forest_fit, "N_TREES", 10)
        options = replace(OLD, n_networks=1, n_epochs=1)
        train_predictor(folder / "old.csv", ["balance", "aromatic", "ic50"], folder / "model", options)
        train_predictor(folder / "old.csv", ["balance"], folder / "folded", replace(options, n_folds=2))
    return folder


def write_wrong(folder, old, new):
    tables = {
        "new": new,
        "known": old[:40],
        "one": new[:1],
        "few": new[:19],
        "other": new.rename(columns={"balance": "pIC50", "aromatic": "active", "ic50": "IC"}),
        "classes": new.assign(balance=["active", "inactive"] * 52),
        "numbers": new.assign(aromatic=np.linspace(0, 3, 104)),
        "logs": new.assign(ic50=np.log10(new["ic50"])),
        "empty": new.assign(balance=None),
        "text": new.assign(balance=["> 10", *new["balance"].astype(str)[1:]]),
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "plain").mkdir()


@pytest.mark.parametrize(
    ("table", "targets", "said"),
    [
        ("known", None, "known.csv: model knows every molecule in it already.*add molecules that were not"),
        ("one", None, "one.csv: only 1 molecule is new to model; at least 20 are needed.*train a new model on both"),
        ("few", None, "few.csv: only 19 molecules are new to model"),
        (
            "other",
            None,
            "no column is called like an endpoint of model; its endpoints: balance, aromatic, ic50; colu.*pIC50",
        ),
        (
            "new",
            ["pIC50"],
            "pIC50 is no endpoint of model; its endpoints: balance, aromatic, ic50; columns of.*balance",
        ),
        ("other", ["balance"], "no column 'balance'; columns: smiles, pIC50"),
        ("new", ["balance", "balance"], "two of the columns balance, balance are the same endpoint of model"),
        ("classes", None, "classes.csv: balance holds the classes 0 and 1 alone, and model.*give values in its unit"),
        ("numbers", None, r"aromatic holds numbers such as 0\.02\d*, and model.*write classes as 0 and 1"),
        ("logs", None, "logs.csv: ic50 has values below 0, such as -.*logarithm; give the values themselves"),
        ("empty", None, "empty.csv: no row that is a molecule has a number in balance.*--target"),
        ("text", None, "text.csv: balance is no number in row 1: '> 10'.*--skip-bad"),
        ("nowhere", None, "nowhere.csv: cannot be opened"),
    ],
)
def test_a_table_that_does_not_go_with_the_model(work, tmp_path, table, targets, said):
    with pytest.raises(TableError, match=said):
        continue_training(work / "model", work / f"{table}.csv", tmp_path / "out", targets, NEW)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("plain", ModelFormatError, "is no model folder: it has no card.json"),
        ("nowhere", UnknownNameError, "unknown model"),
        ("folded", MoldesignError, "folded was cross-validated: .*train it without --folds"),
    ],
)
def test_a_model_that_cannot_be_gone_on_from(work, tmp_path, model, error, said):
    with pytest.raises(error, match=said):
        continue_training(work / model, work / "new.csv", tmp_path / "out", options=NEW)
    assert not (tmp_path / "out").exists()


def test_a_bundled_model_has_no_measurements(work, tmp_path):
    with pytest.raises(MoldesignError, match=r"do not come with it.*--from activity"):
        continue_training("activity", work / "new.csv", tmp_path / "out", options=NEW)


def test_missing_measurements_are_asked_for(work, tmp_path):
    shutil.copytree(work / "model", tmp_path / "model")
    (tmp_path / "model" / MEASUREMENTS_FILE).unlink()
    with pytest.raises(MoldesignError, match=r"holds no measurements.csv.gz: .*--old-data FILE"):
        continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=NEW)
    for table, said in (("new", "of its .* training molecules are missing"), ("known", "are missing")):
        options = replace(NEW, old_data=work / f"{table}.csv")
        with pytest.raises(TableError, match=f"{table}.csv is not the table that .* was trained on .*{said}"):
            continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=options)


def test_a_table_that_is_not_needed_is_refused(work, tmp_path):
    with pytest.raises(MoldesignError, match=r"holds its measurements.*leave out --old-data"):
        continue_training(
            work / "model", work / "new.csv", tmp_path / "out", options=replace(NEW, old_data=work / "old.csv")
        )


def test_measurements_of_another_model_are_refused(work, tmp_path):
    shutil.copytree(work / "model", tmp_path / "model")
    path = tmp_path / "model" / MEASUREMENTS_FILE
    table = pd.read_csv(path, keep_default_na=False)
    table["moldesign_part"] = table["moldesign_part"].replace({"train": "test", "test": "train"})
    table.to_csv(path, index=False)
    with pytest.raises(ModelFormatError, match="of another model; copy the complete model folder"):
        continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=NEW)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b",valid,", b",validation,")))
    with pytest.raises(ModelFormatError, match="names a part 'validation'"):
        continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=NEW)


def test_a_card_without_a_split_is_refused(work, tmp_path):
    shutil.copytree(work / "model", tmp_path / "model")
    card = json.loads((tmp_path / "model" / "card.json").read_text(encoding="utf-8"))
    del card["split"]
    (tmp_path / "model" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(MoldesignError, match="does not say how its molecules were split"):
        continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=NEW)


def test_a_start_that_is_gone_is_asked_for(work, tmp_path):
    shutil.copytree(work / "model", tmp_path / "model")
    card = json.loads((tmp_path / "model" / "card.json").read_text(encoding="utf-8"))
    (tmp_path / "model" / "card.json").write_text(json.dumps(card | {"start": "gone"}), encoding="utf-8")
    with pytest.raises(MoldesignError, match="started from gone, which is not there; put it back"):
        continue_training(tmp_path / "model", work / "new.csv", tmp_path / "out", options=NEW)


def test_a_split_by_time_needs_times(work, tmp_path):
    with pytest.raises(TableError, match="add --time-column NAME"):
        continue_training(work / "model", work / "new.csv", tmp_path / "out", options=replace(NEW, split="time"))


def test_one_series_leaves_nothing_to_test(work, tmp_path):
    core = "C1CCCCCCCCC1"  # of no old molecule: one scaffold, which goes to one part
    series = pd.DataFrame({"smiles": [f"{'C' * n}{core}" for n in range(1, 25)], "balance": np.arange(24) / 8})
    series.to_csv(tmp_path / "series.csv", index=False)
    with pytest.raises(TableError, match=r"the scaffold split leaves no new molecule to .*add --split random"):
        continue_training(work / "model", tmp_path / "series.csv", tmp_path / "out", options=NEW)


def test_a_finished_model_is_kept(work):
    before = (work / "folded" / "model.safetensors").read_bytes()
    with pytest.raises(RunFolderError, match="holds a model already; choose another --out"):
        continue_training(work / "model", work / "new.csv", work / "folded", options=NEW)
    assert (work / "folded" / "model.safetensors").read_bytes() == before


def test_standard_input_needs_names(work, tmp_path):
    with pytest.raises(TableError, match="from standard input must be named: add --target COLUMN"):
        continue_training(work / "model", "-", tmp_path / "out", options=NEW)
