"""Served predictions reach the log; a flood is counted, and costs no more than its bound."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moldesign.monitoring.features import FEATURES
from moldesign.monitoring.log import PredictionLog, open_log
from moldesign.predictors.bundled import read_model_card
from moldesign.server import prediction_log
from moldesign.server.errors import BusyError
from moldesign.server.prediction_log import OBSERVED_PER_ROUND, PredictionLogger

NAMES = [endpoint["name"] for endpoint in read_model_card("admet")["endpoints"]]


class StandIn:
    """A pool that observes."""

    def __init__(self, *, is_busy: bool = False) -> None:
        self.asked: list[int] = []
        self._is_busy = is_busy

    async def run(self, task: str, arguments: Mapping[str, Any], client: str) -> dict[str, Any]:
        assert task == "observe"
        self.asked.append(len(arguments["smiles"]))
        if self._is_busy:
            raise BusyError("busy")
        return {"features": [[0.5] * len(FEATURES) for _ in arguments["smiles"]]}


def make_rows(n: int) -> list[dict[str, Any]]:
    figures = {"value": 1.0, "std": 0.1, "low": None, "high": None, "in_domain": True}
    return [
        {
            "smiles": "C" * (k + 1),
            "hash": str(k),
            "error": None,
            "in_domain": True,
            "endpoints": dict.fromkeys(NAMES, figures),
        }
        for k in range(n)
    ] + [{"smiles": "C(", "hash": None, "error": {"message": "", "position": 1}, "in_domain": False, "endpoints": {}}]


def log_rows(path: Path, pool: StandIn, n: int) -> None:
    async def write() -> None:
        logger = PredictionLogger(PredictionLog(path), pool, {"admet": "admet"})  # type: ignore[arg-type]
        logger.note("admet", make_rows(n))
        logger.start()
        await asyncio.sleep(0.1)
        await logger.close()

    asyncio.run(write())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "ROUND_SECONDS", 0.01)


@pytest.mark.parametrize(("is_busy", "n_observed"), [(False, OBSERVED_PER_ROUND), (True, 0)])
def test_all_are_logged_and_some_are_observed(tmp_path: Path, is_busy: bool, n_observed: int) -> None:
    pool = StandIn(is_busy=is_busy)
    log_rows(tmp_path / "log.sqlite", pool, 50)
    assert pool.asked == [OBSERVED_PER_ROUND]
    with open_log(tmp_path / "log.sqlite") as log:
        [model] = log.list_models()
        read = log.read(model)
    assert read.hashes == [str(k) for k in range(50)]
    assert np.isfinite(read.features[:, 0]).sum() == n_observed


def test_a_flood_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "MOST_WAITING", 10)
    log_rows(tmp_path / "log.sqlite", StandIn(), 25)
    with open_log(tmp_path / "log.sqlite") as log:
        assert len(log.read(log.list_models()[0]).hashes) == 10
        assert log.count_dropped() == 15
