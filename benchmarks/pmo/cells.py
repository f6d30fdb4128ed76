"""One file per run: `WORK/pmo/<protocol>/<method>/<task>/seed<k>/run.json.gz`, written whole when the run has ended."""

import gzip
import json
from dataclasses import asdict, dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NamedTuple

from moldesign.checkpoint import write_bytes_atomically


class Protocol(NamedTuple):
    """The rules that all runs of a table share."""

    budget: int
    """Unique valid molecules that may be scored."""
    clean: bool = False
    """Whether only molecules without structural alert and with an SA score of at most 4 count; others score 0."""

    @property
    def name(self) -> str:
        """Name of the folder: runs of another protocol never replace these.

        >>> Protocol(10_000).name, Protocol(300, clean=True).name
        ('10000', '300-clean')
        """
        return f"{self.budget}-clean" if self.clean else f"{self.budget}"


class Cell(NamedTuple):
    """One run of the table."""

    method: str
    task: str
    seed: int

    def __str__(self) -> str:
        return f"{self.task} {self.method} seed {self.seed}"


@dataclass(frozen=True)
class Record:
    """What a run left behind."""

    settings: dict[str, Any]
    """Of the method."""
    smiles: list[str]
    """Canonical, in the order of the calls."""
    scores: list[float]
    """One each."""
    seconds: float
    """Of the whole run."""
    oracle_seconds: float
    """Part of them that the oracle took."""
    figures: dict[str, float]
    """Those of `describe_run`."""
    ended: bool = True
    """Whether more calls could not follow; else the figures are what they are if nothing better comes."""


def locate_cell(work: Path, protocol: Protocol, cell: Cell) -> Path:
    """Return the folder of a run."""
    return work / "pmo" / protocol.name / cell.method / cell.task / f"seed{cell.seed}"


def save_record(folder: Path, record: Record) -> None:
    """Write a run; a reader or a crash never sees half of it."""
    write_bytes_atomically(folder / "run.json.gz", gzip.compress(json.dumps(asdict(record)).encode()))


def load_record(folder: Path) -> Record | None:
    """Return the run of a folder, or None if it has not ended.

    Raises:
        ValueError: the file cannot be read; names it and the remedy.
    """
    path = folder / "run.json.gz"
    if not path.is_file():
        return None
    try:
        return Record(**json.loads(gzip.decompress(path.read_bytes())))
    except (OSError, EOFError, JSONDecodeError, TypeError) as error:
        raise ValueError(f"{path} cannot be read ({error}); delete it to have the run made again") from error
