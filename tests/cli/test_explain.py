"""`moldesign explain`: a picture, the strongest atoms, and one line for what is wrong."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Moldesign

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def read_texts(path: str) -> list[str]:
    return [text for text in ET.parse(path).getroot().itertext() if text.strip()]  # noqa: S314  the file is our own


def test_picture_and_strongest_atoms(moldesign: Moldesign) -> None:
    done = moldesign("explain", PARACETAMOL, "--endpoint", "herg", "--out", "herg.svg")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0] == PARACETAMOL
    assert lines[1].startswith("herg: probability 0.")
    assert lines[2].split() == ["atom", "symbol", "contribution", "(logit)"]
    rows = [line.split() for line in lines[3:]]
    assert len(rows) == 5
    assert all(row[1] == {3: "N", 2: "O", 8: "O"}.get(int(row[0]), "C") for row in rows)
    strengths = [abs(float(row[2])) for row in rows]
    assert strengths == sorted(strengths, reverse=True)
    assert {PARACETAMOL, "similarity 1.00", "raises herg"} <= set(read_texts("herg.svg"))


def test_one_endpoint_need_not_be_named_and_several_molecules_are_rows(moldesign: Moldesign) -> None:
    done = moldesign("explain", "CCO", "[Na+].CC(=O)[O-]", "--model", "activity", "--out", "both.svg")
    assert done.code == 0
    assert {"CCO", "CC(=O)O"} <= set(read_texts("both.svg"))
    assert done.out.count("herg: probability") == 2


def test_alias_of_an_endpoint(moldesign: Moldesign) -> None:
    done = moldesign("explain", "CCO", "--endpoint", "herg_karim", "--out", "alias.svg")
    assert "herg: probability" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CCO", "--endpoint", "solubilty", "--out", "x.svg"], "did you mean: solubility"),
        (["CCO", "C(C", "--endpoint", "herg", "--out", "x.svg"], "'C(C' is not a valid SMILES (syntax error)"),
        (["CCO", "--model", "admit", "--endpoint", "herg", "--out", "x.svg"], "did you mean: admet"),
        (["CCO", "--endpoint", "herg", "--out", "x.png"], "x.png: unknown ending '.png'"),
        (["CCO", "--endpoint", "herg", "--out", "nowhere/x.svg"], "nowhere/x.svg cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(moldesign: Moldesign, arguments: list[str], said: str) -> None:
    done = moldesign("explain", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert said in done.err
    assert not list(Path().glob("x.*"))


def test_several_endpoints_must_be_told_apart(moldesign: Moldesign) -> None:
    done = moldesign("explain", "CCO", "--out", "x.svg")
    assert done.code == 2
    assert "name one of: herg, solubility, ames" in done.err
    assert moldesign("explain", "CCO", "--endpoint", "herg").code == 2
