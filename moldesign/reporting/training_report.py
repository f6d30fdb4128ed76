"""The report of a training: what `training.json` holds, as one HTML page that needs nothing else."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from moldesign.errors import ModelFormatError
from moldesign.predictors.evaluation import format_figure, is_better
from moldesign.predictors.training_record import RECORD_FILE, RECORD_VERSION, tell_shares
from moldesign.reporting.page import write_page
from moldesign.reporting.pictures import Size, complete_svg, draw_molecule
from moldesign.reporting.plots import (
    Curve,
    draw_coverage,
    draw_losses,
    draw_parity,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)

REPORT_FILE = "report.html"
N_WORST = 10
SMALL_TEST = 50
"""With fewer test molecules the report says that its figures are uncertain."""

LEAST_CALIBRATED = 20
"""With fewer test molecules a plot of the calibration would show chance alone."""

_PICTURE = Size(220, 160)
_TEMPLATE = "training_report.html"

Record = Mapping[str, Any]


def write_training_report(folder: Path) -> Path:
    """Write `report.html` from the `training.json` of a model folder, and return its path.

    Raises:
        ModelFormatError: the folder has no readable `training.json`.
        RunFolderError: the report cannot be written.
    """
    html = render_training_report(folder.resolve().name, str(folder), read_record(folder))
    write_page(folder / REPORT_FILE, html)
    return folder / REPORT_FILE


def read_record(folder: Path) -> Record:
    """Read `training.json`.

    Raises:
        ModelFormatError: it is missing, is no JSON object, or was written by another version.
    """
    path = folder / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFormatError(f"{path} cannot be read ({error}); `moldesign train` writes it") from error
    if not isinstance(record, dict) or record.get("format_version") != RECORD_VERSION:
        raise ModelFormatError(f"{path} is of another version; train the model again for a report")
    return record


def render_training_report(name: str, folder: str, record: Record) -> str:
    """Return the page.

    Args:
        name: of the model.
        folder: how the user calls it.
        record: what `training.json` holds.
    """
    template = resources.files("moldesign.reporting").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(template)
    return page.render(
        name=name,
        folder=folder,
        source=record["table"]["source"],
        date=record["date"],
        duration=_describe_seconds(record["seconds"]),
        start=_describe_start(record),
        seed=record["seed"],
        command=record["command"],
        measured_on=record["split"]["measured_on"],
        caveat=record["split"].get("caveat", ""),
        baseline=record["baseline"],
        targets=[
            _view_target(target, fields, record["baseline"]) | {"progress": _view_progress(record, target)}
            for target, fields in record["targets"].items()
        ],
        losses=_plot_losses(record["curves"]),
        settings=_list_settings(record),
        trials=_list_trials(record["search"]),
        findings=_list_findings(record),
        version=record["versions"]["moldesign"],
    )


def _describe_start(record: Record) -> str:
    if continued := record.get("continued"):
        return (
            f"the networks of {continued['model']}, which knew {continued['n_old']:,} molecules; "
            f"{continued['n_new']:,} are new, and {continued['n_replayed']:,} of {continued['n_old_training']:,} old "
            "training molecules were learned again"
        )
    return "from scratch" if record["start"] is None else f"the encoder of {record['start']}"


def _view_progress(record: Record, target: str) -> dict[str, Any] | None:
    """Return how the model that was gone on from and this one do on old and on new test molecules, if there is one."""
    if "continued" not in record:
        return None
    parts = record["continued"]["targets"][target]
    names = list(dict.fromkeys(name for part in parts.values() for name in (*part["before"], *part["after"])))
    return {
        "header": [f"{age}, {when}" for age in parts for when in ("before", "after")],
        "rows": [
            [
                "molecules" if name == "n" else name,
                *(
                    _format_figure(part[when].get(name), None)
                    for part in parts.values()
                    for when in ("before", "after")
                ),
            ]
            for name in sorted(names, key=lambda name: name == "n")
        ],
        "verdicts": [_judge_progress(age, part) for age, part in parts.items()],
        "is_worse": any(part["gain"] is not None and part["gain"]["high"] < 0 for part in parts.values()),
    }


def _judge_progress(age: str, part: Record) -> str:
    gain = part["gain"]
    if gain is None:
        return f"The {age} test molecules are too few or too alike to compare before and after."
    way = "worse" if gain["high"] < 0 else "better" if gain["low"] > 0 else "not clearly different"
    return (
        f"On the {age} test molecules it is {way}: {gain['figure']} {gain['after']:.3f} after {gain['before']:.3f} "
        f"(gain {gain['gain']:+.3f}, 95 % interval {gain['low']:+.3f} to {gain['high']:+.3f})."
    )


def _view_target(name: str, target: Record, baseline: str) -> dict[str, Any]:
    kind = f"{target['task']}, {target['n_labels']:,} molecules with a label"
    kind += f", in {target['unit']}" if target["unit"] else ""
    kind += ", learned as log10" if target["log_scale"] else ""
    return {
        "name": name,
        "kind": kind,
        "verdict": _describe_verdict(target["verdict"], baseline),
        "baseline_is_better": bool(target["verdict"] and target["verdict"]["baseline_is_better"]),
        "notes": _list_notes(target),
        "figures": _list_figures(target),
        "units": _describe_units(target),
        "plots": _plot_target(target),
        "worst": _find_worst(target),
    }


def _describe_units(target: Record) -> str:
    units = [f"RMSE and MAE are in {target['unit']}."] if target["unit"] else []
    if target["log_scale"]:
        units.append("Figures called log10 are of the logarithms: 0.3 is a factor of two, 1 a factor of ten.")
    return " ".join(units)


def _describe_verdict(verdict: Record | None, baseline: str) -> str:
    if verdict is None:
        return ""
    figures = f"{verdict['figure']} {verdict['baseline']:.3f} against {verdict['model']:.3f}"
    if verdict["baseline_is_better"]:
        return f"The baseline ({baseline}) is better than this model: {figures}."
    return f"The baseline ({baseline}) is not better than this model: {figures}."


def _list_notes(target: Record) -> list[str]:
    notes = []
    if target["threshold"] is not None:
        notes.append(
            f"A molecule is called positive from a probability of {target['threshold']:.2f} up; that was chosen on the "
            "validation molecules. Accuracy, precision, recall, specificity, F1 and MCC depend on it."
        )
    if target["folds"]:
        notes.append("The figures are means over the folds; the plots show the molecules of all folds together.")
    if target["test"]["n"] < SMALL_TEST:
        notes.append(f"There are only {target['test']['n']} test molecules, so the figures are uncertain.")
    return notes


def _list_figures(target: Record) -> list[dict[str, str]]:
    model, baseline = target["test"], target["baseline"]
    rows = []
    for name in dict.fromkeys([*model, *baseline]):
        cells = {"name": "molecules" if name == "n" else name, "best": ""}
        cells["model"] = _format_figure(model.get(name), target["test_std"].get(name))
        cells["baseline"] = _format_figure(baseline.get(name), target["baseline_std"].get(name))
        if name != "n" and name in model and name in baseline and model[name] != baseline[name]:
            cells["best"] = "model" if is_better(name, model[name], baseline[name]) else "baseline"
        rows.append(cells)
    return sorted(rows, key=lambda cells: cells["name"] == "molecules")


def _format_figure(value: float | None, spread: float | None) -> str:
    if value is None:
        return "not defined"
    if isinstance(value, int):
        return f"{value:,}"
    return format_figure(value) if spread is None else f"{format_figure(value)} ± {format_figure(spread)}"


def _plot_target(target: Record) -> list[str]:
    truth, values, std, baseline = (target["predictions"][name] for name in ("truth", "value", "std", "baseline"))
    if target["task"] == "regression":
        parity = [draw_parity(truth, values, std, target["unit"], log_scale=target["log_scale"])] if truth else []
        return [*parity, *_plot_error_bars(target)]
    plots = [draw_roc(truth, values, baseline)] if len(set(truth)) > 1 else []
    plots += [draw_precision_recall(truth, values, baseline)] if any(truth) else []
    return [*plots, draw_reliability(truth, values)] if len(truth) >= LEAST_CALIBRATED else plots


def _plot_error_bars(target: Record) -> list[str]:
    """Return how often error bars held, on the scale that was learned; nothing where there are too few."""
    truth, values, std = (np.array(target["predictions"][name], dtype=float) for name in ("truth", "value", "std"))
    if target["log_scale"]:
        is_positive = (truth > 0) & (values > 0)
        truth, values, std = truth[is_positive], values[is_positive], std[is_positive]
        std = std / (values * np.log(10))
        truth, values = np.log10(truth), np.log10(values)
    known = std > 0
    if known.sum() < LEAST_CALIBRATED:
        return []
    return [draw_coverage((truth - values)[known], std[known])]


def _find_worst(target: Record) -> list[dict[str, str]]:
    """Return the molecules with the largest errors, on the scale that was learned."""
    rows = target["predictions"]
    truth, values = np.array(rows["truth"], dtype=float), np.array(rows["value"], dtype=float)
    if target["log_scale"]:
        smallest = min(truth[truth > 0], default=1.0)
        truth, values = np.log10(np.maximum(truth, smallest)), np.log10(np.maximum(values, smallest * 1e-6))
    order = np.argsort(-np.abs(truth - values), kind="stable")[:N_WORST].tolist()
    return [
        {
            "picture": complete_svg(draw_molecule(rows["smiles"][row], _PICTURE), _PICTURE),
            "smiles": rows["smiles"][row],
            **{name: f"{rows[name][row]:.3g}" for name in ("truth", "value", "std", "baseline")},
        }
        for row in order
    ]


def _plot_losses(curves: Sequence[Record]) -> list[str]:
    parts = list(dict.fromkeys(curve["part"] for curve in curves))
    titles = {part: "Loss" if len(parts) == 1 else f"Loss, {part}" for part in parts}
    return [
        draw_losses(
            [Curve(one["train"], one["valid"], one["best_epoch"]) for one in curves if one["part"] == part],
            titles[part],
        )
        for part in parts
    ]


def _list_settings(record: Record) -> list[tuple[str, str]]:
    split, training, network = record["split"], record["training"], record["network"]
    named = {
        "split": split["kind"] + (f", {split['n_folds']} folds" if split["n_folds"] else ""),
        "networks": training["n_networks"],
        "models of fingerprints": tell_shares(forest) if (forest := record.get("forest")) else "none",
        "epochs, at most": training["n_epochs"],
        "patience": training["patience"],
        "learning rate": f"{training['learning_rate']:.2g}",
        "batch size": training["batch_size"],
        "loss of classifications": training["loss"],
        "hidden size": network["hidden_size"],
        "layers": network["n_layers"],
        "dropout": f"{network['dropout']:.2g}",
        "device": record["device"],
    }
    return [(name, str(value)) for name, value in named.items()]


def _list_trials(trials: Sequence[Record]) -> dict[str, Any] | None:
    if not trials:
        return None
    best_first = sorted(trials, key=lambda trial: trial["valid_loss"])
    return {
        "header": ["validation loss", *(name.replace("_", " ") for name in best_first[0]["settings"])],
        "rows": [
            [f"{value:.3g}" for value in (trial["valid_loss"], *trial["settings"].values())] for trial in best_first
        ],
    }


def _list_findings(record: Record) -> list[dict[str, Any]]:
    table = record["table"]
    findings = [_say(f"{table['n_rows']:,} rows; {table['n_molecules']:,} different molecules with a label.")]
    if table["left_out"]["n"]:
        findings.append(_say(f"{table['left_out']['n']:,} rows were left out:", table["left_out"]["examples"]))
    for name, target in record["targets"].items():
        if target["n_repeated"]:
            findings.append(_say(f"{name}: molecules measured several times, and averaged: {target['n_repeated']:,}."))
        if target["bad_cells"]["n"]:
            text = f"{name}: {target['bad_cells']['n']:,} cells hold no number and were left out:"
            findings.append(_say(text, target["bad_cells"]["examples"]))
        if target["conflicts"]["n"]:
            text = f"{name}: {target['conflicts']['n']:,} molecules have measurements that contradict each other:"
            findings.append(_say(text, target["conflicts"]["examples"]))
    return findings


def _say(text: str, examples: Sequence[str] = ()) -> dict[str, Any]:
    return {"text": text, "examples": list(examples)}


def _describe_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
