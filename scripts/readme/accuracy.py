"""Accuracy tables: our models, the best baseline, published figures."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from scripts.readme.text import capitalize, label, show, tabulate

SHOWN_OURS = ("teacher", "student", "open_teacher")
"""Our models in the accuracy tables; where there is neither, all of ours."""
SHOWN_ANCHORS = ("chemprop_rdkit", "best_clean")
"""Columns of published figures that the accuracy tables show; the result files hold more."""


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
