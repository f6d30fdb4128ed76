"""Tokens of the SMILES language: one action of the environment is one token."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from moldesign.errors import UnknownTokenError

PAD, START, END = 0, 1, 2
"""Indices that mean the same in every vocabulary."""

SPECIAL_TOKENS = ("<pad>", "<start>", "<end>")

_TOKEN = re.compile(r"\[[^\[\]]+\]|Br|Cl|%\d\d|[BCNOPSFIbcnops]|[-=#$:/\\.()]|\d|.", re.DOTALL)


def tokenize(smiles: str) -> list[str]:
    """Split a SMILES into tokens; a bracket atom, a two-letter element or a `%nn` ring bond is one token.

    >>> tokenize("C[C@H](Cl)c1ccccc1")
    ['C', '[C@H]', '(', 'Cl', ')', 'c', '1', 'c', 'c', 'c', 'c', 'c', '1']
    """
    return _TOKEN.findall(smiles)


@dataclass(frozen=True)
class Vocabulary:
    """The ordered tokens of one language model; index 0 pads, 1 starts and 2 ends a sequence."""

    tokens: tuple[str, ...]
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.tokens[: len(SPECIAL_TOKENS)] != SPECIAL_TOKENS:
            raise ValueError(f"a vocabulary starts with {SPECIAL_TOKENS}, this one with {self.tokens[:3]}")
        object.__setattr__(self, "_index", {token: i for i, token in enumerate(self.tokens)})

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> "Vocabulary":
        """Build a vocabulary of the given SMILES tokens, sorted, behind the special ones."""
        return cls((*SPECIAL_TOKENS, *sorted(set(tokens))))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._index

    def encode(self, smiles: str) -> NDArray[np.int64]:
        """Return the token indices of a SMILES, ended by END, without START; int64 [n_tokens + 1].

        Raises:
            UnknownTokenError: names the token and the SMILES.
        """
        tokens = tokenize(smiles)
        try:
            return np.array([*(self._index[token] for token in tokens), END], dtype=np.int64)
        except KeyError as error:
            raise UnknownTokenError(
                f"the token {error.args[0]!r} in {smiles!r} was never seen by this language model; "
                "leave that atom out, or use a prior trained on a library that contains it"
            ) from None

    def knows(self, smiles: str) -> bool:
        """Say whether every token of the SMILES is in the vocabulary."""
        return all(token in self._index for token in tokenize(smiles))

    def decode(self, indices: Sequence[int] | NDArray[np.int64]) -> str:
        """Return the SMILES of token indices, up to the first END or PAD; a leading START is skipped."""
        pieces: list[str] = []
        for index in indices:
            if index in (END, PAD):
                break
            if index != START:
                pieces.append(self.tokens[index])
        return "".join(pieces)
