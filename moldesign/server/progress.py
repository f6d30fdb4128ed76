"""How a run is doing, read from its folder while its process writes there, and sent to whoever watches."""

import asyncio
import csv
import json
import sqlite3
import tomllib
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

from moldesign.server.runs import Run, RunStore

STORE_FILE, METRICS_FILE, PROFILE_FILE, HITS_FILE = "run.sqlite", "metrics.jsonl", "profile.toml", "hits.csv"
MANIFEST_FILE = f"{HITS_FILE}.manifest.json"
POLL_SECONDS = 0.5
HEARTBEAT_POLLS = 20
MOST_HITS = 50
"""Hits that are sent at once."""
_TAIL_BYTES = 4096

Hit = dict[str, Any]


def read_progress(results: Path) -> dict[str, Any] | None:
    """Return the last line of `metrics.jsonl`; None before the first one."""
    path = results / METRICS_FILE
    if not path.exists():
        return None
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = handle.read().decode(errors="replace").split("\n")[:-1]  # the last one may be half written
    if not lines:
        return None
    progress: dict[str, Any] = json.loads(lines[-1])
    return progress


def read_threshold(results: Path) -> float:
    """Return the score of a hit."""
    path = results / PROFILE_FILE
    return float(tomllib.loads(path.read_text(encoding="utf-8"))["threshold"]) if path.exists() else 0.5


def read_new_hits(results: Path, after_call: int, threshold: float, n: int = MOST_HITS) -> list[Hit]:
    """Return the hits scored after a call, in that order: call, smiles, score, and per goal its value and its score."""
    path = results / STORE_FILE
    if not path.exists():
        return []
    query = (
        "SELECT call, smiles, total, raw, terms, source FROM molecules "
        "WHERE call > ? AND total >= ? ORDER BY call LIMIT ?"
    )
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as store:
        try:
            rows = store.execute(query, (after_call, threshold, n)).fetchall()
        except sqlite3.OperationalError:  # the run has opened its store this very moment
            return []
    keys = ("call", "smiles", "score", "values", "scores", "source")
    hits = [dict(zip(keys, row, strict=True)) for row in rows]
    return [hit | {"values": json.loads(hit["values"]), "scores": json.loads(hit["scores"])} for hit in hits]


def read_final_hits(results: Path, n: int) -> list[dict[str, str]]:
    """Return the rows of `hits.csv`, the best ones first; none where the file is not there."""
    path = results / HITS_FILE
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return [row for _, row in zip(range(n), csv.DictReader(handle), strict=False)]


def read_counts(results: Path) -> dict[str, Any] | None:
    """Return how many rows of a finished screening fell at which filter; None of anything else."""
    path = results / MANIFEST_FILE
    if not path.exists():
        return None
    counts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["counts"]
    return counts


async def follow(store: RunStore, run: Run, after_call: int) -> AsyncIterator[str]:
    """Yield server-sent events until the run has ended: `state`, `progress`, `hits`.

    Each `hits` event has the number of its last call as its id, from which a reader that was cut off can go on.
    """
    results, told, shown, last_call, quiet = store.find_results(run), "", None, after_call, 0
    while True:
        is_last = run.is_finished
        events = []
        if told != (told := f"{run.state} {run.message}"):
            events.append(format_event("state", describe_run(store, run)))
        progress = await asyncio.to_thread(read_progress, results)
        if progress is not None and progress != shown:
            events.append(format_event("progress", progress))
            shown = progress
        hits = await asyncio.to_thread(_read_hits, results, last_call)
        if hits:
            last_call = hits[-1]["call"]
            events.append(format_event("hits", hits, last_call))
        for event in events:
            yield event
        if is_last and not hits:
            return
        quiet = 0 if events else quiet + 1
        if quiet and quiet % HEARTBEAT_POLLS == 0:
            yield ": still there\n\n"
        if len(hits) < MOST_HITS:
            await asyncio.sleep(POLL_SECONDS)


def describe_run(store: RunStore, run: Run) -> dict[str, Any]:
    """Return what a client may know of a run."""
    return {
        "id": run.id,
        "kind": run.kind,
        "title": run.title,
        "state": run.state,
        "message": run.message,
        "created": run.created,
        "started": run.started,
        "finished": run.finished,
        "files": store.list_files(run),
    }


def format_event(name: str, content: Any, event_id: int | None = None) -> str:
    """Return a server-sent event.

    >>> format_event("state", {"state": "done"}, 7)
    'id: 7\\nevent: state\\ndata: {"state": "done"}\\n\\n'
    """
    head = "" if event_id is None else f"id: {event_id}\n"
    return f"{head}event: {name}\ndata: {json.dumps(content)}\n\n"


def _read_hits(results: Path, last_call: int) -> list[Hit]:
    return read_new_hits(results, last_call, read_threshold(results))
