"""The code in docs/ runs as it stands there, and does what the text says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.predictors.toy_assay import make_frame

DOCS = Path(__file__).parents[1] / "docs"
TOLD = """
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


def run_code(page: str, folder: Path) -> dict[str, Any]:
    """Run every Python block of a page as its reader does, in one fresh interpreter, and return what `TOLD` tells."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*blocks, TOLD])], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return told


@pytest.mark.slow
def test_pipelines(tmp_path: Path) -> None:
    assay = make_frame().rename(columns={"balance": "pIC50", "aromatic": "activity"})
    assay["activity"] = assay["activity"].map({"1": "active", "0": "inactive"})
    assay.to_csv(tmp_path / "assay.csv", index=False)
    told = run_code("pipelines.md", tmp_path)
    assert told["unreadable"] == [True, False]
    assert np.isfinite(told["scores"]).all()
    assert told["no_probability"] == [False, True]
    assert sorted(path.name for path in (tmp_path / "my_model").iterdir()) == ["card.json", "model.safetensors"]
    assert told["rows"] == [0, 2]
    np.testing.assert_allclose(told["exported"], told["expected"], rtol=1e-4, atol=1e-4)
    assert told["named"] == told["endpoints"]
