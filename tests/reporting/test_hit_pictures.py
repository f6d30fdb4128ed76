"""A sheet shows the hits that a screening has written, and needs nothing beside itself."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from moldesign.datasets.tables import write_table
from moldesign.errors import TableError
from moldesign.reporting.hit_pictures import write_pictures

HITS = pd.DataFrame(
    {
        "rank": [1, 2],
        "score": [0.91234, 0.5],
        "name": ["<b>aspirin</b> & co", "ibuprofen"],
        "smiles": ["[Na+].CC(=O)Oc1ccccc1C(=O)[O-]", "CC(C)Cc1ccc(cc1)C(C)C(=O)O"],
        "file": ["a.csv", "a.csv"],
        "row": [7, 3],
        "standardized_smiles": ["CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(C(C)C(=O)O)cc1"],
        "herg": [0.0321, 0.1],
        "herg_in_domain": [True, False],
        "cluster": [1, 2],
    }
)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sdf", ".tsv"])
def test_a_drawing_holds_every_hit(tmp_path: Path, ending: str) -> None:
    write_table(tmp_path / f"hits{ending}", [HITS])
    assert write_pictures(tmp_path / f"hits{ending}", tmp_path / "hits.svg") == 2
    root = ElementTree.parse(tmp_path / "hits.svg").getroot()  # noqa: S314  our own file
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "The first 2 hits of " + f"hits{ending}" in texts
    assert {"score 0.912", "herg 0.0321", "herg 0.1"} <= set(texts)
    assert any(text and text.startswith("1. <b>aspirin</b>") for text in texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 20


def test_a_page_refers_to_nothing_else(tmp_path: Path) -> None:
    write_table(tmp_path / "hits.csv", [HITS])
    write_pictures(tmp_path / "hits.csv", tmp_path / "hits.html")
    page = (tmp_path / "hits.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:href|src|url)\s*[=(]", page) == []
    assert set(re.findall(r"https?://[^'\" ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in page
    assert "&lt;b&gt;aspirin" in page
    assert page.count("<figure>") == 2


def test_only_the_first_are_drawn(tmp_path: Path) -> None:
    write_table(tmp_path / "hits.csv", [pd.concat([HITS] * 3)])
    assert write_pictures(tmp_path / "hits.csv", tmp_path / "hits.svg", most=4) == 4


def test_no_hits_make_a_sheet_that_says_so(tmp_path: Path) -> None:
    write_table(tmp_path / "hits.csv", [HITS[:0]])
    assert write_pictures(tmp_path / "hits.csv", tmp_path / "hits.html") == 0
    assert "No hits in hits.csv" in (tmp_path / "hits.html").read_text(encoding="utf-8")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"hits.png: unknown ending '.png'; pictures are written as .svg or .html"):
        write_pictures(tmp_path / "hits.csv", tmp_path / "hits.png")
