"""How to spend the calls of a run: what one costs decides how long to think before it."""

import time

from moldesign.generation.archive import RunArchive
from moldesign.generation.session import Choice, Session
from moldesign.objectives.oracle import Oracle
from moldesign.seeding import make_generators

DEAR_SECONDS = 0.25
"""Per call. The thrifty search thinks about as long; it pays from 0.1 to 0.3 s on (`benchmarks/strategies.py`)."""
N_WARM_UP, N_TIMED = 8, 12
"""Molecules scored before time is taken, because a first call loads models and starts programs, and with it."""
_STREAM = 2
"""Random numbers of the timed molecules; those of the run are another stream."""
_STRATEGY, _REASON, _PARALLEL = "strategy", "strategy_reason", "scored_in_parallel"


def choose_strategy(session: Session, oracle: Oracle, archive: RunArchive) -> Choice:
    """Return the strategy that the settings state; else the one that suits what a call costs, measured once in a run.

    The molecules on which it is measured count, and are learned from.
    """
    if session.settings.strategy != "auto":
        return Choice(session.settings.strategy, "as asked for")
    if not session.profile.has_own_scorers:
        return Choice("fast", "bundled predictors and descriptors score a molecule in milliseconds")
    known = archive.read_facts()
    seconds = time_calls(session, oracle) if session.n_batches == 0 else None
    if _STRATEGY in known:
        return Choice(known[_STRATEGY], known[_REASON])
    choice = judge_cost(seconds)
    archive.write_facts({_STRATEGY: choice.strategy, _REASON: choice.reason})
    return choice


def recall_parallel(session: Session, archive: RunArchive) -> int:
    """Return how many molecules are scored at the same time; for a resumed run, as many as where it began.

    The course of a run depends on it, and must not change with the machine on which it goes on.
    """
    known = archive.read_facts()
    if _PARALLEL not in known:
        archive.write_facts({_PARALLEL: str(session.profile.n_parallel)})
    return int(known.get(_PARALLEL, session.profile.n_parallel))


def judge_cost(seconds: float | None) -> Choice:
    """Return the strategy for calls that take so long each; None where that is not known.

    >>> judge_cost(2.0)
    Choice(strategy='thrifty', reason='a call takes 2 s')
    """
    if seconds is None:
        return Choice("fast", "the time that a call takes could not be measured")
    return Choice("thrifty" if seconds >= DEAR_SECONDS else "fast", f"a call takes {seconds:.2g} s")


def time_calls(session: Session, oracle: Oracle) -> float | None:
    """Score a few molecules of the untrained policy; return the seconds per call, or None if nothing was paid."""
    written = session.guide.mode.write(
        session.guide.learner.prior, make_generators(session.settings.seed, stream=_STREAM)
    )
    warm_up = oracle.score(written.smiles[:N_WARM_UP])
    began, n_before = time.monotonic(), len(oracle.history)
    timed = oracle.score(written.smiles[N_WARM_UP : N_WARM_UP + N_TIMED])
    seconds, n_paid = time.monotonic() - began, len(oracle.history) - n_before
    for batch in (warm_up, timed):
        session.judge(batch)
    session.count([warm_up, timed])
    return seconds / n_paid if n_paid else None
