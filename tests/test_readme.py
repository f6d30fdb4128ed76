"""README tables come from measured files, and the results those files hold say how they were measured."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import harness
from scripts import render_readme


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    monkeypatch.setattr(render_readme, "RESULTS", tmp_path)
    return tmp_path


def test_tables_of_the_readme_are_fresh() -> None:
    assert render_readme.main(["--check"]) == 0, "run: python scripts/render_readme.py"


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
    monkeypatch.setattr(render_readme, "README", readme)
    assert render_readme.main(["--check"]) == 1
    assert "render_readme.py" in capsys.readouterr().err
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


def test_accuracy_table_marks_the_best_and_what_is_beyond_chance() -> None:
    model = {"std": None, "n_seeds": 1, "seconds": None}
    rows = {
        "caco2": {
            "metric": "MAE",
            "better": "lower",
            "n_test": 1820,
            "models": {"trees": {**model, "mean": 0.28, "std": 0.0034}, "knn": {**model, "mean": 0.45}},
            "anchors": {"best_clean": 0.256, "maplight": 0.276},
            "gain_over_best_baseline": {"trees": {"gain": 0.17, "low": 0.1, "high": 0.2}},
        },
        "ppbr": {
            "metric": "MAE",
            "better": "lower",
            "n_test": 559,
            "models": {"trees": {**model, "mean": 8.0}},
            "anchors": {"best_clean": 7.53},
        },
        "hia": {
            "metric": "AUROC",
            "better": "higher",
            "n_test": 117,
            "models": {"trees": {**model, "mean": 0.8}, "knn": {**model, "mean": 0.9}},
            "anchors": {},
            "gain_over_best_baseline": {"trees": {"gain": -0.1, "low": -0.2, "high": -0.01}},
        },
    }
    extra = {
        "protocol": "Official rows",
        "models": {"trees": "boosted trees", "knn": "nearest molecule"},
        "anchors": {"best_clean": "a paper", "maplight": "another"},
        "not_comparable": {"ppbr": "other rows"},
    }
    lines = render_readme.render_accuracy({"figures": rows, "extra": extra}).splitlines()
    assert lines[0] == "| task | metric | test molecules | trees | knn | best clean |"
    assert lines[2:5] == [
        "| caco2 | MAE | 1,820 | 0.28 ± 0.0034 ↑ | 0.45 | **0.256** |",
        "| ppbr | MAE | 559 | **8** | - | 7.53 |",
        "| hia | AUROC | 117 | 0.8 ↓ | **0.9** | - |",
    ]
    assert lines[5:7] == ["", "* Official rows."]
    assert "* Published, best clean: a paper." in lines
    assert "* Published for ppbr, not compared: other rows." in lines


def test_accuracy_results_have_their_own_renderer(results: Path) -> None:
    extra = {"protocol": "Official rows", "models": {}, "anchors": {}, "not_comparable": {}}
    harness.write_result("admet_accuracy", {}, seed=0, extra=extra)
    table = render_readme.render_table("admet_accuracy")
    assert table.startswith("| task | metric | test molecules |\n| --- | --- | --- |\n\n* Official rows.\n")
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
    monkeypatch.setattr(render_readme, "PACKAGE", tmp_path)
    endpoints, priors = map(render_readme.render_table, ("endpoints", "priors"))
    assert endpoints.splitlines()[2] == "| herg | admet | probability | 131 | AUROC | 0.8123 | 0.7 | - |"
    assert priors.splitlines()[2] == "| zinc | ZINC250k | 247,410 | 665,600 | 90.91% | 100.00% | 99.96% |"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table:nothing -->\n<!-- /table -->\n", "'nothing'; known tables: endpoints, priors"),
        ("<!-- table:speed -->\n| a |\n", "without its"),
    ],
)
def test_wrong_block_is_named(results: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_readme.render(text)
