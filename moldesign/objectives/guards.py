"""Guards against reward hacking: a search finds the molecules about which its predictors are most wrong.

Four of them. A predicted property is worth what it is worth if the prediction is off by part of its standard
deviation, to the worse side: the lower confidence bound of what is to be large, the upper one of what is to be small. A
molecule outside the applicability domain of a predictor loses half of its score, and more the further it is outside.
So does one with a ring system, or an atom in surroundings, that no molecule of ChEMBL has: models know nothing of it,
and often it cannot be made. And so does one with a group that does not last, such as a carbamic acid.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from moldesign.chem.unseen import KnownParts, Unseen
from moldesign.objectives.section import Section
from moldesign.objectives.terms import Batch, Evaluation, Term

MOST_OUTSIDE = 0.5
"""Factor of the total just outside the domain: with the usual threshold, what is outside is no hit."""
GATE_POWER = 4.0
"""Further out the factor falls with the margin to this power, so that a search far outside still sees the way."""
MOST_PARTS = 3
"""Unseen parts, and unstable groups, that count: a molecule with more is not worth less, so that a search among such
ones sees the way."""

Floats = NDArray[np.float64]


class Guards(Section):
    """How far predictions are believed."""

    caution: float = Field(default=0.5, ge=0, le=5)
    """Standard deviations by which a prediction is expected to be off to the worse side."""
    domain: bool = True
    """Whether molecules outside the applicability domain lose their score."""
    unseen: float = Field(default=0.4, gt=0, le=1)
    """Factor of the score for each ring system that ChEMBL does not have, and for atoms in such surroundings."""
    unstable: float = Field(default=0.4, gt=0, le=1)
    """Factor of the score for each kind of group that does not last."""

    @classmethod
    def off(cls) -> "Guards":
        """Return guards that believe everything."""
        return cls(caution=0, domain=False, unseen=1, unstable=1)

    @property
    def looks_at_parts(self) -> bool:
        """Whether it matters what a molecule is made of."""
        return self.unseen < 1 or self.unstable < 1

    def transform(self, term: Term, values: Floats, std: Floats) -> Floats:
        """Return the scores of a term, float64 [N]: the lowest within `caution` standard deviations.

        A hard limit holds for the prediction itself.

        Args:
            term: the wish.
            values: of its property, float64 [N].
            std: of the predictions, float64 [N]; NaN for what is computed.
        """
        scores: Floats = term.transform(values)
        if self.caution == 0 or term.weight == 0 or np.isnan(std).all():
            return scores
        spread = self.caution * np.nan_to_num(std)
        return np.minimum(scores, np.minimum(term.transform(values - spread), term.transform(values + spread)))

    def find_discount(self, evaluations: Iterable[Evaluation], batch: Batch, known: KnownParts | None = None) -> Floats:
        """Return what is left of each total, float64 [N] in (0, 1].

        Args:
            evaluations: of the N molecules of `batch`, by any number of terms.
            batch: the molecules.
            known: parts in which there is nothing odd; by default those of ChEMBL.
        """
        margins = [evaluation.margin for evaluation in evaluations if evaluation.margin is not None]
        discount = self.admit(np.column_stack([np.full(len(batch.smiles), np.inf), *margins]))
        return discount * self.discount(batch.count_unseen(known)) if self.looks_at_parts else discount

    def admit(self, margin: Floats) -> Floats:
        """Return the factor of each total, float64 [N]: 1 inside the domain of every term, less outside.

        Args:
            margin: how far inside a molecule is, float64 [N, K]: 1 at the edge; infinite for what is computed, NaN
                where nothing is known.
        """
        if not self.domain:
            return np.ones(len(margin))
        nearest: Floats = np.nan_to_num(margin, nan=1.0, posinf=np.inf).min(axis=1, initial=np.inf).clip(0, 1)
        return np.where(nearest < 1, MOST_OUTSIDE * nearest**GATE_POWER, 1.0)

    def discount(self, unseen: Unseen) -> Floats:
        """Return the factor of each total, float64 [N], for what no molecule of ChEMBL has, and what does not last.

        Atoms count once, however many they are: an odd bond changes the surroundings of all its neighbours.
        """
        n_parts = unseen.ring_systems + (unseen.atoms > 0)
        odd, unstable = (np.minimum(n, MOST_PARTS).astype(np.float64) for n in (n_parts, unseen.groups))
        return self.unseen**odd * self.unstable**unstable
