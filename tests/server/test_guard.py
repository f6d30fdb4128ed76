"""Nobody gets past the guard who should not: foreign pages, guessed tokens, floods, huge or slow requests."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from moldesign.server.guard import Guard, RateLimiter, is_open, name_host
from moldesign.server.settings import Limits, ServerSettings

TOKEN = "a-long-secret"
HERE = {"host": "127.0.0.1:8765"}


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"n": len(await request.body())})


def guard(folder: Path, **changes: Any) -> Guard:
    paths = ("/", "/predict", "/static/editor.html", "/static/main.js")
    app = Starlette(routes=[Route(path, echo, methods=["GET", "POST"]) for path in paths])
    return Guard(app, ServerSettings(folder, **changes))


def open_client(folder: Path, **changes: Any) -> TestClient:
    return TestClient(guard(folder, **changes), base_url="http://127.0.0.1:8765")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "[::1]:8765"])
def test_this_machine_is_answered(tmp_path: Path, host: str) -> None:
    assert open_client(tmp_path).get("/predict", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},  # a name that was rebound to 127.0.0.1
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_foreign_pages_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    response = open_client(tmp_path).get("/predict", headers=HERE | headers)
    assert response.status_code == 403
    assert response.json()["error"]


def test_a_link_from_elsewhere_may_open_the_page(tmp_path: Path) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert open_client(tmp_path).get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_cannot_post(tmp_path: Path, kind: str) -> None:
    response = open_client(tmp_path).post("/predict", content=b"{}", headers={"content-type": kind})
    assert response.status_code == 415


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5"])
def test_other_addresses_need_the_token(tmp_path: Path, host: str) -> None:
    client = open_client(tmp_path, host=host, token=TOKEN)
    refused = client.get("/predict")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer ä", TOKEN, f"Bearer {TOKEN[:-1]}"):
        assert client.get("/predict", headers={"authorization": wrong.encode()}).status_code == 401
    assert client.get("/predict", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/static/main.js").status_code == 200


def test_no_token_is_no_way_in_elsewhere(tmp_path: Path) -> None:
    """Should a server ever be bound to another address without a token, it answers nobody."""
    assert open_client(tmp_path, host="0.0.0.0").get("/predict").status_code == 401


def test_guessing_tokens_is_slowed_down(tmp_path: Path) -> None:
    client = open_client(tmp_path, token=TOKEN, limits=Limits(requests_per_second=0.1, burst=50))
    codes = [client.get("/predict", headers={"authorization": f"Bearer {k}"}).status_code for k in range(10)]
    assert codes[0] == 401
    assert codes[-1] == 429


def test_too_large(tmp_path: Path) -> None:
    client = open_client(tmp_path, limits=Limits(body_bytes=1000))
    json_kind = {"content-type": "application/json"}
    assert client.post("/predict", content=b"x" * 1000, headers=json_kind).json() == {"n": 1000}
    assert client.post("/predict", content=b"x" * 1001, headers=json_kind).status_code == 413
    chunks = (b"x" * 100 for _ in range(11))  # without a length that could be looked at before
    assert client.post("/predict", content=chunks, headers=json_kind).status_code == 413
    odd = client.post("/predict", content=b"x", headers=json_kind | {"content-length": "many"})
    assert odd.status_code == 413


def test_too_often(tmp_path: Path) -> None:
    client = open_client(tmp_path, limits=Limits(requests_per_second=0.1, burst=3))
    codes = [client.get("/predict").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert int(client.get("/predict").headers["retry-after"]) >= 1


def test_one_client_does_not_use_up_the_rate_of_another() -> None:
    limiter = RateLimiter(Limits(requests_per_second=0.1, burst=1))
    assert (limiter.take("a"), limiter.take("b")) == (0.0, 0.0)
    assert limiter.take("a") > 0


def test_too_slow(tmp_path: Path) -> None:
    sent = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers, "client": ("127.0.0.1", 1)}
    asyncio.run(guard(tmp_path, limits=Limits(body_seconds=0.2))(scope, receive, send))
    assert sent[0]["status"] == 408


def test_every_answer_says_what_its_page_may_do(tmp_path: Path) -> None:
    client = open_client(tmp_path)
    page, editor = client.get("/").headers, client.get("/static/editor.html").headers
    assert "unsafe" not in page["content-security-policy"]
    assert "frame-ancestors 'none'" in page["content-security-policy"]
    assert "frame-ancestors 'self'" in editor["content-security-policy"]
    for policy in (page["content-security-policy"], editor["content-security-policy"]):
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
    assert page["x-content-type-options"] == "nosniff"
    refused = client.get("/predict", headers={"host": "evil.example"}).headers
    assert refused["content-security-policy"] == page["content-security-policy"]


def test_what_needs_no_token() -> None:
    assert [is_open(path) for path in ("/", "/docs", "/static/main.js")] == [True] * 3
    assert [is_open(path) for path in ("/runs", "/openapi.json", "/predict", "/staticx", "/docs/x")] == [False] * 5
    assert name_host("localhost") == "localhost"
