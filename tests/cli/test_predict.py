"""`moldesign predict`: every row of the input, in its place, whatever the format."""

import gzip
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from moldesign.cli import predict as verb
from moldesign.cli.display import Show
from moldesign.cli.text import format_number
from moldesign.datasets.tables import read_table
from moldesign.predictors import ensemble
from moldesign.predictors.calibration import Calibration, ConformalInterval
from moldesign.predictors.ensemble import load_model_folder
from tests.cli.conftest import Moldesign

TABLE = "id,SMILES,herg\n007,CC(=O)Nc1ccc(O)cc1,0.1\n8,C(C,\n9,,x\n10,CCO,y\n11,c1ccccc1,z\n"


@pytest.fixture
def library(moldesign: Moldesign) -> str:
    Path("library.csv").write_text(TABLE)
    return "library.csv"


def read_drawn(text: str) -> list[str]:
    """Return the lines of a drawn table without styles and without the rule below the header."""
    return [line for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if line.strip(" ─")]


def read_csv(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype={"id": str})


def test_rows_and_columns_of_the_input_stay(moldesign: Moldesign, library: str) -> None:
    done = moldesign("predict", library)
    frame = read_csv(done.out)
    assert done.code == 0
    assert frame["id"].tolist() == ["007", "8", "9", "10", "11"]
    assert frame["herg"].tolist()[2:] == ["x", "y", "z"]
    assert frame["admet_herg"].notna().tolist() == [True, False, False, True, True]
    assert {"admet_solubility_std", "admet_ames_in_domain", "in_domain"} <= set(frame)
    assert frame["error"][1] == "row 2: 'C(C' is not a valid SMILES (syntax error)"
    assert "5 rows, 2 of them without a prediction" in done.err


def test_chunks_count_rows_through(moldesign: Moldesign, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_csv(moldesign("predict", library).out)
    monkeypatch.setattr(verb, "CHUNK_SIZE", 2)
    pd.testing.assert_frame_equal(read_csv(moldesign("predict", library).out), whole)


def test_a_long_table_shows_at_once_that_it_is_worked_on(
    moldesign: Moldesign, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    @contextmanager
    def record(first: str, *, quiet: bool) -> Iterator[Show]:
        assert (first, quiet) == ("predicting library.csv", False)
        yield lambda text, share: shown.append(re.sub(r", [\d,]+ rows/s$", "", text))

    monkeypatch.setattr(verb, "open_display", record)
    monkeypatch.setattr(ensemble, "_CHUNK", 2)
    moldesign("predict", library, "--model", "admet", "--model", "activity")
    # Of both models together, then with what is known at the end of a chunk.
    counts = [f"{n} rows" for n in (1, 2, 2, 3, 4, 5)]
    assert shown == ["loading admet, activity", *counts, "5 rows, 2 of them without a prediction"]


@pytest.mark.parametrize("ending", ["csv.gz", "tsv", "sdf", "parquet"])
def test_ending_names_the_format(moldesign: Moldesign, library: str, ending: str) -> None:
    done = moldesign("predict", library, "--out", f"predicted.{ending}")
    chunk = next(read_table(f"predicted.{ending}"))
    assert (done.code, done.out) == (0, "")
    assert chunk.frame["id"].tolist() == ["007", "8", "9", "10", "11"]
    assert "admet_solubility" in chunk.frame


def test_several_models(moldesign: Moldesign) -> None:
    done = moldesign("predict", "CCO", "--model", "admet", "--model", "activity", "--model", "admet")
    frame = read_csv(done.out)
    assert {"herg", "solubility", "activity_herg", "activity_herg_in_domain"} <= set(frame)
    assert done.err == ""


def test_output_can_be_predicted_again(moldesign: Moldesign, library: str) -> None:
    moldesign("predict", library, "--out", "once.csv")
    frame = read_csv(moldesign("predict", "once.csv", "--model", "activity").out)
    assert {"error", "activity_error", "in_domain", "activity_in_domain", "activity_herg"} <= set(frame)
    again = moldesign("predict", "once.csv")
    assert again.code == 1
    assert "the table holds predictions of admet already (column 'admet_" in again.err


def test_one_molecule_on_a_terminal_is_a_list(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = read_drawn(moldesign("predict", "CCO").out)
    assert lines[0].split() == ["endpoint", "value", "std", "in", "domain", "unit"]
    assert [line.split()[0] for line in lines[1:]] == ["herg", "solubility", "ames", "caco2"]
    assert lines[2].rstrip().endswith("log10 mol/L")


def test_a_calibrated_endpoint_has_its_interval(
    moldesign: Moldesign, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = np.linspace(0.01, 2, 99, dtype=np.float32)
    calibration = Calibration({"solubility": ConformalInterval(scores, np.zeros_like(scores), 1.0)})
    replace(load_model_folder(weights / "admet"), calibration=calibration).save(Path("calibrated"))
    frame = read_csv(moldesign("predict", "CCO", "--model", "calibrated").out)
    assert frame.columns.tolist()[3:7] == ["solubility", "solubility_std", "solubility_low", "solubility_high"]
    assert frame["solubility_low"][0] < frame["solubility"][0] < frame["solubility_high"][0]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    header, herg, solubility, *_ = read_drawn(moldesign("predict", "CCO", "--model", "calibrated").out)
    assert "90 % interval" in header
    assert f"{format_number(frame['solubility_low'][0].item())} .. " in solubility
    assert ".." not in herg


def test_standard_input(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TABLE.encode())))
    assert len(read_csv(moldesign("predict", "-").out)) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CC("], "'CC(' is not a valid SMILES (syntax error), and not the name of a table"),
        (["nowhere.csv"], "nowhere.csv: cannot be opened"),
        (["library.csv", "--smiles-column", "mol"], "no column 'mol'; columns: id, SMILES, herg"),
        (["library.csv", "--model", "admit"], "did you mean: admet"),
        (["library.csv", "--out", "predicted.xlsx"], "unknown ending '.xlsx'"),
        (["library.csv", "--out", "nowhere/predicted.csv"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, library: str, arguments: list[str], said: str) -> None:
    done = moldesign("predict", *arguments)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: ")
    assert said in done.err.splitlines()[-1]
    assert done.out == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_standard_output_is_one_line(library: str, weights: Path) -> None:
    call = [sys.executable, "-m", "moldesign", "predict", library, "--model", str(weights / "activity")]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith("error: standard output: cannot be written (No space left on device); free some space")


def test_a_row_that_is_written_wrongly_stays_a_row(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "CHUNK_SIZE", 2)
    lines = ["smiles,name,x", "CCO,Göteborg,1", "CCN", "CCC,a,2,3", 'CCO,"open,4', 'CCO,"two\r\nlines",5', "C,b,6,,"]
    Path("torn.csv").write_bytes("\n".join(lines).encode("latin-1"))
    done = moldesign("predict", "torn.csv", "--out", "predicted.csv")
    frame = next(read_table("predicted.csv")).frame
    assert done.code == 0
    assert frame["smiles"].tolist() == ["CCO", "CCN", "CCC", "CCO", "CCO", "C"]
    assert frame["name"].tolist() == ["Göteborg", "", "a", '"open', "two\r\nlines", "b"]
    assert frame["x"].tolist() == ["1", "", "2", "4", "5", "6"]
    assert [text != "" for text in frame["herg"]] == [True, False, False, True, True, True]
    assert (
        frame["error"][1] == "row 2: 1 cells where the header names 3; fill the row up, or quote cells that contain ','"
    )
    assert frame["error"][2].startswith("row 3: 4 cells where the header names 3")
    assert "6 rows, 2 of them without a prediction" in done.err


def test_failure_keeps_an_older_file(moldesign: Moldesign) -> None:
    Path("old.csv").write_text("smiles\nCCO\n")
    Path("torn.csv.gz").write_bytes(gzip.compress(b"smiles\n" + b"CCO\n" * 9)[:-9])
    assert moldesign("predict", "torn.csv.gz", "--out", "old.csv").code == 1
    assert Path("old.csv").read_text() == "smiles\nCCO\n"


@pytest.mark.parametrize("out", ["library.csv", "./library.csv", "link.csv"])
@pytest.mark.parametrize("source", ["library.csv", "link.csv"])
def test_the_input_is_not_overwritten(moldesign: Moldesign, library: str, source: str, out: str) -> None:
    Path("link.csv").symlink_to(library)
    done = moldesign("predict", source, "--out", out)
    assert (done.code, Path(library).read_text()) == (1, TABLE)
    assert "is read by this command, and would be overwritten; choose another --out" in done.err


@pytest.mark.parametrize(("key", "said"), [("sha256", "checksum"), ("format_version", "update moldesign")])
def test_damaged_or_newer_model_is_refused(moldesign: Moldesign, weights: Path, key: str, said: str) -> None:
    shutil.copytree(weights / "admet", "model")
    card = json.loads(Path("model/card.json").read_text())
    Path("model/card.json").write_text(json.dumps(card | {key: 99}))
    done = moldesign("predict", "CCO", "--model", "model")
    assert done.code == 1
    assert said in done.err


def test_parquet_keeps_its_types_whatever_the_first_chunk_holds(
    moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "CHUNK_SIZE", 1)
    price = pyarrow.array([Decimal("1.2"), Decimal("123456.78")], pyarrow.decimal128(12, 2))
    table = pyarrow.table({"smiles": ["CCO", "CCN"], "price": price, "batches": [[], [1, 2]]})
    parquet.write_table(table, "library.parquet")
    done = moldesign("predict", "library.parquet", "--out", "predicted.parquet")
    assert done.code == 0, done.err
    back = parquet.read_table("predicted.parquet")
    assert back.select(["smiles", "price", "batches"]).to_pydict() == table.to_pydict()
    assert back.schema.field("price").type == price.type
