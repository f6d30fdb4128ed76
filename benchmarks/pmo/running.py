"""A run: a method proposes, the oracle scores, the method is told, until the calls are spent."""

import time
from collections.abc import Callable

from benchmarks.pmo.cells import Protocol, Record
from benchmarks.pmo.figures import describe_run
from benchmarks.pmo.ledger import Ledger
from benchmarks.pmo.methods.method import Entry, Method, Start
from benchmarks.pmo.oracles import Oracle

PATIENCE = 50
"""Batches in a row without a new molecule after which a run ends early; its last value is held."""


def run_cell(entry: Entry, oracle: Oracle, start: Start, protocol: Protocol, on_batch: Callable[[int], None]) -> Record:
    """Run a method on a task from its beginning.

    Args:
        entry: the method.
        oracle: of the task.
        start: what the method is given.
        protocol: budget and rules.
        on_batch: called after each batch with the number of calls so far.

    Raises:
        ObjectiveError: the oracle gave something that is no score.
    """
    began = time.monotonic()
    ledger = Ledger(oracle, protocol)
    search(entry.make(start), ledger, on_batch)
    seconds = time.monotonic() - began
    smiles, scores = list(ledger.scores), list(ledger.scores.values())
    figures = describe_run(smiles, scores, protocol.budget, start.library)
    return Record(dict(entry.settings), smiles, scores, seconds, ledger.oracle_seconds, figures)


def search(method: Method, ledger: Ledger, on_batch: Callable[[int], None]) -> None:
    """Let a method propose and observe until the budget is spent, or nothing new comes any more."""
    idle = 0
    while ledger.remaining and idle < PATIENCE:
        proposed = method.propose(ledger.remaining)
        if not proposed:
            return
        n_before = ledger.remaining
        method.observe(proposed, ledger.score(proposed))
        idle = 0 if ledger.remaining < n_before else idle + 1
        on_batch(len(ledger.scores))
