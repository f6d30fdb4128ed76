"""The code in docs/ runs as it stands there, and does what the text says."""

import contextlib
import io
import json
import os
import re
import shlex
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moldesign.cli.main import run
from moldesign.objectives.profile import load_profile
from moldesign.objectives.sections import Budget, Diversity
from tests.conftest import ROOT
from tests.predictors.toy_assay import make_frame
from tests.small_forests import small_forests  # noqa: F401  a fixture

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


def type_line(line: str) -> tuple[int, str]:
    """Do what the shell does with a line; return the exit code of the command, and what it said."""
    name, *arguments = shlex.split(line)
    assert name == "moldesign"
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            run(arguments)
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def run_lines(page: str, beginning: str = "", options: str = "") -> list[str]:
    """Run the commands of a page, which must succeed, each with further options; return what they said."""
    lines = [line for block in read_blocks(page, "sh") for line in block.splitlines()]
    answers = [type_line(line + options) for line in lines if line.startswith(beginning)]
    assert [said for code, said in answers if code != 0] == []
    return [said for _, said in answers]


def run_code(page: str, told: str) -> dict[str, Any]:
    """Run every Python block of a page as its reader does, in one namespace, and return what `told` tells."""
    code = "\n".join([*read_blocks(page, "python"), told])
    exec(compile(code, page, "exec"), {"__name__": "page"})  # noqa: S102  the text is our own
    result: dict[str, Any] = json.loads(Path("told.json").read_text())
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader works: `python` is the interpreter of the tests, and modules are found in the folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.slow
def test_pipelines(folder: Path) -> None:
    assay = make_frame().rename(columns={"balance": "pIC50", "aromatic": "activity"})
    assay["activity"] = assay["activity"].map({"1": "active", "0": "inactive"})
    assay.to_csv(folder / "assay.csv", index=False)
    told = run_code("pipelines.md", PIPELINES_TOLD)
    assert told["unreadable"] == [True, False]
    assert np.isfinite(told["scores"]).all()
    assert told["no_probability"] == [False, True]
    assert sorted(path.name for path in (folder / "my_model").iterdir()) == ["card.json", "model.safetensors"]
    assert told["rows"] == [0, 2]
    np.testing.assert_allclose(told["exported"], told["expected"], rtol=1e-4, atol=1e-4)
    assert told["named"] == told["endpoints"]


@pytest.mark.slow
def test_scorers(folder: Path) -> None:
    write_files("scorers.md", folder)
    assert len(run_lines("scorers.md", "moldesign generate", " --device cpu")) == 3
    for name in ("plain", "short", "rods"):
        assert (folder / name / "hits.csv").exists()
    with closing(sqlite3.connect(folder / "rods" / "run.sqlite")) as store:
        rows = pd.read_sql("SELECT smiles, total, missing, json_extract(raw, '$.rod') AS rod FROM molecules", store)
    with closing(sqlite3.connect(folder / "scores.sqlite")) as cache:
        kept = dict(cache.execute("SELECT smiles, value FROM scores WHERE scorer = 'python rod.py'").fetchall())
    assert len(rows) == 64
    run_ones = rows[rows["rod"].notna()]
    assert 0 < len(run_ones) < 64
    assert {text: kept[text] for text in run_ones["smiles"]} == dict(
        zip(run_ones["smiles"], run_ones["rod"], strict=True)
    )
    assert rows.loc[rows["total"].isna(), "missing"].notna().all()
    told = run_code("scorers.md", SCORERS_TOLD)
    assert told["total"][0] > 0.6
    assert told["total"][1] is None
    assert told["missing"] == [
        None,
        re.search(r'missing  # \[None, "(.*)"\]', read_blocks("scorers.md", "python")[0])[1],
    ]


@pytest.mark.slow
def test_runs(folder: Path) -> None:
    write_files("runs.md", folder)
    said = run_lines("runs.md")
    assert len(said) == 3
    assert load_profile(folder / "compromises" / "profile.toml") == load_profile(folder / "runs.toml")
    assert "for at most 20s, until 200 of them improve nothing" in said[1]
    metrics = [json.loads(line) for line in (folder / "few" / "metrics.jsonl").read_text().splitlines()]
    assert 0 < metrics[0]["hypervolume"] <= metrics[-1]["hypervolume"] < 1
    assert {"rank", "cluster", "qed_score"} <= set(pd.read_csv(folder / "few" / "pareto.csv").columns)
    named = set(re.findall(r"^(\w+) = ", (folder / "runs.toml").read_text(), re.MULTILINE))
    assert named >= set(Budget.model_fields) | set(Diversity.model_fields) | {"pareto", "threshold"}
