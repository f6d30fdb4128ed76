"""What every kind of library file is read into: its columns, and a row for each molecule."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TEXT = "text"
"""Type of a column whose cells are the text of the file."""


class Row(NamedTuple):
    """One molecule of a library."""

    text: str
    """SMILES, or the mol block of an SDF record."""
    cells: list[Any]
    """One per column of the table; text, or what Parquet held (None for nothing)."""
    problem: str | None = None
    """Why the row cannot be read."""


@dataclass(frozen=True)
class Table:
    """A library file that is being read."""

    columns: list[str]
    """Those known before the first row; an SDF finds more on its way."""
    smiles_column: str
    rows: Iterator[Row]
    types: dict[str, str] = field(default_factory=dict)
    """Of the columns that do not hold text: "int", "uint64", "float" or "bool"."""
    holds_blocks: bool = False
    """Whether the texts are mol blocks."""
