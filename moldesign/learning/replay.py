"""Replay: the best molecules so far are learned again and again, each time written as another SMILES."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import randomize_smiles, require_mols


class ReplaySample(NamedTuple):
    """Molecules drawn from the buffer."""

    smiles: list[str]
    rewards: NDArray[np.float32]


class ReplayBuffer:
    """The best `capacity` unique molecules; rank r of N is drawn with weight 1 / (0.01 N + r) (arXiv:2402.05961).

    Learning a molecule under several of its SMILES is Augmented Memory (arXiv:2305.16160).
    """

    def __init__(self, *, capacity: int = 1_000, rank_weight: float = 0.01) -> None:
        self.capacity, self.rank_weight = capacity, rank_weight
        self._rewards: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._rewards)

    def add(self, smiles: Iterable[str], rewards: Iterable[float]) -> None:
        """Take in canonical SMILES with their rewards, and forget what falls behind the best `capacity`.

        A molecule that is known keeps the lower of its rewards: a full diversity bucket also counts for replay.
        """
        for text, reward in zip(smiles, rewards, strict=True):
            self._rewards[text] = min(float(reward), self._rewards.get(text, np.inf))
        # Ties are broken by the text, so that the same run repeats exactly.
        ranked = sorted(self._rewards.items(), key=lambda item: (-item[1], item[0]))[: self.capacity]
        self._rewards = {text: reward for text, reward in ranked if reward > 0}

    @property
    def ranked(self) -> list[str]:
        """The molecules, best first."""
        return list(self._rewards)

    def draw(self, n: int, rng: np.random.Generator) -> ReplaySample:
        """Draw up to `n` different molecules by rank, as canonical SMILES."""
        known = list(self._rewards)
        n_drawn = min(n, len(known))
        if n_drawn == 0:
            return ReplaySample([], np.zeros(0, dtype=np.float32))
        weights = 1.0 / (self.rank_weight * len(known) + np.arange(len(known)) + 1e-9)
        chosen = rng.choice(len(known), size=n_drawn, replace=False, p=weights / weights.sum())
        texts = [known[i] for i in chosen]
        return ReplaySample(texts, np.array([self._rewards[text] for text in texts], dtype=np.float32))

    def sample(self, n: int, rng: np.random.Generator) -> ReplaySample:
        """Draw up to `n` different molecules by rank, each written as a random SMILES, another one each time."""
        drawn = self.draw(n, rng)
        return drawn._replace(smiles=[randomize_smiles(mol, rng) for mol in require_mols(drawn.smiles)])

    def state_dict(self) -> dict[str, float]:
        """Return molecules and rewards, best first, ready for JSON."""
        return dict(self._rewards)

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Replace the content by that of `state`."""
        self._rewards = dict(state)
