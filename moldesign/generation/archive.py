"""The run store: one SQLite file with every scored molecule, committed batch by batch."""

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from moldesign.errors import RunFolderError
from moldesign.objectives.oracle import ScoredMolecule

STORE_FILE = "run.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS molecules (
    call INTEGER PRIMARY KEY,
    smiles TEXT NOT NULL UNIQUE,
    total REAL,
    terms TEXT NOT NULL,
    raw TEXT NOT NULL,
    std TEXT NOT NULL,
    in_domain TEXT NOT NULL,
    source TEXT NOT NULL,
    time REAL NOT NULL,
    discount REAL NOT NULL,
    missing TEXT
);
"""


def read_facts(folder: Path) -> dict[str, str]:
    """Return the facts of the run in a folder; none where there is no store yet.

    Raises:
        RunFolderError: the file is no run store.
    """
    if not (folder / STORE_FILE).exists():
        return {}
    with RunArchive(folder, ()) as archive:
        return archive.read_facts()


class RunArchive:
    """Every scored molecule of a run; a killed process loses at most the batch in flight.

    The table `molecules` holds one row per call of the oracle: call number, canonical SMILES, total, the JSON objects
    `terms` (transformed), `raw`, `std` and `in_domain` by term name, source (policy, start), time (Unix seconds), what
    the guards left of the total (0 to 1), and why a term's value, and so as a rule the total, is missing (null). The
    table `scores` is a `ScoreCache`.

    Args:
        folder: the run folder.
        term_names: the K terms, in the order of the molecules' tuples.

    Raises:
        RunFolderError: the file is no run store, or one of an older version, or the disk is full.
    """

    def __init__(self, folder: Path, term_names: Sequence[str]) -> None:
        self.path = folder / STORE_FILE
        self.term_names = tuple(term_names)
        with self._explaining():
            self._connection = sqlite3.connect(self.path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)
            columns = [row[1] for row in self._connection.execute("PRAGMA table_info(molecules)")]
        if "discount" not in columns:
            self._connection.close()
            raise RunFolderError(f"{self.path} was written by an older version; choose another --out")

    def append(self, molecules: Sequence[ScoredMolecule]) -> None:
        """Store a batch; it is on disk when this returns.

        Raises:
            RunFolderError: the disk is full; what was stored before stays readable.
        """
        rows = [
            (
                m.call,
                m.smiles,
                None if math.isnan(m.total) else m.total,
                *(self._to_json(values) for values in (m.terms, m.raw, m.std, m.in_domain)),
                m.source,
                m.time,
                m.discount,
                m.missing,
            )
            for m in molecules
        ]
        with self._explaining(), self._connection:
            self._connection.executemany("INSERT INTO molecules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def read(self) -> Iterator[ScoredMolecule]:
        """Yield every stored molecule in the order of the calls."""
        with self._explaining():
            rows = self._connection.execute("SELECT * FROM molecules ORDER BY call").fetchall()
        for call, smiles, total, terms, raw, std, in_domain, source, time, discount, missing in rows:
            yield ScoredMolecule(
                call=call,
                smiles=smiles,
                total=math.nan if total is None else total,
                terms=_from_json(terms),
                raw=_from_json(raw),
                std=_from_json(std),
                in_domain=tuple(bool(flag) for flag in json.loads(in_domain).values()),
                source=source,
                time=time,
                discount=discount,
                missing=missing,
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write_facts(self, facts: Mapping[str, str]) -> None:
        """Store what a later run must agree with: seed, prior, profile."""
        with self._explaining(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def read_facts(self) -> dict[str, str]:
        """Return what `write_facts` stored."""
        with self._explaining():
            return dict(self._connection.execute("SELECT name, value FROM facts").fetchall())

    def _to_json(self, values: Sequence[float]) -> str:
        # JSON has no NaN; null stands for a missing value, and for the standard deviation of what is computed.
        numbers = {
            name: None if math.isnan(value) else value for name, value in zip(self.term_names, values, strict=True)
        }
        return json.dumps(numbers, ensure_ascii=False)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            remedy = "free some space, then go on with --resume" if "full" in str(error) else "check the disk"
            raise RunFolderError(f"cannot use the run store {self.path}: {error}; {remedy}") from error
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"{self.path} is not a run store ({error}); choose another --out") from error


def _from_json(text: str) -> tuple[float, ...]:
    values = json.loads(text).values()
    return tuple(math.nan if value is None else float(value) for value in values)
