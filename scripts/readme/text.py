"""Markdown tables, and values as a reader wants them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def render_figures(result: Mapping[str, Any]) -> str:
    """Return the figures of one benchmark as a table."""
    figures = {key: value for key, value in result["figures"].items() if not isinstance(value, list)}
    if figures and all(isinstance(value, Mapping) for value in figures.values()):
        columns = list(dict.fromkeys(column for row in figures.values() for column in row))
        rows = [[label(key), *(show(row.get(column)) for column in columns)] for key, row in figures.items()]
        return tabulate(("", *map(label, columns)), rows)
    return tabulate(("figure", "value"), [[label(key), show(value)] for key, value in figures.items()])


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
