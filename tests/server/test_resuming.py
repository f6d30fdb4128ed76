"""A killed server goes on with its runs at the next start; a stopped run keeps what it has found."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.live import serve, wait_for_state, wait_until

pytestmark = pytest.mark.slow

ASKED = {"goals": ["qed >= 0.5", "mw in 150..450"], "n": 20, "strategy": "fast"}


def count_calls(store: Path) -> int:
    if not store.exists():
        return 0
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT COUNT(*) FROM molecules").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def test_killed_and_stopped(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "1") as live, live.open_client() as client:
        run_id = client.post("/generate", json=ASKED | {"budget": 50_000}).json()["id"]
        queued = client.post("/generate", json=ASKED | {"budget": 32}).json()["id"]
        store = live.runs / run_id / "run" / "run.sqlite"
        wait_until(lambda: count_calls(store) > 0, "the run has scored something")
        live.process.send_signal(signal.SIGKILL)
        live.process.wait()
        n_before = count_calls(store)
    with serve(tmp_path, "--workers", "1") as live, live.open_client() as client:
        assert {one["id"] for one in client.get("/runs").json()["runs"]} == {run_id, queued}
        wait_until(lambda: count_calls(store) > n_before, "the run goes on")
        client.post(f"/runs/{run_id}/stop", json={}).raise_for_status()
        final = wait_for_state(client, run_id, ["stopped", "failed", "done"])
        assert final["state"] == "stopped", final["message"]
        assert "hits.csv" in final["files"]
        final = wait_for_state(client, queued, ["done", "failed"])
        assert final["state"] == "done", final["message"]
