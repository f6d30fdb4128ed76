"""From the runs on disk to the table: what is there, what is missing, and the published figures beside it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.pmo.cells import Cell, Protocol, Record, load_record, locate_cell
from benchmarks.pmo.methods.method import Entry
from benchmarks.pmo.oracles import PMO_20

SUM = "sum of PMO-20"
ANCHOR_BUDGET = 10_000
QUALITIES = ("sa", "diversity", "novelty", "clean")
AREAS = ("auc_top10", "auc_top1", "auc_top100", "top1", "top10", "top100")
AVERAGED = ("n_calls", "minutes", "oracle_minutes", *AREAS[1:], *QUALITIES)

RunFigures = Mapping[str, Any]
"""What the table keeps of one run: how far it came, what it took, and its figures."""


class Anchors(NamedTuple):
    """Published areas under the curve of the best ten, 10,000 calls."""

    strict: Sequence[str]
    """Columns in which every call was counted."""
    sources: Mapping[str, str]
    """Where each column is from."""
    figures: Mapping[str, Mapping[str, float]]
    """Task -> column -> figure."""


def read_anchors(path: Path) -> Anchors:
    """Read the file of `benchmarks/anchors`."""
    return Anchors(**json.loads(path.read_text(encoding="utf-8")))


def load_current(work: Path, protocol: Protocol, cell: Cell, entry: Entry) -> Record | None:
    """Return a run that was made with the present settings of its method, or None.

    Raises:
        ValueError: its file cannot be read.
    """
    record = load_record(locate_cell(work, protocol, cell))
    return record if record is not None and entry.has_settings(record.settings) else None


def assemble(
    work: Path,
    protocol: Protocol,
    methods: Mapping[str, Entry],
    tasks: Sequence[str],
    seeds: Sequence[int],
    anchors: Anchors,
    earlier: Mapping[Cell, RunFigures] | None = None,
) -> dict[str, Any]:
    """Return figures and notes of all runs on disk.

    Args:
        work: the folder of everything that is kept.
        protocol: of the runs.
        methods: by name.
        tasks: rows of the table.
        seeds: that make a cell of the table complete.
        anchors: published figures.
        earlier: runs that were made elsewhere; they count where none on disk has come as far.
    """
    rows: dict[str, dict[str, Any]] = {}
    for task in tasks:
        columns = {}
        for name, entry in methods.items():
            cells = [Cell(name, task, seed) for seed in seeds]
            runs = {cell.seed: find_run(work, protocol, cell, entry, earlier or {}) for cell in cells}
            if done := {seed: run for seed, run in runs.items() if run is not None}:
                columns[name] = summarize_runs(done)
        rows[task] = {"methods": columns, "anchors": dict(anchors.figures.get(task, {}))}
    n_paused = count_paused(rows)
    rows[SUM] = {"methods": sum_methods(rows, methods), "anchors": sum_anchors(rows)}
    present = [name for name in methods if any(name in row["methods"] for row in rows.values())]
    extra = {
        "budget": protocol.budget,
        "clean": protocol.clean,
        "seeds": list(seeds),
        "sum": SUM,
        "n_summed": len(PMO_20),
        "n_paused": n_paused,
        "done": {name: count_done(rows, name, len(tasks) * len(seeds)) for name in present},
        "methods": {name: {"note": methods[name].note, "settings": dict(methods[name].settings)} for name in present},
        "strict": list(anchors.strict) if protocol == Protocol(ANCHOR_BUDGET) else [],
        "anchors": dict(anchors.sources),
    }
    return {"figures": rows, "extra": extra}


def find_run(
    work: Path, protocol: Protocol, cell: Cell, entry: Entry, earlier: Mapping[Cell, RunFigures]
) -> RunFigures | None:
    """Return the figures of a run, on disk or made elsewhere, whichever has come farther; None without one."""
    record, known = load_current(work, protocol, cell, entry), earlier.get(cell)
    if record is None or (known is not None and known["n_calls"] > len(record.scores) and not record.ended):
        return known
    return describe_record(record)


def describe_record(record: Record) -> RunFigures:
    """Return what the table keeps of a run; None for what is undefined."""
    return {
        "n_calls": len(record.scores),
        "ended": record.ended,
        "minutes": (record.seconds - record.oracle_seconds) / 60,
        "oracle_minutes": record.oracle_seconds / 60,
        **{name: _drop_undefined(record.figures[name]) for name in (*AREAS, *QUALITIES)},
    }


def read_earlier(path: Path, protocol: Protocol, methods: Mapping[str, Entry]) -> dict[Cell, RunFigures]:
    """Return the runs of a result file that were made with the present settings of their methods; none without one.

    So a table grows on several machines: what a run left behind stays where it was made, its figures are in the file.
    """
    if not path.is_file():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    extra = result["extra"]
    if (extra["budget"], extra["clean"]) != protocol:
        return {}
    current = [
        name
        for name in methods
        if name in extra["methods"] and methods[name].has_settings(extra["methods"][name]["settings"])
    ]
    rows = {task: row["methods"] for task, row in result["figures"].items() if task != extra["sum"]}
    return {
        Cell(name, task, int(seed)): run
        for task, columns in rows.items()
        for name in current
        for seed, run in columns.get(name, {}).get("runs", {}).items()
    }


def summarize_runs(runs: Mapping[int, RunFigures]) -> dict[str, Any]:
    """Return mean and spread of the area under the curve, and the means of the other figures; None where undefined.

    Args:
        runs: by seed.
    """
    areas = [run["auc_top10"] for run in runs.values()]
    return {
        "auc_top10": float(np.mean(areas)),
        "std": float(np.std(areas, ddof=1)) if len(areas) > 1 else None,
        "seeds": list(runs),
        "n_ended": sum(run["ended"] for run in runs.values()),
        "ended": all(run["ended"] for run in runs.values()),
        **{name: _average_known([run[name] for run in runs.values()]) for name in AVERAGED},
        "runs": {str(seed): dict(run) for seed, run in runs.items()},
    }


def sum_methods(rows: Mapping[str, Mapping[str, Any]], methods: Mapping[str, Entry]) -> dict[str, Any]:
    """Return the sum over those of the 20 tasks that each method has done, and how many these are."""
    sums = {}
    for name in methods:
        done = [rows[task]["methods"][name] for task in rows if task in PMO_20 and name in rows[task]["methods"]]
        areas = [one["auc_top10"] for one in done]
        if areas:
            sums[name] = {
                "auc_top10": float(np.sum(areas)),
                "n_tasks": len(areas),
                "ended": all(one["ended"] for one in done),
            }
    return sums


def sum_anchors(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the sums of the published figures over the 20 tasks; of fewer tasks there is none."""
    anchors = [row["anchors"] for task, row in rows.items() if task in PMO_20]
    if len(anchors) < len(PMO_20):
        return {}
    return {column: float(np.sum([row[column] for row in anchors])) for column in anchors[0]}


def count_done(rows: Mapping[str, Mapping[str, Any]], method: str, n: int) -> str:
    """Return how many runs of a method are on disk, as "12 of 69"."""
    return f"{sum(row['methods'].get(method, {}).get('n_ended', 0) for row in rows.values())} of {n} runs"


def count_paused(rows: Mapping[str, Mapping[str, Any]]) -> int:
    """Return how many runs wait to be continued."""
    return sum(len(one["seeds"]) - one["n_ended"] for row in rows.values() for one in row["methods"].values())


def _drop_undefined(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _average_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
