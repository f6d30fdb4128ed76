"""What a table is read into where its faulty rows stay: its columns, and a row for each molecule, with its problem."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Self

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
class Rows:
    """N consecutive rows, part by part, so that work on all of them needs no object for each."""

    texts: list[str]
    """[N]"""
    cells: list[list[Any]]
    """[N]"""
    problems: dict[int, str] = field(default_factory=dict)
    """By row, from 0; of most rows there is none."""

    @classmethod
    def gather(cls, rows: Iterable[Row]) -> Self:
        """Return the rows together."""
        made = list(rows)
        problems = {number: row.problem for number, row in enumerate(made) if row.problem}
        return cls([row.text for row in made], [row.cells for row in made], problems)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.texts)

    def __getitem__(self, number: int) -> Row:
        """Return a row, from 0."""
        return Row(self.texts[number], self.cells[number], self.problems.get(number))

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        return map(self.__getitem__, range(len(self)))


Take = Callable[[int], Rows]
"""Returns the next rows, so many of them; fewer at the end, and then none."""


def take_from(rows: Iterator[Row]) -> Take:
    """Return what takes rows that are read one by one.

    >>> take = take_from(Row("C" * n, []) for n in (1, 2, 3))
    >>> take(2).texts, take(2).texts, take(2).texts
    (['C', 'CC'], ['CCC'], [])
    """
    return lambda n: Rows.gather(islice(rows, n))


@dataclass(frozen=True)
class Table:
    """A library file that is being read."""

    columns: list[str]
    """Those known before the first row; an SDF finds more on its way."""
    smiles_column: str
    take: Take
    types: dict[str, str] = field(default_factory=dict)
    """Of the columns that do not hold text: "int", "uint64", "float" or "bool"."""
    source_types: str = ""
    """Of other columns of Parquet, whose cells stand for something else than text: see `parquet.dump_types`."""
    holds_blocks: bool = False
    """Whether the texts are mol blocks."""
