"""A run: a method proposes, the oracle scores, the method is told, until the calls are spent."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.pmo.cells import Protocol, Record
from benchmarks.pmo.figures import describe_run, is_perfect
from benchmarks.pmo.ledger import Ledger
from benchmarks.pmo.methods.method import Entry, Method, ResumableMethod, Start
from benchmarks.pmo.oracles import Oracle
from moldesign.generation.folder import load_checkpoint, save_checkpoint

PATIENCE = 50
"""Batches in a row without a new molecule after which a run ends early; its last value is held."""
SAVE_EVERY = 300.0
"""Seconds between the checkpoints of a method that can be put away."""


class Run:
    """A method on a task, from its beginning or from where it was put away.

    Args:
        entry: the method.
        oracle: of the task.
        start: what the method is given.
        protocol: budget and rules.
        folder: of its checkpoint; without one it cannot be put away.
    """

    def __init__(
        self, entry: Entry, oracle: Oracle, start: Start, protocol: Protocol, folder: Path | None = None
    ) -> None:
        self._entry, self._start, self._folder = entry, start, folder
        self._began = self._saved = time.monotonic()
        self.ledger, self.method = Ledger(oracle, protocol), entry.make(start)
        self._resume()

    @property
    def seconds(self) -> float:
        """Time that the run took so far, in all its parts."""
        return time.monotonic() - self._began

    def play(self, pause_at: int, on_batch: Callable[[int], None]) -> Record:
        """Go on until the end, or until so many calls are spent, and return what there is.

        Args:
            pause_at: calls; the run of a method that can be put away goes on from there the next time.
            on_batch: called after each batch with the number of calls so far.

        Raises:
            ObjectiveError: the oracle gave something that is no score.
        """

        def finish_batch(n_calls: int) -> None:
            on_batch(n_calls)
            if time.monotonic() - self._saved > SAVE_EVERY:
                self._save()

        can_pause = isinstance(self.method, ResumableMethod)
        ended = search(self.method, self.ledger, finish_batch, pause_at=pause_at if can_pause else None)
        if not ended:
            self._save()
        smiles, scores = list(self.ledger.scores), list(self.ledger.scores.values())
        figures = describe_run(smiles, scores, self.ledger.protocol.budget, self._start.library)
        settings = dict(self._entry.settings)
        return Record(settings, smiles, scores, self.seconds, self.ledger.oracle_seconds, figures, ended)

    def _save(self) -> None:
        self._saved = time.monotonic()
        if self._folder is None or not isinstance(self.method, ResumableMethod):
            return
        state: dict[str, Any] = {
            "settings": dict(self._entry.settings),
            "method": self.method.state_dict(),
            "ledger": self.ledger.state_dict(),
            "seconds": self.seconds,
        }
        save_checkpoint(self._folder, self.method.collect_tensors(), state)

    def _resume(self) -> None:
        found = None if self._folder is None else load_checkpoint(self._folder)
        if found is None or not isinstance(self.method, ResumableMethod):
            return
        tensors, state = found
        if not self._entry.has_settings(state["settings"]):
            return
        self.method.load(tensors, state["method"])
        self.ledger.load_state_dict(state["ledger"])
        self._began = time.monotonic() - state["seconds"]


def search(method: Method, ledger: Ledger, on_batch: Callable[[int], None], *, pause_at: int | None = None) -> bool:
    """Let a method propose and observe; return whether it came to an end.

    That is when the budget is spent, when nothing new comes any more, or when the best ten have the highest score there
    is: more calls could not change the figure. Else it stopped because so many calls as `pause_at` were spent.
    """
    idle = 0
    while ledger.remaining and idle < PATIENCE and not is_perfect(ledger.scores.values()):
        if pause_at is not None and len(ledger.scores) >= pause_at:
            return False
        proposed = method.propose(ledger.remaining)
        if not proposed:
            return True
        n_before = ledger.remaining
        method.observe(proposed, ledger.score(proposed))
        idle = 0 if ledger.remaining < n_before else idle + 1
        on_batch(len(ledger.scores))
    return True
