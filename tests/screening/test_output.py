"""The files of a screening hold one row for each row, whatever its cells are made of."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from moldesign.objectives.profile import parse_goals
from moldesign.objectives.terms import Term
from moldesign.screening import ScreeningSettings, screen, screener
from moldesign.screening.describing import Columns, describe_molecules
from moldesign.screening.marking import Marker
from moldesign.screening.molecules import Molecule


def test_a_carriage_return_cannot_break_the_files() -> None:
    pd.DataFrame({"smiles": ["CCO", "C(\rC"], "name": ["a\rb", "c"]}).to_parquet("library.parquet")
    screen("library.parquet", parse_goals(["mw min"]), out="hits.csv", settings=ScreeningSettings(workers=1))
    for path, column, expected in [("hits.csv", 3, "a\rb"), ("hits.csv.rejected.csv", 2, "C(\rC")]:
        with Path(path).open(newline="") as file:
            [_, row] = csv.reader(file)
        assert row[column] == expected
        assert b"\r\n" not in Path(path).read_bytes()


def test_a_hit_that_cannot_be_described_is_named_by_file_and_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def describe(molecules: Sequence[Molecule | None], terms: Sequence[Term], mark: Marker) -> Columns:
        if molecules[2] is not None:
            mark(2)
            os._exit(1)
        return describe_molecules(molecules, terms, mark)

    monkeypatch.setattr(screener, "describe_molecules", describe)
    Path("a.smi").write_text("CCO\n")
    Path("b.smi").write_text("CCCO\nCCCCO\n")
    screen(["a.smi", "b.smi"], parse_goals(["mw min"]), out="hits.csv", settings=ScreeningSettings(workers=1))
    [message] = caplog.messages
    assert message.startswith("b.smi row 2, which begins with 'CCCCO': the process that worked on it ended; it stays")
    assert pd.read_csv("hits.csv")["standardized_smiles"].fillna("").tolist() == ["CCO", "CCCO", ""]
