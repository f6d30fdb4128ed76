"""The files, commands and code of docs/screening.md, run as they stand there."""

import csv
import io
import json
import runpy
import shlex
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from moldesign.cli.main import app
from tests.test_docs import read_blocks, write_files

PAGE = "screening.md"


@pytest.fixture
def tiny_admet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is about the bundled model, and not about the tiny one of the other tests."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("tiny_admet")
def test_page() -> None:
    write_files(PAGE, Path())
    lines = [line for block in read_blocks(PAGE, "sh") for line in block.splitlines()]
    said = []
    for line in lines:
        done = CliRunner().invoke(app, [*shlex.split(line)[1:], "--workers", "1"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        said.append(done.output)
    [summary] = read_blocks(PAGE, "text")
    assert summary.strip() in said[0]
    rejected = list(csv.reader(io.StringIO(Path("hits.csv.rejected.csv").read_text())))
    shown = list(csv.reader(io.StringIO(read_blocks(PAGE, "csv")[-1])))
    assert shown == rejected[: len(shown)]
    hits = pd.read_csv("hits.csv")
    assert {"herg_std", "solubility_low", "herg_in_domain", "nearest_training_smiles", "supplier"} <= set(hits)
    Path("page.py").write_text("\n".join(read_blocks(PAGE, "python")))
    result = runpy.run_path("page.py")["result"]
    told = {"mw <= 450": 2, "duplicate": 1, "not a molecule": 1}
    assert (result.n_hits, result.falls) == (3, told)
    assert json.loads(Path("best.csv.manifest.json").read_text())["counts"]["rows"] == 9
    assert len(pd.read_csv("parts.csv")) == 3
