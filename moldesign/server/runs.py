"""Runs on disk: one folder each, made by the server alone, so that a killed server knows what to go on with."""

import json
import re
import secrets
import time
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from moldesign.checkpoint import write_text_atomically
from moldesign.server.errors import NotFoundError

REQUEST_FILE, STATE_FILE, OUTCOME_FILE, LOG_FILE = "request.json", "state.json", "outcome.json", "worker.log"
RESULTS = "run"
"""The folder inside that holds what `moldesign generate` or `moldesign screen` writes."""

DOWNLOADS = {
    "hits.csv": "text/csv",
    "hits.sdf": "chemical/x-mdl-sdfile",
    "profile.toml": "application/toml",
    "audit.json": "application/json",
    "metrics.jsonl": "application/x-ndjson",
    "unscored.csv": "text/csv",
    "hits.csv.rejected.csv": "text/csv",
    "hits.csv.manifest.json": "application/json",
    "report.html": "text/html",
    "hits.csv.report.html": "text/html",
}
"""The files that a client may ask for, and what they are."""

_ID = re.compile(r"\d{8}-[0-9a-f]{12}")

Kind = Literal["generate", "screen"]


class RunState(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    """By the user; what was found is kept."""
    FAILED = "failed"


UNFINISHED = {RunState.QUEUED, RunState.RUNNING, RunState.STOPPING}


@dataclass
class Run:
    """One search or screening."""

    id: str
    kind: Kind
    client: str
    title: str
    state: RunState = RunState.QUEUED
    created: float = field(default_factory=time.time)
    started: float | None = None
    finished: float | None = None
    message: str = ""
    """What the user should know of its end."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in UNFINISHED


class RunStore:
    """All runs of a server.

    Args:
        folder: where their folders lie; made if it is missing.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._runs = {run.id: run for run in sorted(self._read(), key=lambda run: run.created)}

    def create(self, kind: Kind, request: dict[str, Any], client: str) -> Run:
        """Make the folder of a new run; its name is the server's own."""
        run = Run(f"{time.strftime('%Y%m%d')}-{secrets.token_hex(6)}", kind, client, request.get("title", ""))
        self.find_folder(run).mkdir()
        (self.find_folder(run) / REQUEST_FILE).write_text(json.dumps({"kind": kind, **request}), encoding="utf-8")
        self._runs[run.id] = run
        self.save(run)
        return run

    def save(self, run: Run) -> None:
        """Put the state away."""
        write_text_atomically(self.find_folder(run) / STATE_FILE, json.dumps(asdict(run)))

    def find(self, run_id: str) -> Run:
        """Return the run of this name.

        Raises:
            NotFoundError: there is none.
        """
        if run_id not in self._runs:
            raise NotFoundError("there is no such run; GET /runs lists them")
        return self._runs[run_id]

    def find_folder(self, run: Run) -> Path:
        """Return the folder of a run."""
        return self.folder / run.id

    def find_results(self, run: Run) -> Path:
        """Return the folder of what the run writes."""
        return self.folder / run.id / RESULTS

    def find_file(self, run: Run, name: str) -> tuple[Path, str]:
        """Return a file of a run, and its media type.

        Raises:
            NotFoundError: it is no file that a run has, or is not there yet.
        """
        known = next((known for known in DOWNLOADS if known == name), None)
        path = None if known is None else self.find_results(run) / known
        if known is None or path is None or not path.is_file():
            raise NotFoundError(f"this run has no such file; it may have: {', '.join(DOWNLOADS)}")
        return path, DOWNLOADS[known]

    def list_files(self, run: Run) -> list[str]:
        """Return the files that are there."""
        return [name for name in DOWNLOADS if (self.find_results(run) / name).is_file()]

    def read_request(self, run: Run) -> dict[str, Any]:
        """Return what was asked for."""
        request: dict[str, Any] = json.loads((self.find_folder(run) / REQUEST_FILE).read_text(encoding="utf-8"))
        return request

    def list_runs(self) -> list[Run]:
        """Return all runs, the newest last."""
        return list(self._runs.values())

    def _read(self) -> list[Run]:
        known = {one.name for one in fields(Run)}
        runs = []
        for path in self.folder.glob(f"*/{STATE_FILE}"):
            values = {key: value for key, value in json.loads(path.read_text(encoding="utf-8")).items() if key in known}
            if _ID.fullmatch(path.parent.name) and values.get("id") == path.parent.name:
                runs.append(Run(**values | {"state": RunState(values["state"])}))
        return runs
