"""Whether the user's own scores lie where they are taken to lie; elsewhere all of them count alike."""

from collections.abc import Sequence

import numpy as np

from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.payment import is_own_scorer
from moldesign.objectives.terms import Term
from moldesign.objectives.transforms import Maximize, Minimize

N_LOOKED_AT = 40
"""Molecules that tell where the scores of a goal lie."""
_LEAST_SCORES = 10
_LEAST_SHARE = 0.9


def warn_of_scales(molecules: Sequence[ScoredMolecule], terms: Sequence[Term]) -> list[str]:
    """Return a warning for each goal `max` or `min` whose scores lie outside its range, nearly all of them.

    Args:
        molecules: what was scored first.
        terms: those of the profile.
    """
    warnings = []
    for column, term in enumerate(terms):
        curve = term.transform
        if not is_own_scorer(term.property) or not isinstance(curve, Maximize | Minimize):
            continue
        values = np.array([molecule.raw[column] for molecule in molecules])
        values = values[~np.isnan(values)]
        outside = values[(values < curve.low) | (values > curve.high)]
        if len(values) >= _LEAST_SCORES and len(outside) >= _LEAST_SHARE * len(values):
            warnings.append(
                f"the scores of {term.property.name} are taken to lie in {curve.low:g}..{curve.high:g}, and "
                f"{len(outside)} of the first {len(values)} do not ({outside.min():.4g} to {outside.max():.4g}): "
                "nearly all of them count alike, and the search cannot tell good from bad; state low and high of the "
                "goal in a profile"
            )
    return warnings
