"""The two-dimensional pharmacophore fingerprint of Gobbi and Poppinger, many times as fast as RDKit's own.

A bit says that the molecule has two or three features (donor, acceptor, ...) at binned topological distances
(doi:10.1002/(SICI)1097-0290(199824)61:1<47::AID-BIT9>3.0.CO;2-Z). RDKit walks through all pairs and triples in Python;
here all of them are taken at once, and the bits are the same.
"""

from functools import cache
from itertools import combinations_with_replacement, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem.Pharm2D import Utils
from rdkit.Chem.Pharm2D.SigFactory import SigFactory

IntArray = NDArray[np.int64]

SHORTEST, TOO_LONG = 2, 100
"""Bonds: from `SHORTEST` to below `TOO_LONG`, two features form a pair."""


class Layout(NamedTuple):
    """Where the bits of RDKit's fingerprint are; F families of features, B distance bins."""

    patterns: tuple[Chem.Mol, ...]
    """The pattern of each of the F families, in the order of their numbers."""
    bins: IntArray
    """Int64 [TOO_LONG]: the bin of each number of bonds; -1 where there is none."""
    pairs: IntArray
    """Int64 [F, F, B]: the bit of two features, the one with the lower number first."""
    triples: IntArray
    """Int64 [F, F, F, B, B, B]: the bit of three features, lower numbers first, with the distances between first and
    second, first and third, second and third; -1 where no triangle has such sides."""
    n_bits: int


def find_pharmacophores(mol: Chem.Mol) -> IntArray:
    """Return the numbers of the bits that are set, int64, sorted: those of RDKit's `Generate.Gen2DFingerprint`.

    >>> find_pharmacophores(Chem.MolFromSmiles("NCCCO")).tolist()
    [114, 121, 149, 156, 184]
    """
    layout = describe_layout()
    features, atoms = _find_features(mol, layout.patterns)
    distances = Chem.GetDistanceMatrix(mol)[np.ix_(atoms, atoms)]
    # The parts of a salt are 1e8 bonds away from each other.
    bonds = np.minimum(distances, TOO_LONG).astype(np.int64)
    is_pair = (bonds >= SHORTEST) & (bonds < TOO_LONG)
    i, j = np.nonzero(np.triu(is_pair, 1))
    pairs = layout.pairs[features[i], features[j], layout.bins[bonds[i, j]]]
    rows, k = np.nonzero(is_pair[i] & is_pair[j] & (np.arange(len(atoms)) > j[:, None]))
    i, j = i[rows], j[rows]
    sides = np.stack([bonds[i, j], bonds[i, k], bonds[j, k]])
    corners = np.stack([features[i], features[j], features[k]])
    ordered = layout.bins[_order_sides(corners, sides)]
    return np.unique(np.concatenate([pairs, layout.triples[(*corners, *ordered)]]))


@cache
def describe_layout() -> Layout:
    """Return where the bits are, as RDKit's `Gobbi_Pharm2D.factory` says."""
    from rdkit.Chem.Pharm2D.Gobbi_Pharm2D import factory  # noqa: PLC0415  builds its patterns at import

    families = factory.GetFeatFamilies()
    definitions = {key.split(".")[0]: smarts for key, smarts in factory.featFactory.GetFeatureDefs().items()}
    bins = np.full(TOO_LONG, -1)
    for number, (low, high) in enumerate(factory.GetBins()):
        bins[low:high] = number
    return Layout(
        tuple(Chem.MolFromSmarts(definitions[family]) for family in families),
        bins,
        _number_bits(factory, len(families), 2),
        _number_bits(factory, len(families), 3),
        factory.GetSigSize(),
    )


def _number_bits(factory: SigFactory, n_families: int, n_points: int) -> IntArray:
    """Return the bit of each combination of families and distance bins, -1 where the fingerprint has none."""
    n_bins, n_sides = factory.GetNumBins(), len(Utils.nPointDistDict[n_points])
    scaffolds = {scaffold: number for number, scaffold in enumerate(factory._scaffolds[n_sides])}
    bits = np.full((n_families,) * n_points + (n_bins,) * n_sides, -1)
    for number, families in enumerate(combinations_with_replacement(range(n_families), n_points)):
        start = factory._starts[n_points] + number * len(scaffolds)
        for scaffold in product(range(n_bins), repeat=n_sides):
            if scaffold in scaffolds:
                bits[families + scaffold] = start + scaffolds[scaffold]
    return bits


def _find_features(mol: Chem.Mol, patterns: tuple[Chem.Mol, ...]) -> tuple[IntArray, IntArray]:
    """Return family and atom of each feature, int64 [P] both, in the order of the families, then of the atoms."""
    found = [
        (family, atom)
        for family, pattern in enumerate(patterns)
        for (atom,) in sorted(mol.GetSubstructMatches(pattern, maxMatches=mol.GetNumAtoms()))
    ]
    families, atoms = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return families, atoms


def _order_sides(corners: IntArray, sides: IntArray) -> IntArray:
    """Return the sides [3, N] of triangles as RDKit writes them: where corners are of one family, longer sides first.

    Args:
        corners: int64 [3, N], families in rising order.
        sides: int64 [3, N], bonds between corners 0 and 1, 0 and 2, 1 and 2.
    """
    a, b, c = sides
    first_two, last_two = corners[0] == corners[1], corners[1] == corners[2]
    ordered = np.where(first_two, [a, np.maximum(b, c), np.minimum(b, c)], sides)
    ordered = np.where(last_two, [np.maximum(a, b), np.minimum(a, b), c], ordered)
    return np.where(first_two & last_two, -np.sort(-sides, axis=0), ordered)
