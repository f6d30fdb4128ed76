"""Predictions that are asked for at the same time are made together: eight molecules take hardly longer than one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moldesign.server.errors import BusyError, ServingError, TooManyError, TooSlowError
from moldesign.server.worker_pool import DeadWorkerError, WorkerPool

MOST_TOGETHER = 64
"""Molecules: more of them take so much longer that a single one would wait too long."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Waiting:
    """A request that waits for its rows."""

    smiles: list[str]
    client: str
    rows: "asyncio.Future[Rows]"


class Batcher:
    """Puts requests for one model together while the workers are busy.

    Args:
        pool: who predicts.
        model: the name of the model.
        n_at_once: batches that may be under way.
    """

    def __init__(self, pool: WorkerPool, model: str, n_at_once: int) -> None:
        self._pool, self._model, self._n_at_once = pool, model, n_at_once
        self._waiting: deque[Waiting] = deque()
        self._drains: set[asyncio.Task[None]] = set()
        self._n_drains = 0

    async def predict(self, smiles: Sequence[str], client: str) -> Rows:
        """Return a row per molecule.

        Raises:
            BusyError: too many requests wait already.
            TooManyError: too many of this client do.
            TooSlowError: the molecules take too long.
            ServingError: the prediction failed.
        """
        limit = self._pool.limits.waiting
        if len(self._waiting) >= limit:
            raise BusyError(f"{limit} predictions are waiting already; try again in a few seconds")
        if sum(one.client == client for one in self._waiting) >= limit // 4:
            raise TooManyError("too many of your predictions are waiting already; wait for their answers")
        waiting = Waiting(list(smiles), client, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._n_drains < self._n_at_once:
            self._n_drains += 1
            drain = asyncio.create_task(self._drain())
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)
        return await waiting.rows

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._predict_batch()
        finally:
            # Without an await after the last look at the queue: what comes later starts a drain of its own.
            self._n_drains -= 1

    async def _predict_batch(self) -> None:
        async with self._pool.lease() as worker:
            batch = self._take()
            if not batch:
                return
            arguments = {"smiles": [text for one in batch for text in one.smiles], "model": self._model}
            failure: ServingError = ServingError("the prediction failed inside")
            try:
                answer = await worker.ask("predict", arguments, self._pool.limits)
                _deal(batch, answer["rows"])
                return
            except ServingError as error:
                failure = error
        if len(batch) > 1 and isinstance(failure, TooSlowError | DeadWorkerError):
            await self._try_each(batch)
        _fail(batch, failure)

    def _take(self) -> list[Waiting]:
        """Return the next requests that nobody has given up, as many as fit together."""
        batch, n_molecules = list[Waiting](), 0
        while self._waiting and (not batch or n_molecules + len(self._waiting[0].smiles) <= MOST_TOGETHER):
            one = self._waiting.popleft()
            if not one.rows.done():
                batch.append(one)
                n_molecules += len(one.smiles)
        return batch

    async def _try_each(self, batch: list[Waiting]) -> None:
        """Find out which of the requests is to blame: the others must not suffer for it."""
        for one in batch:
            try:
                answer = await self._pool.run("predict", {"smiles": one.smiles, "model": self._model}, one.client)
            except ServingError as error:
                _fail([one], error)
            else:
                _deal([one], answer["rows"])


def _deal(batch: list[Waiting], rows: Rows) -> None:
    start = 0
    for one in batch:
        end = start + len(one.smiles)
        if not one.rows.done():
            one.rows.set_result(rows[start:end])
        start = end


def _fail(batch: list[Waiting], error: ServingError) -> None:
    """Tell those that have no answer yet."""
    for one in batch:
        if not one.rows.done():
            one.rows.set_exception(error)
