"""What a learner is paid for molecules, also for those whose scorers failed or were not run."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.combination import FloatArray, bound_total, combine_terms
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.reward import Rewards
from moldesign.objectives.terms import Term

N_REMEMBERED = 1_000
"""Scores of a term by which its missing ones are judged: the last ones, because the policy changes."""
USUAL_QUANTILE = 0.25
"""Below the middle, so that it pays to meet the cheap goals and have the dear ones run."""
LEAST_SCORE = 0.01
"""A program that has given nothing but zeros must not hide which of two molecules meets the cheap goals better."""
FIRST_SCORE = 0.5
"""Stands for a term that has never been scored."""


class Payment:
    """Pays the total of a molecule; where it is missing, an estimate or nothing at all.

    A molecule that cannot become a hit, because its cheap goals are not met well enough, is paid the total it would
    have if its missing terms were as good as a quarter of those scored lately are at most. So the policy learns the
    cheap goals, and yet is not drawn to molecules that just escape the dear ones. A molecule that might be a hit and
    has no score, because a scorer failed, is worth an unknown amount: nothing is to be learned from it.

    Args:
        terms: those of the profile.
        threshold: the total of a hit.
    """

    def __init__(self, terms: Sequence[Term], threshold: float) -> None:
        self._weights = [term.weight for term in terms]
        self._threshold = threshold
        own = [is_own_scorer(term.property) for term in terms]
        self._seen = {column: deque[float](maxlen=N_REMEMBERED) for column in np.flatnonzero(own).tolist()}

    def pay(self, rewards: Rewards) -> FloatArray:
        """Return what each row is paid, float64 [N]: 0 for what is no molecule, NaN for what is not to be learned."""
        for column, seen in self._seen.items():
            scores = rewards.terms[:, column]
            seen.extend(scores[~np.isnan(scores)].tolist())
        is_open = rewards.is_valid & np.isnan(rewards.total)
        likely = np.where(np.isnan(rewards.terms), self._usual_scores(), rewards.terms)
        estimate = combine_terms(likely, self._weights) * rewards.discount
        is_no_hit = bound_total(rewards.terms, self._weights) * rewards.discount < self._threshold
        paid = np.where(rewards.is_valid, rewards.total, 0.0)
        return np.where(is_open & is_no_hit, estimate, paid)

    def state_dict(self) -> dict[str, Any]:
        """Return what is remembered, ready for JSON."""
        return {str(column): list(seen) for column, seen in self._seen.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replace what is remembered by `state`."""
        for column, seen in self._seen.items():
            seen.clear()
            seen.extend(state[str(column)])

    def _usual_scores(self) -> FloatArray:
        usual = np.full(len(self._weights), FIRST_SCORE)
        for column, seen in self._seen.items():
            if seen:
                usual[column] = max(LEAST_SCORE, float(np.quantile(np.array(seen), USUAL_QUANTILE)))
        return usual


def is_own_scorer(scored: object) -> bool:
    """Say whether a property is computed by the user's own function or program, docking included."""
    return isinstance(scored, ProgramProperty | CallableProperty)
