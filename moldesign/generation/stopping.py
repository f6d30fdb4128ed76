"""When a run ends before its budget is spent, and what is done when its policy writes the same over and over."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.generation.settings import GenerationSettings
from moldesign.learning.learner import Learner
from moldesign.objectives.oracle import OracleBatch
from moldesign.objectives.profile import Profile

N_BEST = 100
"""A run converges when the mean of so many best molecules gains no more."""
MIN_GAIN = 1e-3
"""What counts as a gain of that mean, which lies in [0, 1]."""

logger = logging.getLogger(__name__)


class StopReason(StrEnum):
    """Why a run has ended."""

    BUDGET = "budget"
    """Every call of the budget is spent."""
    TIME = "time"
    """The time limit of the profile is over."""
    CONVERGED = "converged"
    """The best molecules have not become better for as many calls as the profile allows."""
    EXHAUSTED = "exhausted"
    """The policy writes no new molecules any more."""
    INTERRUPTED = "interrupted"
    """The user pressed Ctrl-C."""


class ConvergenceWatch:
    """Follows the mean total of the best molecules, and knows since when it has gained nothing."""

    def __init__(self) -> None:
        self._best: list[float] = []
        self._level, self._n_calls, self._gained_at = 0.0, 0, 0

    def take_in(self, totals: Sequence[float], n_calls: int) -> None:
        """Take in the totals of a batch's new molecules, NaN where there is none, after `n_calls` calls."""
        self._n_calls = n_calls
        known = [total for total in totals if not np.isnan(total)]
        self._best = sorted([*self._best, *known], reverse=True)[:N_BEST]
        mean = sum(self._best) / N_BEST
        if len(self._best) < N_BEST or mean >= self._level + MIN_GAIN:
            self._level, self._gained_at = mean, n_calls

    @property
    def idle_calls(self) -> int:
        """Calls since the last gain."""
        return self._n_calls - self._gained_at

    def state_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {"best": self._best, "level": self._level, "n_calls": self._n_calls, "gained_at": self._gained_at}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._best, self._level = list(state["best"]), state["level"]
        self._n_calls, self._gained_at = state["n_calls"], state["gained_at"]


class CollapseWatch:
    """Counts the batches in a row that bring hardly anything new, or hardly anything but one scaffold.

    Args:
        share: above this share of rows without a new molecule, or of molecules with one scaffold, a batch counts.
        with_scaffolds: False where the molecules may share a scaffold.
    """

    def __init__(self, share: float, *, with_scaffolds: bool) -> None:
        self._share, self._with_scaffolds = share, with_scaffolds
        self.n_in_a_row = 0
        self.n_resets = 0
        """How often the policy was reset."""

    def take_in(self, smiles: Sequence[str | None], n_new: int) -> None:
        """Take in a batch that brought `n_new` new molecules."""
        brings_nothing = 1 - n_new / max(len(smiles), 1) > self._share
        known = [text for text in smiles if text is not None]
        counts = brings_nothing or (self._with_scaffolds and self._has_one_scaffold(known))
        self.n_in_a_row = self.n_in_a_row + 1 if counts else 0

    def note_reset(self) -> None:
        """Count anew, because the policy was reset."""
        self.n_in_a_row, self.n_resets = 0, self.n_resets + 1

    def state_dict(self) -> dict[str, int]:
        """Return everything, ready for JSON."""
        return {"n_in_a_row": self.n_in_a_row, "n_resets": self.n_resets}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from what `state_dict` returned."""
        self.n_in_a_row, self.n_resets = state["n_in_a_row"], state["n_resets"]

    def _has_one_scaffold(self, smiles: Sequence[str]) -> bool:
        n_others = (1 - self._share) * len(smiles)
        counts: Counter[str] = Counter()
        for n_seen, mol in enumerate(require_mols(smiles), start=1):
            counts[murcko_scaffold(mol)] += 1
            if n_seen - max(counts.values()) >= n_others:
                return False  # mostly after a few molecules
        return len(smiles) > 0


class Stopper:
    """Knows when a run should end, and resets its policy after a mode collapse.

    The course of a run depends on it, so its state belongs to the checkpoint; the time that has passed does not.

    Args:
        profile: says when the run has converged, and how long it may take from now.
        settings: say what mode collapse is, and how far the policy is then reset.
        clock: gives the time in seconds.
    """

    def __init__(
        self, profile: Profile, settings: GenerationSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._budget, self._settings, self._clock = profile.budget, settings, clock
        self._deadline = clock() + profile.budget.max_seconds
        self._has_begun = False
        self.convergence = ConvergenceWatch()
        is_varied = profile.diversity.enabled and not profile.constraints.scaffold
        self.collapse = CollapseWatch(settings.collapse_share, with_scaffolds=is_varied)

    def take_in(self, scored: OracleBatch, n_calls: int, *, is_written: bool = True) -> None:
        """Take in a batch of a round before which there were `n_calls` calls.

        Args:
            scored: the batch.
            n_calls: see above.
            is_written: whether the policy alone wrote it; others say nothing about its collapse.
        """
        numbers, rows = np.unique(scored.call_numbers, return_index=True)
        new = rows[numbers > n_calls]
        self.convergence.take_in(scored.rewards.total[new].tolist(), max(n_calls, int(numbers.max(initial=0))))
        if is_written:
            self.collapse.take_in(scored.smiles, len(new))

    def finish_batch(self, learner: Learner) -> None:
        """Note that a batch was learned from; move a policy that has collapsed back towards its prior, and say so."""
        self._has_begun = True
        n_batches = self.collapse.n_in_a_row
        if n_batches < self._settings.collapse_patience:
            return
        learner.reset_towards_prior(self._settings.collapse_reset)
        self.collapse.note_reset()
        logger.warning(
            "%d batches in a row brought hardly any new molecules or hardly any other scaffold: the policy is moved "
            "%.0f %% of the way back to its prior",
            n_batches,
            100 * self._settings.collapse_reset,
        )

    @property
    def reason(self) -> StopReason | None:
        """Why the run should end now, if it should; each part of a run finishes at least one batch."""
        if self._has_begun and self._clock() >= self._deadline:
            return StopReason.TIME
        patience = self._budget.converged_after
        return StopReason.CONVERGED if patience and self.convergence.idle_calls >= patience else None

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know, ready for JSON."""
        return {"convergence": self.convergence.state_dict(), "collapse": self.collapse.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.convergence.load_state_dict(state["convergence"])
        self.collapse.load_state_dict(state["collapse"])
