"""What every request passes before anything is done for it: where it comes from, who sends it, how much and how often.

A page in the user's own browser can send requests to 127.0.0.1, too. It cannot name a foreign `Host` (a rebound DNS
name stays in that header), cannot hide its `Origin`, and cannot send JSON without asking first, which is not granted.
"""

import asyncio
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moldesign.server.settings import Limits, ServerSettings, is_loopback

OPEN_PATHS = ("/", "/docs")
STATIC = "/static/"
EDITOR = "/static/editor.html"
JSME = "/static/jsme/"
_KNOWN_CLIENTS = 10_000
_FAILED_LOGIN_COST = 10.0

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# JSME makes code and styles at run time, which the page around its frame may not.
_EDITOR_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-src 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class RateLimiter:
    """A bucket of requests for each client address: it fills steadily and empties by asking."""

    def __init__(self, limits: Limits) -> None:
        self._rate, self._burst = limits.requests_per_second, float(limits.burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a request out of the bucket of a client; return the seconds to wait if it is empty, else 0."""
        level = self._fill(client)
        if level < 1:
            return (1 - level) / self._rate
        self.charge(client, 1)
        return 0.0

    def charge(self, client: str, cost: float) -> None:
        """Empty the bucket of a client further, below nothing if need be."""
        self._buckets[client] = (max(self._fill(client) - cost, -self._burst), time.monotonic())

    def _fill(self, client: str) -> float:
        """Return how full the bucket of a client has become."""
        now = time.monotonic()
        level, then = self._buckets.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._rate)
        self._buckets[client] = (level, now)
        if len(self._buckets) > _KNOWN_CLIENTS:
            self._buckets.popitem(last=False)
        return level


class Guard:
    """Middleware around the whole application.

    Args:
        app: what is guarded.
        settings: address, token and limits.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app, self._settings = app, settings
        self._limiter = RateLimiter(settings.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        secured = _add_headers(send, scope["path"])
        refusal = self._refuse(scope, headers)
        if refusal is None:
            body = await self._read_body(headers, receive)
            if not isinstance(body, Refusal):
                await self._app(scope, _replay(body, receive), secured)
                return
            refusal = body
        await _answer(refusal, secured)

    def _refuse(self, scope: Scope, headers: MutableMapping[str, str]) -> Refusal | None:
        client = scope["client"][0] if scope["client"] else "unknown"
        if wait := self._limiter.take(client):
            seconds = str(int(wait) + 1)
            return Refusal(429, f"too many requests; wait {seconds} s", (("retry-after", seconds),))
        refusal = self._refuse_origin(scope, headers)
        if refusal is None and not is_open(scope["path"]) and not self._knows_token(headers):
            self._limiter.charge(client, _FAILED_LOGIN_COST)
            refusal = Refusal(
                401,
                "this server asks for its token: send the header 'Authorization: Bearer TOKEN', or open the address "
                "with #token=TOKEN at its end",
                (("www-authenticate", "Bearer"),),
            )
        return refusal

    def _refuse_origin(self, scope: Scope, headers: MutableMapping[str, str]) -> Refusal | None:
        host = headers.get("host", "")
        if self._settings.is_local and not is_loopback(name_host(host)):
            return Refusal(403, "this server answers to 127.0.0.1 and localhost alone")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return Refusal(403, "pages of other servers may not use this one")
        is_visit = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        is_public_part = scope["path"].startswith(STATIC)
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"} and not is_visit and not is_public_part:
            return Refusal(403, "pages of other servers may not use this one")
        if (
            scope["method"] == "POST"
            and headers.get("content-type", "").partition(";")[0].strip() != "application/json"
        ):
            return Refusal(415, "send JSON, with the header 'Content-Type: application/json'")
        return None

    def _knows_token(self, headers: MutableMapping[str, str]) -> bool:
        token = self._settings.token
        if token is None:
            return self._settings.is_local
        scheme, _, told = headers.get("authorization", "").partition(" ")
        return hmac.compare_digest(told.strip().encode(), token.encode()) and scheme.lower() == "bearer"

    async def _read_body(self, headers: MutableMapping[str, str], receive: Receive) -> bytes | Refusal:
        """Return the whole body; what is too large or too slow is not waited for."""
        limits = self._settings.limits
        too_large = Refusal(413, f"the request is larger than {limits.body_bytes:,} bytes, which is the limit")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > limits.body_bytes:
            return too_large
        body, is_complete = bytearray(), False
        try:
            async with asyncio.timeout(limits.body_seconds):
                while not is_complete:
                    message = await receive()
                    body += message.get("body", b"")
                    is_complete = not message.get("more_body", False)
                    if len(body) > limits.body_bytes:
                        return too_large
        except TimeoutError:
            return Refusal(408, f"the request was not complete after {limits.body_seconds:g} s")
        return bytes(body)


def is_open(path: str) -> bool:
    """Return whether a path holds nothing but the program's own pages."""
    return path in OPEN_PATHS or path.startswith(STATIC)


def name_host(header: str) -> str:
    """Return the host of a `Host` header, without its port.

    >>> name_host("localhost:8765"), name_host("[::1]:8765"), name_host("evil.example")
    ('localhost', '[::1]', 'evil.example')
    """
    return header.partition("]")[0] + "]" if header.startswith("[") else header.partition(":")[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then whatever comes later: that the client has gone."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _add_headers(send: Send, path: str) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {key.lower() for key, _ in message["headers"]}
            added = ((key.encode(), value.encode()) for key, value in _choose_headers(path))
            message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in known)]
        await send(message)

    return secured


def _choose_headers(path: str) -> Iterable[tuple[str, str]]:
    yield from _HEADERS.items()
    yield "content-security-policy", _EDITOR_POLICY if path in {EDITOR} else _CONTENT_POLICY
    yield "cross-origin-resource-policy", "same-origin"
    yield "cache-control", "max-age=86400" if path.startswith(JSME) else "no-store"


async def _answer(refusal: Refusal, send: Send) -> None:
    content = json.dumps({"error": refusal.message, "field": None}).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(content))), *refusal.headers]
    pairs: list[Any] = [(key.encode(), value.encode()) for key, value in headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})
