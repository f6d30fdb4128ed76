"""Morgan fingerprints as packed bits, and Tanimoto similarity between many of them at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from scipy.sparse import csr_array

from moldesign.chem.smiles import Mol

_BLOCK = 2048
"""Rows of either side compared at once: the parts of one comparison fit into the cache of a core."""

_DECIMALS = 6
"""That a float32 holds of a similarity."""
_FEW = 32
"""Rows with which others are compared by popcounts."""
_FEW_ROWS = 512
"""Of the others, compared at once: they stay in the nearest cache of a core."""


@dataclass(frozen=True)
class NearestNeighbors:
    """For each row of the query, the most similar row of the reference."""

    index: NDArray[np.int64]
    """Int64 [Na]: row of the reference."""
    similarity: NDArray[np.float32]
    """Float32 [Na]: Tanimoto similarity, 0 to 1."""


def morgan_bits(mols: Sequence[Mol | None], *, radius: int = 2, n_bits: int = 2048) -> NDArray[np.uint8]:
    """Return packed Morgan fingerprints, uint8 [N, n_bits / 8], little bit order; the row of a None is zero.

    Bit i of a molecule is `np.unpackbits(row, bitorder="little")[i]`, as in RDKit. Radius 2 is ECFP4.

    Raises:
        ValueError: `n_bits` is not a positive multiple of 8.

    >>> from moldesign.chem.smiles import require_mols
    >>> bits = morgan_bits([*require_mols(["CCO"]), None])
    >>> bits.shape, np.bitwise_count(bits).sum(axis=1).tolist()
    ((2, 256), [6, 0])
    """
    if n_bits <= 0 or n_bits % 8:
        raise ValueError(f"n_bits must be a positive multiple of 8, not {n_bits}")
    generator = _morgan_generator(radius, n_bits)
    packed = np.zeros((len(mols), n_bits // 8), dtype=np.uint8)
    for row, mol in enumerate(mols):
        if mol is not None:
            text = DataStructs.BitVectToBinaryText(generator.GetFingerprint(mol))
            packed[row] = np.frombuffer(text, dtype=np.uint8)
    return packed


def morgan_counts(mols: Sequence[Mol | None], *, radius: int = 3, n_bits: int = 2048) -> NDArray[np.uint8]:
    """Return Morgan count fingerprints, uint8 [N, n_bits], saturated at 255; the row of a None is zero."""
    generator = _morgan_generator(radius, n_bits)
    counts = np.zeros((len(mols), n_bits), dtype=np.uint8)
    for row, mol in enumerate(mols):
        if mol is not None:
            counts[row] = np.minimum(generator.GetCountFingerprintAsNumPy(mol), 255)
    return counts


def list_atom_bits(mol: Mol, *, radius: int = 2, n_bits: int = 2048) -> list[NDArray[np.int64]]:
    """Return for each atom the bits of its molecule's `morgan_bits` whose environments hold the atom.

    >>> from moldesign.chem.smiles import require_mols
    >>> [len(bits) for bits in list_atom_bits(*require_mols(["CCO"]))]
    [3, 4, 3]
    """
    output = rdFingerprintGenerator.AdditionalOutput()
    output.AllocateBitInfoMap()
    _morgan_generator(radius, n_bits).GetFingerprint(mol, additionalOutput=output)
    bits: list[set[int]] = [set() for _ in range(mol.GetNumAtoms())]
    for bit, environments in output.GetBitInfoMap().items():
        for center, reach in environments:
            for atom in _list_environment(mol, center, reach):
                bits[atom].add(bit)
    return [np.array(sorted(own), dtype=np.int64) for own in bits]


def _list_environment(mol: Mol, center: int, reach: int) -> set[int]:
    """Return the atoms within `reach` bonds of an atom."""
    atoms = {center}
    for bond in Chem.FindAtomEnvironmentOfRadiusN(mol, reach, center) if reach else ():
        one = mol.GetBondWithIdx(bond)
        atoms |= {one.GetBeginAtomIdx(), one.GetEndAtomIdx()}
    return atoms


def tanimoto(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the Tanimoto similarity of every row of `a` to every row of `b`, float32 [Na, Nb].

    Args:
        a: packed fingerprints, uint8 [Na, bytes].
        b: packed fingerprints, uint8 [Nb, bytes].

    An empty fingerprint (a row without a molecule) resembles nothing, not even another empty one.

    >>> tanimoto(np.array([[0b0111]], np.uint8), np.array([[0b0110], [0]], np.uint8)).round(2)
    array([[0.67, 0.  ]], dtype=float32)
    """
    _require_same_width(a, b)
    if len(b) <= _FEW:
        return _compare_with_few(a, b)
    if len(a) <= _FEW:
        return np.ascontiguousarray(_compare_with_few(b, a).T)
    similarity = np.empty((len(a), len(b)), dtype=np.float32)
    for rows, columns, block in _similarity_blocks(a, b):
        similarity[rows, columns] = block
    return similarity


def to_decimals(similarity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return similarities as the decimal numbers that they stand for: 7 shared bits of 10 are 0.7, not a bit less.

    >>> float(np.float32(0.7)) >= 0.7, float(to_decimals(np.array([0.7], np.float32))[0]) >= 0.7
    (False, True)
    """
    return similarity.astype(np.float64).round(_DECIMALS)


def nearest(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NearestNeighbors:
    """Return for each row of `a` the most similar row of `b`, in memory that does not grow with `b`.

    Of equally similar rows the first wins.

    Raises:
        ValueError: `b` has no row.
    """
    _require_same_width(a, b)
    if len(b) == 0:
        raise ValueError("the reference has no fingerprint; at least one is needed to find the nearest")
    index = np.zeros(len(a), dtype=np.int64)
    similarity = np.full(len(a), -1, dtype=np.float32)
    for rows, columns, block in _similarity_blocks(a, b):
        best = block.argmax(axis=1)
        value = block[np.arange(len(best)), best]
        better = value > similarity[rows]
        similarity[rows] = np.where(better, value, similarity[rows])
        index[rows] = np.where(better, best + columns.start, index[rows])
    return NearestNeighbors(index, similarity)


def _compare_with_few(many: NDArray[np.uint8], few: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the similarity of every row to a few others, float32 [N, few], by popcounts: for few, the fastest way."""
    words, others = _to_words(many), _to_words(few)
    similarity = np.empty((len(many), len(few)), dtype=np.float32)
    n_few = np.bitwise_count(others).sum(axis=1, dtype=np.float32)
    for start in range(0, len(words), _FEW_ROWS):
        block = words[start : start + _FEW_ROWS]
        n_many = np.bitwise_count(block).sum(axis=1, dtype=np.float32)
        for column, row in enumerate(others):
            shared = np.bitwise_count(block & row).sum(axis=1, dtype=np.float32)
            similarity[start : start + len(block), column] = shared / np.maximum(n_many + n_few[column] - shared, 1)
    return similarity


def _to_words(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    width = -(-packed.shape[1] // 8) * 8
    if width != packed.shape[1]:
        packed = np.pad(packed, ((0, 0), (0, width - packed.shape[1])))
    return np.ascontiguousarray(packed).view(np.uint64)


def _similarity_blocks(
    a: NDArray[np.uint8], b: NDArray[np.uint8]
) -> Iterator[tuple[slice, slice, NDArray[np.float32]]]:
    # About 45 of 2,048 bits are set: a sparse product over the bits that occur in `a` does 2 % of the work of
    # a dense one. On ZINC it is 3 times as fast as BLAS and 4 times as fast as popcounts of the packed bytes.
    n_bits_a, n_bits_b = (np.bitwise_count(packed).sum(axis=1, dtype=np.float32) for packed in (a, b))
    for rows in _blocks(len(a)):
        used, left = _to_sparse(a[rows])
        for columns in _blocks(len(b)):
            right = _select_bits(b[columns], used).astype(left.dtype, copy=False)
            shared = (left @ right).astype(np.float32)
            union = n_bits_a[rows, None] + n_bits_b[columns] - shared
            yield rows, columns, shared / np.maximum(union, 1)


def _to_sparse(packed: NDArray[np.uint8]) -> tuple[NDArray[np.int64], csr_array]:
    """Return which bits occur at all, and a sparse matrix [N, bits that occur] of ones."""
    bits = np.unpackbits(packed, axis=1, bitorder="little").view(bool)
    occurs = bits.any(axis=0)
    used = np.flatnonzero(occurs)
    n_set = bits.sum(axis=1)
    columns = (np.cumsum(occurs) - 1)[np.flatnonzero(bits) % bits.shape[1]]
    # No row shares more bits than it has: mostly a byte holds the count, which makes the product faster.
    ones = np.ones(len(columns), dtype=np.min_scalar_type(n_set.max(initial=0)))
    return used, csr_array((ones, columns, np.append(0, np.cumsum(n_set))), shape=(len(packed), len(used)))


def _select_bits(packed: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the bits at `positions` as uint8 [len(positions), N]."""
    bytes_first = np.ascontiguousarray(packed.T)
    shift = (positions & 7).astype(np.uint8)
    return np.asarray(np.bitwise_and(bytes_first[positions >> 3] >> shift[:, None], 1), dtype=np.uint8)


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK)]


def _require_same_width(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"packed fingerprints must be two-dimensional and of one width, not {a.shape} and {b.shape}; "
            "make both with the same n_bits"
        )


@cache
def _morgan_generator(radius: int, n_bits: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=n_bits)
