"""A goal about what an external program says: dear scores, computed in parallel and never twice."""

import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from moldesign.chem.smiles import canonicalize
from moldesign.errors import ClusterError, ProfileError
from moldesign.objectives.callables import DEFAULT_TIMEOUT
from moldesign.objectives.ray_pool import Pool, RayPool
from moldesign.objectives.score_cache import KeptScore, ScoreCache
from moldesign.objectives.success import SuccessRecord, is_lost
from moldesign.objectives.terms import Batch, Evaluation, Property
from moldesign.objectives.worker import Answer
from moldesign.objectives.worker_pool import WorkerPool

_TimedAnswer = tuple[Answer, float | None]
"""With the seconds since the answer before it, so that what several processes do at the same time counts once."""

FEW_MOLECULES = 4
"""A program is not judged by fewer: the first molecules of a run may be ones that cannot be scored."""


@dataclass(frozen=True)
class RunningSettings:
    """How a program is run; nothing here changes its scores."""

    timeout: float = DEFAULT_TIMEOUT
    """Seconds for one molecule; for the first one of a process, its start included."""
    workers: int | None = None
    """Processes at the same time; without it, one per core."""
    cache: str | None = None
    """A file that keeps the scores for other runs."""

    @property
    def n_workers(self) -> int:
        """Processes at the same time."""
        return self.workers or os.cpu_count() or 1


@dataclass
class Spending:
    """What the answers of a program have taken so far, those from a cache included."""

    n_asked: int = 0
    """Molecules with an answer."""
    n_timed: int = 0
    """Those of them of which it is known how long they took when the program was run on them."""
    seconds: float = 0.0
    """What these took."""
    waited: float = 0.0
    """What passed in this process, in which caches may have answered."""

    def take_in(self, seconds: Sequence[float | None], waited: float) -> None:
        """Add the answers of a batch."""
        known = [one for one in seconds if one is not None]
        self.n_asked += len(seconds)
        self.n_timed += len(known)
        self.seconds += sum(known)
        self.waited += waited

    def __sub__(self, earlier: "Spending") -> "Spending":
        """Return what was spent since then."""
        return Spending(
            self.n_asked - earlier.n_asked,
            self.n_timed - earlier.n_timed,
            self.seconds - earlier.seconds,
            self.waited - earlier.waited,
        )


@dataclass(frozen=True)
class ProgramProperty:
    """The number that an external program gives for a molecule.

    The program gets lines `{"id": 1, "smiles": "CCO"}` on standard input and answers each with a line
    `{"id": 1, "score": 0.5}` or `{"id": 1, "error": "why not"}` on standard output. It gets canonical SMILES.
    """

    name: str
    command: tuple[str, ...]
    settings: RunningSettings = RunningSettings()
    key: str = ""
    """What the scores are kept under in a cache: the command, where nothing else is given."""
    low: float = 0.0
    high: float = 1.0
    environment: Mapping[str, str] | None = field(default=None, compare=False, repr=False)
    """All environment variables of the program; those of this process without it."""

    @classmethod
    def parsed(cls, text: str, settings: RunningSettings | None = None) -> "ProgramProperty":
        """Return the property of a command line, split as a shell splits it; no shell runs it.

        Raises:
            ProfileError: it is empty, a quote is not closed, or there is no such program.

        >>> ProgramProperty.parsed("'cat -u'").command
        ('cat', '-u')
        """
        name = f"program({text})"
        try:
            words = shlex.split(text)
            words = shlex.split(words[0]) if len(words) == 1 else words  # the whole command line may be quoted
        except ValueError as error:
            raise ProfileError(f"{name}: {str(error).lower()}; write program(COMMAND ARGUMENT ...)") from error
        return cls.of_command(name, words, settings)

    @classmethod
    def of_command(
        cls, name: str, command: Sequence[str], settings: RunningSettings | None = None
    ) -> "ProgramProperty":
        """Return the property of a program and its arguments.

        Raises:
            ProfileError: there is no such program.
        """
        if not command or not command[0].strip():
            raise ProfileError(f"{name} has an empty command; give the program, then its arguments")
        if shutil.which(command[0]) is None:
            raise ProfileError(f"{name}: there is no program {command[0]!r}; check its path, and that it is executable")
        return cls(name, tuple(command), settings or RunningSettings())

    @classmethod
    def of_module(
        cls,
        name: str,
        module: str,
        argument: str,
        settings: RunningSettings,
        *,
        key: str,
        usual: tuple[float, float] = (0.0, 1.0),
    ) -> "ProgramProperty":
        """Return the property of a module of this package that serves lines of JSON, run by this very Python.

        Args:
            name: what a goal calls it.
            module: full name of the module; it finds other modules where this process does.
            argument: what it is told to score by.
            settings: how it is run.
            key: what its scores are kept under in a cache.
            usual: lower and upper end of its usual range.
        """
        command = (sys.executable, "-P", "-m", module, argument)
        path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
        return cls(name, command, settings, key, *usual, environment=os.environ | {"PYTHONPATH": path})

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return the program's scores; a molecule without one is missing, with the reason.

        Raises:
            ObjectiveError: fewer than half of the molecules that were run have a score, or a cache cannot be written.
        """
        smiles = [canonicalize(mol) for mol in batch.mols]
        with self._lock:
            began = time.monotonic()
            answers = self._recall(list(dict.fromkeys(smiles)))
            answers |= self._run([text for text in dict.fromkeys(smiles) if text not in answers])
            self.spending.take_in([seconds for _, seconds in answers.values()], time.monotonic() - began)
        given = [answers[text][0] for text in smiles]
        reasons = [answer.error and f"{self.name}: {answer.error}" for answer in given]
        return Evaluation(np.array([answer.score for answer in given], dtype=np.float64), missing=reasons)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy begins with: the processes and scores of the original are not its own."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def n_workers(self) -> int:
        """Processes that score molecules at the same time, here or on a cluster."""
        return self._pool.n_workers

    @property
    def cache_key(self) -> str:
        """What its scores are kept under in a cache."""
        return self.key or shlex.join(self.command)

    @cached_property
    def spending(self) -> Spending:
        """What its answers have taken so far."""
        return Spending()

    def remember_in(self, path: Path) -> None:
        """Keep the scores in the table `scores` of an SQLite file, and look for them there first.

        Raises:
            ObjectiveError: it cannot be written, or is another kind of file.
        """
        with self._lock:
            self._caches.insert(0, ScoreCache(path))

    def move_to(self, address: str) -> None:
        """Run the program on a Ray cluster from now on; `workers`, without a number, is every core of it.

        Raises:
            ClusterError: Ray is not installed, or no cluster answers.
        """
        settings = self.settings
        pool = RayPool(self.command, address=address, n_workers=settings.workers, timeout=settings.timeout)
        with self._lock:
            self._end_pool()
            self.__dict__["_pool"] = pool

    def close(self) -> None:
        """End the program's processes, and forget where they ran and the files that scores are kept in."""
        with self._lock:
            self._end_pool()
            for cache in self.__dict__.pop("_caches", ()):
                cache.close()

    def _end_pool(self) -> None:
        pool: Pool | None = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.close()

    @cached_property
    def _lock(self) -> threading.Lock:
        return threading.Lock()

    @cached_property
    def _pool(self) -> Pool:
        settings = self.settings
        return WorkerPool(
            self.command, n_workers=settings.n_workers, timeout=settings.timeout, environment=self.environment
        )

    @cached_property
    def _caches(self) -> list[ScoreCache]:
        return [ScoreCache(":memory:" if self.settings.cache is None else Path(self.settings.cache))]

    @cached_property
    def _record(self) -> SuccessRecord:
        command = shlex.join(self.command)
        who = self.name if command in self.name or self.key else f"{self.name} ({command})"
        return SuccessRecord(who, few=FEW_MOLECULES)

    def _recall(self, smiles: Sequence[str]) -> dict[str, _TimedAnswer]:
        known: dict[str, KeptScore] = {}
        for cache in reversed(self._caches):
            known |= cache.find(self.cache_key, smiles)
        return {text: (Answer(kept.value), kept.seconds) for text, kept in known.items()}

    def _run(self, smiles: Sequence[str]) -> dict[str, _TimedAnswer]:
        answers: dict[str, _TimedAnswer] = {}
        n_failed, last = 0, time.monotonic()
        with closing(self._pool.ask_all(smiles)) as answered:
            for row, answer in answered:
                now = time.monotonic()
                seconds, last = now - last, now
                answers[smiles[row]] = answer, seconds
                n_failed += answer.error is not None
                if answer.error is None:
                    for cache in self._caches:
                        cache.put(self.cache_key, smiles[row], answer.score, seconds)
                elif is_lost(n_failed, len(smiles)):
                    break
        run = [text for text in smiles if text in answers]  # in the order of the batch, whichever came first
        self._record.require_half(run, [answers[text][0].error for text in run])
        return answers


@contextmanager
def open_programs(properties: Iterable[Property], store: Path, cluster: str | None = None) -> Iterator[None]:
    """Keep the scores of the programs among these properties in `store`, and end the programs with the block.

    Args:
        properties: programs and others.
        store: an SQLite file.
        cluster: address of a Ray cluster on which the programs are run; without it, on this machine.

    Raises:
        ObjectiveError: the store, or a cache that a goal names, cannot be used.
        ClusterError: the cluster cannot be used.
    """
    programs = {id(one): one for one in properties if isinstance(one, ProgramProperty)}.values()
    if cluster is not None and not programs:
        raise ClusterError(
            "no goal has anything to do for a cluster: programs, docking and functions called expensive are computed "
            "there, predictors and properties here; leave the cluster out"
        )
    try:
        for program in programs:
            program.remember_in(store)
            if cluster is not None:
                program.move_to(cluster)
        yield
    finally:
        for program in programs:
            program.close()
