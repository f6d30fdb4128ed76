"""Random molecules of a library, parsed and encoded a few at a time, as they are needed."""

from collections.abc import Sequence

import numpy as np

from moldesign.chem.smiles import Mol, canonicalize, parse_smiles
from moldesign.search.encoding import Encoded, describe_cheaply
from moldesign.search.kernels import UnaryCounts, concatenate_counts, encode_counts


class Library:
    """Draws from a random part of a library; each molecule of that part is parsed once, a third of a millisecond.

    Args:
        smiles: the library; texts that are no molecule are passed over.
        size: how many of its molecules are used at most.
        growth: how many new ones each draw brings in until then.
        rng: decides which molecules are used, and in which order.
    """

    def __init__(self, smiles: Sequence[str], *, size: int, growth: int, rng: np.random.Generator) -> None:
        self._texts = [smiles[i] for i in rng.permutation(len(smiles))[:size]]
        self._growth = growth
        self.n_read = 0
        """Texts read so far."""
        self._smiles: list[str] = []
        self._known: set[str] = set()
        self._counts: list[UnaryCounts] = []
        self._descriptors: list[np.ndarray] = []

    def __len__(self) -> int:
        """Return the number of texts it may draw from; some may turn out to be no molecule."""
        return len(self._texts)

    @property
    def smiles(self) -> list[str]:
        """What was read so far, as canonical SMILES."""
        return self._smiles

    def draw(self, n: int, rng: np.random.Generator) -> tuple[list[str], Encoded | None]:
        """Return up to `n` different molecules as canonical SMILES, and their features; None where there are none."""
        self.read_until(self.n_read + max(self._growth, n - len(self._smiles)))
        if not self._smiles:
            return [], None
        index = rng.permutation(len(self._smiles))[:n]
        counts, descriptors = self._counts[0].take(index), self._descriptors[0][index]
        return [self._smiles[i] for i in index], Encoded(counts, lambda: descriptors)

    def read_until(self, n_read: int) -> None:
        """Read texts until so many have been read, or all."""
        texts = self._texts[self.n_read : n_read]
        self.n_read += len(texts)
        mols = [mol for mol in parse_smiles(texts).mols if mol is not None and self._is_new(mol)]
        if mols:
            self._counts = [concatenate_counts([*self._counts, encode_counts(mols)])]
            self._descriptors = [np.concatenate([*self._descriptors, describe_cheaply(mols)])]

    def _is_new(self, mol: Mol) -> bool:
        smiles = canonicalize(mol)
        if smiles in self._known:
            return False
        self._known.add(smiles)
        self._smiles.append(smiles)
        return True
