"""Tables of speed and of calibration."""

from collections.abc import Mapping
from typing import Any

from scripts.readme.text import capitalize, label, render_figures, show, tabulate

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


def render_speed(result: Mapping[str, Any]) -> str:
    """Return the rates as a table, and below it memory and start of fresh processes."""
    figures, extra = result["figures"], result["extra"]
    lines = [render_figures({"figures": figures["rates"]}), *list_memory(figures["memory_mib"])]
    fresh = (f"{label(name)} {seconds:.2f} s" for name, seconds in figures["fresh_process_s"].items())
    lines += [
        f"* Fresh processes, the start of Python included: {', '.join(fresh)}.",
        f"* moldesign: `{extra['model']}`, {extra['n_endpoints']} endpoints, on {extra['device']}.",
        "",
    ]
    return "\n".join(lines)


def render_screening(result: Mapping[str, Any]) -> str:
    """Return the rates as a table, and below it the memory."""
    figures = result["figures"]
    return "\n".join([render_figures({"figures": figures["rates"]}), *list_memory(figures["memory_mib"]), ""])


def list_memory(memory: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a line per way with its memory, by the number of rows."""
    return [
        f"* {capitalize(label(name))}, peak memory of all its processes: "
        + "; ".join(f"{show(peak)} MiB for {int(rows.removesuffix('_rows')):,} rows" for rows, peak in peaks.items())
        + "."
        for name, peaks in memory.items()
    ]


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
