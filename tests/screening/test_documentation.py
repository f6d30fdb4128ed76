"""The files, commands and code of docs/screening.md, run as they stand there."""

import csv
import io
import json
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.test_docs import read_blocks, run, run_code, write_files

PAGE = "screening.md"
TOLD = """
import json, pathlib
pathlib.Path("told.json").write_text(json.dumps({"n_hits": result.n_hits, "falls": result.falls}))
"""


@pytest.mark.slow
def test_page(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    blocks = [block.splitlines() for block in read_blocks(PAGE, "sh")]
    said = [run([sys.executable, "-m", "moldesign", *shlex.split(line)[1:]], tmp_path) for b in blocks for line in b]
    [summary] = read_blocks(PAGE, "text")
    assert summary.strip() in said[0]
    rejected = list(csv.reader(io.StringIO((tmp_path / "hits.csv.rejected.csv").read_text())))
    shown = list(csv.reader(io.StringIO(read_blocks(PAGE, "csv")[-1])))
    assert shown == rejected[: len(shown)]
    hits = pd.read_csv(tmp_path / "hits.csv")
    assert {"herg_std", "solubility_low", "herg_in_domain", "nearest_training_smiles", "supplier"} <= set(hits)
    told = run_code(PAGE, tmp_path, TOLD)
    assert told == {"n_hits": 3, "falls": {"mw <= 450": 2, "duplicate": 1, "not a molecule": 1}}
    assert json.loads((tmp_path / "best.csv.manifest.json").read_text())["counts"]["rows"] == 9
    assert len(pd.read_csv(tmp_path / "parts.csv")) == 3
