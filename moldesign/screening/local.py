"""This machine's engine: worker processes that are watched, and replaced where a molecule hangs or kills one."""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from moldesign.errors import MoldesignError, ObjectiveError
from moldesign.predictors.allocation import keep_freed_memory
from moldesign.screening.executor import Described, Fall, Outcome, Place, Screened, Task, map_in_order
from moldesign.screening.marking import TOGETHER, SharedMarker, read_cpu_seconds
from moldesign.screening.screener import Screener

TOO_SLOW, CRASH = "takes RDKit too long", "ends the process"

_POLL_SECONDS = 0.1
_TOGETHER_SECONDS = 0.05
"""Per row of a chunk, besides those for one row: for work on many rows at once, ten times what it takes."""
_LONGEST_WAIT = 1.0
"""Seconds that count between two looks at a worker: this process may have been suspended meanwhile."""
_WAIT_FACTOR = 30
"""A worker that computes nothing is given so many times longer: it may wait for a processor, or for ever."""
_MAX_TRIES = 3
_QUEUED_PER_WORKER = 3

logger = logging.getLogger(__name__)


@dataclass
class _Worker:
    process: Any
    connection: Connection
    marker: SharedMarker
    place: Place | None = None
    mark_number: int = 0
    waited: float = 0.0
    """Seconds without a new mark"""


class LocalExecutor:
    """Worker processes on this machine; they are forked where that is safe, and started anew elsewhere.

    Each works on one thread. A row on which a process spends more than `row_seconds` of processor time, or dies, is
    rejected: the process is replaced, and the task done again without the row.

    Args:
        screener: what the workers do.
        n_workers: processes; by default one per core that this process may use.
        row_seconds: time for a row.
        start_method: how processes are started, as `multiprocessing` calls it.
    """

    def __init__(
        self,
        screener: Screener,
        n_workers: int | None = None,
        *,
        row_seconds: float = 10.0,
        start_method: str | None = None,
    ) -> None:
        self._screener, self._row_seconds = screener, row_seconds
        self._n_workers = n_workers or (1 if screener.runs_programs else count_cores())
        self._context = choose_context(start_method)
        self._workers: list[_Worker] = []
        self._has_frozen = False
        self._last_look = time.monotonic()

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Yield the outcome of each task, in order; three tasks per worker are taken ahead.

        Raises:
            ObjectiveError: a property cannot be computed, or a task ends its process again and again.
        """
        n_ahead = _QUEUED_PER_WORKER * self._n_workers
        return map_in_order(tasks, n_ahead, self._hand_out, self._collect)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []
        if self._has_frozen:
            gc.unfreeze()
            self._has_frozen = False

    def _hand_out(self, queue: deque[Place]) -> None:
        while queue:
            idle = next((worker for worker in self._workers if worker.place is None), None)
            if idle is None and len(self._workers) < self._n_workers:
                idle = self._start()
                self._workers.append(idle)
            if idle is None:
                return
            idle.place = queue.popleft()
            idle.marker(TOGETHER, is_limited=False)  # it marks what it does itself, on its own clock
            try:
                idle.connection.send(idle.place.task)
            except OSError:  # it has just died; the next look at it finds out
                return

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        cells = self._context.RawArray("d", 4)
        foreign: list[Connection] = []
        if self._context.get_start_method() == "fork":
            import moldesign.graphs.geometric  # noqa: F401, PLC0415  hits need a model: what is read is shared

            self._screener.warm_up()
            foreign = [ours, *(worker.connection for worker in self._workers)]
        self._freeze()
        process = self._context.Process(target=_work, args=(theirs, foreign, cells, self._screener), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, SharedMarker(cells))

    def _freeze(self) -> None:
        """Spare the garbage collector what is there already, mostly modules and models, until the workers end.

        It would look at all of it every few hundred thousand rows, for half as long as all of these rows take, and
        fetch for itself each page that a forked worker shares.
        """
        if gc.get_freeze_count() == 0:  # otherwise somebody else has said what is spared
            gc.freeze()
            self._has_frozen = True

    def _collect(self, queue: deque[Place]) -> Iterator[tuple[int, Outcome]]:
        """Yield what workers have finished; what a worker cannot finish goes back to the front of the queue."""
        busy = {worker.connection: worker for worker in self._workers if worker.place is not None}
        for ready in wait(list(busy), timeout=_POLL_SECONDS):
            worker = busy.pop(ready)  # type: ignore[call-overload]
            try:
                answer = worker.connection.recv()
            except (EOFError, OSError):
                queue.appendleft(self._replace(worker, CRASH, "the process that worked on it ended"))
                continue
            if not isinstance(answer, Screened | Described):
                raise ObjectiveError(answer)
            if (place := worker.place) is not None:
                worker.place = None
                yield place.number, answer
        now = time.monotonic()
        if now - self._last_look < _POLL_SECONDS:  # to look at a worker takes longer than to wait for it
            return
        seconds, self._last_look = min(now - self._last_look, _LONGEST_WAIT), now
        for worker in busy.values():
            if self._is_stuck(worker, seconds):
                reason = f"RDKit spent more than {self._row_seconds:g} s on it"
                queue.appendleft(self._replace(worker, TOO_SLOW, reason))

    def _is_stuck(self, worker: _Worker, seconds: float) -> bool:
        """Say whether a worker spends too much time on one thing, so many seconds after it was asked last."""
        mark = worker.marker.read()
        worker.waited = worker.waited + seconds if mark.number == worker.mark_number else 0.0
        worker.mark_number = mark.number
        if not mark.is_limited or worker.place is None:
            return False
        limit = self._row_seconds
        if mark.row == TOGETHER:
            limit += _TOGETHER_SECONDS * len(worker.place.task.texts)
        total = read_cpu_seconds(worker.process.pid)
        spent = worker.waited if total is None else total - mark.cpu_seconds
        return spent > limit or worker.waited > _WAIT_FACTOR * limit

    def _replace(self, worker: _Worker, name: str, reason: str) -> Place:
        """End a worker; return its task, less the row that is to blame, or marked as doubtful where that is unknown."""
        row = worker.marker.read().row
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        place = worker.place
        if place is None:
            raise ObjectiveError("a worker process ended before it got any work; see the messages above")
        if row >= 0:
            logger.warning("%s", place.task.explain_loss(row, reason))
            return Place(place.number, place.task.without(row, Fall(name, reason)))
        if place.n_tries + 1 >= _MAX_TRIES:
            raise ObjectiveError(
                f"{place.task.where}: the worker process ended {_MAX_TRIES} times on these rows, on none of them "
                "alone; memory may be short: use fewer --workers, then go on with --resume"
            )
        return Place(place.number, replace(place.task, is_doubtful=True), place.n_tries + 1)


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def choose_context(start_method: str | None = None) -> Any:
    """Return how processes are started: as is said, or forked, if no other thread of Python could hold a lock."""
    can_fork = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context(start_method or ("fork" if can_fork else "spawn"))


def _work(connection: Connection, foreign: list[Connection], cells: Any, screener: Screener) -> None:
    """Do tasks until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the parent, and the parent its children
    keep_freed_memory()
    for other in foreign:  # a forked process inherits them, and would keep its siblings waiting for a dead parent
        other.close()
    mark = SharedMarker(cells)
    mark(TOGETHER, is_limited=False)
    try:
        screener.warm_up()
        gc.freeze()
        while True:
            task = connection.recv()
            _limit_threads()
            connection.send(_answer(screener, task, mark))
    except (EOFError, OSError):  # the parent has ended, or wants no more
        screener.close()


def _limit_threads() -> None:
    """Let torch use one thread, where something has read it; reading it takes longer than a task without a network."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def _answer(screener: Screener, task: Task, mark: SharedMarker) -> Outcome | str:
    """Do a task; return why it cannot be done as text, because not every exception can be sent."""
    try:
        return screener.run(task, mark)
    except MoldesignError as error:
        return str(error)
    except Exception:
        return f"{task.where}: an error that should not happen: {traceback.format_exc()}"
