"""Fifty clients at once get their answers, without an error; the two-minute version is benchmarks/serving.py."""

import asyncio

import pytest

from benchmarks.serving import put_under_load
from tests.server.live import Live

pytestmark = pytest.mark.slow


def test_fifty_clients(live: Live) -> None:
    figures = asyncio.run(put_under_load(live.url, n_clients=50, seconds=12.0))
    assert figures["errors"] == 0
    assert figures["requests"] > 200
    assert figures["clients_answered"] == 50
