"""The next token of each string, drawn among those that keep its atoms within their valences and its rings aromatic.

Valence narrows the tokens before one is drawn. Aromaticity judges only the token that was drawn: if the string were
dead behind it, another one is drawn among the rest, which is the same as to leave the dead ones out from the start.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.envs.grammar import BoolArray, GrammarState
from moldesign.envs.vocabulary import PAD, Vocabulary
from moldesign.policies.aromaticity import AromaticityFilter, KekuleForms
from moldesign.policies.valence import FreeValence, ValenceFilter


@dataclass(slots=True)
class WrittenAtoms:
    """What chemistry knows of B partial strings; `ChemistryFilter.draw` changes it in place."""

    free: FreeValence
    forms: list[KekuleForms]
    """[B]"""


class ChemistryFilter:
    """Valence and aromaticity of the strings over one vocabulary; holds no state of its own.

    Args:
        vocabulary: the tokens of the grammar.
        max_length: the most tokens of a string.
        keep_valence: leave out the tokens that would give an atom too many bonds, see `ValenceFilter`.
        keep_aromaticity: leave out those that would leave an aromatic ring without a Kekulé form, see
            `AromaticityFilter`.
    """

    def __init__(
        self, vocabulary: Vocabulary, max_length: int, *, keep_valence: bool = True, keep_aromaticity: bool = True
    ) -> None:
        self._keeps_valence, self._keeps_aromaticity = keep_valence, keep_aromaticity
        self._valence = ValenceFilter(vocabulary, max_length)
        self._aromaticity = AromaticityFilter(vocabulary, max_length)
        groups = torch.from_numpy(self._aromaticity.groups)
        # [V, V]: the tokens that are refused together with a token.
        self._alike = groups[:, None] == groups

    def start(self, batch: int) -> WrittenAtoms:
        """Return what is known of `batch` empty strings."""
        return WrittenAtoms(self._valence.start(batch), self._aromaticity.start(batch))

    def take(self, state: GrammarState, written: WrittenAtoms, actions: NDArray[np.int64]) -> None:
        """Account for a given token of each string, [B]; call it before the grammar takes the token.

        Raises:
            ValueError: it would leave an aromatic ring without a Kekulé form.
        """
        if not self._aromaticity.take(written.forms, actions.tolist()).all():
            raise ValueError("the given tokens leave an aromatic ring without a Kekulé form")
        self._valence.step(state, written.free, actions)

    def draw(
        self,
        state: GrammarState,
        written: WrittenAtoms,
        rows: NDArray[np.intp],
        logits: Tensor,
        generator: torch.Generator,
        *,
        allowed: BoolArray | None = None,
    ) -> NDArray[np.int64]:
        """Draw the next token of some strings and account for it; int64 [B], PAD for the others.

        Where aromaticity leaves no token, one of those that valence allows; where valence leaves none, syntax.

        Args:
            state: the B strings as the grammar sees them, without the token.
            written: changed.
            rows: the strings that go on, [R].
            logits: of all tokens, float32 [R, V], on the CPU.
            generator: the only source of randomness.
            allowed: tokens that a further rule allows, bool [B, V]; of no meaning where it would leave none.
        """
        possible = self._valence.narrow(state, written.free) if self._keeps_valence else state.allowed
        if allowed is not None:
            possible = np.where((possible & allowed).any(1, keepdims=True), possible & allowed, possible)
        logits = logits.masked_fill(torch.from_numpy(~possible[rows]), -torch.inf)
        chosen = _draw(logits, generator)
        if self._keeps_aromaticity:
            self._draw_again(logits, chosen, [written.forms[row] for row in rows], generator)
        actions = np.full(len(written.forms), PAD)
        actions[rows] = chosen.numpy()
        self._valence.step(state, written.free, actions)
        return actions

    def _draw_again(self, logits: Tensor, chosen: Tensor, forms: list[KekuleForms], generator: torch.Generator) -> None:
        """Replace the tokens behind which a string were dead, in place; account for all tokens."""
        refused = np.arange(len(forms))
        left = logits.clone()
        while refused.size:
            is_taken = self._aromaticity.take([forms[row] for row in refused], chosen[refused].tolist())
            refused = refused[~is_taken]
            left[refused] = left[refused].masked_fill(self._alike[chosen[refused]], -torch.inf)
            for row in refused[left[refused].isneginf().all(dim=1).numpy()]:
                forms[row].give_up()
                left[row] = logits[row]
            chosen[refused] = _draw(left[refused], generator)


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)[:, 0]
