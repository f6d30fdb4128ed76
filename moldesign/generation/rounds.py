"""How a run spends its calls round by round: fast where calls are cheap, thrifty where each one counts."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moldesign.generation.engine import POLICY, SEARCH, Engine
from moldesign.generation.session import Judgement, Rounds, Session
from moldesign.objectives.oracle import Oracle, OracleBatch
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.genetic import Breeder
from moldesign.search.thrifty import ThriftySearch, ThriftySettings
from moldesign.seeding import make_generators

logger = logging.getLogger(__name__)

SPARE_CHILDREN = 3
"""Children that are bred for each one that is scored, where a limit may forbid some."""
TELLING_SHARE = 0.25
"""Of a batch that must keep the limits before it tells whether the policy has collapsed."""
_LIBRARY_STREAM = 1
"""Random numbers of the library; those of the run are another stream."""


class FastRounds:
    """Large batches of the policy, and children of the best molecules so far beside them.

    Children join the memory, from which the policy learns what it has not written itself. Molecules that must keep a
    scaffold or two ends have no children: crossover would cut these.

    Args:
        session: whose molecules breed.
    """

    def __init__(self, session: Session) -> None:
        self._n_children = 0 if session.keeps_piece else session.settings.n_children
        self._n_most = session.settings.batch_size + self._n_children
        self._limits = session.limits
        self._breeder = Breeder()
        self._has_warned = False

    def play(self, session: Session, oracle: Oracle) -> list[OracleBatch]:
        """Score and learn a batch of the policy; score children, and let the policy learn the best of all again.

        No call is spent on what breaks a limit that its structure alone can tell; the policy earns nothing by it.
        Of the round that spends the budget nothing is learned: with a larger one it is played again, see `may_be_cut`.
        """
        written = session.guide.write()
        is_kept = self._limits.are_kept(written.smiles)
        scored = oracle.score(written.smiles, source=POLICY, is_wanted=is_kept)
        self._warn_of_limits(written.smiles, is_kept, scored)
        rewards = np.where(is_kept, session.judge(scored).rewards, np.float32(0))
        bred = oracle.score(self._breed(session, oracle), source=SEARCH)
        session.judge(bred)
        session.count([scored, bred], written=scored if is_kept.sum() >= TELLING_SHARE * len(is_kept) else None)
        if not session.has_spent(oracle):
            session.report = session.guide.learn(written, rewards) or session.report
            session.guide.repeat(session.settings.n_replays)
        session.stopper.finish_batch(session.guide.learner)
        return [scored]

    def may_be_cut(self, remaining: int) -> bool:
        """Return whether batch and children may be as many as so many calls cover, or more."""
        return remaining <= self._n_most

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: all of it is in the session."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing."""

    def _warn_of_limits(self, written: Sequence[str], is_kept: NDArray[np.bool_], scored: OracleBatch) -> None:
        """Say so the first time that nothing the policy wrote keeps the limits."""
        if self._has_warned or is_kept.all() or scored.is_scored.any():
            return
        self._has_warned = True
        logger.warning(
            "none of %d molecules that the policy wrote keeps the limits; most break %r: no call is spent on them",
            len(written),
            self._limits.name_hardest(written),
        )

    def _breed(self, session: Session, oracle: Oracle) -> list[str]:
        """Return children that have not been scored yet."""
        if self._n_children == 0:
            return []
        self._breeder.forget_children()
        n = self._n_children * (SPARE_CHILDREN if self._limits else 1)
        children = self._breeder.breed(session.guide.replay.ranked, n, session.guide.generators.numpy)
        # The oracle of a resumed run knows molecules that this round has not seen.
        new = [text for text in children if not 0 < oracle.find_call(text) <= session.n_calls]
        return self._limits.select_kept(new)[: self._n_children]


class ThriftyRounds:
    """Few molecules at a time, those that a surrogate expects most of; see `Engine`.

    Args:
        session: policy, memory and settings of the run.
        n_parallel: molecules that are scored at the same time.
    """

    def __init__(self, session: Session, n_parallel: int = 1) -> None:
        self._knows_part = session.profile.is_partly_cheap
        settings = ThriftySettings()
        if session.keeps_piece and not self._knows_part:
            settings = replace(settings, acquisition=AcquisitionSettings(generations=0))
        written = write_library(session, settings.library_draw)
        library = session.limits.select_kept(written) or written
        is_spent = session.diversity.is_full if session.diversity else None
        search = ThriftySearch(
            library,
            seed=session.settings.seed,
            settings=settings,
            is_spent=is_spent,
            ceiling=session.profile.bound if self._knows_part else None,
        )
        self._engine = Engine(session.guide, search, least_batch=n_parallel, select_allowed=session.limits.select_kept)

    def play(self, session: Session, oracle: Oracle) -> list[OracleBatch]:
        """Score what the engine proposes, and let it learn."""
        if not len(self._engine.search):
            known = oracle.history[: session.n_calls]
            self._engine.search.observe([one.smiles for one in known], [one.total for one in known])
        # A run that goes on with a smaller budget first proposes again what it has paid for.
        proposed = self._engine.propose(max(oracle.budget, len(oracle.history)) - session.n_calls)
        batches = [
            oracle.score([text for text, own in proposed.items() if own == source], source=source)
            for source in dict.fromkeys(proposed.values())
        ]
        judgements = [session.judge(batch) for batch in batches]
        session.count(batches)
        found = [
            (text, score, reward)
            for batch, judgement in zip(batches, judgements, strict=True)
            for text, score, reward in zip(
                batch.smiles, self._choose_scores(batch, judgement), judgement.rewards, strict=True
            )
            if text is not None
        ]
        if found:
            smiles, scores, rewards = zip(*found, strict=True)
            session.report = self._engine.observe(smiles, scores, rewards) or session.report
        session.stopper.finish_batch(session.guide.learner)
        return batches

    def _choose_scores(self, batch: OracleBatch, judgement: Judgement) -> NDArray[np.float64]:
        """Return what the surrogate learns; where it is told the cheap part, no estimate stands for a dear one."""
        return batch.rewards.total if self._knows_part else judgement.scores

    def may_be_cut(self, remaining: int) -> bool:
        """Return False: the last batch is chosen as small as what is left, and all of it is learned from."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the engine."""
        return self._engine.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the engine into a state."""
        self._engine.load_state_dict(state)


def make_rounds(strategy: str, session: Session, n_parallel: int = 1) -> Rounds:
    """Return the rounds of a strategy, "fast" or "thrifty"."""
    return ThriftyRounds(session, n_parallel) if strategy == "thrifty" else FastRounds(session)


def write_library(session: Session, n: int) -> list[str]:
    """Let the untrained policy write about `n` molecules in the mode of the run, the same ones for the same seed."""
    generators = make_generators(session.settings.seed, stream=_LIBRARY_STREAM)
    n_batches = -(-n // session.settings.batch_size)
    mode, prior = session.guide.mode, session.guide.learner.prior
    return [text for _ in range(n_batches) for text in mode.write(prior, generators).smiles]
