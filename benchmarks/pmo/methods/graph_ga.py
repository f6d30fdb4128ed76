"""Graph GA (doi:10.1039/C8SC05372C) as PMO runs it (arXiv:2206.12411), on the operators of `moldesign.search`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit.Chem import RWMol

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.chem.smiles import canonicalize, parse_smiles, quiet_rdkit
from moldesign.search.children import Child, ChildLimits, finish_child
from moldesign.search.crossover import cross_chains, cross_rings
from moldesign.search.dice import Dice
from moldesign.search.mutation import mutate
from moldesign.search.parents import Parent, ParentCache
from moldesign.seeding import make_generators


@dataclass(frozen=True)
class GraphGaSettings:
    """Those that PMO's authors tuned."""

    population: int = 120
    offspring: int = 70
    mutation_rate: float = 0.067
    crossover_attempts: int = 10


class GraphGa:
    """A population, whose members become parents in proportion to their scores; the best survive.

    Args:
        start: library, seed and budget.
        settings: sizes and rates.
    """

    def __init__(self, start: Start, settings: GraphGaSettings | None = None) -> None:
        self.settings = settings or GraphGaSettings()
        self._library = start.library.smiles
        self._rng = make_generators(start.seed).numpy
        self._dice = Dice(self._rng)
        self._limits = ChildLimits()
        self._parents = ParentCache(self._limits)
        self._population: dict[str, float] = {}
        """Score by canonical SMILES, best first."""

    def propose(self, n: int) -> list[str]:
        """Return the first population, afterwards children."""
        if not self._population:
            size = min(self.settings.population, len(self._library))
            rows = self._rng.choice(len(self._library), size=size, replace=False).tolist()
            return [canonicalize(mol) for mol in parse_smiles([self._library[row] for row in rows]).mols if mol]
        pool = self._draw_mating_pool()
        with quiet_rdkit():
            children = [self._make_child(pool) for _ in range(self.settings.offspring)]
        # Where no pair has a child, a parent is proposed again: that costs no call, and the next pairs are others.
        return list(dict.fromkeys(child.smiles for child in children if child)) or pool[:1]

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Let the best of parents and children survive."""
        self._population |= dict(zip(smiles, scores.tolist(), strict=True))
        ranked = sorted(self._population.items(), key=lambda item: -item[1])
        self._population = dict(ranked[: self.settings.population])

    def _draw_mating_pool(self) -> list[str]:
        weights = np.array(list(self._population.values())) + 1e-10
        drawn = self._rng.choice(len(weights), size=self.settings.population, p=weights / weights.sum())
        known = list(self._population)
        return [known[row] for row in drawn.tolist()]

    def _make_child(self, pool: Sequence[str]) -> Child | None:
        first, second = (self._parents.find(self._dice.choose(pool)) for _ in range(2))
        child = None if first is None or second is None else self._cross(first, second)
        if child is None or self._dice.random() >= self.settings.mutation_rate:
            return child
        grown = self._parents.find(child.smiles)
        return None if grown is None else self._finish(mutate(grown, self._limits, self._dice), grown)

    def _cross(self, first: Parent, second: Parent) -> Child | None:
        """Return the first child that is a molecule and neither parent, by chain or ring with equal odds."""
        for _ in range(self.settings.crossover_attempts):
            cross = self._dice.choose((cross_chains, cross_rings))
            child = self._finish(cross(first, second, self._limits, self._dice), first, second)
            if child is not None and child.smiles not in (first.smiles, second.smiles):
                return child
        return None

    def _finish(self, edited: RWMol | None, *parents: Parent) -> Child | None:
        if edited is None:
            return None
        return finish_child(
            edited,
            self._limits,
            largest_ring=max(parent.largest_ring for parent in parents),
            has_stereo=any(parent.has_stereo for parent in parents),
        )
