"""How to spend the calls of a run: what one costs decides how long to think before it."""

import time
from typing import NamedTuple

from moldesign.generation.archive import RunArchive
from moldesign.generation.session import Choice, Session
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.programs import ProgramProperty
from moldesign.seeding import make_generators

DEAR_SECONDS = 0.25
"""Per call. The thrifty search thinks about as long; it pays from 0.1 to 0.3 s on (`benchmarks/strategies.py`)."""
N_WARM_UP, N_TIMED = 8, 12
"""Molecules scored before time is taken, because a first call loads models and starts programs, and with it."""
_MOST_ROUNDS = 3
"""Of timed molecules: programs may know those of one from a cache, or not be run because cheap goals are missed."""
_STREAM = 2
"""Random numbers of the timed molecules; those of the run are another stream."""
_STRATEGY, _REASON, _ROUNDS, _PARALLEL = "strategy", "strategy_reason", "timed_rounds", "scored_in_parallel"


def choose_strategy(session: Session, oracle: Oracle, archive: RunArchive) -> Choice:
    """Return the strategy that the settings state; else the one that suits what a call costs, measured once in a run.

    The molecules on which it is measured count, and are learned from.
    """
    if session.settings.strategy != "auto":
        return Choice(session.settings.strategy, "as asked for")
    if not session.profile.has_own_scorers:
        return Choice("fast", "bundled predictors and descriptors score a molecule in milliseconds")
    known = archive.read_facts()
    if _STRATEGY in known:
        if session.n_batches == 0:  # what was scored for it is learned from again
            time_calls(session, oracle, n_rounds=int(known.get(_ROUNDS, 1)))
        return Choice(known[_STRATEGY], known[_REASON])
    timed = time_calls(session, oracle)
    choice = judge_cost(timed.seconds)
    archive.write_facts({_STRATEGY: choice.strategy, _REASON: choice.reason, _ROUNDS: str(timed.n_rounds)})
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


class Timed(NamedTuple):
    """What calls take."""

    seconds: float | None
    """Per call; None if nothing was asked"""
    n_rounds: int


def time_calls(session: Session, oracle: Oracle, n_rounds: int | None = None) -> Timed:
    """Score a few molecules of the untrained policy, and say how long a call took.

    Where there are programs, the molecules count for which one was run.

    Args:
        session: of the run; it learns of what is scored.
        oracle: scores them.
        n_rounds: of the first time; without it, as many as it takes until enough was asked.
    """
    written = session.guide.mode.write(
        session.guide.learner.prior, make_generators(session.settings.seed, stream=_STREAM)
    )
    batches = [oracle.score(written.smiles[:N_WARM_UP])]
    began, n_before, n_asked = time.monotonic(), _count_asked(session, oracle), 0
    for start in range(N_WARM_UP, N_WARM_UP + (n_rounds or _MOST_ROUNDS) * N_TIMED, N_TIMED):
        batches.append(oracle.score(written.smiles[start : start + N_TIMED]))
        n_asked = _count_asked(session, oracle) - n_before
        if n_rounds is None and n_asked >= N_TIMED // 2:
            break
    seconds = time.monotonic() - began
    for batch in batches:
        session.judge(batch)
    session.count(batches)
    return Timed(seconds / n_asked if n_asked else None, len(batches) - 1)


def _count_asked(session: Session, oracle: Oracle) -> int:
    scorers = [term.property for term in session.profile.terms]
    return max((one.n_run for one in scorers if isinstance(one, ProgramProperty)), default=len(oracle.history))
