"""Fill the tables of README.md from measured files, so that no figure in it was typed by hand.

    python scripts/render_readme.py           # rewrite the tables in place
    python scripts/render_readme.py --check   # exit with 1 if a table is stale

A table stands between `<!-- table:NAME -->` and `<!-- /table -->`. NAME is `endpoints` or `priors`
(from the cards of the bundled models), or the name of a file in benchmarks/results.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
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

SHOWN_ANCHORS = ("chemprop_rdkit", "best_clean")
"""Columns of published figures that the accuracy tables show; the result files hold more."""

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
        known = sorted(["endpoints", "priors", *(file.stem for file in RESULTS.glob("*.json"))])
        raise ValueError(f"README.md asks for the table {name!r}; known tables: {', '.join(known)}")
    result = json.loads(path.read_text(encoding="utf-8"))
    return f"{RENDERERS.get(name, render_figures)(result)}\n{describe_measurement(result)}\n"


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
    models = [name for name in extra["models"] if any(name in row["models"] for row in rows.values())]
    anchors = [name for name in SHOWN_ANCHORS if any(name in row["anchors"] for row in rows.values())]
    header = ["task", "metric", "test molecules", *map(label, models), *map(label, anchors)]
    lines = []
    for task, row in rows.items():
        best = find_best_cells(row, () if task in extra["not_comparable"] else anchors)
        cells = {name: show_model(row, name) for name in models}
        cells |= {name: show(row["anchors"].get(name)) for name in anchors}
        bold = (f"**{cell}**" if name in best else cell for name, cell in cells.items())
        lines.append([label(task), row["metric"], show(row["n_test"]), *bold])
    return "\n".join([tabulate(header, lines), *describe_accuracy(extra, anchors), ""])


def find_best_cells(row: Mapping[str, Any], anchors: Sequence[str]) -> set[str]:
    """Return the models and published columns that have the best figure of a row, of equal ones all."""
    figures = {name: model["mean"] for name, model in row["models"].items()}
    figures |= {name: row["anchors"][name] for name in anchors if name in row["anchors"]}
    if not figures:
        return set()
    best = (min if row["better"] == "lower" else max)(figures.values())
    return {name for name, figure in figures.items() if figure == best}


def show_model(row: Mapping[str, Any], name: str) -> str:
    """Return mean, deviation over the seeds and the arrow of one model; a dash where it was not run."""
    if name not in row["models"]:
        return "-"
    model, gain = row["models"][name], row.get("gain_over_best_baseline", {}).get(name)
    deviation = "" if model["std"] is None else f" ± {model['std']:.2g}"
    arrow = "" if gain is None else " ↑" if gain["low"] > 0 else " ↓" if gain["high"] < 0 else ""
    return f"{show(model['mean'])}{deviation}{arrow}"


def describe_accuracy(extra: Mapping[str, Any], anchors: Sequence[str]) -> list[str]:
    """Return the lines below the table: protocol, models, published figures, what cannot be compared."""
    notes = [
        extra["protocol"],
        "Bold: the best of its row. Arrows: the gain over the best baseline has a 95 % interval (paired bootstrap over "
        "the test molecules) above (↑) or below (↓) 0",
        *(f"{label(name)}: {note}" for name, note in extra["models"].items()),
        *(f"Published, {label(name)}: {extra['anchors'][name]}" for name in anchors),
        *(f"Published for {label(task)}, not compared: {reason}" for task, reason in extra["not_comparable"].items()),
    ]
    return [f"* {note}." for note in notes]


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


def show(value: Any) -> str:
    """Return a value as a reader wants it: four digits, thousands separated, a dash for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{label(key)} {show(one)}" for key, one in value.items())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.4g}"


RENDERERS = {"admet_accuracy": render_accuracy, "moleculenet_accuracy": render_accuracy}
"""Tables that need more than a row per figure."""


if __name__ == "__main__":
    sys.exit(main())
