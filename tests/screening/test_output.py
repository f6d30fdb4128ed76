"""The files of a screening hold one row for each row, whatever its cells are made of."""

import csv
from pathlib import Path

import pandas as pd

from moldesign.objectives.profile import parse_goals
from moldesign.screening import ScreeningSettings, screen


def test_a_carriage_return_cannot_break_the_files() -> None:
    pd.DataFrame({"smiles": ["CCO", "C(\rC"], "name": ["a\rb", "c"]}).to_parquet("library.parquet")
    screen("library.parquet", parse_goals(["mw min"]), out="hits.csv", settings=ScreeningSettings(workers=1))
    for path, column, expected in [("hits.csv", 3, "a\rb"), ("hits.csv.rejected.csv", 2, "C(\rC")]:
        with Path(path).open(newline="") as file:
            [_, row] = csv.reader(file)
        assert row[column] == expected
        assert b"\r\n" not in Path(path).read_bytes()
