"""How to spend the calls of a run: what one costs decides how long to think before it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from moldesign.generation.archive import RunArchive
from moldesign.generation.session import Choice, Session
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.programs import ProgramProperty, Spending
from moldesign.seeding import make_generators

DEAR_SECONDS = 0.25
"""Per call. The thrifty search thinks about as long; it pays from 0.1 to 0.3 s on (`benchmarks/strategies.py`)."""
N_WARM_UP, N_TIMED = 8, 12
"""Molecules scored before time is taken, because a first call loads models and starts programs, and with it."""
_MOST_ROUNDS = 3
"""Of timed molecules: programs may not be run on those of one, because cheap goals are missed."""
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
    choice = judge_cost(timed.seconds, runs_programs=bool(_list_programs(session)))
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


def judge_cost(seconds: float | None, *, runs_programs: bool = False) -> Choice:
    """Return the strategy for calls that take so long each; None where that is not known: programs are dear, as a rule.

    >>> judge_cost(2.0)
    Choice(strategy='thrifty', reason='a call takes 2 s')
    """
    if seconds is None:
        return Choice("thrifty" if runs_programs else "fast", "the time that a call takes could not be measured")
    return Choice("thrifty" if seconds >= DEAR_SECONDS else "fast", f"a call takes {seconds:.2g} s")


class Timed(NamedTuple):
    """What calls take."""

    seconds: float | None
    """Per call; None if nothing was asked, or all was known from a cache of an older version"""
    n_rounds: int


def time_calls(session: Session, oracle: Oracle, n_rounds: int | None = None) -> Timed:
    """Score a few molecules of the untrained policy, and say how long a call took.

    Where there are programs, the molecules count for which one was asked. What a cache answered counts with the time
    that it took when the program was run, so that neither cost nor molecules depend on what is in a cache.

    Args:
        session: of the run; it learns of what is scored.
        oracle: scores them.
        n_rounds: of the first time; without it, as many as it takes until enough was asked.
    """
    written = _write_some(session)
    programs = _list_programs(session)
    batches = [oracle.score(written[:N_WARM_UP])]
    began, n_before, before = time.monotonic(), len(oracle.history), [replace(one.spending) for one in programs]
    for start in range(N_WARM_UP, N_WARM_UP + (n_rounds or _MOST_ROUNDS) * N_TIMED, N_TIMED):
        batches.append(oracle.score(written[start : start + N_TIMED]))
        spent = [one.spending - old for one, old in zip(programs, before, strict=True)]
        n_asked = max((one.n_asked for one in spent), default=len(oracle.history) - n_before)
        if n_rounds is None and (n_asked >= N_TIMED // 2 or not oracle.remaining):
            break
    seconds = _find_cost(time.monotonic() - began, len(oracle.history) - n_before, spent)
    for batch in batches:
        session.judge(batch)
    session.count(batches)
    return Timed(seconds, len(batches) - 1)


def _write_some(session: Session) -> list[str]:
    """Return molecules of the untrained policy that keep the limits; those that break one where there are none."""
    generators = make_generators(session.settings.seed, stream=_STREAM)
    written = session.guide.mode.write(session.guide.learner.prior, generators).smiles
    return session.limits.select_kept(written) or written


def _list_programs(session: Session) -> list[ProgramProperty]:
    """Return the programs of the goals; of goals about the same scores the first, because the others ask a cache."""
    programs = [term.property for term in session.profile.terms if isinstance(term.property, ProgramProperty)]
    return list({one.cache_key: one for one in reversed(programs)}.values())


def _find_cost(seconds: float, n: int, programs: Sequence[Spending]) -> float | None:
    """Return what a call takes, to which each program adds what it takes where it is run.

    Args:
        seconds: that passed while molecules were scored.
        n: how many these were.
        programs: what they spent in this time.
    """
    if n == 0 or (programs and not any(one.n_timed for one in programs)):
        return None
    rest = (seconds - sum(one.waited for one in programs)) / n
    return rest + sum(one.seconds / one.n_timed for one in programs if one.n_timed)
