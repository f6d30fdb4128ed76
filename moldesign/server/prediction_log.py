"""Served predictions go into the log behind the answers: nobody waits for it, and its cost has a bound."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from moldesign.monitoring.features import FEATURES
from moldesign.monitoring.log import LogError, LoggedModel, PredictionLog, Served
from moldesign.predictors.bundled import read_model_card
from moldesign.server.errors import ServingError
from moldesign.server.worker_pool import WorkerPool

MOST_WAITING = 20_000
"""Rows that wait to be written; what comes beyond is counted and not kept."""
OBSERVED_PER_ROUND = 32
"""Molecules of which descriptors and places in latent space are computed; of the others only predictions are kept."""
ROUND_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Answered(NamedTuple):
    """A row that was served."""

    time: float
    model: str
    smiles: str
    row: Mapping[str, Any]


class PredictionLogger:
    """Writes what was served, once a second.

    Args:
        log: the file.
        pool: computes what is observed of the molecules.
        models: folder or bundled name of each served model.
    """

    def __init__(self, log: PredictionLog, pool: WorkerPool, models: Mapping[str, str]) -> None:
        self._log, self._pool, self._models = log, pool, models
        self._waiting: deque[Answered] = deque()
        self._known: dict[str, LoggedModel] = {}
        self._n_dropped = 0
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._rounds = asyncio.create_task(self._repeat())

    async def close(self) -> None:
        """Write what is waiting, and end."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
            await self._write(observe=False)
        self._log.close()

    def note(self, model: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep rows that were served, but for those that are no molecules."""
        now = time.time()
        valid = [Answered(now, model, row["smiles"], row) for row in rows if row["error"] is None]
        free = MOST_WAITING - len(self._waiting)
        self._waiting.extend(valid[:free])
        self._n_dropped += max(len(valid) - free, 0)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await self._write(observe=True)

    async def _write(self, *, observe: bool) -> None:
        answered, self._waiting = list(self._waiting), deque()
        n_dropped, self._n_dropped = self._n_dropped, 0
        for model in {one.model for one in answered}:
            own = [one for one in answered if one.model == model]
            features = await self._observe(model, own[:OBSERVED_PER_ROUND]) if observe else []
            try:
                await asyncio.to_thread(self._append, model, own, features, n_dropped)
            except LogError as error:
                logger.warning("%d predictions are not logged: %s", len(own), error)
            n_dropped = 0

    async def _observe(self, model: str, answered: Sequence[Answered]) -> list[list[float | None]]:
        asked = {"smiles": [one.smiles for one in answered], "model": model}
        try:
            told = await self._pool.run("observe", asked, "the log itself")
        except ServingError as error:
            logger.warning("%d molecules are logged without their features: %s", len(answered), error)
            return []
        features: list[list[float | None]] = told["features"]
        return features

    def _append(
        self, model: str, answered: Sequence[Answered], features: Sequence[Sequence[float | None]], n_dropped: int
    ) -> None:
        known = self._known.get(model) or self._note_model(model)
        missing: list[Sequence[float | None] | None] = [None] * (len(answered) - len(features))
        served = [
            _describe(one, known.endpoints, own) for one, own in zip(answered, [*features, *missing], strict=True)
        ]
        self._log.append(known, served, n_dropped)

    def _note_model(self, model: str) -> LoggedModel:
        card = read_model_card(self._models[model])
        names = [endpoint["name"] for endpoint in card["endpoints"]]
        self._known[model] = self._log.note_model(model, card["sha256"], names, FEATURES)
        return self._known[model]


def _describe(one: Answered, endpoints: Sequence[str], features: Sequence[float | None] | None) -> Served:
    figures = [one.row["endpoints"][name] for name in endpoints]
    values, low, high, inside = ([figure[key] for figure in figures] for key in ("value", "low", "high", "in_domain"))
    return Served(one.time, one.row["hash"], values, low, high, inside, features)
