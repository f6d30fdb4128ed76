"""`moldesign monitor`: from the log of a server to advice."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from moldesign.monitoring.features import FEATURES
from moldesign.monitoring.log import PredictionLog, Served
from moldesign.monitoring.observing import hash_molecules, observe
from moldesign.predictors.bundled import load_predictor
from tests.cli.conftest import Moldesign
from tests.predictors.toy_assay import SMILES


def write_log(path: Path) -> None:
    predictor = load_predictor("admet")
    predictions, features = predictor.predict(SMILES), observe(predictor, SMILES)
    log = PredictionLog(path)
    names = [endpoint.name for endpoint in predictor.endpoints]
    model = log.note_model("admet", predictor.card["sha256"], names, FEATURES)
    for row, name in enumerate(hash_molecules(SMILES)):
        values = predictions.values[row].tolist()
        bounds = [
            [None if other != "solubility" else value + off for other, value in zip(names, values, strict=True)]
            for off in (-1, 1)
        ]
        inside = predictions.in_domain[row].tolist()
        log.append(model, [Served(1e9 + row, str(name), values, *bounds, inside, features[row].tolist())])
    log.close()


def test_report_and_labels(moldesign: Moldesign, tmp_path: Path) -> None:
    write_log(tmp_path / "log.sqlite")
    first = moldesign("monitor", "--log", "log.sqlite")
    assert first.code == 0
    assert first.out.startswith("admet: 96 predictions of 96 molecules")
    assert "retrain with molecules like these" in first.out
    assert "predicted and measured" not in first.out
    rows = [f"{text},{99 if k % 2 else -99}" for k, text in enumerate(SMILES)]
    (tmp_path / "results.csv").write_text("\n".join(["smiles,solubility", *rows, "C(,1"]) + "\n")
    refused = moldesign("monitor", "--log", "log.sqlite", "--json", "add-labels", "results.csv")
    assert (refused.code, "--json and --days are for the report" in refused.err) == (2, True)
    added = moldesign("monitor", "add-labels", "results.csv", "--log", "log.sqlite")
    assert added.code == 0
    assert "96 of them are of molecules that were predicted" in added.out
    assert "left out: results.csv, row 97: 'C(' is not a valid SMILES" in added.err
    second = moldesign("monitor", "--log", "log.sqlite")
    assert "retrain: solubility is predicted worse than on the test split" in second.out
    figures = json.loads(moldesign("monitor", "--log", "log.sqlite", "--json").out)
    [outcome] = figures["outcomes"]
    assert (outcome["endpoint"], outcome["n"], outcome["covered"]) == ("solubility", 96, 0.0)


def test_nothing_to_look_at(moldesign: Moldesign, tmp_path: Path) -> None:
    missing = moldesign("monitor")
    assert (missing.code, missing.out) == (1, "")
    assert "moldesign-serve/predictions.sqlite" in missing.err
    PredictionLog(tmp_path / "log.sqlite").close()
    empty = moldesign("monitor", "--log", "log.sqlite", "--days", "3")
    assert (empty.code, empty.out) == (0, "log.sqlite: admet has predicted nothing in the last 3 days\n")
    told = moldesign("monitor", "--log", "log.sqlite", "--json")
    assert json.loads(told.out) == {"model": "admet", "n_predictions": 0}
    assert told.err == "log.sqlite: admet has predicted nothing\n"


def test_options_before_the_verb_hold_for_it(moldesign: Moldesign, tmp_path: Path) -> None:
    write_log(tmp_path / "log.sqlite")
    (tmp_path / "results.csv").write_text(f"smiles,solubility\n{SMILES[0]},1\n")
    added = moldesign("monitor", "--log", "log.sqlite", "add-labels", "results.csv")
    assert (added.code, added.err) == (0, "")
    assert "1 of them are of molecules that were predicted" in added.out


def test_another_database_is_left_as_it_is(moldesign: Moldesign, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as connection:
        connection.execute("CREATE TABLE molecules (smiles TEXT)")
    before = (tmp_path / "run.sqlite").read_bytes()
    refused = moldesign("monitor", "--log", "run.sqlite")
    assert refused.code == 1
    assert refused.err == "error: run.sqlite is no log of predictions; name another file by --log\n"
    assert (tmp_path / "run.sqlite").read_bytes() == before
