"""Which hits belong together: sphere exclusion from the best one on, hit by hit, in the order they are written."""

from collections.abc import Sequence
from typing import Any

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.leaders import Leaders
from moldesign.chem.smiles import parse_smiles

MOST_HITS = 10_000
"""Hits up to which clusters are looked for; each is compared with the centres of all clusters before it."""


class Clusters:
    """Assigns hits to the first better one that they resemble, as `--diverse` does; what resembles none is a centre.

    Args:
        similarity: from which on two resemble each other (Tanimoto, Morgan radius 2).
    """

    def __init__(self, similarity: float) -> None:
        self._leaders = Leaders(similarity)
        self._centres: list[str] = []

    def describe(self, smiles: Sequence[str | None]) -> dict[str, list[Any]]:
        """Return the columns cluster (from 1, in the order of the centres) and cluster_centre (its SMILES).

        Args:
            smiles: of further hits; where there is none, there is no cluster.
        """
        present = [text for text in smiles if text is not None]
        numbers = iter(self._leaders.assign(morgan_bits(parse_smiles(present).mols)).tolist())
        columns: dict[str, list[Any]] = {"cluster": [], "cluster_centre": []}
        for text in smiles:
            number = None if text is None else next(numbers)
            if number is not None and number == len(self._centres) and text is not None:
                self._centres.append(text)
            columns["cluster"].append(None if number is None else number + 1)
            columns["cluster_centre"].append(None if number is None else self._centres[number])
        return columns
