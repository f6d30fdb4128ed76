"""Children of the best molecules: crossover, exchange of parts and mutation, as many different ones as asked for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from moldesign.chem.smiles import Mol, quiet_rdkit
from moldesign.search.children import Child, ChildLimits, finish_child
from moldesign.search.credit import CROSSING, MUTATION
from moldesign.search.crossover import cross_chains, cross_rings, exchange_pieces
from moldesign.search.dice import Dice, accumulate_weights
from moldesign.search.mutation import mutate
from moldesign.search.parents import Parent, ParentCache, adopt_child

logger = logging.getLogger(__name__)

_CROSSINGS = (cross_chains, cross_rings, exchange_pieces)


@dataclass(frozen=True)
class BreedingSettings:
    """How children are made."""

    limits: ChildLimits = field(default_factory=ChildLimits)
    mutation_share: float = 0.2
    """Share of the children that are mutants of one parent; the others have two. A search may change it as it goes."""
    crossings: tuple[float, float, float] = (0.55, 0.25, 0.20)
    """Odds of crossing chains, crossing rings and exchanging parts between BRICS bonds."""
    later_mutation: float = 0.05
    """Share of the crossed children that are mutated on top."""
    attempts: int = 4
    """Attempts per child asked for, at most."""


class Breeder:
    """Makes children; what it has learnt about a parent stays for the next time.

    Args:
        settings: shares and limits.
    """

    def __init__(self, settings: BreedingSettings | None = None) -> None:
        self.settings = settings or BreedingSettings()
        self.mutation_share = self.settings.mutation_share
        self.makers: dict[str, str] = {}
        """`MUTATION` or `CROSSING` for each child since `forget_children`."""
        self._parents = ParentCache(self.settings.limits)
        self._refusals: set[str] = set()
        self._crossing_odds = accumulate_weights(self.settings.crossings)

    def breed(self, ranked: Sequence[str], n: int, rng: np.random.Generator) -> dict[str, Mol]:
        """Return up to `n` different children of the molecules, none of them a parent's own SMILES.

        Args:
            ranked: SMILES of possible parents, best first. What cannot breed is passed over.
            n: how many children.
            rng: decides everything; its state afterwards depends on the course.

        Returns:
            Sanitised molecules by their canonical SMILES; fewer than `n` where the attempts ran out.
        """
        children: dict[str, Mol] = {}
        if not ranked:
            return children
        dice, known = Dice(rng), set(ranked)
        with quiet_rdkit():
            for _ in range(self.settings.attempts * n):
                if len(children) >= n:
                    break
                maker = MUTATION if dice.random() < self.mutation_share else CROSSING
                child = self._try_to_make(ranked, maker, dice)
                if child is not None and child.smiles not in known and child.smiles not in children:
                    children[child.smiles] = child.mol
                    self.makers.setdefault(child.smiles, maker)
                    self._parents.offer(child)
        return children

    def forget_children(self) -> None:
        """Begin a new search: `breed` takes its own children for parents without parsing them, until this is called.

        Called before each search, it makes a search depend on its arguments alone.
        """
        self._parents.forget_offered()
        self.makers = {}

    def _try_to_make(self, ranked: Sequence[str], maker: str, dice: Dice) -> Child | None:
        """Make a child; an error of RDKit, which some odd cage always finds, costs this child and not the run."""
        try:
            return self._make_child(ranked, maker, dice)
        except (RuntimeError, ValueError) as error:  # the two kinds that RDKit raises
            if (reason := str(error).strip().partition("\n")[0]) not in self._refusals:
                self._refusals.add(reason)
                logger.warning("RDKit refuses some children of a %s, which are passed over: %s", maker, reason)
            logger.debug("a child is passed over", exc_info=True)
            return None

    def _make_child(self, ranked: Sequence[str], maker: str, dice: Dice) -> Child | None:
        first = self._draw_parent(ranked, dice)
        if first is None:
            return None
        if maker == MUTATION:
            return self._mutate(first, dice)
        second = self._draw_parent(ranked, dice)
        if second is None:
            return None
        cross = dice.choose_weighted(_CROSSINGS, self._crossing_odds)
        child = self._finish(cross(first, second, self.settings.limits, dice), first, second)
        if child is None or dice.random() >= self.settings.later_mutation:
            return child
        return self._mutate(adopt_child(child), dice)

    def _mutate(self, parent: Parent, dice: Dice) -> Child | None:
        return self._finish(mutate(parent, self.settings.limits, dice), parent)

    def _finish(self, edited: Mol | None, *parents: Parent) -> Child | None:
        if edited is None:
            return None
        return finish_child(
            edited,
            self.settings.limits,
            largest_ring=max(parent.largest_ring for parent in parents),
            has_stereo=any(parent.has_stereo for parent in parents),
        )

    def _draw_parent(self, ranked: Sequence[str], dice: Dice) -> Parent | None:
        return self._parents.find(ranked[draw_rank(len(ranked), dice)])


def draw_rank(n: int, dice: Dice) -> int:
    """Return a rank in 0..n-1, log-uniformly: of 999, a third of the draws are the first 9, a third the next 90."""
    return int((n + 1) ** dice.random()) - 1
