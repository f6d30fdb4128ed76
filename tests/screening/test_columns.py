"""What the columns of the hits are called, and that those of the library stay as they were."""

from pathlib import Path

import pandas as pd
import pytest

from moldesign.datasets.tables import read_table
from moldesign.objectives.profile import parse_goals
from moldesign.reporting.hit_pictures import write_pictures
from moldesign.reporting.screening_record import read_screening
from moldesign.screening import ScreeningSettings, screen

LIBRARY = """smiles,rank,score,screen_rank,screen_score,screen_file,file
CCCCCCCCO,73,my,74,o,k,g
CCO,71,mine,72,old,keepme,f
"""


def rescreen(library: str, out: str) -> None:
    screen(library, parse_goals(["logp min"]), out=out, settings=ScreeningSettings(workers=1))


@pytest.mark.parametrize("ending", ["csv", "parquet", "sdf"])
def test_hits_can_be_screened_again(ending: str) -> None:
    Path("library.csv").write_text(LIBRARY)
    rescreen("library.csv", f"hits.{ending}")
    [chunk] = read_table(f"hits.{ending}")
    hits = chunk.frame.set_index("screen_rank").astype(str)
    own = pd.read_csv("library.csv", dtype=str).set_index("screen_rank").loc[["72", "74"]]
    assert hits.loc[own.index, list(own.columns[1:])].equals(own[own.columns[1:]])
    assert hits["screen_2_rank"].tolist() == ["1", "2"]
    assert hits["screen_2_score"].astype(float).is_monotonic_decreasing
    assert hits["screen_2_file"].tolist() == ["library.csv"] * 2


@pytest.mark.parametrize("ending", ["csv", "parquet", "sdf"])
def test_structures_are_those_of_this_screening(ending: str) -> None:
    Path("library.csv").write_text("smiles,standardized_smiles,screen_standardized_smiles\nCCO.Cl,C,N\n")
    rescreen("library.csv", f"hits.{ending}")
    [chunk] = read_table(f"hits.{ending}")
    names = ["standardized_smiles", "screen_standardized_smiles", "screen_2_standardized_smiles"]
    assert chunk.frame[names].iloc[0].tolist() == ["C", "N", "CCO"]
    if ending == "sdf":
        assert Path("hits.sdf").read_text().splitlines()[3].split()[0] == "3"  # atoms


def test_report_and_pictures_show_the_new_rank_and_score() -> None:
    Path("library.csv").write_text(LIBRARY)
    rescreen("library.csv", "hits.csv")
    record = read_screening(Path("hits.csv"), max_hits=10)
    assert record.hits["rank"].tolist() == [1, 2]
    assert record.hits["rank (library)"].tolist() == [71, 73]
    assert record.hits["screen_rank"].tolist() == [72, 74]
    write_pictures(Path("hits.csv"), Path("hits.svg"))
    drawing = Path("hits.svg").read_text()
    assert ">1.<" in drawing
    assert ">71.<" not in drawing
