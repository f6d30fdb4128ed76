"""An external program on the machines of a Ray cluster, asked like the local processes of `WorkerPool`."""

import logging
import math
import os
import socket
import sys
from collections import deque
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from moldesign.errors import ClusterError
from moldesign.objectives.worker import Answer, Worker

MAX_DEATHS = 2
"""So often a molecule may be given to a worker that then dies; it may be the molecule that kills it."""
_REACH_SECONDS = 10.0


_POOLS: "WeakSet[RayPool]" = WeakSet()
"""Of this process: a worker keeps its core of the cluster, also while another program is asked."""


class Pool(Protocol):
    """Processes of a program."""

    n_workers: int
    """How many there are at most at the same time."""

    def ask_all(self, smiles: Sequence[str]) -> Generator[tuple[int, Answer]]:
        """Yield row and answer of each molecule as they come; ending the iteration early kills what still runs."""
        ...

    def close(self) -> None:
        """End the processes."""
        ...


class RemoteWorker:
    """A program on another machine, in the folder and with the modules of the one that asks.

    Args:
        command: program and arguments.
        timeout: seconds for one molecule.
        folder: working directory, which every machine must have at the same place.
    """

    def __init__(self, command: Sequence[str], timeout: float, folder: str) -> None:
        modules = {"PYTHONPATH": os.pathsep.join(path or folder for path in sys.path)}
        self._worker = Worker(command, timeout=timeout, environment=os.environ | modules)
        self._problem = None
        try:
            os.chdir(folder)
        except OSError as error:
            self._problem = f"the folder {folder} cannot be used on {os.uname().nodename}: {error.strerror}"

    def begin(self) -> None:
        """Return once the worker has a core of the cluster."""

    def ask(self, smiles: str) -> Answer:
        """Return the program's score; whatever goes wrong is the answer's error."""
        return self._worker.ask(smiles) if self._problem is None else Answer(math.nan, self._problem)


class RayPool:
    """Workers on a Ray cluster that stay for the next batch; a dead machine's molecules are given to another one.

    Every machine needs the program, this package and the working directory at the same places, as on a shared disk or
    in one container image.

    Args:
        command: program and arguments.
        address: of the cluster, "auto" for the one that runs here, "local" to start one of this machine's cores;
            see `connect`.
        n_workers: processes at the same time, at most one per core of the cluster, which is how many there are
            without it.
        timeout: seconds for one molecule.

    Raises:
        ClusterError: Ray is not installed, or no cluster answers at the address.
    """

    def __init__(self, command: Sequence[str], *, address: str, n_workers: int | None = None, timeout: float) -> None:
        self._ray = connect(address)
        self._n_cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self.n_workers = min(n_workers or self._n_cores, self._n_cores)
        self._make = self._ray.remote(num_cpus=1)(RemoteWorker).remote
        self._arguments = (tuple(command), timeout, str(Path.cwd()))
        self._actors: list[Any] = []
        self._is_asked = False
        self._starting: dict[Any, Any] = {}
        """Workers that have no core yet, by the call that tells when they have"""
        _POOLS.add(self)

    def ask_all(self, smiles: Sequence[str]) -> Generator[tuple[int, Answer]]:
        """Yield row and answer of each molecule as they come; ending the iteration early kills what still runs."""
        self._is_asked = True
        self._start(min(self.n_workers, len(smiles)) - len(self._actors))
        starting = set(self._starting.values())
        waiting, idle = deque(range(len(smiles))), [actor for actor in self._actors if actor not in starting]
        running: dict[Any, tuple[int, Any]] = {}
        deaths: dict[int, int] = {}
        is_complete = False
        try:
            while waiting or running:
                while waiting and idle:
                    row, actor = waiting.popleft(), idle.pop()
                    running[actor.ask.remote(smiles[row])] = row, actor
                [done], _ = self._ray.wait([*running, *(self._starting if waiting else ())], num_returns=1)
                if done in self._starting:
                    idle.append(self._starting.pop(done))
                    continue
                row, actor = running.pop(done)
                answer = self._fetch(done)
                if answer is not None:
                    idle.append(actor)
                else:
                    self._actors.remove(actor)
                    self._start(1)
                    deaths[row] = deaths.get(row, 0) + 1
                    if deaths[row] < MAX_DEATHS:
                        waiting.appendleft(row)
                        continue
                    answer = Answer(math.nan, f"the worker that scored it died, {MAX_DEATHS} times")
                yield row, answer
            is_complete = True
        finally:
            self._is_asked = False
            if not is_complete:
                self.close()

    def close(self) -> None:
        """End the programs."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors.clear()
        self._starting.clear()

    def _start(self, n: int) -> None:
        """Start workers; those of other programs, which are not asked meanwhile, make room for them."""
        if n > 0 and n + sum(len(pool._actors) for pool in _POOLS) > self._n_cores:
            for pool in [pool for pool in _POOLS if not pool._is_asked]:
                pool.close()
        for _ in range(n):
            actor = self._make(*self._arguments)
            self._actors.append(actor)
            self._starting[actor.begin.remote()] = actor

    def _fetch(self, reference: Any) -> Answer | None:
        """Return the answer; None where the worker died."""
        try:
            answer: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayActorError:
            return None
        return answer


def connect(address: str) -> Any:
    """Return the module `ray`, connected to a cluster; where it is connected already, it stays so.

    Args:
        address: "auto" for the cluster that runs here, "local" to start one, HOST:PORT, or ray://HOST:PORT for one
            whose network this machine is not a part of.

    Raises:
        ClusterError: Ray is not installed, or no cluster answers.
    """
    try:
        import ray  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ClusterError("a cluster needs the package 'ray': pip install 'moldesign[ray]'") from error
    if ray.is_initialized():
        return ray
    try:
        _reach(address)
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False)
    except Exception as error:  # Ray raises bare exceptions as well, as for a machine that is too busy to start it
        remedy = "start one with `ray start --head`, or use --address local for the cores of this machine"
        raise ClusterError(f"no Ray cluster answers at {address!r} ({error}); {remedy}") from error
    return ray


def _reach(address: str) -> None:
    """See whether anybody listens at HOST:PORT: Ray itself would wait for minutes, and then end this process.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_REACH_SECONDS).close()
