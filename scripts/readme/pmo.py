"""Tables of the PMO benchmark: areas under the curve, and what the molecules are like."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.readme.text import capitalize, label, show, tabulate


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
    text = f"{'' if one.get('ended', True) else '≥ '}{one['auc_top10']:.3f}"
    calls = "" if one.get("ended", True) or "n_tasks" in one else f" ({one['n_calls']:,.0f} calls)"
    if "n_tasks" in one:
        return text if one["n_tasks"] == extra["n_summed"] else f"{text} over {one['n_tasks']} of {extra['n_summed']}"
    deviation = "" if one["std"] is None else f" ± {one['std']:.3f}"
    n = len(one["seeds"])
    seeds = "" if n == len(extra["seeds"]) else f" ({n} {'seed' if n == 1 else 'seeds'})"
    return text + deviation + seeds + calls


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
        *(["With ≥: a run that waits to be continued, as if nothing better came"] if extra["n_paused"] else []),
        *(f"{capitalize(label(name))}, {extra['done'][name]}: {one['note']}" for name, one in extra["methods"].items()),
        "The runs were made on several machines and at several commits; the line below is of the last that were added",
        *(f"Published, {name}: {extra['anchors'][name]}" for name in published),
    ]
