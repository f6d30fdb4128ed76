"""Requests are put together, and none suffers for another."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from moldesign.server.batching import MOST_TOGETHER, Batcher
from moldesign.server.errors import ServingError, TooManyError, TooSlowError
from moldesign.server.settings import Limits


class StandIn:
    """A pool with one worker that notes what it is asked; a molecule called "poison" takes too long."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.batches: list[list[str]] = []
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator["StandIn"]:
        async with self._lock:
            yield self

    async def ask(self, task: str, arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        smiles = arguments["smiles"]
        self.batches.append(smiles)
        await asyncio.sleep(0.01)
        if "poison" in smiles:
            raise TooSlowError("this takes longer than 20 s, which is the limit")
        if "fault" in smiles:
            raise ServingError("failed inside")
        return {"rows": [{"smiles": text} for text in smiles]}

    async def run(self, task: str, arguments: Mapping[str, Any], client: str) -> dict[str, Any]:
        async with self.lease() as worker:
            return await worker.ask(task, arguments, self.limits)


def ask_together(pool: StandIn, requests: list[list[str]], clients: list[str] | None = None) -> list[Any]:
    async def gather() -> list[Any]:
        batcher = Batcher(pool, "admet", 1)  # type: ignore[arg-type]
        names = clients or [f"client {k}" for k in range(len(requests))]
        asked = (batcher.predict(smiles, name) for smiles, name in zip(requests, names, strict=True))
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(gather())


def test_each_gets_its_own_rows() -> None:
    pool = StandIn()
    requests = [[f"molecule {k}.{n}" for n in range(1 + k % 3)] for k in range(40)]
    answers = ask_together(pool, requests)
    assert [[row["smiles"] for row in rows] for rows in answers] == requests
    assert len(pool.batches) < 5
    assert max(map(len, pool.batches)) <= MOST_TOGETHER


def test_a_large_request_goes_alone() -> None:
    pool = StandIn()
    large = [f"molecule {n}" for n in range(2 * MOST_TOGETHER)]
    answers = ask_together(pool, [large, ["C"], ["N"]])
    assert [len(rows) for rows in answers] == [len(large), 1, 1]


@pytest.mark.parametrize("culprit", ["poison"])
def test_only_the_culprit_fails(culprit: str) -> None:
    answers = ask_together(StandIn(), [["C"], [culprit], ["N"], ["O"]])
    assert [isinstance(one, TooSlowError) for one in answers] == [False, True, False, False]


def test_a_fault_is_told_to_all_of_the_batch() -> None:
    answers = ask_together(StandIn(), [["C"], ["fault"]])
    assert all(isinstance(one, ServingError) for one in answers)


def test_the_queue_is_shared() -> None:
    answers = ask_together(StandIn(Limits(waiting=8)), [["C"]] * 5, clients=["greedy"] * 4 + ["modest"])
    assert [isinstance(one, TooManyError) for one in answers] == [False, False, True, True, False]


def test_a_queue_that_was_empty_is_worked_on_again() -> None:
    async def ask_twice() -> list[Any]:
        batcher = Batcher(StandIn(), "admet", 1)  # type: ignore[arg-type]
        return [await batcher.predict([text], "me") for text in ("C", "N", "O")]

    assert [rows[0]["smiles"] for rows in asyncio.run(ask_twice())] == ["C", "N", "O"]
