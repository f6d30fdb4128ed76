"""What a process is busy with, where its parent can see it: the only way to know which molecule it hangs on."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from moldesign.chem.smiles import Mol

TOGETHER = -1
"""In place of a row: many rows are worked on at once."""


class Marker(Protocol):
    """Is told which row is worked on from now on."""

    def __call__(self, row: int, /, *, is_limited: bool = True) -> None:
        """Note the row, and whether there is a limit to the time that is spent on it."""


class Mark(NamedTuple):
    """What a process is busy with."""

    row: int
    cpu_seconds: float
    """Those of the process when it began with the row"""
    is_limited: bool
    """Whether there is a limit to the time that is spent on it"""
    number: int
    """Rises with each mark"""


class SharedMarker:
    """Notes the row in memory that two processes share.

    Time is the processor's: it stands still while a laptop sleeps or a job is suspended, and does not run faster where
    many processes share a core.

    Args:
        cells: four floats.
    """

    def __init__(self, cells: Any) -> None:
        self._cells = cells

    def __call__(self, row: int, /, *, is_limited: bool = True) -> None:
        """Note the row."""
        cells = self._cells
        cells[2] = is_limited
        cells[1] = time.process_time()
        cells[0] = row
        cells[3] += 1

    def read(self) -> Mark:
        """Return what was noted last."""
        row, cpu_seconds, is_limited, number = self._cells
        return Mark(int(row), cpu_seconds, bool(is_limited), int(number))


class FixedMarker:
    """Notes one and the same row, whatever it is told: for a row that is tried alone."""

    def __init__(self, mark: Marker, row: int) -> None:
        self._mark, self._row = mark, row

    def __call__(self, row: int, /, *, is_limited: bool = True) -> None:
        """Note the fixed row."""
        self._mark(self._row, is_limited=is_limited)


class MarkedMols(list[Mol]):
    """Molecules; whoever iterates over them says thereby which one is worked on.

    Args:
        mols: n molecules.
        rows: their rows, n.
        mark: is told the row of each molecule before it is handed out.
    """

    def __init__(self, mols: Sequence[Mol], rows: Sequence[int], mark: Marker) -> None:
        super().__init__(mols)
        self._rows, self._mark = rows, mark

    def __iter__(self) -> Iterator[Mol]:
        """Yield the molecules."""
        for row, mol in zip(self._rows, super().__iter__(), strict=True):
            self._mark(row)
            yield mol
        self._mark(TOGETHER)


def read_cpu_seconds(process: int) -> float | None:
    """Return the processor time that another process has used so far; None where the system does not tell.

    >>> import os
    >>> 0 < (read_cpu_seconds(os.getpid()) or 1.0) <= time.process_time() + 1
    True
    """
    if sys.platform != "linux":
        return None
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system time, in ticks


def mark_nothing(row: int, /, *, is_limited: bool = True) -> None:
    """Note nothing."""
