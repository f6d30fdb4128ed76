"""The log of predictions: what is written is read, old rows make room, two may use it at once."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from moldesign.monitoring.features import FEATURES, N_LATENT
from moldesign.monitoring.log import LogError, PredictionLog, Served, open_log
from moldesign.predictors.latent import N_DIMENSIONS

ENDPOINTS = ("herg", "half_life")


def serve(k: int, features: bool = True) -> Served:
    return Served(
        float(k),
        f"hash {k}",
        [0.5, k],
        [None, k - 1],
        [None, k + 1],
        [True, False],
        [k] * len(FEATURES) if features else None,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = PredictionLog(path)
    model = log.note_model("tiny", "abc", ENDPOINTS, FEATURES)
    log.append(model, [serve(k, features=k != 1) for k in range(3)], n_dropped=4)
    log.append(model, [serve(3)], n_dropped=1)
    with open_log(path) as other:  # while the first one is open, as the server's is
        assert other.list_models() == [model]
        assert other.count_dropped() == 5
        read = other.read(model)
        assert read.hashes == [f"hash {k}" for k in range(4)]
        assert read.values.tolist() == [[0.5, k] for k in range(4)]
        assert np.isnan(read.low[:, 0]).all()
        assert read.high[:, 1].tolist() == [1, 2, 3, 4]
        assert read.in_domain.tolist() == [[True, False]] * 4
        assert np.isnan(read.features).all(axis=1).tolist() == [False, True, False, False]
        assert other.read(model, since=2.0).hashes == ["hash 2", "hash 3"]
    log.close()


def test_a_retrained_model_is_another_one(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log.sqlite")
    first, again = (log.note_model("tiny", "abc", ENDPOINTS, FEATURES) for _ in range(2))
    retrained = log.note_model("tiny", "def", ENDPOINTS, FEATURES)
    assert first == again
    assert first.id != retrained.id


def test_the_oldest_make_room(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log.sqlite", max_rows=5)
    model = log.note_model("tiny", "abc", ENDPOINTS, FEATURES)
    for start in range(0, 12, 4):
        log.append(model, [serve(start + k) for k in range(4)])
    assert log.read(model).hashes == [f"hash {k}" for k in range(7, 12)]


def test_labels(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log.sqlite")
    log.append(log.note_model("tiny", "abc", ENDPOINTS, FEATURES), [serve(0)])
    assert log.add_labels({("hash 0", "herg"): 1.0, ("unknown", "herg"): 0.0}, 1.0) == 1
    log.add_labels({("hash 0", "herg"): 0.0}, 2.0)
    assert log.read_labels() == {("hash 0", "herg"): 0.0, ("unknown", "herg"): 0.0}


def test_no_log_and_no_sqlite(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="let `moldesign serve` run"):
        open_log(tmp_path / "missing.sqlite")
    (tmp_path / "text").write_text("this is no database, and long enough to be looked at " * 20)
    with pytest.raises(LogError, match="not a database"):
        open_log(tmp_path / "text")


def test_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "log.sqlite")
    connection = sqlite3.connect(log.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_as_many_directions_as_the_latent_space_has() -> None:
    assert N_LATENT == N_DIMENSIONS
