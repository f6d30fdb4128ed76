"""How often a scorer of the user's succeeded lately, and when that is too rarely to go on."""

import logging
from collections import deque
from collections.abc import Sequence

from moldesign.errors import ObjectiveError

WINDOW = 10
"""Molecules; the outcomes of smaller batches are judged together with those before them."""

logger = logging.getLogger(__name__)


class SuccessRecord:
    """The last outcomes of a scorer.

    Args:
        who: what messages call the scorer.
        few: molecules too few to judge a scorer by.
    """

    def __init__(self, who: str, *, few: int = 1) -> None:
        self.who, self.few = who, few
        self._recent: deque[bool] = deque(maxlen=WINDOW)

    def require_half(self, smiles: Sequence[str], errors: Sequence[str | None]) -> None:
        """Take in the outcomes of a batch, and log a warning if there are failures.

        A batch of fewer than ten molecules is judged together with the molecules before it, so that one
        molecule without a score, alone in its batch, does not stop a run that goes well.

        Args:
            smiles: the molecules that were run.
            errors: why a molecule has no score; None where it has one.

        Raises:
            ObjectiveError: fewer than half of them have a score.
        """
        outcomes = [error is None for error in errors]
        recent = [*self._recent, *outcomes][-max(len(outcomes), WINDOW) :]
        self._recent.extend(outcomes)
        if all(outcomes):
            return
        text, error = next(failure for failure in zip(smiles, errors, strict=True) if failure[1] is not None)
        if len(recent) >= self.few and 2 * sum(recent) < len(recent):
            self._recent.clear()  # whoever goes on after a repair begins anew
            raise ObjectiveError(
                f"{self.who} gave a score for {sum(recent)} of {len(recent)} molecules, fewer than half; "
                f"first failure: {text!r}: {error}"
            )
        logger.warning(
            "%s gave no score for %d of %d molecules; first failure: %r: %s",
            *(self.who, outcomes.count(False), len(outcomes), text, error),
        )


def is_lost(n_failed: int, n: int) -> bool:
    """Return whether a batch of `n` molecules can be given up: `require_half` will refuse it, however the rest ends.

    >>> is_lost(10, 20), is_lost(11, 20), is_lost(8, 8)
    (False, True, False)
    """
    return n >= 2 * WINDOW and 2 * n_failed > n
