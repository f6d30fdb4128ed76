"""The log of served predictions: one SQLite file that a server writes while others read it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.errors import MoldesignError

MAX_ROWS = 200_000
"""Predictions kept; the oldest ones make room."""
LOG_FILE = "predictions.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, endpoints TEXT NOT NULL, features TEXT NOT NULL,
    UNIQUE (name, sha256, features)
);
CREATE TABLE IF NOT EXISTS predictions (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, hash TEXT NOT NULL, model INTEGER NOT NULL REFERENCES models (id),
    predicted BLOB NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL, in_domain BLOB NOT NULL, features BLOB
);
CREATE INDEX IF NOT EXISTS predictions_by_hash ON predictions (hash);
CREATE TABLE IF NOT EXISTS labels (
    hash TEXT NOT NULL, endpoint TEXT NOT NULL, measured REAL NOT NULL, time REAL NOT NULL, PRIMARY KEY (hash, endpoint)
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
"""

Floats = NDArray[np.float32]


class LogError(MoldesignError):
    """A log that cannot be read or written."""


class Served(NamedTuple):
    """One served prediction of T endpoints."""

    time: float
    """Unix seconds"""
    hash: str
    """Of the standardised molecule"""
    values: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]
    in_domain: Sequence[bool]
    features: Sequence[float | None] | None
    """See `observing.FEATURES`; None where there was no time to compute them"""


@dataclass(frozen=True)
class LoggedModel:
    """A model that has served."""

    id: int
    name: str
    sha256: str
    endpoints: tuple[str, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class LoggedPredictions:
    """N predictions of one model, oldest first."""

    model: LoggedModel
    time: NDArray[np.float64]
    hashes: list[str]
    values: Floats
    """[N, T]"""
    low: Floats
    high: Floats
    in_domain: NDArray[np.bool_]
    """[N, T]"""
    features: Floats
    """[N, F], NaN where they were not computed"""


class PredictionLog:
    """The log as an open file.

    Args:
        path: the file; made if it is missing, unless `must_exist`.
        must_exist: refuse a file that is not there.
        max_rows: predictions kept.

    Raises:
        LogError: it cannot be opened, or is something else.
    """

    def __init__(self, path: Path, *, must_exist: bool = False, max_rows: int = MAX_ROWS) -> None:
        self.path, self._max_rows = path, max_rows
        if must_exist and not path.is_file():
            raise LogError(f"there is no log of predictions at {path}; name it by --log, or let `moldesign serve` run")
        with self._explaining():
            self._connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
            tables = {name for [name] in self._connection.execute("SELECT name FROM sqlite_master")}
            if tables and not {"models", "predictions"} <= tables:
                self._connection.close()
                raise LogError(f"{path} is no log of predictions; name another file by --log")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")  # a power cut costs the last second, not the file
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def note_model(self, name: str, sha256: str, endpoints: Sequence[str], features: Sequence[str]) -> LoggedModel:
        """Return the model as it stands in the log, entered if it is new."""
        row = (name, sha256, json.dumps(list(endpoints)), json.dumps(list(features)))
        with self._explaining(), self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO models (name, sha256, endpoints, features) VALUES (?, ?, ?, ?)", row
            )
            query = "SELECT id FROM models WHERE name = ? AND sha256 = ? AND features = ?"
            [number] = self._connection.execute(query, (name, sha256, row[3])).fetchone()
        return LoggedModel(number, name, sha256, tuple(endpoints), tuple(features))

    def append(self, model: LoggedModel, served: Sequence[Served], n_dropped: int = 0) -> None:
        """Add predictions, and forget the oldest ones where there are too many.

        Args:
            model: who predicted.
            served: what was predicted.
            n_dropped: predictions that were served and could not be logged, because too many came at once.
        """
        rows = [
            (
                one.time,
                one.hash,
                model.id,
                *map(_pack, (one.values, one.low, one.high)),
                bytes(one.in_domain),
                _pack_all(one.features),
            )
            for one in served
        ]
        with self._explaining(), self._connection:
            self._connection.executemany(
                "INSERT INTO predictions (time, hash, model, predicted, low, high, in_domain, features) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._connection.execute(
                "DELETE FROM predictions WHERE id <= (SELECT MAX(id) FROM predictions) - ?", (self._max_rows,)
            )
            if n_dropped:
                self._connection.execute(
                    "INSERT INTO counters VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
                    (n_dropped,),
                )

    def add_labels(self, labels: Mapping[tuple[str, str], float], time: float) -> int:
        """Keep measured values by hash and endpoint, newer ones in the place of older ones.

        Returns:
            How many belong to a molecule for which a prediction was served.
        """
        rows = [(*key, value, time) for key, value in labels.items()]
        with self._explaining(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)", rows)
            known = {row[0] for row in self._connection.execute("SELECT DISTINCT hash FROM predictions")}
        return sum(key[0] in known for key in labels)

    def read_labels(self) -> dict[tuple[str, str], float]:
        """Return the measured values by hash and endpoint."""
        with self._explaining():
            rows = self._connection.execute("SELECT hash, endpoint, measured FROM labels").fetchall()
        return {(row[0], row[1]): row[2] for row in rows}

    def list_models(self) -> list[LoggedModel]:
        """Return the models that have served, the newest last."""
        with self._explaining():
            rows = self._connection.execute(
                "SELECT id, name, sha256, endpoints, features FROM models ORDER BY id"
            ).fetchall()
        return [LoggedModel(n, name, sha, tuple(json.loads(e)), tuple(json.loads(f))) for n, name, sha, e, f in rows]

    def count_dropped(self) -> int:
        """Return how many predictions were served and not logged."""
        with self._explaining():
            row = self._connection.execute("SELECT n FROM counters WHERE name = 'dropped'").fetchone()
        return int(row[0]) if row else 0

    def read(self, model: LoggedModel, since: float = 0.0) -> LoggedPredictions:
        """Return the predictions of a model, from a time on (Unix seconds)."""
        query = (
            "SELECT time, hash, predicted, low, high, in_domain, features FROM predictions "
            "WHERE model = ? AND time >= ? ORDER BY id"
        )
        with self._explaining():
            rows = self._connection.execute(query, (model.id, since)).fetchall()
        n_endpoints, n_features = len(model.endpoints), len(model.features)
        nothing = np.full(n_features, np.nan, dtype=np.float32).tobytes()
        return LoggedPredictions(
            model=model,
            time=np.array([row[0] for row in rows], dtype=np.float64),
            hashes=[row[1] for row in rows],
            values=_unpack([row[2] for row in rows], n_endpoints),
            low=_unpack([row[3] for row in rows], n_endpoints),
            high=_unpack([row[4] for row in rows], n_endpoints),
            in_domain=np.frombuffer(b"".join(row[5] for row in rows), dtype=bool).reshape(-1, n_endpoints),
            features=_unpack([nothing if row[6] is None else row[6] for row in rows], n_features),
        )

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise LogError(f"cannot use the log of predictions {self.path}: {error}") from error


def open_log(path: Path) -> "closing[PredictionLog]":
    """Return an existing log for a `with` statement.

    Raises:
        LogError: there is none, or it is something else.
    """
    return closing(PredictionLog(path, must_exist=True))


def _pack(values: Sequence[float | None]) -> bytes:
    return np.array([np.nan if value is None else value for value in values], dtype="<f4").tobytes()


def _pack_all(values: Sequence[float | None] | None) -> bytes | None:
    return None if values is None else _pack(values)


def _unpack(blobs: Sequence[bytes], width: int) -> Floats:
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, width)
