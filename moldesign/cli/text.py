"""Plain text for terminals and pipes alike."""

import io
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moldesign.objectives.profile import Profile

MOST_LINES = 2
"""Of a row, on average; a table that is folded more is easier to read in lines of any length."""


def draw_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table drawn with rich where standard output is a terminal that is wide enough, else `format_table`."""
    drawn = _draw(header, rows, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None
    return drawn or format_table(header, rows)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows under their header, in columns as wide as their widest cell; no line is ever folded.

    >>> print(format_table(["name", "unit"], [["qed", ""], ["solubility", "log10 mol/L"]]))
    name        unit
    qed
    solubility  log10 mol/L
    """
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(padded)


def format_seconds(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds.

    >>> format_seconds(47.2), format_seconds(3671), format_seconds(float("inf"))
    ('0:47', '1:01:11', '?')
    """
    if seconds == float("inf"):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_goals(profile: "Profile") -> str:
    """Return the goals of a profile, with their weights, in a line.

    >>> from moldesign.objectives.profile import parse_goals
    >>> format_goals(parse_goals(["qed max * 2", "mw <= 500"]))
    'qed max * 2; mw <= 500'
    """
    weights = ("" if goal.weight == 1 else f" * {goal.weight:g}" for goal in profile.goals)
    return "; ".join(goal.text + weight for goal, weight in zip(profile.goals, weights, strict=True))


def count_molecules(n: int) -> str:
    """Return a number of molecules in words.

    >>> count_molecules(1), count_molecules(2500)
    ('1 molecule', '2,500 molecules')
    """
    return "1 molecule" if n == 1 else f"{n:,} molecules"


def format_number(value: object) -> str:
    """Return three significant decimals of a number, other values as they are.

    >>> format_number(0.123456), format_number(341.02), format_number(3), format_number(True)
    ('0.123', '341.02', '3', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _draw(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str | None:
    """Return the drawn table; None where it would be cut or folded too much; SMILES and numbers are never folded."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name, *cells in zip(header, *rows, strict=True):
        is_prose = any(" " in cell for cell in cells)
        table.add_column(Text(name), no_wrap=not is_prose, style="" if is_prose or name != header[0] else "cyan")
    for row in rows:
        table.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(table)
    drawn = "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")
    is_cut = drawn.count("…") > sum(cell.count("…") for row in rows for cell in row)
    return None if is_cut or drawn.count("\n") > MOST_LINES * (len(rows) + 1) else drawn
