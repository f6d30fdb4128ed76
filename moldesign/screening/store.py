"""What is known so far of a screening, in one SQLite file: each chunk enters it whole or not at all."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf, nextafter
from pathlib import Path
from typing import Any, NamedTuple, Self

from moldesign.errors import RunFolderError
from moldesign.screening.library import FileNotes

STORE_FILE = "progress.sqlite"
NO_SHARD = " is no shard of a screening; merge what `screen --shard i/n` has written"
"""Said of a file whose name stands before it."""
DUPLICATE = "duplicate"

_FOREIGN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""What SQLite says of a file that is no database, or is one without our tables."""
_ROW_BITS = 40
"""A row's place in the library is its file's number, then 40 bits of its number in the file."""
_QUERY = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (number INTEGER PRIMARY KEY, notes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (number INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rejected (
    place INTEGER PRIMARY KEY, text TEXT NOT NULL, filter TEXT NOT NULL, reason TEXT, key INTEGER, score REAL
);
CREATE TABLE IF NOT EXISTS hits (
    place INTEGER PRIMARY KEY, score REAL NOT NULL, key INTEGER NOT NULL, is_block INTEGER NOT NULL, text TEXT NOT NULL,
    cells TEXT NOT NULL, figures TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS hits_by_score ON hits (score, place);
CREATE INDEX IF NOT EXISTS hits_by_key ON hits (key);
"""
_EXPLAINED = """
FROM rejected LEFT JOIN hits USING (key)
WHERE rejected.key IS NULL OR (hits.place IS NOT NULL AND (rejected.score, -rejected.place) > (?, ?))
"""
"""Rows that are rejected for good: a duplicate is one if the row in whose stead it would be kept is kept itself."""


class Candidate(NamedTuple):
    """A row that may be a hit."""

    place: int
    score: float
    key: int
    """Rows with the same key are duplicates."""
    is_block: bool
    text: str
    cells: str
    """JSON list, in the order of its file's columns"""
    figures: str
    """JSON: [the value of each term, how far each is met]"""


class Rejection(NamedTuple):
    """A row that goes no further."""

    place: int
    text: str
    filter: str
    reason: str | None
    """None for a duplicate, whose reason is the row that stays in its stead"""
    key: int | None = None
    """Of a duplicate"""
    score: float | None = None
    """Of a duplicate"""


def number_place(file: int, row: int) -> int:
    """Return the place of a row (from 1) of a file (from 0): places rise through the library.

    >>> split_place(number_place(3, 17))
    (3, 17)
    """
    return file << _ROW_BITS | row


def split_place(place: int) -> tuple[int, int]:
    """Return file and row of a place."""
    return place >> _ROW_BITS, place & (1 << _ROW_BITS) - 1


class _Known(NamedTuple):
    key: int
    score: float
    place: int


class Store:
    """The state of a screening.

    Of rows with the same key the one with the best score stays, of equal ones the first; and of these the best
    `pool_size`. A row is called a duplicate if it would be among these but for a better one with its key; what is worse
    than all of them is outranked, whichever molecule it holds. These rules speak of a set of rows, and not of the order
    in which they come: this is why parts of a library can be screened apart and put together, and why nothing need be
    remembered of a row that is outranked.

    Args:
        path: the SQLite file; made if there is none.
        pool_size: how many rows are kept as hits; None for all.
        keeps_duplicates: whether rows with the same key can all be hits.
        is_sealed: whether the file is complete, and only read.

    Raises:
        RunFolderError: another process uses the file, it cannot be written, or is another kind of file.
    """

    def __init__(self, path: Path, *, pool_size: int | None, keeps_duplicates: bool, is_sealed: bool = False) -> None:
        self.path, self._pool_size, self._keeps_duplicates = path, pool_size, keeps_duplicates
        self._is_sealed = is_sealed
        self._worst: tuple[float, int] | None = None
        with self._explaining():
            if is_sealed:
                self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
                self._connection.execute("SELECT name FROM notes LIMIT 1")
                return
            self._connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
            # One process alone: no shared memory file, which network disks do not know, and a lock that dies with it.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            # Keys fall on pages at random: each page is written once for many chunks, not once for each.
            self._connection.execute("PRAGMA wal_autocheckpoint=20000")
            self._connection.execute("PRAGMA cache_size=-131072")
            self._connection.executescript(_TABLES)
            self._worst = self._find_worst()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._explaining():
            self._connection.close()

    def seal(self) -> None:
        """Put everything into the one file, which then may be moved, and close it."""
        with self._explaining():
            self._connection.execute("PRAGMA journal_mode=DELETE")
            self._connection.close()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Keep everything that is put into the store in the block, or nothing of it.

        Raises:
            RunFolderError: the disk is full, or cannot be written any more.
        """
        with self._explaining():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._worst = None
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def note(self, name: str, value: Any) -> None:
        """Keep a value by name."""
        self._connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def recall(self, name: str) -> Any:
        """Return a value that was kept, or None."""
        row = self._connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def note_file(self, number: int, notes: FileNotes) -> None:
        """Keep what is known of a file of the library."""
        text = json.dumps(vars(notes))
        self._connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (number, text))

    def recall_files(self) -> list[FileNotes]:
        """Return what is known of the files."""
        rows = self._connection.execute("SELECT notes FROM files ORDER BY number")
        return [FileNotes(**json.loads(text)) for (text,) in rows]

    def count_files(self) -> int:
        """Return of how many files something is known."""
        return int(self._connection.execute("SELECT count(*) FROM files").fetchone()[0])

    def note_chunk(self, number: int, n_rows: int, digest: str) -> None:
        """Count a chunk as done.

        Raises:
            RunFolderError: it is done already.
        """
        self._connection.execute("INSERT INTO chunks VALUES (?, ?, ?)", (number, n_rows, digest))

    def find_digest(self, number: int) -> str | None:
        """Return the hash of the rows of a chunk that is done, or None."""
        row = self._connection.execute("SELECT digest FROM chunks WHERE number = ?", (number,)).fetchone()
        return None if row is None else str(row[0])

    def count_rows(self) -> int:
        """Return how many rows are done."""
        return int(self._connection.execute("SELECT coalesce(sum(n_rows), 0) FROM chunks").fetchone()[0])

    def count_hits(self) -> int:
        """Return how many rows are kept."""
        return int(self._connection.execute("SELECT count(*) FROM hits").fetchone()[0])

    def count_falls(self) -> dict[str, int]:
        """Return how many rows fell at each filter, most first."""
        query = f"SELECT filter, count(*) {_EXPLAINED} GROUP BY filter ORDER BY 2 DESC, 1"
        return dict(self._connection.execute(query, self._find_last()).fetchall())

    @property
    def floor(self) -> float | None:
        """The score below which no row further on would be kept; None where there is room for any.

        It is above that of the last row that is kept: of equal ones the first stays.
        """
        return None if self._worst is None else nextafter(-self._worst[0], inf)

    def reject(self, rejections: Sequence[Rejection]) -> None:
        """Keep rows that go no further."""
        self._connection.executemany("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?, ?, ?)", rejections)

    def admits(self, score: float, place: int) -> bool:
        """Return whether a row with this score would be kept, were it no duplicate."""
        return self._worst is None or (-score, place) < self._worst

    def keep(self, candidates: Sequence[Candidate]) -> int:
        """Keep of these rows, and those that are kept already, the best ones; return how many duplicates there are."""
        admitted = [one for one in candidates if self.admits(one.score, one.place)]
        losers = [] if self._keeps_duplicates else self._find_losers(admitted)
        self.reject([Rejection(one.place, "", DUPLICATE, None, one.key, one.score) for one in losers])
        beaten = {one.place for one in losers}
        self._connection.executemany("DELETE FROM hits WHERE place = ?", [(place,) for place in beaten])
        rows = [one for one in admitted if one.place not in beaten]
        self._connection.executemany("INSERT OR REPLACE INTO hits VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        if rows and self._pool_size is not None:
            if (surplus := self.count_hits() - self._pool_size) > 0:
                self._connection.execute(
                    "DELETE FROM hits WHERE place IN (SELECT place FROM hits ORDER BY score, place DESC LIMIT ?)",
                    (surplus,),
                )
            self._worst = self._find_worst()
        return len(losers)

    def iterate_hits(self, *, in_input_order: bool = False) -> Iterator[Candidate]:
        """Yield the rows that are kept, best first (of equal ones the first), or in the order of the library."""
        order = "place" if in_input_order else "score DESC, place"
        for row in self._connection.execute(f"SELECT * FROM hits ORDER BY {order}"):  # noqa: S608
            yield Candidate(*row)

    def iterate_chunks(self) -> Iterator[tuple[int, int, str]]:
        """Yield number, rows and digest of each chunk."""
        yield from self._connection.execute("SELECT number, n_rows, digest FROM chunks ORDER BY number")

    def iterate_rejected(self) -> Iterator[Rejection]:
        """Yield the rows that go no further, in the order of the library."""
        yield from (Rejection(*row) for row in self._connection.execute("SELECT * FROM rejected ORDER BY place"))

    def iterate_explained(self) -> Iterator[tuple[Rejection, int | None]]:
        """Yield them with the place of the row that stays in their stead."""
        query = f"SELECT rejected.*, hits.place {_EXPLAINED} ORDER BY rejected.place"
        for *parts, winner in self._connection.execute(query, self._find_last()):
            yield Rejection(*parts), winner

    def _find_losers(self, candidates: Sequence[Candidate]) -> "list[_Known]":
        """Return the rows, new ones and kept ones, that are not the best of their key."""
        best = self._find_kept([one.key for one in candidates])
        losers = []
        for candidate in candidates:
            new = _Known(candidate.key, candidate.score, candidate.place)
            held = best.setdefault(new.key, new)
            if held is not new:
                winner, loser = sorted((held, new), key=lambda one: (-one.score, one.place))
                best[new.key] = winner
                losers.append(loser)
        return losers

    def _find_kept(self, keys: Sequence[int]) -> "dict[int, _Known]":
        found: dict[int, _Known] = {}
        distinct = list(dict.fromkeys(keys))
        for start in range(0, len(distinct), _QUERY):
            part = distinct[start : start + _QUERY]
            query = f"SELECT key, score, place FROM hits WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
            found |= {row[0]: _Known(*row) for row in self._connection.execute(query, part)}
        return found

    def _find_last(self) -> tuple[float, int]:
        """Return score and minus the place that a row must exceed, as a pair, to be a duplicate of a kept one."""
        worst = self._find_worst()
        return (-1.0, 0) if worst is None else (-worst[0], -worst[1])

    def _find_worst(self) -> tuple[float, int] | None:
        """Return (minus the score, place) of the last row that is kept, where there is no room for more."""
        if self._pool_size is None or self.count_hits() < self._pool_size:
            return None
        row = self._connection.execute("SELECT score, place FROM hits ORDER BY score, place DESC LIMIT 1").fetchone()
        return -row[0], row[1]

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        explain = _explain_shard if self._is_sealed else _explain_progress
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"{self.path}{explain(error)}") from error


def _explain_progress(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if not isinstance(error, sqlite3.OperationalError):
        return f" is damaged or no screening ({text}); delete it to begin anew"
    remedy = "check the disk and its rights, then go on with --resume"
    if "locked" in text:
        remedy = "another process is screening into it; wait until it ends, or choose another --out"
    elif "full" in text:
        remedy = "make room on the disk, then go on with --resume; what is done is kept"
    return f": {text}; {remedy}"


def _explain_shard(error: sqlite3.DatabaseError) -> str:
    if error.sqlite_errorcode in _FOREIGN:
        return NO_SHARD
    if error.sqlite_errorcode == sqlite3.SQLITE_CORRUPT:
        return f" is damaged ({error}); screen this shard again"
    return f": {error}; check the disk and its rights, then merge again"
