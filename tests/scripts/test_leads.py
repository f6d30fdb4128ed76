"""The table of what others do better: complete, in the right direction, and empty without measured files."""

import json
from pathlib import Path

from scripts.readme.leads import render_leads
from tests.test_readme import make_accuracy


def test_every_better_figure_is_listed(tmp_path: Path) -> None:
    (tmp_path / "admet_accuracy.json").write_text(json.dumps(make_accuracy()))
    lines = render_leads(tmp_path).splitlines()
    assert "| hia (AUROC) | knn, run here | 0.9 | 0.8 | higher |" in lines
    assert not any("chemprop, run here" in line for line in lines)
    assert lines[-1] == "* 1 of 2 questions."


def test_other_benchmarks_are_compared_too(tmp_path: Path) -> None:
    moses = {
        "figures": {"moldesign": {"valid": 0.97, "FCD/Test": 0.4}},
        "extra": {"published": {"train": {"FCD/Test": 0.0}, "CharRNN": {"valid": 0.96, "FCD/Test": 0.07}}},
    }
    methods = {"moldesign": {"auc_top10": 0.5, "ended": True}, "graph_ga": {"auc_top10": 0.55, "ended": True}}
    paused = {"moldesign": {"auc_top10": 0.1, "ended": False}, "reinvent": {"auc_top10": 0.9, "ended": False}}
    ahead = {"moldesign": {"auc_top10": 0.7, "ended": True}, "graph_ga": {"auc_top10": 0.8, "ended": True}}
    pmo = {
        "figures": {
            "qed": {"methods": methods, "anchors": {"GA": 0.6, "BO": 0.4}},
            "median1": {"methods": paused, "anchors": {"GA": 0.6}},
            "valsartan": {"methods": ahead, "anchors": {"GA": 0.2}},
        },
        "extra": {"strict": ["GA", "BO"], "sum": "sum"},
    }
    (tmp_path / "distribution.json").write_text(json.dumps(moses))
    (tmp_path / "pmo.json").write_text(json.dumps(pmo))
    lines = render_leads(tmp_path).splitlines()
    assert "| MOSES, FCD/Test | published: CharRNN | 0.07 | 0.4 | lower |" in lines
    assert "| PMO, qed | published: GA | 0.6 | 0.5 | higher |" in lines
    assert "| PMO, median1 | published: GA | 0.6 | ≥ 0.1 | higher |" in lines
    assert "| PMO, valsartan | graph ga, run here | 0.8 | 0.7 | higher |" in lines
    assert lines[-1] == "* 4 of 5 questions."


def test_nothing_measured_is_no_table(tmp_path: Path) -> None:
    assert render_leads(tmp_path) == ""
