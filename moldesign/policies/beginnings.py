"""Given beginnings: the policy writes on from where each text stops."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from moldesign.envs.grammar import BoolArray, GrammarState
from moldesign.envs.vocabulary import PAD, Vocabulary


class Beginnings:
    """The rules for B strings that begin with given tokens, and may go on with anything.

    A given token that could not be ended in time, or chemistry refuses, gives way to one that the policy chooses.

    Args:
        vocabulary: of the policy.
        texts: B beginnings, which may be empty; where they stop a ring or a branch may be open.

    Raises:
        UnknownTokenError: a text has a token that the vocabulary lacks.
    """

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[str]) -> None:
        encoded = [vocabulary.encode(text)[:-1] for text in texts]
        self._n_tokens = len(vocabulary)
        self._given = np.full((len(texts), 1 + max(map(len, encoded), default=0)), PAD)
        for row, tokens in enumerate(encoded):
            self._given[row, : len(tokens)] = tokens

    def map_end(self, logits: Tensor) -> Tensor:
        """Return the logits [B, V] as they are."""
        return logits

    def find_allowed(self, state: GrammarState) -> BoolArray:
        """Return the next given token where there is one, and all tokens elsewhere, bool [B, V]."""
        rows = np.arange(len(self._given))
        token = self._given[rows, np.minimum(state.n_tokens, self._given.shape[1] - 1)]
        allowed: BoolArray = (token == PAD)[:, None] | (token[:, None] == np.arange(self._n_tokens))
        return allowed

    def find_written(self, sequences: Tensor) -> Tensor:
        """Return which tokens are the policy's own, bool [B, T] for sequences int64 [B, T]."""
        is_given = torch.zeros_like(sequences, dtype=torch.bool)
        width = min(self._given.shape[1], sequences.shape[1])
        is_given[:, :width] = torch.from_numpy(self._given[:, :width] != PAD)
        return ~is_given & (sequences != PAD)
