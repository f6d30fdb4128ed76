"""`moldesign evaluate`: table and JSON of the figures; bad rows are invalid molecules, not errors."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Moldesign

TABLE = "id,SMILES\n1,CC(=O)Nc1ccc(O)cc1\n2,C(C\n3,\n4,CCO\n5,OCC\n"


@pytest.fixture
def table(moldesign: Moldesign) -> str:
    Path("set.csv").write_text(TABLE)
    Path("known.smi").write_text("CCO ethanol\nc1ccccc1 benzene\n")
    return "set.csv"


def read_rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:]}


def test_table_alone(moldesign: Moldesign, table: str) -> None:
    done = moldesign("evaluate", table)
    rows = read_rows(done.out)
    assert done.code == 0
    assert [rows[name][0] for name in ("rows", "valid", "unique")] == ["5", "0.6", "0.667"]
    assert done.out.splitlines()[0].split() == ["figure", "value", "better", "meaning"]
    assert "novelty" not in rows
    assert done.err.startswith("evaluating set.csv\n")


def test_table_beside_a_reference(moldesign: Moldesign, table: str) -> None:
    rows = read_rows(moldesign("evaluate", table, "--reference", "known.smi").out)
    assert rows["rows"][:2] == ["5", "2"]
    assert rows["novelty"][:2] == ["0.5", "-"]
    assert rows["new_ring_systems"][0] == "0"


def test_json_on_the_screen_and_in_a_file(moldesign: Moldesign, table: str) -> None:
    done = moldesign("evaluate", table, "--reference", "known.smi", "--json", "--out", "figures.json", "--quiet")
    content = json.loads(done.out)
    assert json.loads(Path("figures.json").read_text()) == content
    assert (content["file"], content["reference"]) == ("set.csv", "known.smi")
    assert content["figures"]["valid"]["value"] == 0.6
    assert content["figures"]["valid"]["reference"] == 1.0
    assert content["figures"]["snn"]["better"] == ""
    assert done.err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "nowhere.csv: cannot be opened"),
        (["set.csv", "--reference", "nowhere.smi"], "nowhere.smi: cannot be opened"),
        (["set.csv", "--smiles-column", "mol"], "no column 'mol'"),
        (["set.csv", "--out", "nowhere/figures.json"], "cannot be written"),
        (["set.csv", "--page", "nowhere/page.html"], "cannot be written"),
        (["set.csv", "--out", "./set.csv"], "set.csv is read by this command, and would be overwritten"),
        (["set.csv", "--reference", "known.smi", "--page", "known.smi"], "overwritten; choose another --page"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, table: str, arguments: list[str], said: str) -> None:
    done = moldesign("evaluate", *arguments)
    assert (done.code, done.out) == (1, "")
    assert said in done.err.splitlines()[-1]


def test_figures_and_page_are_two_files(moldesign: Moldesign, table: str) -> None:
    done = moldesign("evaluate", table, "--out", "both.html", "--page", "./both.html")
    assert (done.code, Path("both.html").exists()) == (2, False)
    assert "both.html is already what --out writes" in done.err


def test_page_stands_alone(moldesign: Moldesign, table: str) -> None:
    done = moldesign("evaluate", table, "--reference", "known.smi", "--page", "page.html")
    assert done.code == 0
    page = Path("page.html").read_text()
    assert "CC(=O)Nc1ccc(O)cc1" in page
    assert "new ring systems" in page
    assert page.count("<svg") >= 6  # four properties and two molecules
    assert not re.findall(r"(?:src|href)=|@import|url\(", re.sub(r"xlink:href=\"#|url\(#", "", page))
