"""Which molecules keep the hard limits that their structure alone can tell: no call need be spent on the others."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import parse_smiles
from moldesign.objectives.payment import is_own_scorer
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Batch, Term


class StructuralLimits:
    """Hard limits that are computed: neither predicted nor asked of the user's own scorers.

    Args:
        terms: of a profile, K.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = [
            term
            for term in terms
            if term.weight == 0 and not isinstance(term.property, EndpointProperty) and not is_own_scorer(term.property)
        ]

    def __bool__(self) -> bool:
        return bool(self._terms)

    def find_broken(self, smiles: Sequence[str]) -> NDArray[np.bool_]:
        """Return which molecule breaks which limit, bool [N, L]; what is no molecule breaks none."""
        broken = np.zeros((len(smiles), len(self._terms)), dtype=bool)
        mols = parse_smiles(smiles).mols if self._terms else []
        rows = [row for row, mol in enumerate(mols) if mol is not None]
        batch = Batch([smiles[row] for row in rows], [mols[row] for row in rows])
        for column, term in enumerate(self._terms if rows else ()):
            broken[rows, column] = term.transform(term.evaluate(batch).values) == 0
        return broken

    def are_kept(self, smiles: Sequence[str]) -> NDArray[np.bool_]:
        """Return False for molecules that break a limit, bool [N]."""
        return np.asarray(~self.find_broken(smiles).any(axis=1), dtype=bool)

    def select_kept(self, smiles: Sequence[str]) -> list[str]:
        """Return the molecules that break no limit, in their order."""
        return list(compress(smiles, self.are_kept(smiles)))

    def name_hardest(self, smiles: Sequence[str]) -> str:
        """Return, as the user would write it, the limit that most of the molecules break."""
        return self._terms[int(self.find_broken(smiles).sum(axis=0).argmax())].text
