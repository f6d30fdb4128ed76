"""Plain text for terminals and pipes alike."""

from collections.abc import Sequence


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


def format_number(value: object) -> str:
    """Return three significant decimals of a number, other values as they are.

    >>> format_number(0.123456), format_number(341.02), format_number(3), format_number(True)
    ('0.123', '341.02', '3', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
