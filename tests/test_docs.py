"""The code in docs/ runs as it stands there, and does what the text says."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.predictors.toy_assay import make_frame

DOCS = Path(__file__).parents[1] / "docs"


def run_code(page: str) -> dict[str, Any]:
    """Run every Python block of a page, one after another, and return the variables."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    variables: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), variables)  # noqa: S102  the project's own page
    return variables


@pytest.mark.slow
def test_pipelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assay = make_frame().rename(columns={"balance": "pIC50", "aromatic": "activity"})
    assay["activity"] = assay["activity"].map({"1": "active", "0": "inactive"})
    assay.to_csv(tmp_path / "assay.csv", index=False)
    monkeypatch.chdir(tmp_path)
    ran = run_code("pipelines.md")
    assert ran["frame"]["error"].isna().tolist() == [True, False]
    assert np.isfinite(ran["scores"]).all()
    assert np.isnan(ran["probabilities"]).all(axis=1).tolist() == [False, True]
    assert sorted(path.name for path in (tmp_path / "my_model").iterdir()) == ["card.json", "model.safetensors"]
    expected = ran["predictor"].predict(["CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "C"])
    assert ran["featurized"].rows.tolist() == [0, 2]
    np.testing.assert_allclose(ran["values"], expected.values, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ran["std"], expected.std, rtol=1e-4, atol=1e-4)
    named = [endpoint["name"] for endpoint in json.loads(ran["metadata"]["moldesign.endpoints"])]
    assert named == [endpoint.name for endpoint in ran["predictor"].endpoints]
