"""Worker processes that answer tasks, are killed when they take too long, and are replaced when they die."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from moldesign.server.errors import BadFieldError, BusyError, ServingError, TooManyError, TooSlowError
from moldesign.server.settings import Limits

_LONGEST_LINE = 64 * 2**20
_START_SECONDS = 600.0

logger = logging.getLogger(__name__)


class DeadWorkerError(ServingError):
    """The process ended in the middle of a task."""


class Worker:
    """One process; it answers one task after the other."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self._command = (sys.executable, "-m", "moldesign.server.task_worker", json.dumps(dict(models)))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process and wait until its models are loaded.

        Raises:
            DeadWorkerError: it ended before.
            TooSlowError: it takes minutes.
        """
        pipe = asyncio.subprocess.PIPE
        # In a session of its own: Ctrl-C ends the server, and the server its workers.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=pipe,
            stdout=pipe,
            limit=_LONGEST_LINE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        await self._read(_START_SECONDS)

    async def ask(self, task: str, arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        """Return the result of a task.

        Raises:
            BadFieldError: an argument cannot be used.
            TooSlowError: the time is over; the process is killed.
            DeadWorkerError: the process has died.
            ServingError: the task failed inside.
        """
        if self._process is None or self._process.stdin is None:
            raise DeadWorkerError("a worker was asked before it had started")
        try:
            question = {"task": task, "arguments": dict(arguments), "seconds": limits.task_seconds}
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise DeadWorkerError("a worker process has died; ask again") from error
        answer = await self._read(limits.answer_seconds)
        if "result" in answer:
            return dict(answer["result"])
        if "fault" in answer:
            raise ServingError(answer["fault"])
        raise BadFieldError(answer["error"], answer["field"])

    async def stop(self) -> None:
        """Kill the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def is_alive(self) -> bool:
        """Whether the process can be asked."""
        return self._process is not None and self._process.returncode is None

    async def _read(self, seconds: float) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise DeadWorkerError("a worker was asked before it had started")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        except TimeoutError as error:
            await self.stop()
            raise TooSlowError(f"this takes longer than {seconds:g} s, which is the limit") from error
        except asyncio.CancelledError:
            await self.stop()  # its answer would be taken for that of the next task
            raise
        if not line:
            code = await self._process.wait()
            if sys.platform != "win32" and code == -signal.SIGPROF:
                raise TooSlowError("this takes more processor time than is allowed for one request")
            raise DeadWorkerError("a worker process has died over this request")
        answer: dict[str, Any] = json.loads(line)
        return answer


class WorkerPool:
    """Some workers, shared fairly: one client alone cannot keep all of them busy.

    Args:
        models: what the workers serve, as `Tasks` takes it.
        n: how many there are.
        limits: of time and of waiting requests.
    """

    def __init__(self, models: Mapping[str, str], n: int, limits: Limits) -> None:
        self.limits = limits
        self._workers = [Worker(models) for _ in range(n)]
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        self._most_per_client = max(1, n - 1)
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._n_waiting: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start every worker, and wait for the first one.

        Raises:
            ServingError: it cannot be started.
        """
        starts = [asyncio.create_task(self._start(worker)) for worker in self._workers]
        first, others = await asyncio.wait(starts, return_when=asyncio.FIRST_COMPLETED)
        self._tasks.update(others)
        for start in first:
            start.result()

    async def close(self) -> None:
        """End every worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def run(self, task: str, arguments: Mapping[str, Any], client: str) -> dict[str, Any]:
        """Return the result of a task, when it is the client's turn.

        Raises:
            ServingError: as `Worker.ask`.
            BusyError: too many requests wait already.
            TooManyError: too many of this client do.
        """
        if self._n_waiting.total() >= self.limits.waiting:
            raise BusyError(f"{self.limits.waiting} requests are waiting already; try again in a few seconds")
        if self._n_waiting[client] >= self.limits.waiting // 4:
            raise TooManyError("too many of your requests are waiting already; wait for their answers")
        turn = self._turns.setdefault(client, asyncio.Semaphore(self._most_per_client))
        self._n_waiting[client] += 1
        try:
            async with turn, self.lease() as worker:
                return await worker.ask(task, arguments, self.limits)
        finally:
            self._n_waiting[client] -= 1
            if not self._n_waiting[client]:
                del self._n_waiting[client], self._turns[client]

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Worker]:
        """Yield an idle worker; one that has died in the block is replaced."""
        worker = await self._idle.get()
        try:
            yield worker
        finally:
            if worker.is_alive:
                self._idle.put_nowait(worker)
            else:
                repair = asyncio.create_task(self._repair(worker))
                self._tasks.add(repair)
                repair.add_done_callback(self._tasks.discard)

    async def _start(self, worker: Worker) -> None:
        await worker.start()
        self._idle.put_nowait(worker)

    async def _repair(self, worker: Worker) -> None:
        logger.warning("a worker process was lost; another one is started")
        for pause in (0.0, 1.0, 10.0, 60.0):
            await asyncio.sleep(pause)
            try:
                await self._start(worker)
            except ServingError as error:
                logger.warning("a worker process does not start: %s", error)
            else:
                return
        logger.error("a worker process could not be started again; the server has one less")
