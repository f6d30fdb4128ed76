from collections.abc import Iterator

import httpx
import pytest

from tests.server.live import Live, serve


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serve(tmp_path_factory.mktemp("serve"), "--rate", "1000") as running:
        yield running


@pytest.fixture
def client(live: Live) -> Iterator[httpx.Client]:
    with live.open_client() as opened:
        yield opened
