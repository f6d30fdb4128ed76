"""README tables come from measured files, and the results those files hold say how they were measured."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import harness
from scripts import render_readme
from scripts.readme import cards as cards_module

KNOWN = (
    "admet_accuracy, calibration, continuing, dear_goals, design_modes, distribution, endpoints, "
    "explanation_check, lead_optimisation, moleculenet_accuracy, pmo, pmo_ablation, prediction_speed, priors, "
    "reward_hacking, screening_enrichment, screening_memory, screening_ray, screening_speed, serving, "
    "similarity_search, strategies, where_others_lead$"
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    monkeypatch.setattr(render_readme, "RESULTS", tmp_path)
    return tmp_path


def test_tables_of_the_readme_are_fresh() -> None:
    assert render_readme.main(["--check"]) == 0, "run: python -m scripts.render_readme"


def test_result_says_how_it_was_measured(results: Path) -> None:
    path = harness.write_result("speed", {"steps_per_s": 20_000}, seed=3, extra={"copies": 256})
    result = json.loads(path.read_text())
    assert path == results / "speed.json"
    assert (result["figures"], result["seed"], result["extra"]) == (
        {"steps_per_s": 20_000},
        3,
        {"copies": 256},
    )
    assert result["commit"] is None or re.fullmatch("[0-9a-f]{40}", result["commit"])
    assert result["machine"]["cores"] >= 1
    assert result["machine"]["ram_gib"] > 0
    assert {"python", "torch", "rdkit", "moldesign"} <= result["versions"].keys()


def test_result_with_nan_is_refused_and_leaves_the_old_file(results: Path) -> None:
    path = harness.write_result("speed", {"steps_per_s": 1.0})
    before = path.read_text()
    with pytest.raises(ValueError, match="JSON"):
        harness.write_result("speed", {"steps_per_s": float("nan")})
    assert path.read_text() == before
    assert list(results.iterdir()) == [path]


def test_stale_table_is_found_and_rewritten(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harness.write_result("speed", {"steps_per_s": 20_123.4, "share": 0.98765, "curve": [1, 2]}, seed=3)
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- table:speed -->\nold\n<!-- /table -->\nafter\n")
    monkeypatch.setattr(render_readme, "PAGES", (readme,))
    assert render_readme.main(["--check"]) == 1
    assert "scripts.render_readme" in capsys.readouterr().err
    assert render_readme.main([]) == 0
    assert render_readme.main(["--check"]) == 0
    text = readme.read_text()
    assert "| steps per s | 20,123 |\n| share | 0.9877 |\n" in text
    assert "seed 3" in text
    assert "old" not in text
    assert "curve" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_nested_figures_become_rows_and_columns(results: Path) -> None:
    harness.write_result("priors_compared", {"zinc": {"valid": 0.99}, "chembl": {"valid": 0.97, "novel": 1.0}})
    assert render_readme.render_table("priors_compared").startswith(
        "|  | valid | novel |\n| --- | --- | --- |\n| zinc | 0.99 | - |\n| chembl | 0.97 | 1 |\n"
    )


def make_accuracy() -> dict[str, Any]:
    """Three tasks: the first is won, the second has published figures of other rows, the third is lost."""
    model = {"std": None, "n_seeds": 1, "seconds": None}
    rows = {
        "caco2": {
            "metric": "MAE",
            "better": "lower",
            "n_test": 1820,
            "models": {
                "teacher": {**model, "mean": 0.25, "std": 0.0034},
                "student": {**model, "mean": 0.256},
                "trees": {**model, "mean": 0.2},
                "chemprop": {**model, "mean": 0.33},
                "knn": {**model, "mean": 0.31},
            },
            "anchors": {"best_clean": 0.256, "maplight": 0.276},
            "best_baseline": "knn",
            "gain_over_best_baseline": {
                "teacher": {"gain": 0.06, "low": 0.01, "high": 0.1},
                "student": {"gain": 0.054, "low": -0.01, "high": 0.1},
                "trees": {"gain": 0.11, "low": 0.1, "high": 0.2},
            },
        },
        "ppbr": {
            "metric": "MAE",
            "better": "lower",
            "n_test": 559,
            "models": {"teacher": {**model, "mean": 8.0}},
            "anchors": {"best_clean": 7.53},
        },
        "hia": {
            "metric": "AUROC",
            "better": "higher",
            "n_test": 117,
            "models": {"student": {**model, "mean": 0.8}, "knn": {**model, "mean": 0.9}},
            "anchors": {},
            "best_baseline": "knn",
            "gain_over_best_baseline": {"student": {"gain": -0.1, "low": -0.2, "high": -0.01}},
        },
    }
    extra = {
        "protocol": "Official rows",
        "models": {"teacher": "a stack", "knn": "nearest molecule"},
        "anchors": {"best_clean": "a paper", "maplight": "another"},
        "not_comparable": {"ppbr": "other rows"},
        "wins": {"teacher": {"best_clean": "1 of 1", "maplight": "1 of 1"}, "student within 2 % of teacher": "0 of 1"},
    }
    return {"figures": rows, "extra": extra}


def test_accuracy_table_marks_the_best_and_what_is_beyond_chance() -> None:
    lines = render_readme.render_accuracy(make_accuracy()).splitlines()
    assert lines[0] == (
        "| task | metric | test molecules | teacher | student | best baseline here | chemprop here "
        "| published: best clean |"
    )
    assert lines[2:5] == [
        "| caco2 | MAE | 1,820 | **0.25 ± 0.0034 ↑ ✓** | 0.256 ✓ | knn 0.31 | 0.33 | 0.256 |",
        "| ppbr | MAE | 559 | **8** | - | - | - | 7.53 |",
        "| hia | AUROC | 117 | - | 0.8 ↓ | **knn 0.9** | - | - |",
    ]
    assert lines[5:7] == ["", "* Official rows."]
    assert "* Published, best clean: a paper." in lines
    assert "* Published for ppbr, not compared: other rows." in lines
    assert "* The teacher is at or above the published figure on 1 of 1 tasks (best clean)." in lines
    assert "* Student within 2 % of teacher: 0 of 1 tasks." in lines


def test_accuracy_table_shows_all_of_ours_without_teacher_and_student() -> None:
    result = make_accuracy()
    for row in result["figures"].values():
        for name in ("teacher", "student", "chemprop"):
            row["models"].pop(name, None)
            row.get("gain_over_best_baseline", {}).pop(name, None)
    lines = render_readme.render_accuracy(result).splitlines()
    assert lines[0] == "| task | metric | test molecules | trees | best baseline here | published: best clean |"
    assert lines[2] == "| caco2 | MAE | 1,820 | **0.2 ↑ ✓** | knn 0.31 | 0.256 |"
    assert not any("The teacher is" in line for line in lines)


@pytest.mark.parametrize("name", sorted(render_readme.SECTIONS))
def test_a_section_without_a_result_leaves_nothing(results: Path, name: str) -> None:
    text = f"before\n\n<!-- table:{name} -->\n### Old\n<!-- /table -->\n\nafter\n"
    assert render_readme.render(text) == f"before\n\n<!-- table:{name} -->\n<!-- /table -->\n\nafter\n"


def test_a_section_with_a_result_has_its_heading(results: Path) -> None:
    harness.write_result("explanation_check", {"random": {"logp_auroc": 0.5}}, seed=1)
    heading, introduction = render_readme.SECTIONS["explanation_check"]
    assert render_readme.render_table("explanation_check").startswith(
        f"### {heading}\n\n{introduction}\n\n|  | logp auroc |\n| --- | --- |\n| random | 0.5 |\n"
    )


def test_speed_table_tells_rates_memory_and_start() -> None:
    figures = {
        "rates": {
            "rdkit_parse": {"molecules_per_s": 20_000, "ratio_to_parse": 1.0, "startup_s": None},
            "moldesign": {"molecules_per_s": 3_100, "ratio_to_parse": 0.155, "startup_s": 2.5},
        },
        "memory_mib": {"from_python": {"10000_rows": 612, "100000_rows": 700}},
        "fresh_process_s": {"import_moldesign": 0.1, "first_prediction": 3.456},
    }
    extra = {"model": "admet", "n_endpoints": 22, "device": "cpu"}
    lines = render_readme.render_speed({"figures": figures, "extra": extra}).splitlines()
    assert lines[2:4] == ["| rdkit parse | 20,000 | 1 | - |", "| moldesign | 3,100 | 0.155 | 2.5 |"]
    assert lines[5:] == [
        "* From python, peak memory of all its processes: 612 MiB for 10,000 rows; 700 MiB for 100,000 rows.",
        "* Fresh processes, the start of Python included: import moldesign 0.10 s, first prediction 3.46 s.",
        "* moldesign: `admet`, 22 endpoints, on cpu.",
    ]


def test_calibration_table_has_both_kinds_of_task() -> None:
    figures = {
        "caco2": {"n": 179, "coverage": 0.8994, "width": 1.5, "grows_with_std": 1, "outside_domain": 0.1},
        "herg": {"n": 120, "ece": 0.04, "grows_with_std": 0, "error_by_std_fifth": [0.1, 0.2]},
    }
    extra = {"summary": {"mean_coverage": 0.8994, "ece_up_to_0.05": "1 of 1"}, "calibration": {}}
    lines = render_readme.render_calibration({"figures": figures, "extra": extra}).splitlines()
    assert lines[0] == (
        "| task | test molecules | inside the 90 % interval | width, in spreads | calibration error "
        "| error grows with std | outside the domain |"
    )
    assert lines[2:4] == ["| caco2 | 179 | 89.9% | 1.5 | - | yes | 10.0% |", "| herg | 120 | - | - | 0.04 | no | - |"]
    assert lines[5:] == ["* Mean coverage: 0.8994.", "* Ece up to 0.05: 1 of 1."]


def test_missing_calibration_is_said() -> None:
    extra = {"summary": {}, "calibration": "the model carries no calibration"}
    table = render_readme.render_calibration({"figures": {"herg": {"n": 120}}, "extra": extra})
    assert table.splitlines()[-1] == "* The model carries no calibration."


def test_accuracy_results_have_their_own_renderer(results: Path) -> None:
    extra = {"protocol": "Official rows", "models": {}, "anchors": {}, "not_comparable": {}}
    harness.write_result("admet_accuracy", {}, seed=0, extra=extra)
    table = render_readme.render_table("admet_accuracy")
    assert "\n\n| task | metric | test molecules |\n| --- | --- | --- |\n\n* Official rows.\n" in table
    assert table.splitlines()[-1].startswith("Measured with ")


def test_cards_become_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {
        "predictors/weights/admet": {
            "endpoints": [{"name": "herg", "task": "classification", "unit": "probability"}],
            "test": {"herg": {"AUROC": 0.81234, "n": 131, "nearest_AUROC": 0.7, "mean_AUROC": float("nan")}},
        },
        "policies/weights/zinc": {
            "source": "ZINC250k",
            "licence": "MIT",
            "n_training_molecules": 247_410,
            "molecules_seen": 665_600,
            "samples": {"n": 10_000, "valid": 0.9091, "unique": 1.0, "novel": 0.9996},
        },
    }
    for folder, card in cards.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(cards_module, "PACKAGE", tmp_path)
    endpoints, priors = map(render_readme.render_table, ("endpoints", "priors"))
    assert endpoints.splitlines()[2] == "| herg | admet | probability | 131 | AUROC | 0.8123 | 0.7 | - |"
    assert priors.splitlines()[2] == "| zinc | ZINC250k | 247,410 | 665,600 | 90.91% | 100.00% | 99.96% |"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table:nothing -->\n<!-- /table -->\n", f"'nothing'; known tables: {KNOWN}"),
        ("<!-- table:speed -->\n| a |\n", "without its"),
    ],
)
def test_wrong_block_is_named(results: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_readme.render(text)
