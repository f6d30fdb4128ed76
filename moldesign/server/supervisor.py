"""Starts the runs, a few at a time, stops them, and goes on with those that a killed server left behind."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from moldesign.server.errors import BadFieldError, TooManyError
from moldesign.server.runs import LOG_FILE, OUTCOME_FILE, Kind, Run, RunState, RunStore
from moldesign.server.settings import Limits

_GRACE_SECONDS = 60.0
"""For a run that is stopped, or whose time is over, to write its hits."""

logger = logging.getLogger(__name__)


class Supervisor:
    """Runs as processes; a client's second run waits while others have none.

    Args:
        store: where they lie.
        limits: how many there may be, and how long.
        models: folders of further models.
    """

    def __init__(self, store: RunStore, limits: Limits, models: Sequence[str] = ()) -> None:
        self.store, self.limits, self._models = store, limits, list(models)
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False

    def start(self) -> None:
        """Queue again what was not finished."""
        for run in self.store.list_runs():
            if run.state is RunState.STOPPING:
                self._finish(run, {"state": RunState.STOPPED, "message": "stopped"})
            elif not run.is_finished:
                run.state = RunState.QUEUED
                self.store.save(run)
        self._fill()

    async def close(self) -> None:
        """End all processes; the next server resumes their runs."""
        self._is_closing = True
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*self._watches.values())

    def submit(self, kind: Kind, request: dict[str, Any], client: str) -> Run:
        """Queue a run.

        Raises:
            TooManyError: the client has too many unfinished ones.
        """
        n_open = sum(run.client == client and not run.is_finished for run in self.store.list_runs())
        if n_open >= self.limits.runs_per_client:
            raise TooManyError(f"you have {n_open} unfinished runs; stop one, or wait until one ends")
        run = self.store.create(kind, request, client)
        self._fill()
        return run

    def stop(self, run: Run) -> None:
        """Let a run end and write what it has found.

        Raises:
            BadFieldError: it has ended already.
        """
        if run.is_finished:
            raise BadFieldError(f"the run has ended already: {run.state}", "run_id")
        if (process := self._processes.get(run.id)) is None:
            self._finish(run, {"state": RunState.STOPPED, "message": "stopped before it began"})
            return
        run.state = RunState.STOPPING
        self.store.save(run)
        process.send_signal(signal.SIGINT)
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, _kill, process)

    def _fill(self) -> None:
        while not self._is_closing and len(self._watches) < self.limits.runs_at_once and (run := self._choose()):
            run.state, run.started = RunState.RUNNING, run.started or time.time()
            self.store.save(run)
            self._watches[run.id] = asyncio.create_task(self._watch(run))

    def _choose(self) -> Run | None:
        """Return the first queued run of the client that has the fewest running."""
        queued = [run for run in self.store.list_runs() if run.state is RunState.QUEUED]
        running = Counter(self.store.find(run_id).client for run_id in self._watches)
        return min(queued, key=lambda run: (running[run.client], run.created), default=None)

    async def _watch(self, run: Run) -> None:
        try:
            outcome = await self._execute(run)
        except OSError as error:
            logger.exception("the run %s cannot be started", run.id)
            outcome = {"state": RunState.FAILED, "message": f"the run cannot be started: {error}"}
        finally:
            self._processes.pop(run.id, None)
            self._watches.pop(run.id, None)
        if not self._is_closing:
            self._finish(run, outcome)
            self._fill()

    async def _execute(self, run: Run) -> dict[str, Any]:
        """Start the process of a run and wait until it ends; return what it says of its end."""
        folder = self.store.find_folder(run)
        seconds = self.limits.run_seconds
        command = (sys.executable, "-m", "moldesign.server.run_worker", str(folder), json.dumps(self._models))
        with (folder / LOG_FILE).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(seconds),
                stdin=asyncio.subprocess.PIPE,  # its end tells the process that the server has gone
                stdout=log,
                stderr=log,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        self._processes[run.id] = process
        try:
            await asyncio.wait_for(process.wait(), seconds + _GRACE_SECONDS)
        except TimeoutError:
            _kill(process)
            await process.wait()
            return {"state": RunState.FAILED, "message": f"the run took longer than {seconds:g} s and was ended"}
        outcome = folder / OUTCOME_FILE
        if outcome.exists():
            told: dict[str, Any] = json.loads(outcome.read_text(encoding="utf-8"))
            return told
        if run.state is RunState.STOPPING:
            return {"state": RunState.STOPPED, "message": "stopped; it did not end by itself"}
        return {"state": RunState.FAILED, "message": f"the process of the run died (exit code {process.returncode})"}

    def _finish(self, run: Run, outcome: dict[str, Any]) -> None:
        run.state, run.message, run.finished = RunState(outcome["state"]), outcome["message"], time.time()
        self.store.save(run)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
