"""The molecules that every method may start from, and whether a molecule is one of them."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.datasets.tables import read_smiles

ZINC250K = Path("zinc250k", "zinc250k_molopt.smi.gz")


class Library:
    """A list of SMILES that can be asked for a molecule without writing all of it anew.

    >>> "OCC" in Library(["CCO"]), "CCO" in Library(["CO"])
    (True, False)
    """

    def __init__(self, smiles: Sequence[str]) -> None:
        self.smiles = smiles

    def __contains__(self, smiles: str) -> bool:
        texts = self._by_letters.get(_sort_letters(smiles), [])
        return smiles in texts or _canonicalize([smiles])[0] in _canonicalize(texts)

    @cached_property
    def _by_letters(self) -> dict[str, list[str]]:
        """The texts that could be the same molecule: they have the same letters, in whatever order."""
        texts = defaultdict(list)
        for text in self.smiles:
            texts[_sort_letters(text)].append(text)
        return texts


def load_library(data: Path) -> Library:
    """Return ZINC250k, the list that PMO gives every method.

    Args:
        data: folder of the public data sets.

    Raises:
        TableError: the file is not there or cannot be read.
    """
    return Library(read_smiles(data / ZINC250K))


def _sort_letters(smiles: str) -> str:
    return "".join(sorted(filter(str.isalpha, smiles)))


def _canonicalize(smiles: Sequence[str]) -> list[str | None]:
    return [None if mol is None else canonicalize(mol) for mol in parse_smiles(smiles).mols]
