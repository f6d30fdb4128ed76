"""Workers that take too long are killed and replaced."""

import asyncio
from typing import Any

import pytest

from moldesign.server.errors import BadFieldError, ServingError, TooSlowError
from moldesign.server.settings import Limits
from moldesign.server.worker_pool import WorkerPool

pytestmark = pytest.mark.slow

MODELS = {"admet": "admet"}
ETHANOL = {"smiles": ["CCO"], "model": "admet"}
# A clock of processor time may tick but every few milliseconds: what must exceed its limit needs many of them.
ALCOHOLS = {"smiles": ["C" * n + "O" for n in range(1, 101)], "model": "admet"}


async def try_all() -> dict[str, Any]:
    pool = WorkerPool(MODELS, 1, Limits())
    await pool.start()
    try:
        told = {"first": await pool.run("predict", ETHANOL, "me")}
        for name, arguments in (("wrong", {"smiles": ["C"], "model": "none"}), ("fault", {"odd": 1})):
            try:
                await pool.run("predict", arguments, "me")
            except ServingError as error:
                told[name] = error
        for name, limits in (("busy", Limits(task_seconds=0.001)), ("slow", Limits(answer_seconds=0.001))):
            pool.limits = limits
            try:
                await pool.run("predict", ALCOHOLS, "me")
            except ServingError as error:
                told[name] = error
            pool.limits = Limits()
            told[f"after {name}"] = await asyncio.wait_for(pool.run("predict", ETHANOL, "me"), 400)
    finally:
        await pool.close()
    return told


def test_a_worker_survives_bad_questions_and_is_replaced_when_slow() -> None:
    told = asyncio.run(try_all())
    assert isinstance(told["wrong"], BadFieldError)
    assert told["wrong"].field == "model"
    assert isinstance(told["fault"], ServingError)
    assert "log says why" in str(told["fault"])
    for name in ("busy", "slow"):
        assert isinstance(told[name], TooSlowError)
        assert told[f"after {name}"] == told["first"]
