"""A real server with the bundled models, in a process of its own, as a user starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.conftest import ROOT

PATIENCE = 400.0
"""Seconds; models load slowly on a busy machine."""


class Live(NamedTuple):
    """Where a running server is found."""

    url: str
    process: "subprocess.Popen[bytes]"
    runs: Path

    def open_client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60.0, **options)


def find_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Live]:
    """Start `moldesign serve` and wait until it answers; end it, and what it has started, afterwards."""
    port, runs = find_port(), folder / "runs"
    command = (sys.executable, "-m", "moldesign", "serve", "--port", str(port), "--runs", str(runs), *options)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    live = Live(f"http://127.0.0.1:{port}", process, runs)
    try:
        wait_until(lambda: answers(live), f"the server answers; its log: {folder / 'server.log'}")
        yield live
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(live: Live) -> bool:
    assert live.process.poll() is None, "the server has ended"
    try:
        return httpx.get(live.url).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(is_true: Any, what: str, patience: float = PATIENCE) -> None:
    """Ask again and again until it is true.

    Raises:
        AssertionError: it never was; says what was waited for.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if is_true():
            return
        time.sleep(0.2)
    raise AssertionError(f"waited {patience:g} s in vain until {what}")


def wait_for_state(client: httpx.Client, run_id: str, states: Sequence[str]) -> dict[str, Any]:
    """Return the run as soon as it is in one of the states."""
    found: dict[str, Any] = {}

    def look() -> bool:
        found.update(client.get(f"/runs/{run_id}").json())
        return found["state"] in states

    wait_until(look, f"the run is {' or '.join(states)}")
    return found
