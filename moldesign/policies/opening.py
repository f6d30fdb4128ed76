"""The rules of a gap: what a group that is written into it may begin with, which labels it may use, how it ends.

A group is written as a string of its own, behind one carbon that stands for the atom which it is bonded to. So grammar,
valence and aromaticity look at the group alone, and it can neither reach into the kept part nor leave a ring open in
it; the policy has read the text before the gap and writes as if it went on there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from moldesign.envs.grammar import BoolArray, GrammarState
from moldesign.envs.tokens import Slot, assign_slots
from moldesign.envs.vocabulary import END, Vocabulary

STAND_IN = "C"
"""Has room for what any open point binds."""


@dataclass(frozen=True)
class Opening:
    """The rules of one gap, for a batch of groups."""

    given: NDArray[np.int64]
    """What the environment takes before the group: the stand-in, and the bond symbol if the gap has one."""
    stop: int
    """The token that ends the group in the whole text: ")" or END."""
    first: BoolArray
    """[V]: the tokens that may come before the group's first atom."""
    later: BoolArray
    """[V]: those that may come behind it."""

    @classmethod
    def of(cls, vocabulary: Vocabulary, *, bond: str, open_labels: frozenset[str], is_last: bool) -> "Opening":
        """Return the rules of a gap.

        Args:
            vocabulary: of the policy.
            bond: the symbol before the gap, or "".
            open_labels: of the rings that are open in the text there; the group may not close them.
            is_last: the gap ends the text, and not a branch.

        Raises:
            UnknownTokenError: the vocabulary lacks the stand-in or the bond symbol.
        """
        slots = assign_slots(vocabulary)
        is_open = np.array([token in open_labels for token in vocabulary.tokens])
        first = (slots == Slot.ATOM) | (slots == Slot.SINGLE)
        given = vocabulary.encode(STAND_IN + bond)[:-1]
        stop = END if is_last else int(vocabulary.encode(")")[0])
        return cls(given, stop, first, (slots != Slot.DOT) & ~is_open)

    def map_end(self, logits: Tensor) -> Tensor:
        """Return logits [B, V] in which END is as likely as the token that ends the group."""
        mapped = logits.clone()
        mapped[:, END] = logits[:, self.stop]
        return mapped

    def find_allowed(self, state: GrammarState) -> BoolArray:
        """Return the tokens that the gap allows, bool [B, V]."""
        return np.where((state.n_atoms > 1)[:, None], self.later, self.first)
