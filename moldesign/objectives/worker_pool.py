"""Several processes of one external program, asked at the same time."""

import weakref
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

from moldesign.objectives.worker import Answer, Worker

CLOSING_SECONDS = 2.0
"""What a program may take to end after its input was closed."""


class WorkerPool:
    """Workers that start as they are needed and stay for the next batch; they end with the pool, or with Python.

    There are threads only while molecules are being scored, because a process with threads cannot fork.

    Args:
        command: program and arguments.
        n_workers: processes at the same time.
        timeout: seconds for one molecule.
        environment: all environment variables of the processes; those of this one without it.
    """

    def __init__(
        self, command: Sequence[str], *, n_workers: int, timeout: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command, self._timeout, self._environment = tuple(command), timeout, environment
        self.n_workers = n_workers
        self._workers: list[Worker] = []
        weakref.finalize(self, _end, self._workers)

    def ask_all(self, smiles: Sequence[str]) -> Generator[tuple[int, Answer]]:
        """Yield row and answer of each molecule as they come; ending the iteration early kills what still runs."""
        n_workers = min(self.n_workers, len(smiles))
        while len(self._workers) < n_workers:
            self._workers.append(Worker(self._command, timeout=self._timeout, environment=self._environment))
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers[:n_workers]:
            idle.put(worker)

        def ask(text: str) -> Answer:
            worker = idle.get()
            try:
                return worker.ask(text)
            finally:
                idle.put(worker)

        threads = ThreadPoolExecutor(max(1, n_workers))
        rows = {threads.submit(ask, text): row for row, text in enumerate(smiles)}
        is_complete = False
        try:
            for future in as_completed(rows):
                yield rows[future], future.result()
            is_complete = True
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            if not is_complete:
                for worker in self._workers:
                    worker.halt()
            threads.shutdown()
            if not is_complete:
                _end(self._workers)

    def close(self) -> None:
        """End the programs: first by closing their input."""
        for worker in self._workers:
            worker.close(CLOSING_SECONDS)
        self._workers.clear()


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.halt()
        worker.bury()
    workers.clear()
