"""The report of a training: complete, honest about the baseline, and free of anything from elsewhere."""

import json
import re
from pathlib import Path

import pytest

from moldesign.errors import ModelFormatError
from moldesign.reporting.training_report import read_record, render_training_report, write_training_report
from tests.small_forests import small_forests  # noqa: F401  a fixture

FINDING = {"n": 0, "examples": []}
PREDICTIONS = {
    "smiles": ["CCO", "CCN", "c1ccccc1", "CC(=O)O"],
    "truth": [1.0, 2.0, 3.0, 4.0],
    "value": [1.1, 2.2, 2.9, 9.0],
    "std": [0.1, 0.1, 0.2, 0.3],
    "baseline": [2.0, 2.0, 2.0, 2.0],
    "fold": [1, 1, 1, 1],
}
VERDICT = {"figure": "MAE", "model": 0.5, "baseline": 0.4, "baseline_is_better": True}


def make_target(**changes: object) -> dict[str, object]:
    return {
        **{"task": "regression", "unit": "nM", "log_scale": False, "n_labels": 40, "n_repeated": 4},
        **{"bad_cells": FINDING, "conflicts": FINDING, "threshold": None, "verdict": VERDICT, "folds": []},
        **{"test": {"RMSE": 0.7, "MAE": 0.5, "n": 4}, "test_std": {}, "predictions": PREDICTIONS},
        **{"baseline": {"RMSE": 0.8, "MAE": 0.4, "n": 4}, "baseline_std": {}},
        **changes,
    }


def make_record(**changes: object) -> dict[str, object]:
    curve = {"part": "model", "train": [1.0, 0.5], "valid": [1.1, 0.9], "best_epoch": 2}
    return {
        **{"format_version": 1, "date": "2026-01-31", "seconds": 75.0, "command": "moldesign train <assay>.csv"},
        **{"seed": 0, "device": "cpu", "versions": {"moldesign": "0.1.0"}, "start": "admet"},
        "table": {"source": "assay.csv", "n_rows": 44, "n_molecules": 40, "left_out": FINDING},
        "split": {"kind": "scaffold", "n_folds": 0, "measured_on": "4 test molecules"},
        "network": {"hidden_size": 96, "n_layers": 3, "dropout": 0.1},
        "training": {
            **{"n_networks": 3, "n_epochs": 60, "patience": 20, "learning_rate": 0.002},
            **{"batch_size": 64, "loss": "weighted"},
        },
        **{"search": [], "curves": [curve, curve], "baseline": "random forest", "targets": {"IC50": make_target()}},
        **changes,
    }


def render(**changes: object) -> str:
    return render_training_report("mine", "models/mine", json.loads(json.dumps(make_record(**changes))))


def test_the_page_needs_nothing_else() -> None:
    page = render()
    assert not re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", page.replace("xlink:href", "href"))
    assert "<script" not in page
    assert "url(http" not in page


def test_a_better_baseline_is_stated() -> None:
    page = render()
    assert "The baseline (random forest) is better than this model: MAE 0.400 against 0.500." in page
    assert 'class="verdict bad"' in page
    good = render(targets={"IC50": make_target(verdict=VERDICT | {"baseline_is_better": False, "model": 0.3})})
    assert "The baseline (random forest) is not better than this model: MAE 0.400 against 0.300." in good
    assert 'class="verdict bad"' not in good


def test_what_the_model_is_made_of_is_stated() -> None:
    shares = {"n_trees": 200, "shares": {"IC50": 0.6}, "half_is_kernel_regression": ["IC50"]}
    assert "60% of IC50 (forest and kernel regression)" in render(forest=shares)
    del shares["half_is_kernel_regression"]  # a training of an older release
    assert "60% of IC50 (forest)" in render(forest=shares)
    assert '<td>models of fingerprints</td><td class="number">none</td>' in render(forest=None)


def test_units_and_caveats_are_stated() -> None:
    page = render(targets={"IC50": make_target(log_scale=True)})
    assert "RMSE and MAE are in nM." in page
    assert "0.3 is a factor of two, 1 a factor of ten" in page
    assert "are in" not in render(targets={"IC50": make_target(unit="")})
    split = {"kind": "scaffold", "n_folds": 0, "measured_on": "4 test molecules", "caveat": "admet had learned from 2."}
    assert '<p class="verdict bad">admet had learned from 2.</p>' in render(split=split)


def test_large_figures_have_no_idle_decimals() -> None:
    page = render(targets={"IC50": make_target(test={"RMSE": 21888.316, "MAE": 412.34, "n": 4})})
    assert ">21,888<" in page
    assert ">412.3<" in page


def test_the_better_figure_of_each_row_is_marked() -> None:
    page = re.sub(r"\s+", " ", render())
    assert '<td>RMSE</td><td class="number best">0.700</td> <td class="number">0.800</td>' in page
    assert '<td>MAE</td><td class="number">0.500</td> <td class="number best">0.400</td>' in page


def test_the_worst_prediction_comes_first() -> None:
    page = render()
    assert re.findall(r'class="smiles">([^<]*)<', page)[0] == "CC(=O)O"
    assert "measured <b>4</b>" in page
    assert "predicted <b>9</b> ± 0.3" in page


def test_on_a_log_scale_the_worst_is_the_worst_ratio() -> None:
    predictions = PREDICTIONS | {"truth": [1.0, 10.0, 100.0, 1000.0], "value": [10.0, 10.0, 100.0, 1500.0]}
    page = render(targets={"IC50": make_target(log_scale=True, predictions=predictions)})
    assert re.findall(r'class="smiles">([^<]*)<', page)[0] == "CCO"
    assert "learned as log10" in page


def test_a_classification_has_its_two_curves_and_its_threshold() -> None:
    predictions = PREDICTIONS | {"truth": [0.0, 1.0, 1.0, 0.0], "value": [0.1, 0.7, 0.8, 0.3], "baseline": [0.5] * 4}
    figures = {"AUROC": 1.0, "AUPRC": 1.0, "accuracy": 0.75, "n": 4}
    target = make_target(
        task="classification", threshold=0.42, predictions=predictions, test=figures, baseline=figures, verdict=None
    )
    page = render(targets={"active": target})
    assert "this model, area 1.000" in page
    assert "this model, average 1.000" in page
    assert "from a probability of 0.42 up" in page
    assert "so the figures are uncertain" in page


@pytest.mark.parametrize(("truth", "n_plots"), [([0.0] * 4, 0), ([1.0] * 4, 1), ([0.0, 1.0, 0.0, 1.0], 2)])
def test_curves_that_are_not_defined_are_left_out(truth: list[float], n_plots: int) -> None:
    predictions = PREDICTIONS | {"truth": truth, "value": [0.1, 0.2, 0.3, 0.4]}
    page = render(targets={"active": make_target(task="classification", predictions=predictions)})
    assert page.count("share of positives found (recall)") == n_plots


def test_no_test_molecule_is_no_obstacle() -> None:
    nothing: dict[str, list[object]] = {name: [] for name in PREDICTIONS}
    page = render(targets={"IC50": make_target(predictions=nothing, test={"n": 0}, baseline={"n": 0}, verdict=None)})
    assert "Worst predictions" not in page


def test_folds_show_their_spread_and_one_plot_of_losses_each() -> None:
    curves = [
        {"part": part, "train": [1.0, 0.5], "valid": [None, None] if part == "model" else [1.0, 0.9], "best_epoch": 2}
        for part in ("fold 1", "fold 2", "model")
    ]
    page = render(curves=curves, targets={"IC50": make_target(test_std={"MAE": 0.123})})
    assert "0.500 ± 0.123" in page
    assert all(title in page for title in ("Loss, fold 1", "Loss, fold 2", "Loss, model"))


def test_what_was_odd_in_the_table_is_listed() -> None:
    table = {"source": "a.csv", "n_rows": 44, "n_molecules": 40, "left_out": {"n": 2, "examples": ["row 3: bad"]}}
    conflicts = {"n": 1, "examples": ["CCO: 1 in row 2, 9 in row 5"]}
    page = render(table=table, targets={"IC50": make_target(conflicts=conflicts)})
    assert "2 rows were left out:" in page
    assert "row 3: bad" in page
    assert "molecules measured several times, and averaged: 4." in page
    assert "CCO: 1 in row 2, 9 in row 5" in page


def test_trials_are_listed_best_first() -> None:
    trials = [{"settings": {"learning_rate": rate}, "valid_loss": loss} for rate, loss in ((0.001, 0.9), (0.004, 0.5))]
    page = render(search=trials)
    assert page.index("0.004") < page.index("0.001")


def test_text_of_the_user_is_escaped() -> None:
    page = render(targets={"<b>IC50</b>": make_target()})
    assert "<b>IC50" not in page
    assert "moldesign train &lt;assay&gt;.csv" in page


def test_the_report_lies_beside_the_record(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text(json.dumps(make_record()))
    assert write_training_report(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("text", ["", "[]", '{"format_version": 99}', None])
def test_a_folder_without_a_readable_record_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "training.json").write_text(text)
    with pytest.raises(ModelFormatError, match=r"training\.json"):
        read_record(tmp_path)


def test_calibration_is_shown_where_there_are_molecules_enough() -> None:
    many = {name: values * 10 for name, values in PREDICTIONS.items()}
    assert "Calibration of the error bars" in render(targets={"IC50": make_target(predictions=many)})
    assert "Calibration of the error bars" in render(targets={"IC50": make_target(predictions=many, log_scale=True)})
    assert "Calibration" not in render()
    classes = many | {"truth": [0.0, 1.0] * 20, "value": [0.2, 0.9] * 20}
    page = render(targets={"active": make_target(task="classification", predictions=classes)})
    assert "Calibration of the probabilities" in page


def test_before_and_after_are_shown_where_a_model_went_on() -> None:
    gain = {"figure": "MAE", "before": 0.4, "after": 0.5, "gain": -0.1, "low": -0.15, "high": -0.05}
    part = {"n": 60, "before": {"MAE": 0.4, "n": 60}, "after": {"MAE": 0.5, "n": 60}, "gain": gain}
    few = {"n": 2, "before": {"n": 2}, "after": {"n": 2}, "gain": None}
    counts = {"n_old": 400, "n_new": 90, "n_old_training": 320, "n_new_training": 70, "n_replayed": 280}
    page = render(continued={"model": "older", **counts, "targets": {"IC50": {"old": part, "new": few}}})
    assert "Start: the networks of older, which knew 400 molecules; 90 are new, and 280 of 320 old training" in page
    assert "On the old test molecules it is worse: MAE 0.500 after 0.400 (gain -0.100" in page
    assert "The new test molecules are too few or too alike" in page
    assert re.search(r"<td>MAE</td>\s*<td class=\"number\">0.400</td><td class=\"number\">0.500</td>", page)
    assert "before and after" not in render()
