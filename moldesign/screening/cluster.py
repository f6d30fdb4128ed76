"""Screening on a Ray cluster: the tasks of `LocalExecutor`, and its outcomes, from workers on many machines."""

import logging
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from moldesign.errors import ClusterError, ObjectiveError
from moldesign.objectives.ray_pool import MAX_DEATHS, connect
from moldesign.screening.executor import Described, Fall, Outcome, Place, Screened, Task, map_in_order
from moldesign.screening.local import CRASH
from moldesign.screening.remote import RemoteScreener, WorkerNote, describe_setup, pack_models
from moldesign.screening.screener import Screener
from moldesign.screening.settings import ScreeningSettings

_POLL_SECONDS = 0.1
_CALLS_PER_WORKER = 2
"""Tasks that a worker has: the one it works on, and the next, which is on its way meanwhile."""
_TAKEN_PER_WORKER = 3
_MAX_STARTS = 3
"""So many workers in a row may end before they have begun."""
_MAX_TRIES = 4
_PATIENCE = 30.0
"""Seconds without any worker, after which the user is told."""
_CLOSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class _Call(NamedTuple):
    reference: Any
    place: Place | None
    """The task that the worker was sent; None where it was asked to prepare itself."""


@dataclass
class _Worker:
    actor: Any
    calls: deque[_Call] = field(default_factory=deque)
    """In the order in which the worker does them"""
    note: WorkerNote | None = None
    """What it said when it was ready."""


class RayExecutor:
    """Workers on a Ray cluster, one on each core; what a dead one had is given to another.

    Each worker is what `LocalExecutor` is with one process, so that a row that hangs or kills this process is rejected
    on the spot, for the same reason. Where a worker itself ends (its machine fails, or runs out of memory), its tasks
    are done by others; if they end too, the rows are tried one by one, and the one to blame is rejected.

    Models that the profile names by folder are sent. Everything else has to be on every machine: this package, at the
    same versions, which is checked, and what goals of the user's own need (modules, programs, files), in the working
    directory of this process.

    Args:
        screener: what the workers do.
        address: "auto" for a cluster that runs here, "local" to start one of this machine's cores, HOST:PORT, or
            ray://HOST:PORT.
        n_workers: at the most; by default one per core of the cluster, or per machine where goals run programs, which
            use all of its cores.
        row_seconds: processor time for a row.

    Raises:
        ClusterError: Ray is not installed, or no cluster answers.
        UnknownNameError: a model is not there.
    """

    def __init__(
        self, screener: Screener, *, address: str, n_workers: int | None = None, row_seconds: float = 10.0
    ) -> None:
        packed = pack_models(screener.profile.models)
        self._ray, self._address = connect(address), address
        self.n_workers = n_workers or self._count_places(screener)
        self._make = self._ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(RemoteScreener).remote
        models = self._ray.put(packed)
        self._arguments = (screener, models, str(Path.cwd()), list(sys.path), row_seconds)
        self._setup = describe_setup()
        self._workers: list[_Worker] = []
        self._n_vain = 0
        self._waits_since: float | None = None

    @property
    def notes(self) -> list[WorkerNote]:
        """What the workers that are ready have said of themselves."""
        return [worker.note for worker in self._workers if worker.note is not None]

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Yield the outcome of each task, in order; three tasks per worker are taken ahead.

        Raises:
            ObjectiveError: a property cannot be computed, or workers end again and again on a task.
            ClusterError: no worker can be started, they are set up otherwise than this machine, or the cluster fails.
        """
        is_complete = False
        try:
            self._workers += [self._start() for _ in range(self.n_workers - len(self._workers))]
            self._waits_since = time.monotonic()
            yield from map_in_order(tasks, _TAKEN_PER_WORKER * self.n_workers, self._hand_out, self._collect)
            is_complete = True
        except self._ray.exceptions.RayError as error:
            reason = _name_reason(error)
            raise ClusterError(
                f"the Ray cluster at {self._address!r} fails ({reason}); go on with --resume once it is well"
            ) from error
        finally:
            if not is_complete:  # what the workers still do belongs to nobody
                self.close()

    def close(self) -> None:
        """End the workers: those that finish within a few seconds by themselves, the others at once."""
        workers, self._workers = self._workers, []
        ends = [worker.actor.close.remote() for worker in workers if worker.note is not None]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=_CLOSE_SECONDS)
        for worker in workers:
            self._ray.kill(worker.actor)

    def _count_places(self, screener: Screener) -> int:
        if screener.runs_programs:
            return max(1, sum(bool(node["Alive"]) for node in self._ray.nodes()))
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def _start(self) -> _Worker:
        actor = self._make(*self._arguments)
        return _Worker(actor, deque([_Call(actor.prepare.remote(), None)]))

    def _hand_out(self, queue: deque[Place]) -> None:
        ready = [worker for worker in self._workers if worker.note is not None]
        for n_calls in range(_CALLS_PER_WORKER):  # a second task only when everybody has a first one
            for worker in ready:
                if not queue:
                    return
                if len(worker.calls) == n_calls:
                    place = queue.popleft()
                    worker.calls.append(_Call(worker.actor.run.remote(place.task), place))

    def _collect(self, queue: deque[Place]) -> Iterator[tuple[int, Outcome]]:
        """Yield what workers have finished; what a dead one had goes back to the front of the queue."""
        waiting = {worker.calls[0].reference: worker for worker in self._workers if worker.calls}
        for reference in self._wait(list(waiting)):
            worker = waiting[reference]
            try:
                answer = self._ray.get(reference)
            except self._deaths as error:
                queue.extendleft(reversed(self._replace(worker, error)))
                continue
            place = worker.calls.popleft().place
            if isinstance(answer, WorkerNote):
                self._welcome(worker, answer)
            elif not isinstance(answer, Screened | Described):
                raise ObjectiveError(answer)
            elif place is not None:
                yield place.number, answer

    @property
    def _deaths(self) -> tuple[type[Exception], ...]:
        """What is raised for a call whose worker, or whose machine, has ended."""
        known = self._ray.exceptions
        return known.RayActorError, known.ObjectLostError, known.OutOfMemoryError, known.NodeDiedError

    def _wait(self, references: list[Any]) -> list[Any]:
        """Return which calls are over, after a moment at the most."""
        if not references:
            return []
        done, others = self._ray.wait(references, num_returns=1, timeout=_POLL_SECONDS)
        if done and others:
            done += self._ray.wait(others, num_returns=len(others), timeout=0)[0]
        elif self._waits_since is not None and time.monotonic() - self._waits_since > _PATIENCE:
            logger.warning(
                "no worker has begun on the Ray cluster after %g s: its cores are busy with other work, or workers "
                "take long to start; still waiting",
                _PATIENCE,
            )
            self._waits_since = None
        return list(done)

    def _welcome(self, worker: _Worker, note: WorkerNote) -> None:
        """Let a worker have work.

        Raises:
            ClusterError: it would compute something else than this machine, or nothing.
        """
        for name, ours in self._setup.items():
            if (theirs := note.setup.get(name, "nothing")) != ours:
                raise ClusterError(
                    f"the worker on {note.host} has {theirs} of {name}, and this machine {ours}: figures would depend "
                    "on who computes them; install the same versions everywhere, as in one container image"
                )
        if note.problem is not None:
            raise ClusterError(
                f"the worker on {note.host} cannot read the profile: {note.problem}; modules, programs and files of "
                "goals must be on every machine, in the same working directory"
            )
        worker.note, self._n_vain, self._waits_since = note, 0, None

    def _replace(self, worker: _Worker, error: Exception) -> list[Place]:
        """Start another worker in the place of one that has ended; return what this one had to do, in order.

        Raises:
            ClusterError: workers end before they begin.
            ObjectiveError: workers end again and again on a task.
        """
        self._workers.remove(worker)
        self._ray.kill(worker.actor)
        places = [call.place for call in worker.calls if call.place is not None]
        if worker.note is None:
            self._n_vain += 1
            if self._n_vain == _MAX_STARTS:
                raise ClusterError(
                    f"no worker can be started on the Ray cluster at {self._address!r} ({_name_reason(error)}); "
                    "moldesign must be installed on each of its machines, at the same version as here"
                ) from error
        else:
            places[:1] = [self._blame(worker.note.host, place, error) for place in places[:1]]
        self._workers.append(self._start())
        return places

    def _blame(self, host: str, place: Place, error: Exception) -> Place:
        """Return the task on which a worker has ended, to be done again, without the row that is to blame if any is."""
        n_tries, task = place.n_tries + 1, place.task
        logger.warning("the worker on %s ended on %s (%s); another one goes on", host, task.where, _name_reason(error))
        if n_tries >= _MAX_TRIES:
            raise ObjectiveError(
                f"{task.where}: workers of the Ray cluster ended {n_tries} times on these rows, on none of them alone; "
                "memory may be short: use fewer --workers, then go on with --resume"
            )
        if n_tries == MAX_DEATHS and (row := self._find_culprit(task)) is not None:
            logger.warning("%s", task.explain_loss(row, "each worker ends on it"))
            return Place(place.number, task.without(row, Fall(CRASH, "the process that worked on it ended")))
        return Place(place.number, task, n_tries)

    def _find_culprit(self, task: Task) -> int | None:
        """Return the row on which workers end when they try it alone; None where they end on no row."""
        worker, n_deaths = self._start(), 0
        try:
            for row, text in enumerate(task.texts):
                if row in task.falls:
                    continue
                alone, n_deaths = replace(task, texts=[text], falls={}), 0
                while not self._survives(worker, alone):
                    n_deaths += 1
                    if n_deaths == MAX_DEATHS:
                        return row
                    worker = self._start()
        finally:
            self._ray.kill(worker.actor)
        return None

    def _survives(self, worker: _Worker, task: Task) -> bool:
        try:
            self._ray.get(worker.actor.run.remote(task))
        except self._deaths:
            return False
        return True


def start_on_cluster(screener: Screener, settings: ScreeningSettings, *, address: str = "auto") -> RayExecutor:
    """Return the engine of a Ray cluster; see `RayExecutor`.

    Raises:
        ClusterError: Ray is not installed, or no cluster answers at the address.
    """
    return RayExecutor(screener, address=address, n_workers=settings.workers, row_seconds=settings.row_seconds)


def _name_reason(error: Exception) -> str:
    """Return what an error of Ray's says, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{lines[0]} {lines[-1]}"[:300] if len(lines) > 1 else "".join(lines)[:300] or type(error).__name__
