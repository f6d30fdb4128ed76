"""Candidates that were good but not chosen: the next search for candidates goes on from them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import Mol, require_mols
from moldesign.search.encoding import Encoded, describe_cheaply
from moldesign.search.gaussian_process import Belief
from moldesign.search.kernels import encode_counts

_WEIGHTS = (0.01, 0.1, 1.0)
"""Exploration weights by each of which a share of the places is given."""


class Shortlist:
    """The best candidates of the last search, by bounds from greedy to curious.

    A few new scores change little of what the surrogate believes, so that breeding anew from the known molecules would
    find the same candidates again, and stop where it stopped.

    Args:
        size: how many are kept at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._mols: dict[str, Mol] = {}
        self._descriptors: dict[str, NDArray[np.float64]] = {}

    @property
    def smiles(self) -> list[str]:
        """Canonical SMILES of what is kept."""
        return list(self._mols)

    def keep(self, smiles: Sequence[str], belief: Belief) -> None:
        """Keep the best of these, and nothing else.

        Args:
            smiles: N molecules, canonical.
            belief: what the surrogate thinks of them.
        """
        ranks = [np.argsort(-(belief.mean + weight * belief.std), kind="stable").tolist() for weight in _WEIGHTS]
        rows = dict.fromkeys(row for place in zip(*ranks, strict=True) for row in place)
        self.restore([smiles[row] for row in list(rows)[: self.size]])

    def restore(self, smiles: Sequence[str]) -> None:
        """Keep these molecules, and nothing else.

        Each is parsed from its SMILES, whoever found it: the last bit of a descriptor depends on the atoms' order.
        """
        new = [text for text in smiles if text not in self._mols]
        mols = self._mols | dict(zip(new, require_mols(new), strict=True))
        self._mols = {text: mols[text] for text in smiles}
        self._descriptors = {text: row for text, row in self._descriptors.items() if text in self._mols}

    def encode(self, smiles: Sequence[str]) -> Encoded:
        """Return the features of molecules that are kept; descriptors are computed once for each."""
        return Encoded(encode_counts([self._mols[text] for text in smiles]), lambda: self._describe(smiles))

    def _describe(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        new = [text for text in smiles if text not in self._descriptors]
        self._descriptors |= zip(new, describe_cheaply([self._mols[text] for text in new]), strict=True)
        return np.stack([self._descriptors[text] for text in smiles])
