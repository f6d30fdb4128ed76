"""What can be chosen about the server, and the limits that keep one user from harming another."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8765


@dataclass(frozen=True)
class Limits:
    """Of size, rate and time; what exceeds one is refused with a status that says which."""

    body_bytes: int = 2 * 2**20
    """Of a request (413)."""
    body_seconds: float = 20.0
    """For a client to send a request (408)."""
    requests_per_second: float = 50.0
    """Of one client address, over time (429)."""
    burst: int = 200
    """Requests of one client address at once (429)."""
    task_seconds: float = 20.0
    """Processor time for a prediction, an explanation, a drawing (504)."""
    answer_seconds: float = 120.0
    """For the same by the clock, on a busy machine or one that does not measure processor time (504)."""
    waiting: int = 500
    """Requests that may wait for a worker (503)."""
    streams_per_client: int = 8
    """Runs that one client may watch at once (429)."""
    runs_at_once: int = 2
    runs_per_client: int = 10
    """Queued and running ones of one client address (429)."""
    run_seconds: float = 3600.0
    """For a run, after which it ends with what it has."""


@dataclass(frozen=True)
class ServerSettings:
    """Where the server listens, where its runs lie, and what it serves."""

    runs: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: str | None = None
    """What a client must know; None where only this machine can ask."""
    models: tuple[str, ...] = ()
    """Model folders, besides the bundled predictors."""
    workers: int = 2
    """Processes that predict, explain and draw."""
    log_predictions: bool = True
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether a name or address means this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "chem.example.org")]
    [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
