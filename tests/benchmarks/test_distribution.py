"""Distribution learning: `molsets` is played by a script, the table is that of a made-up result."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import distribution
from benchmarks.moses import evaluation
from benchmarks.moses.evaluation import evaluate
from benchmarks.moses.published import read_targets
from benchmarks.speed.processes import ProcessError
from scripts.readme.distribution import METRICS, render_distribution

MOLSETS = """
import json, sys
smiles = json.load(open(sys.argv[1]))
print("a word of its own")
print(json.dumps({"metrics": {"valid": len(smiles) / 10, "FCD/Test": None}, "versions": {"molsets": "0.3.1"}}))
"""


@pytest.fixture
def molsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "measure.py"
    script.write_text(MOLSETS)
    monkeypatch.setattr(evaluation, "MEASURE", script)
    return script


def test_what_was_measured_is_kept(molsets: Path, tmp_path: Path) -> None:
    found = evaluate(Path(sys.executable), ["C", "C(C"], tmp_path / "work")
    assert (found.metrics, found.versions) == ({"valid": 0.2, "FCD/Test": None}, {"molsets": "0.3.1"})
    molsets.write_text("raise SystemExit(1)")
    assert evaluate(Path(sys.executable), ["C", "C(C"], tmp_path / "work") == found
    with pytest.raises(ProcessError, match="ended with code 1"):
        evaluate(Path(sys.executable), ["C(C", "C"], tmp_path / "work")


def test_an_environment_without_figures_is_named(molsets: Path, tmp_path: Path) -> None:
    molsets.write_text("print('no figures')")
    with pytest.raises(ProcessError, match="no figures"):
        evaluate(Path(sys.executable), ["C"], tmp_path / "work")


def test_speed_counts_new_molecules_once() -> None:
    speed = distribution.measure_speed(["CCO", "OCC", "C(C", "CCN", "c1ccccc1"], 1.23, {"CCN"})
    assert speed == {"molecules": 5, "seconds": 1.2, "valid_unique_novel": 0.4}


def test_every_metric_of_the_table_is_published() -> None:
    for row in read_targets().figures.values():
        assert set(METRICS) <= set(row)
    assert read_targets().figures["CharRNN"]["FCD/Test"] == 0.073


def make_result() -> dict[str, Any]:
    targets = read_targets()
    ours = targets.figures["CharRNN"] | {"FCD/Test": 0.0734, "SNN/Test": 0.59, "Novelty": 0.9, "valid": 0.97451}
    extra = {
        "n": 30_000,
        "temperature": 1.0,
        "sampling": {"molecules": 10_000, "seconds": 42.2, "valid_unique_novel": 0.961},
        "prior": {
            "source": "MOSES",
            "n_training_molecules": 1_000,
            "molecules_seen": 2_500,
            "training_seconds": 5_700,
        },
        "published": targets.figures,
        "published_source": targets.source,
        "moses_versions": {"molsets": "0.3.1"},
    }
    return {
        "figures": {"moldesign": ours, "training_molecules": {"valid": 1.0}},
        "extra": json.loads(json.dumps(extra)),
    }


def test_table_ticks_what_reaches_the_published_figure() -> None:
    lines = render_distribution(make_result()).splitlines()
    assert lines[0].startswith("| metric | moldesign | training molecules | published: CharRNN | published: VAE |")
    rows = {line.split(" | ")[0][2:]: line.split(" | ")[1:] for line in lines[2 : 2 + len(METRICS)]}
    assert rows["valid (higher is better)"][:3] == ["0.975 ✓", "1.000", "0.975"]
    assert rows["FCD (lower is better)"][:2] == ["0.073 ✓", "-"]
    assert rows["similarity to the nearest test molecule (higher is better)"][0] == "0.590"
    assert rows["novelty (higher is better)"][0] == "0.900 ✓"
    assert any("2.5 passes over 1,000 molecules, 95 minutes" in line for line in lines)
    assert any("10,000 molecules took 42 s; 96.1% of them" in line for line in lines)
