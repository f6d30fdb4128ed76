"""The code in docs/ runs as it stands there, and does what the text says."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moldesign.objectives.profile import load_profile
from moldesign.objectives.sections import Budget, Diversity
from tests.conftest import ROOT
from tests.predictors.toy_assay import make_frame

DOCS = ROOT / "docs"
PIPELINES_TOLD = """
import json, pathlib
expected = predictor.predict(["CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "C"])
told = {
    "unreadable": frame["error"].isna().tolist(),
    "scores": list(map(float, scores)),
    "no_probability": [bool(row != row) for row in probabilities[:, 0]],
    "rows": featurized.rows.tolist(),
    "exported": [values.tolist(), std.tolist()],
    "expected": [expected.values.tolist(), expected.std.tolist()],
    "named": [endpoint["name"] for endpoint in json.loads(metadata["moldesign.endpoints"])],
    "endpoints": [endpoint.name for endpoint in predictor.endpoints],
}
pathlib.Path("told.json").write_text(json.dumps(told))
"""


SCORERS_TOLD = """
import json, pathlib
told = {"total": [None if total != total else total for total in rewards.total], "missing": rewards.missing}
pathlib.Path("told.json").write_text(json.dumps(told))
"""


def read_blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in a language, without those that are files (a name stands before them)."""
    pattern = rf"(?<!`:\n\n)^```{language}\n(.*?)^```$"
    return re.findall(pattern, (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page: the blocks with a name before them."""
    pattern = r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$"
    for name, text in re.findall(pattern, (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")


def run(command: list[str], folder: Path) -> str:
    """Run a command that must succeed, where `python` is the interpreter of the tests; return what it said."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    here = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def run_code(page: str, folder: Path, told: str) -> dict[str, Any]:
    """Run every Python block of a page as its reader does, in one fresh interpreter, and return what `told` tells."""
    run([sys.executable, "-c", "\n".join([*read_blocks(page, "python"), told])], folder)
    result: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return result


@pytest.mark.slow
def test_pipelines(tmp_path: Path) -> None:
    assay = make_frame().rename(columns={"balance": "pIC50", "aromatic": "activity"})
    assay["activity"] = assay["activity"].map({"1": "active", "0": "inactive"})
    assay.to_csv(tmp_path / "assay.csv", index=False)
    told = run_code("pipelines.md", tmp_path, PIPELINES_TOLD)
    assert told["unreadable"] == [True, False]
    assert np.isfinite(told["scores"]).all()
    assert told["no_probability"] == [False, True]
    assert sorted(path.name for path in (tmp_path / "my_model").iterdir()) == ["card.json", "model.safetensors"]
    assert told["rows"] == [0, 2]
    np.testing.assert_allclose(told["exported"], told["expected"], rtol=1e-4, atol=1e-4)
    assert told["named"] == told["endpoints"]


@pytest.mark.slow
def test_scorers(tmp_path: Path) -> None:
    write_files("scorers.md", tmp_path)
    commands = [line for block in read_blocks("scorers.md", "sh") for line in block.splitlines()]
    generate = [shlex.split(line)[1:] for line in commands if line.startswith("moldesign generate")]
    assert len(generate) == 3
    for arguments in generate:
        run([sys.executable, "-m", "moldesign", *arguments, "--device", "cpu"], tmp_path)
    for name in ("plain", "short", "rods"):
        assert (tmp_path / name / "hits.csv").exists()
    with closing(sqlite3.connect(tmp_path / "rods" / "run.sqlite")) as store:
        rows = pd.read_sql("SELECT smiles, total, missing, json_extract(raw, '$.rod') AS rod FROM molecules", store)
    with closing(sqlite3.connect(tmp_path / "scores.sqlite")) as cache:
        kept = dict(cache.execute("SELECT smiles, value FROM scores WHERE scorer = 'python rod.py'").fetchall())
    assert len(rows) == 64
    run_ones = rows[rows["rod"].notna()]
    assert 0 < len(run_ones) < 64
    assert {text: kept[text] for text in run_ones["smiles"]} == dict(
        zip(run_ones["smiles"], run_ones["rod"], strict=True)
    )
    assert rows.loc[rows["total"].isna(), "missing"].notna().all()
    told = run_code("scorers.md", tmp_path, SCORERS_TOLD)
    assert told["total"][0] > 0.6
    assert told["total"][1] is None
    assert told["missing"] == [
        None,
        re.search(r'missing  # \[None, "(.*)"\]', read_blocks("scorers.md", "python")[0])[1],
    ]


@pytest.mark.slow
def test_runs(tmp_path: Path) -> None:
    write_files("runs.md", tmp_path)
    lines = [line for block in read_blocks("runs.md", "sh") for line in block.splitlines()]
    said = [run([sys.executable, "-m", *shlex.split(line)], tmp_path) for line in lines]
    assert len(said) == 3
    assert load_profile(tmp_path / "compromises" / "profile.toml") == load_profile(tmp_path / "runs.toml")
    assert "for at most 20s, until 200 of them improve nothing" in said[1]
    metrics = [json.loads(line) for line in (tmp_path / "few" / "metrics.jsonl").read_text().splitlines()]
    assert 0 < metrics[0]["hypervolume"] <= metrics[-1]["hypervolume"] < 1
    assert {"rank", "cluster", "qed_score"} <= set(pd.read_csv(tmp_path / "few" / "pareto.csv").columns)
    named = set(re.findall(r"^(\w+) = ", (tmp_path / "runs.toml").read_text(), re.MULTILINE))
    assert named >= set(Budget.model_fields) | set(Diversity.model_fields) | {"pareto", "threshold"}
