"""Scores that were dear to come by, kept in an SQLite file: in the run store, or in a file that runs share."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from moldesign.errors import ObjectiveError

BUSY_SECONDS = 30.0
"""How long to wait while another run writes into the same file."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS scores (scorer TEXT, smiles TEXT, value REAL NOT NULL, PRIMARY KEY (scorer, smiles))",
    "CREATE TABLE IF NOT EXISTS times (scorer TEXT, smiles TEXT, seconds REAL NOT NULL, PRIMARY KEY (scorer, smiles))",
)
_CHUNK = 500


class KeptScore(NamedTuple):
    """What is known of a molecule."""

    value: float
    seconds: float | None
    """What it added to the time that a run took; None in files of older versions."""


class ScoreCache:
    """The table `scores` of a file: what scored (a command, with its arguments), canonical SMILES, value.

    The table `times` beside it says what each took.

    Args:
        path: the file, made if there is none; `:memory:` for none.

    Raises:
        ObjectiveError: it cannot be written, or is another kind of file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        with self._explaining():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            # Several runs may write at the same time; a power cut may lose the last scores, a killed process none.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            for table in _TABLES:
                self._connection.execute(table)

    def find(self, scorer: str, smiles: Sequence[str]) -> dict[str, KeptScore]:
        """Return what is known, by canonical SMILES."""
        found: dict[str, KeptScore] = {}
        for start in range(0, len(smiles), _CHUNK):
            chunk = smiles[start : start + _CHUNK]
            places = ",".join("?" * len(chunk))
            tables = "scores LEFT JOIN times USING (scorer, smiles)"
            query = f"SELECT smiles, value, seconds FROM {tables} WHERE scorer = ? AND smiles IN ({places})"  # noqa: S608
            with self._explaining():
                rows = self._connection.execute(query, (scorer, *chunk)).fetchall()
            found |= {text: KeptScore(*kept) for text, *kept in rows}
        return found

    def put(self, scorer: str, smiles: str, value: float, seconds: float) -> None:
        """Keep a value; it is in the file when this returns.

        Raises:
            ObjectiveError: the disk is full.
        """
        with self._explaining():
            self._connection.execute("INSERT OR REPLACE INTO times VALUES (?, ?, ?)", (scorer, smiles, seconds))
            self._connection.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", (scorer, smiles, value))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise ObjectiveError(
                f"cannot use the score cache {self.path}: {error}; check the disk and the path"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ObjectiveError(f"{self.path} is not a score cache ({error}); name another file") from error
