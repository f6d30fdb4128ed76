"""Which molecules to score next: candidates are bred towards a high upper confidence bound, and a batch is chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import Mol
from moldesign.search.ceilings import Ceilings
from moldesign.search.gaussian_process import Belief
from moldesign.search.genetic import Breeder

_SAME = 1e-9
"""Two candidates whose beliefs are closer have the same fingerprint."""


@dataclass(frozen=True)
class AcquisitionSettings:
    """How hard to look for the next molecules."""

    generations: int = 8
    n_children: int = 40
    """Children per generation."""
    n_parents: int = 600
    """Of best known molecules and candidates together, how many may breed."""
    n_best: int = 300
    """Known molecules among which the first parents are."""
    log10_beta: tuple[float, float] = (-2.0, 0.0)
    """The exploration weight beta is 10 to the power of a number drawn from here (Tanimoto-GP BO)."""
    twin_share: float = 0.1
    """Probability that a slot may go to a twin of a known molecule: another one with the same fingerprint, mostly a
    stereoisomer. Without this limit half of the calls go to twins of the best, of which there are dozens."""
    twin_std: float = 0.02
    """A candidate of lower standard deviation is a twin: twice the noise's, which known fingerprints keep, and a tenth
    of that of fingerprints with a similarity of 0.98."""


class Candidates:
    """Molecules that may be scored next, with what the surrogate thinks of them; none of them is known yet.

    Args:
        known: molecules never to be taken in.
        is_spent: says of others that there are enough of their kind.
        ceilings: what is known of their scores beforehand; the surrogate's belief is about the rest.
        power: what the surrogate learns of scores is this power of them.
    """

    def __init__(
        self,
        known: Mapping[str, float] | set[str],
        is_spent: Callable[[str], bool] | None = None,
        ceilings: Ceilings | None = None,
        power: float = 1.0,
    ) -> None:
        self._known, self._is_spent, self._ceilings = known, is_spent, ceilings or Ceilings()
        self._power = power
        self._row: dict[str, int] = {}
        self._means: list[NDArray[np.float64]] = []
        self._stds: list[NDArray[np.float64]] = []
        self._limits: list[NDArray[np.float64]] = []

    def __len__(self) -> int:
        return len(self._row)

    @property
    def smiles(self) -> list[str]:
        """Every candidate, in the order of arrival."""
        return list(self._row)

    def select_new(self, smiles: Sequence[str]) -> list[int]:
        """Return the rows of those that are neither known nor candidates nor spent, each molecule once."""
        first = {text: row for row, text in reversed(list(enumerate(smiles)))}
        new = sorted(row for text, row in first.items() if text not in self._known and text not in self._row)
        return new if self._is_spent is None else [row for row in new if not self._is_spent(smiles[row])]

    def add(self, smiles: Sequence[str], belief: Belief) -> None:
        """Take in molecules that `select_new` let pass."""
        self._row.update(zip(smiles, range(len(self._row), len(self._row) + len(smiles)), strict=True))
        self._means.append(belief.mean)
        self._stds.append(belief.std)
        self._limits.append(self._ceilings.find(smiles) ** self._power)

    @property
    def belief(self) -> Belief:
        """Mean and standard deviation of the unknown part of every candidate's score."""
        if not self._means:
            return Belief(np.zeros(0), np.zeros(0))
        return Belief(np.concatenate(self._means), np.concatenate(self._stds))

    @property
    def outlook(self) -> Belief:
        """Mean and standard deviation of every candidate's score, its known part included, to the same power."""
        mean, std = self.belief
        limit = np.concatenate(self._limits) if self._limits else np.zeros(0)
        return Belief(limit * mean, limit * std)


def draw_beta(settings: AcquisitionSettings, rng: np.random.Generator) -> float:
    """Return a random exploration weight."""
    return float(10 ** rng.uniform(*settings.log10_beta))


def breed_candidates(
    candidates: Candidates,
    worths: Mapping[str, float],
    breeder: Breeder,
    predict: Callable[[Sequence[Mol]], Belief],
    settings: AcquisitionSettings,
    rng: np.random.Generator,
) -> None:
    """Add generations of children to the candidates, each bred from the best known molecules and candidates so far.

    The rank of a known molecule is by its worth, that of a candidate by its bound; one exploration weight per search.
    """
    best = sorted(worths, key=lambda text: (-worths[text], text))[: settings.n_best]
    values = np.array([worths[text] for text in best])
    beta = draw_beta(settings, rng)
    breeder.forget_children()
    for _ in range(settings.generations):
        outlook, names = candidates.outlook, best + candidates.smiles
        is_twin = candidates.belief.std < settings.twin_std
        bound = np.where(is_twin, -np.inf, outlook.mean + beta * outlook.std)
        value = np.append(values, bound)
        order = np.argsort(-value, kind="stable")[: settings.n_parents]
        parents = [names[i] for i in order if np.isfinite(value[i])]
        children = breeder.breed(parents, settings.n_children, rng)
        new = candidates.select_new(list(children))
        if new:
            names, mols = list(children), list(children.values())
            candidates.add([names[i] for i in new], predict([mols[i] for i in new]))


def choose_batch(candidates: Candidates, n: int, settings: AcquisitionSettings, rng: np.random.Generator) -> list[str]:
    """Return up to `n` different candidates: each slot takes the best by a bound with its own exploration weight.

    No two are twins of each other, and few are twins of known molecules, as long as there are others.
    """
    names, (mean, std) = candidates.smiles, candidates.belief
    outlook = candidates.outlook
    is_free, is_twin = np.ones(len(names), dtype=bool), std < settings.twin_std
    chosen: list[str] = []
    while len(chosen) < min(n, len(names)):
        bound = outlook.mean + draw_beta(settings, rng) * outlook.std
        preferred = is_free & ~(is_twin & (rng.random() >= settings.twin_share))
        if not preferred.any():
            preferred = is_free if is_free.any() else np.isin(names, chosen, invert=True)
        row = int(np.argmax(np.where(preferred, bound, -np.inf)))
        is_free &= np.hypot(mean - mean[row], std - std[row]) > _SAME
        chosen.append(names[row])
    return chosen
