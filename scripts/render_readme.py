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
    return render_result(json.loads(path.read_text(encoding="utf-8")))


def render_result(result: Mapping[str, Any]) -> str:
    """Return the figures of one benchmark as a table, with a line on how they were measured."""
    figures = {key: value for key, value in result["figures"].items() if not isinstance(value, list)}
    if figures and all(isinstance(value, Mapping) for value in figures.values()):
        columns = list(dict.fromkeys(column for row in figures.values() for column in row))
        rows = [[label(key), *(show(row.get(column)) for column in columns)] for key, row in figures.items()]
        table = tabulate(("", *map(label, columns)), rows)
    else:
        table = tabulate(("figure", "value"), [[label(key), show(value)] for key, value in figures.items()])
    return f"{table}\n{describe_measurement(result)}\n"


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


if __name__ == "__main__":
    sys.exit(main())
