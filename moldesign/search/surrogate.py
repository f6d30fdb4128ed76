"""The surrogate: what a molecule will score, by two models that are trusted as far as they ranked the last batches."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from moldesign.search.descriptor_model import DescriptorTrees
from moldesign.search.encoding import Encoded
from moldesign.search.gaussian_process import Belief, TanimotoProcess


@dataclass(frozen=True)
class SurrogateSettings:
    """How the two models are weighed."""

    noise: float = 1e-4
    """Of the Gaussian process; see `TanimotoProcess`."""
    variance_limit: int = 2_000
    window: int = 100
    """Scored molecules whose predictions, made before, tell how well each model ranks."""
    minimum: int = 60
    """Scored molecules in the window before the descriptors have a say."""
    temperature: float = 0.1
    """A model's weight is exp(rank correlation / temperature), over the sum of both."""
    least_weight: float = 0.1
    """A lower weight of the descriptors counts as none, which saves computing them."""


class Surrogate:
    """A Gaussian process over fingerprints and trees on descriptors; mean of both, standard deviation of the first.

    The first knows what is like what was good, the second what the numbers of a good molecule are. Before a batch is
    learnt each predicts it, and the rank correlation (Spearman) of these predictions with the scores decides whom to
    believe.

    Args:
        settings: how to weigh them.
        seed: of the trees.
    """

    def __init__(self, settings: SurrogateSettings | None = None, *, seed: int = 0) -> None:
        self.settings = settings or SurrogateSettings()
        self.process = TanimotoProcess(noise=self.settings.noise, variance_limit=self.settings.variance_limit)
        self.trees = DescriptorTrees(seed=seed)
        self._judged: deque[tuple[float, float, float]] = deque(maxlen=self.settings.window)

    def __len__(self) -> int:
        return len(self.process)

    @property
    def descriptor_weight(self) -> float:
        """Weight of the trees in the mean, 0 to 1."""
        if len(self._judged) < self.settings.minimum:
            return 0.0
        by_process, by_trees, scores = np.array(self._judged).T
        odds = [np.exp(correlate_ranks(p, scores) / self.settings.temperature) for p in (by_process, by_trees)]
        weight = float(odds[1] / sum(odds))
        return weight if weight >= self.settings.least_weight else 0.0

    def observe(self, molecules: Encoded, scores: NDArray[np.float64], *, power: float = 1.0) -> None:
        """Judge both models by scored molecules, then learn these.

        Args:
            molecules: the features of N molecules.
            scores: float64 [N] in [0, 1].
            power: what is learnt, and predicted, of all scores is this power of them.
        """
        if len(self):
            by_process = self.process.predict(molecules.counts).mean
            by_trees = self.trees.predict(molecules.descriptors)
            self._judged.extend(zip(by_process.tolist(), by_trees.tolist(), scores.tolist(), strict=True))
        self.process.observe(molecules.counts, scores, power=power)
        self.trees.observe(molecules.descriptors, scores, power=power)

    def predict(self, molecules: Encoded) -> Belief:
        """Return mean and standard deviation of what is learnt of the scores."""
        belief, weight = self.process.predict(molecules.counts), self.descriptor_weight
        if weight == 0:
            return belief
        mean = (1 - weight) * belief.mean + weight * self.trees.predict(molecules.descriptors)
        return Belief(mean, belief.std)


def correlate_ranks(predicted: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, -1 to 1; 0 where all predictions or all scores are equal.

    >>> correlate_ranks(np.array([0.1, 0.2, 0.9]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (predicted, scores))
    norm = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / norm) if norm > 0 else 0.0
