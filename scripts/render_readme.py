"""Fill the tables of README.md from measured files, so that no figure in it was typed by hand.

    python scripts/render_readme.py           # rewrite the tables in place
    python scripts/render_readme.py --check   # exit with 1 if a table is stale

A table stands between `<!-- table:NAME -->` and `<!-- /table -->`. NAME is `endpoints` or `priors`
(from the cards of the bundled models), or the name of a file in benchmarks/results. The tables of `SECTIONS` come with
their heading and introduction, and leave nothing behind while their file is not there.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
PACKAGE = ROOT / "moldesign"

HEADLINE_METRIC = {"classification": "AUROC", "regression": "MAE"}
ENDPOINT_COLUMNS = (
    "endpoint",
    "model",
    "unit",
    "test molecules",
    "metric",
    "moldesign",
    "nearest training molecule",
    "training mean",
)
PRIOR_COLUMNS = ("prior", "trained on", "molecules", "seen in training", "valid", "unique", "novel")

SHOWN_OURS = ("teacher", "student", "open_teacher")
"""Our models in the accuracy tables; where there is neither, all of ours."""
SHOWN_ANCHORS = ("chemprop_rdkit", "best_clean")
"""Columns of published figures that the accuracy tables show; the result files hold more."""

SECTIONS = {
    "admet_accuracy": (
        "Accuracy on the 22 TDC ADMET tasks",
        "The student is the network that ships; the teacher, whose knowledge it was taught, is larger and slower.",
    ),
    "moleculenet_accuracy": (
        "Accuracy on MoleculeNet",
        "The deterministic scaffold split: test molecules have other ring systems than those trained on.",
    ),
    "prediction_speed": (
        "From SMILES text to the table of all endpoints",
        "The same molecules, machine and cores for all; start-up is not part of a rate. RDKit's bare parse is the "
        "ceiling of every program that reads SMILES.",
    ),
    "calibration": (
        "Does it know what it does not know?",
        "On the official test sets: how many measured values lie in the 90 % interval, how far probabilities are from "
        "frequencies (expected calibration error), whether errors grow from each fifth of the predictions to the "
        "next when they are ordered by `std`, and how much larger they are outside the domain than inside.",
    ),
    "explanation_check": (
        "Do the reasons point at the right atoms?",
        "Attributions of networks trained on properties whose atoms are known: Crippen logP contributions and the "
        "presence of a nitro group. An AUROC of 1 ranks all the right atoms first, 0.5 is chance.",
    ),
}
"""Heading and introduction of tables that may not have been measured yet."""

BLOCK = re.compile(r"<!-- table:(?P<name>\S+) -->\n.*?<!-- /table -->", re.DOTALL)
OPENING = "<!-- table:"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a table is stale")
    options = parser.parse_args(arguments)
    present = README.read_text(encoding="utf-8")
    rendered = render(present)
    if rendered == present:
        return 0
    if options.check:
        print("README.md has stale tables; run: python scripts/render_readme.py", file=sys.stderr)
        return 1
    README.write_text(rendered, encoding="utf-8")
    return 0


def render(text: str) -> str:
    """Return `text` with every table block filled anew.

    Raises:
        ValueError: a block is not closed, or its name is unknown.
    """
    if text.count(OPENING) != len(BLOCK.findall(text)):
        raise ValueError("README.md has a <!-- table:NAME --> line without its <!-- /table --> line")
    return BLOCK.sub(
        lambda block: f"<!-- table:{block['name']} -->\n{render_table(block['name'])}<!-- /table -->", text
    )


def render_table(name: str) -> str:
    """Return the Markdown of one table, ended by a line break."""
    if name == "endpoints":
        return tabulate(ENDPOINT_COLUMNS, list_endpoints())
    if name == "priors":
        return tabulate(PRIOR_COLUMNS, list_priors())
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        if name in SECTIONS:
            return ""
        known = sorted({"endpoints", "priors", *SECTIONS, *(file.stem for file in RESULTS.glob("*.json"))})
        raise ValueError(f"README.md asks for the table {name!r}; known tables: {', '.join(known)}")
    result = json.loads(path.read_text(encoding="utf-8"))
    heading, introduction = SECTIONS.get(name, (None, None))
    opening = "" if heading is None else f"### {heading}\n\n{introduction}\n\n"
    return f"{opening}{RENDERERS.get(name, render_figures)(result)}\n{describe_measurement(result)}\n"


def render_figures(result: Mapping[str, Any]) -> str:
    """Return the figures of one benchmark as a table."""
    figures = {key: value for key, value in result["figures"].items() if not isinstance(value, list)}
    if figures and all(isinstance(value, Mapping) for value in figures.values()):
        columns = list(dict.fromkeys(column for row in figures.values() for column in row))
        rows = [[label(key), *(show(row.get(column)) for column in columns)] for key, row in figures.items()]
        return tabulate(("", *map(label, columns)), rows)
    return tabulate(("figure", "value"), [[label(key), show(value)] for key, value in figures.items()])


def render_accuracy(result: Mapping[str, Any]) -> str:
    """Return one row per task of an accuracy benchmark: our models, baselines, published figures; the best is bold.

    An arrow says that the 95 % interval of the gain over the best baseline does not contain 0.
    """
    rows, extra = result["figures"], result["extra"]
    ours = list_ours(rows)
    anchors = [name for name in SHOWN_ANCHORS if any(name in row["anchors"] for row in rows.values())]
    has_baseline = any(row.get("best_baseline") for row in rows.values())
    has_chemprop = any("chemprop" in row["models"] for row in rows.values())
    header = ["task", "metric", "test molecules", *map(label, ours), *["best baseline here"] * has_baseline]
    header += [*["chemprop here"] * has_chemprop, *(f"published: {label(name)}" for name in anchors)]
    lines = []
    for task, row in rows.items():
        compared = () if task in extra["not_comparable"] else anchors
        shown = {name: name for name in ours}
        shown |= {"best baseline": row.get("best_baseline")} if has_baseline else {}
        shown |= {"chemprop": "chemprop"} if has_chemprop else {}
        best = find_best_cells(row, set(shown.values()), compared)
        cells = [
            (model, show_model(row, model, named=cell == "best baseline") + show_win(row, cell, ours, compared))
            for cell, model in shown.items()
        ]
        cells += [(name, show(row["anchors"].get(name))) for name in anchors]
        bold = (f"**{cell}**" if name in best else cell for name, cell in cells)
        lines.append([label(task), row["metric"], show(row["n_test"]), *bold])
    return "\n".join([tabulate(header, lines), *describe_accuracy(extra, ours, anchors), ""])


def list_ours(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return our models that the table shows, of those that any task has: all but the baselines, if none is named."""
    present = dict.fromkeys(name for row in rows.values() for name in row.get("gain_over_best_baseline", row["models"]))
    return [name for name in SHOWN_OURS if name in present] or list(present)


def find_best_cells(row: Mapping[str, Any], shown: Collection[str | None], anchors: Sequence[str]) -> set[str]:
    """Return which of the shown models and published columns have the best figure of a row, of equal ones all."""
    figures = {name: model["mean"] for name, model in row["models"].items() if name in shown}
    figures |= {name: row["anchors"][name] for name in anchors if name in row["anchors"]}
    if not figures:
        return set()
    best = (min if row["better"] == "lower" else max)(figures.values())
    return {name for name, figure in figures.items() if figure == best}


def show_model(row: Mapping[str, Any], name: str | None, *, named: bool = False) -> str:
    """Return name, if asked, mean, deviation over the seeds and arrow of one model; a dash where it was not run."""
    if name not in row["models"]:
        return "-"
    model, gain = row["models"][name], row.get("gain_over_best_baseline", {}).get(name)
    deviation = "" if model["std"] is None else f" ± {model['std']:.2g}"
    arrow = "" if gain is None else " ↑" if gain["low"] > 0 else " ↓" if gain["high"] < 0 else ""
    return f"{f'{label(str(name))} ' if named else ''}{show(model['mean'])}{deviation}{arrow}"


def show_win(row: Mapping[str, Any], name: str, ours: Sequence[str], anchors: Sequence[str]) -> str:
    """Return a tick for one of our models that is at or above every published figure."""
    published = [row["anchors"][column] for column in anchors if column in row["anchors"]]
    if name not in ours or name not in row["models"] or not published:
        return ""
    figure, lower = row["models"][name]["mean"], row["better"] == "lower"
    return " ✓" if all(figure <= one if lower else figure >= one for one in published) else ""


def describe_accuracy(extra: Mapping[str, Any], ours: Sequence[str], anchors: Sequence[str]) -> list[str]:
    """Return the lines below the table: protocol, wins, models, published figures, what cannot be compared."""
    notes = [
        extra["protocol"],
        "Bold: the best of its row. Arrows: the gain over the best baseline has a 95 % interval (paired bootstrap over "
        "the test molecules) above (↑) or below (↓) 0",
        *(["Ticks: at least as good as the published figures beside it"] if anchors else []),
        *describe_wins(extra.get("wins", {}), ours, anchors),
        *(f"{label(name)}: {note}" for name, note in extra["models"].items()),
        *(f"Published, {label(name)}: {extra['anchors'][name]}" for name in anchors),
        *(f"Published for {label(task)}, not compared: {reason}" for task, reason in extra["not_comparable"].items()),
    ]
    return [f"* {note}." for note in notes]


def describe_wins(wins: Mapping[str, Any], ours: Sequence[str], anchors: Sequence[str]) -> list[str]:
    """Return on how many tasks our models reach the published figures, and the other counts as they are named."""
    reached = [
        f"The {label(name)} is at or above the published figure on "
        + ", ".join(f"{wins[name][column]} tasks ({label(column)})" for column in anchors if column in wins[name])
        for name in ours
        if any(column in wins.get(name, {}) for column in anchors)
    ]
    counts = [f"{capitalize(name)}: {count} tasks" for name, count in wins.items() if isinstance(count, str)]
    return reached + counts


def render_pmo(result: Mapping[str, Any]) -> str:
    """Return areas under the curve of every task and method beside published ones, and what the molecules are like."""
    rows, extra = result["figures"], result["extra"]
    methods, published = list(extra["methods"]), extra["strict"]
    header = ["AUC top-10", *map(label, methods), *(f"published: {name}" for name in published)]
    areas = [[label(task), *show_areas(row, methods, published, extra)] for task, row in rows.items()]
    qualities = [
        [label(task), *(show_qualities(row["methods"].get(name)) for name in methods)]
        for task, row in rows.items()
        if task != extra["sum"] and row["methods"]
    ]
    header_below = ["SA, diversity, novel and clean share of the best 100", *map(label, methods)]
    notes = [f"* {note}." for note in describe_pmo(extra, published)]
    return "\n".join([tabulate(header, areas), tabulate(header_below, qualities), *notes, ""])


def show_areas(
    row: Mapping[str, Any], methods: Sequence[str], published: Sequence[str], extra: Mapping[str, Any]
) -> list[str]:
    """Return the figures of one task or of the sum; the best is bold."""
    done = {
        name: one for name, one in row["methods"].items() if one.get("n_tasks", extra["n_summed"]) == extra["n_summed"]
    }
    figures = {name: one["auc_top10"] for name, one in done.items()}
    figures |= {name: row["anchors"][name] for name in published if name in row["anchors"]}
    best = max(figures.values(), default=None)
    cells = [(name, show_area(row["methods"].get(name), extra)) for name in methods]
    cells += [(name, show(row["anchors"].get(name))) for name in published]
    return [f"**{cell}**" if name in figures and figures[name] == best else cell for name, cell in cells]


def show_area(one: Mapping[str, Any] | None, extra: Mapping[str, Any]) -> str:
    """Return mean and deviation over the seeds, and of how many seeds or tasks, where these are not all."""
    if one is None:
        return "-"
    text = f"{one['auc_top10']:.3f}"
    if "n_tasks" in one:
        return text if one["n_tasks"] == extra["n_summed"] else f"{text} over {one['n_tasks']} of {extra['n_summed']}"
    deviation = "" if one["std"] is None else f" ± {one['std']:.3f}"
    n = len(one["seeds"])
    seeds = "" if n == len(extra["seeds"]) else f" ({n} {'seed' if n == 1 else 'seeds'})"
    return text + deviation + seeds


def show_qualities(one: Mapping[str, Any] | None) -> str:
    """Return what the best 100 molecules of a method are like; a dash where it was not run."""
    if one is None:
        return "-"
    sa, diversity = ("-" if one[name] is None else f"{one[name]:.2f}" for name in ("sa", "diversity"))
    novelty, clean = ("-" if one[name] is None else f"{one[name]:.0%}" for name in ("novelty", "clean"))
    return f"{sa}, {diversity}, {novelty}, {clean}"


def describe_pmo(extra: Mapping[str, Any], published: Sequence[str]) -> list[str]:
    """Return the lines below the table: rules, runs that are done, methods, published figures."""
    rule = "; molecules with a structural alert or an SA score above 4 score 0" if extra["clean"] else ""
    return [
        f"At most {extra['budget']:,} calls, every unique valid molecule is one{rule}; the mean of the best 10 every "
        "100 calls, averaged over all calls",
        "Bold: the best of its row. Clean: without structural alert (PAINS, BRENK, NIH) and with an SA score of at "
        "most 4. The tasks named local have other oracles than PMO's and no published figures; they are not in the sum",
        *(f"{capitalize(label(name))}, {extra['done'][name]}: {one['note']}" for name, one in extra["methods"].items()),
        *(f"Published, {name}: {extra['anchors'][name]}" for name in published),
    ]


def render_speed(result: Mapping[str, Any]) -> str:
    """Return the rates as a table, and below it memory and start of fresh processes."""
    figures, extra = result["figures"], result["extra"]
    lines = [render_figures({"figures": figures["rates"]})]
    lines += [
        f"* {capitalize(label(name))}, peak memory of all its processes: "
        + "; ".join(f"{show(peak)} MiB for {int(rows.removesuffix('_rows')):,} rows" for rows, peak in peaks.items())
        + "."
        for name, peaks in figures["memory_mib"].items()
    ]
    fresh = (f"{label(name)} {seconds:.2f} s" for name, seconds in figures["fresh_process_s"].items())
    lines += [
        f"* Fresh processes, the start of Python included: {', '.join(fresh)}.",
        f"* moldesign: `{extra['model']}`, {extra['n_endpoints']} endpoints, on {extra['device']}.",
        "",
    ]
    return "\n".join(lines)


def render_calibration(result: Mapping[str, Any]) -> str:
    """Return one row per task, and below it on how many tasks the predictor does what is asked."""
    figures, extra = result["figures"], result["extra"]
    columns = [name for name in CALIBRATION_COLUMNS if any(name in row for row in figures.values())]
    rows = [
        [label(task), *(show_calibration(name, row.get(name)) for name in columns)] for task, row in figures.items()
    ]
    header = ["task", *(CALIBRATION_COLUMNS[name] for name in columns)]
    notes = [f"* {capitalize(label(name))}: {show(value)}." for name, value in extra["summary"].items()]
    if isinstance(extra["calibration"], str):
        notes.append(f"* {capitalize(extra['calibration'])}.")
    return "\n".join([tabulate(header, rows), *notes, ""])


def show_calibration(name: str, value: Any) -> str:
    """Return a figure of the calibration table: shares in per cent, answers in words."""
    if value is None:
        return "-"
    if name in ("coverage", "outside_domain"):
        return f"{value:.1%}"
    return ("no", "yes")[value] if name == "grows_with_std" else show(value)


def describe_measurement(result: Mapping[str, Any]) -> str:
    """Return one line: machine, versions, commit, seed and date of a result."""
    machine, versions = result["machine"], result["versions"]
    commit = (result["commit"] or "unknown")[:10] + (" with changes" if result["uncommitted_changes"] else "")
    parts = [
        f"{machine['threads']} threads on {machine['cores']} cores of {machine['cpu']}",
        *([machine["gpu"]] if machine["gpu"] else []),
        f"Python {versions['python']}, torch {versions['torch']}",
        f"commit {commit}",
        *([f"seed {result['seed']}"] if result["seed"] is not None else []),
        result["date"][:10],
    ]
    return f"Measured with {'; '.join(parts)}."


def list_endpoints() -> list[list[str]]:
    """Return one row per endpoint of the bundled predictors, with its figures on the test split."""
    return [
        [
            endpoint["name"],
            model,
            endpoint["unit"],
            *show_test(endpoint, card["test"].get(endpoint["name"], {})),
        ]
        for model, card in read_cards(PACKAGE / "predictors" / "weights")
        for endpoint in card["endpoints"]
    ]


def show_test(endpoint: Mapping[str, Any], test: Mapping[str, float]) -> list[str]:
    """Return the number of test molecules, the metric, and it for the model and two baselines."""
    metric = HEADLINE_METRIC[endpoint["task"]]
    figures = (test.get(prefix + metric) for prefix in ("", "nearest_", "mean_"))
    return [show(test.get("n")), metric, *map(show, figures)]


def list_priors() -> list[list[str]]:
    """Return one row per bundled prior, with what its card measured on samples at temperature 1."""
    return [
        [
            name,
            card["source"],
            *map(show, (card["n_training_molecules"], card["molecules_seen"])),
            *(f"{card['samples'][figure]:.2%}" for figure in ("valid", "unique", "novel")),
        ]
        for name, card in read_cards(PACKAGE / "policies" / "weights")
    ]


def read_cards(weights: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, card) of each model folder in `weights`, by name."""
    paths = sorted(weights.glob("*/card.json"))
    return [(path.parent.name, json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def tabulate(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, ended by a line break."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def label(key: str) -> str:
    """Return a key as words: `steps_per_s` -> `steps per s`."""
    return key.replace("_", " ")


def capitalize(text: str) -> str:
    """Return a text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def show(value: Any) -> str:
    """Return a value as a reader wants it: four digits, thousands separated, a dash for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{label(key)} {show(one)}" for key, one in value.items())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.4g}"


CALIBRATION_COLUMNS = {
    "n": "test molecules",
    "coverage": "inside the 90 % interval",
    "width": "width, in spreads",
    "width_constant": "width if constant",
    "ece": "calibration error",
    "ece_uncalibrated": "uncalibrated",
    "ece_if_perfect": "if perfect",
    "grows_with_std": "error grows with std",
    "outside_domain": "outside the domain",
    "error_outside_over_inside": "error outside / inside",
}
"""Figures of a task in the calibration table, by what its header says."""

RENDERERS = {
    "admet_accuracy": render_accuracy,
    "moleculenet_accuracy": render_accuracy,
    "prediction_speed": render_speed,
    "calibration": render_calibration,
    "pmo": render_pmo,
    "pmo_clean": render_pmo,
}
"""Tables that need more than a row per figure."""


if __name__ == "__main__":
    sys.exit(main())
