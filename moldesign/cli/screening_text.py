"""What `moldesign screen` and `moldesign merge` say: what is going to happen, how far it is, and what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.cli.text import draw_table, format_goals, format_seconds

if TYPE_CHECKING:
    from moldesign.objectives.profile import Profile
    from moldesign.screening.output import ScreeningResult
    from moldesign.screening.progress import ScreeningProgress
    from moldesign.screening.steps import Step

_WITHOUT_HITS = {".csv": " (its header alone)", ".tsv": " (its header alone)", ".sdf": " (empty)"}
"""What a file without hits is, by its ending."""


def describe_plan(profile: "Profile", files: list[str], out: Path) -> str:
    """Return what is going to happen, for the user to check."""
    limits = "; ".join(goal.text for goal in profile.constraints.goals)
    shown = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return (
        f"goals: {format_goals(profile)}\n"
        + (f"limits: {limits}\n" if limits else "")
        + f"screening {shown} into {out}; Ctrl-C stops and keeps what is done"
    )


def describe_progress(progress: "ScreeningProgress") -> str:
    """Return how far the screening is, in a line; and in another one, how far the results are written."""
    if progress.step is not None:
        rate = f", {progress.rows_per_second:,.0f} rows/s" if progress.rows_per_second else ""
        return f"{progress.n_rows:,} rows, {progress.n_fallen:,} rejected{rate}\n{describe_step(progress.step)}"
    left = "" if progress.share is None else f", {format_seconds(progress.seconds_left)} left"
    return (
        f"{progress.n_rows:,} rows, {progress.n_fallen:,} rejected, {progress.n_hits:,} kept, "
        f"{progress.rows_per_second:,.0f} rows/s{left}"
    )


def describe_step(step: "Step") -> str:
    """Return how far a step is, in a line.

    >>> from moldesign.screening.steps import Step
    >>> describe_step(Step("writing the hits", 0, 5000, 0.0, float("inf")))
    'writing the hits: 0 of 5,000'
    >>> describe_step(Step("writing the hits", 1000, 5000, 250.0, 16.0))
    'writing the hits: 1,000 of 5,000, 250/s, 0:16 left'
    """
    pace = f", {step.per_second:,.0f}/s, {format_seconds(step.seconds_left)} left" if step.n_done else ""
    return f"{step.name}: {step.n_done:,} of {step.n_all:,}{pace}"


def describe_result(result: "ScreeningResult", others: Sequence[Path] = ()) -> str:
    """Return how many rows fell at which filter, and where the hits are."""
    rows = [[f"{n:,}", name] for name, n in result.falls.items()]
    if result.n_outranked:
        rows.append([f"{result.n_outranked:,}", "passed, but not among the best"])
    rows.append([f"{result.n_hits:,}", "hits"])
    width = max(len(number) for number, _ in rows)
    table = draw_table(["rows", ""], [[number.rjust(width), name] for number, name in rows])
    written = ", ".join(_name_file(path, result.n_hits) for path in (result.out, *others))
    return f"{result.n_rows:,} rows screened\n\n{table}\n\n{written}"


def _name_file(path: Path, n_hits: int) -> str:
    from moldesign.datasets.streams import classify_path  # noqa: PLC0415  it reads pyarrow, which no --help needs

    remark = "" if n_hits else _WITHOUT_HITS.get(classify_path(path).ending, "")
    return f"{path}{remark}"
