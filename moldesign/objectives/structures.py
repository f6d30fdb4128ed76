"""Properties that limits are about: what a molecule keeps, is made of, and resembles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.fingerprints import morgan_bits, tanimoto, to_decimals
from moldesign.chem.groups import cut_linker
from moldesign.chem.open_points import OpenPiece, read_ends, read_scaffold
from moldesign.chem.smiles import Mol, quiet_rdkit, require_mols
from moldesign.chem.standardize import standardize_mol
from moldesign.chem.stereo import find_stereo
from moldesign.errors import InvalidSmilesError, ProfileError
from moldesign.objectives.terms import MORGAN_BITS, Batch, Evaluation

ALTERNATIVES = "|"
"""Between texts of which one is enough; no SMILES has it."""


@dataclass(frozen=True)
class StructureProperty:
    """A number that is read off the structure of each molecule."""

    name: str
    measure: Callable[[Mol], float]
    low: float = 0.0
    high: float = 1.0

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return one number per molecule."""
        with quiet_rdkit():
            return Evaluation(np.array([self.measure(mol) for mol in batch.mols], dtype=np.float64))


@dataclass(frozen=True)
class NearestProperty:
    """Tanimoto similarity (Morgan, radius 2, 2048 bits) to the most similar of some molecules."""

    name: str
    targets: tuple[Mol, ...]
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def to(cls, texts: str) -> "NearestProperty":
        """Return the similarity to the nearest of the SMILES that "|" separates, each without salts and protons.

        Raises:
            ProfileError: one is not a valid SMILES.
        """
        name = f"nearest({texts})"
        try:
            return cls(name, tuple(map(standardize_mol, require_mols(texts.split(ALTERNATIVES)))))
        except InvalidSmilesError as error:
            raise ProfileError(f"{name} needs molecules to compare with: {error}") from error

    @cached_property
    def bits(self) -> NDArray[np.uint8]:
        """The fingerprints of the molecules, one row each."""
        return morgan_bits(self.targets)

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return similarities between 0 and 1."""
        bits = batch.share(MORGAN_BITS, lambda: morgan_bits(batch.mols))
        return Evaluation(to_decimals(tanimoto(bits, self.bits).max(axis=1)))


def keep_scaffold(texts: str) -> StructureProperty:
    """Return 1 for molecules that keep one of the scaffolds and have grown at all its open points and nowhere else.

    Raises:
        OpenPointError: a scaffold cannot be grown.
    """
    pieces = [read_scaffold(text) for text in texts.split(ALTERNATIVES)]
    return StructureProperty(f"scaffold({texts})", partial(_keeps_any, pieces))


def keep_ends(texts: str) -> StructureProperty:
    """Return 1 for molecules that are two of the given ends and a linker between them.

    Raises:
        OpenPointError: two ends cannot be linked.
    """
    pairs = [read_ends(text) for text in texts.split(ALTERNATIVES)]
    return StructureProperty(f"linked({texts})", partial(_links_any, pairs))


def allow_elements(symbols: str) -> StructureProperty:
    """Return 1 for molecules of these elements and hydrogen alone.

    Raises:
        ProfileError: a symbol is no element.
    """
    return StructureProperty(f"only({symbols})", partial(_has_only, read_elements(symbols)))


def read_elements(symbols: str) -> frozenset[int]:
    """Return the atomic numbers of symbols that "," separates, with that of hydrogen.

    Raises:
        ProfileError: a symbol is no element.

    >>> sorted(read_elements("C,Cl"))
    [1, 6, 17]
    """
    table = Chem.GetPeriodicTable()
    known = {table.GetElementSymbol(number): number for number in range(1, 119)}
    numbers = {1}
    for symbol in filter(None, (part.strip() for part in symbols.split(","))):
        if symbol not in known:
            raise ProfileError(f"{symbol!r} is not the symbol of an element; write it as in C, N, Cl")
        numbers.add(known[symbol])
    return frozenset(numbers)


def count_stereocenters(mol: Mol) -> int:
    """Return the number of tetrahedral centres and double bonds that have two forms, given or not.

    >>> [count_stereocenters(mol) for mol in require_mols(["CC(O)CC", "C/C=C/C", "CCO"])]
    [1, 1, 0]
    """
    return len(find_stereo(mol))


def count_open_stereo(mol: Mol) -> int:
    """Return how many of the stereocentres and double bonds have no given form.

    >>> [count_open_stereo(mol) for mol in require_mols(["CC(O)CC", "C[C@H](O)CC", "CC=CC", "NC12CC(C1)C2"])]
    [1, 0, 1, 0]
    """
    return sum(one.specified == Chem.StereoSpecified.Unspecified for one in find_stereo(mol))


STEREO_PROPERTIES = {
    "stereocenters": StructureProperty("stereocenters", count_stereocenters, high=5.0),
    "open_stereo": StructureProperty("open_stereo", count_open_stereo, high=5.0),
}
"""Counts that need no argument."""


def _keeps_any(pieces: Sequence[OpenPiece], mol: Mol) -> float:
    return float(any(piece.find_in(mol) for piece in pieces))


def _links_any(pairs: Sequence[tuple[OpenPiece, OpenPiece]], mol: Mol) -> float:
    return float(any(cut_linker(mol, *pair) is not None for pair in pairs))


def _has_only(numbers: frozenset[int], mol: Mol) -> float:
    return float(all(atom.GetAtomicNum() in numbers for atom in mol.GetAtoms()))
