"""The highest Tanimoto similarity of molecules to the training molecules of each endpoint, for many at once.

Of the training molecules that have the same labels and the same number of bits, the one that shares most bits with a
query is the most similar one. So the maximum of each such group is taken over counts of shared bits, then that of the
groups of an endpoint which have the same number of bits, and few similarities are left to compute.

The counts of a training molecule are sums: of one row per bit that it has, which says which queries have the bit. A
count fits into a byte and a float32 holds three bytes exactly, so three queries are added up as one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from moldesign.predictors.bags import sum_bags

Similarity = NDArray[np.float32]

COMPARED = 2048
"""Training molecules whose similarities are computed at once."""
_BLOCK = 512
"""Queries compared at once with one endpoint: [M, _BLOCK] bytes."""
_PACKED = 3
"""Queries counted in one float32, whose integers are exact up to 2^24."""
_LEAST_WIDTH = 2
"""Columns that are summed at least: PyTorch has no fast code for one, and is seven times slower for a lone molecule."""
_MAX_COUNT = 255
_NARROW_BLOCK = 64 * _PACKED
"""Queries compared at once with all: their bits stay in the cache of a core."""


class Turns(NamedTuple):
    """K rows of groups in an order in which the maximum of each group is taken by whole arrays.

    One row of every group comes first, then a second one of every group that has two, and so on. With the largest
    groups first, each turn holds the first groups, in order.
    """

    rows: NDArray[np.int64]
    """[K], the rows in their order"""
    ends: list[int]
    """Where each turn ends"""
    groups: NDArray[np.int64]
    """[G], the groups in their order"""

    def find_highest(self, dealt: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the maximum of each group, uint8 [G, W]; of the rows in their order, uint8 [K, W], which it spends."""
        highest = dealt[: len(self.groups)]
        for start, end in zip(self.ends[:-1], self.ends[1:], strict=True):
            np.maximum(highest[: end - start], dealt[start:end], out=highest[: end - start])
        return highest


class LabelledFingerprints:
    """Fingerprints of M training molecules, arranged for comparison with many queries."""

    def __init__(self, fingerprints: NDArray[np.uint8], has_label: NDArray[np.bool_]) -> None:
        """Arrange packed fingerprints, uint8 [M, bytes], by their labels, bool [M, T]."""
        n_bits = np.bitwise_count(fingerprints).sum(axis=1, dtype=np.int64)
        self._has_label, self._n_set = has_label, n_bits
        first, group = _find_groups(n_bits, has_label)
        self._molecules = deal_turns(group)
        self._place = np.argsort(self._molecules.rows)
        bits = np.unpackbits(fingerprints[self._molecules.rows], axis=1, bitorder="little")
        # No two molecules share more bits than one of them has: mostly a byte holds the count.
        ones = np.ones(int(n_bits.sum()), dtype=np.min_scalar_type(n_bits.max(initial=0)))
        starts = np.append(0, np.cumsum(n_bits[self._molecules.rows]))
        self._bits = csr_array(
            (ones, np.flatnonzero(bits.view(bool)) % max(bits.shape[1], 1), starts), shape=bits.shape
        )
        self._set_bits = torch.from_numpy(self._bits.indices.astype(np.int32))
        self._bag_starts = torch.from_numpy(self._bits.indptr.astype(np.int32))
        first = first[self._molecules.groups]
        member, endpoint = np.nonzero(has_label[first])
        cells, cell = np.unique(np.column_stack([endpoint, n_bits[first[member]]]), axis=0, return_inverse=True)
        self._cells = deal_turns(cell.ravel())
        self._cell_members = member[self._cells.rows]
        cells = cells[self._cells.groups]
        self._cell_bits = cells[:, 1].astype(np.float32)
        self._cells_of = [np.flatnonzero(cells[:, 0] == t) for t in range(has_label.shape[1])]

    def find_highest(self, queries: NDArray[np.uint8]) -> Similarity:
        """Return the highest similarity of each query to a molecule with a label of each endpoint, float32 [N, T].

        It is 0 for an endpoint without labels, and for an empty query.
        """
        highest = np.zeros((len(queries), len(self._cells_of)), dtype=np.float32)
        labelled = np.flatnonzero(self._has_label.any(axis=0))
        n_set = np.bitwise_count(queries).sum(axis=1, dtype=np.int64)
        ordinary, large = np.flatnonzero(n_set <= _MAX_COUNT), np.flatnonzero(n_set > _MAX_COUNT)
        for start in range(0, len(ordinary) if len(labelled) else 0, _NARROW_BLOCK):
            block = ordinary[start : start + _NARROW_BLOCK]
            similarity = self._compare_cells(queries[block], n_set[block].astype(np.float32))
            for t in labelled:
                highest[block, t] = similarity[self._cells_of[t]].max(axis=0)
        for t in labelled if len(large) else ():
            highest[large, t] = self.find_nearest(queries[large], int(t), 1)[1][:, 0]
        return highest

    @property
    def order(self) -> NDArray[np.int64]:
        """[M], the training molecules in the order of `compare`."""
        return self._molecules.rows

    def compare(self, queries: NDArray[np.uint8]) -> Iterator[Similarity]:
        """Yield the similarity of training molecules, in `order`, to each of N queries, float32 [M, N] in all.

        `COMPARED` molecules at a time, which stay in the cache of a core.
        """
        n_set = np.bitwise_count(queries).sum(axis=1, dtype=np.float32)
        if n_set.max(initial=0) <= _MAX_COUNT:
            counts = _unpack(self._count_shared(queries))[:, : len(queries)]
        else:
            counts = self._bits @ np.ascontiguousarray(np.unpackbits(queries, axis=1, bitorder="little").T)
        own = self._n_set[self.order, None].astype(np.float32)
        for start in range(0, len(own), COMPARED):
            shared = counts[start : start + COMPARED].astype(np.float32)
            union = own[start : start + COMPARED] + n_set
            union -= shared
            shared /= np.maximum(union, 1, out=union)
            yield shared

    def find_nearest(self, queries: NDArray[np.uint8], endpoint: int, k: int) -> tuple[NDArray[np.int64], Similarity]:
        """Return the k training molecules with a label of the endpoint that are most similar to each query.

        Of equally similar ones the first wins. There are fewer than k where fewer have a label.

        Returns:
            Their rows, int64 [N, k], most similar first, and their similarity, float32 [N, k].
        """
        labelled = np.flatnonzero(self._has_label[:, endpoint])
        bits, n_set = self._bits[self._place[labelled]], self._n_set[labelled, None].astype(np.float32)
        rows, similarities = [], []
        for start in range(0, max(len(queries), 1), _BLOCK):
            query_bits = np.unpackbits(queries[start : start + _BLOCK], axis=1, bitorder="little")
            shared = (bits @ np.ascontiguousarray(query_bits.T)).astype(np.float32)
            similarity = shared / np.maximum(n_set + query_bits.sum(axis=1, dtype=np.float32) - shared, 1)
            nearest = np.argsort(-similarity, axis=0, kind="stable")[:k]
            rows.append(labelled[nearest.T])
            similarities.append(np.take_along_axis(similarity, nearest, axis=0).T)
        return np.concatenate(rows), np.concatenate(similarities)

    def _compare_cells(self, queries: NDArray[np.uint8], n_set: NDArray[np.float32]) -> Similarity:
        """Return the highest similarity of each endpoint's molecules of one number of bits, float32 [cells, N]."""
        counts = self._molecules.find_highest(self._count_shared(queries))
        highest = self._cells.find_highest(counts[self._cell_members])
        n_shared = _unpack(highest)[:, : len(queries)].astype(np.float32)
        union = self._cell_bits[:, None] + n_set
        union -= n_shared
        n_shared /= np.maximum(union, 1, out=union)
        return n_shared

    def _count_shared(self, queries: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return how many bits each training molecule shares with each query, packed, uint8 [M, bytes]."""
        width = max(-(-len(queries) // _PACKED), _LEAST_WIDTH)
        bits = np.zeros((width * _PACKED, 8 * queries.shape[1]), dtype=np.float32)
        bits[: len(queries)] = np.unpackbits(queries, axis=1, bitorder="little")
        digits = 256.0 ** np.arange(_PACKED, dtype=np.float32)
        rows_by_bit = np.einsum("wpb,p->bw", bits.reshape(width, _PACKED, -1), digits)
        shared = sum_bags(torch.from_numpy(np.ascontiguousarray(rows_by_bit)), self._set_bits, self._bag_starts)
        return shared.to(torch.int32).numpy().astype("<i4", copy=False).view(np.uint8)


def _find_groups(
    n_bits: NDArray[np.int64], has_label: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each group with one number of bits and the same labels, and the group of each row.

    Sorting whole rows would take NumPy most of the time that a predictor needs to get ready.
    """
    packed = np.packbits(has_label, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    first, group = np.unique(n_bits, return_index=True, return_inverse=True)[1:]
    for word in words.view(np.uint64).T:
        _, code = np.unique(word, return_inverse=True)
        _, first, group = np.unique(group * (code.max(initial=0) + 1) + code, return_index=True, return_inverse=True)
    return first, group


def _unpack(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the counts that integers of four bytes hold, uint8 [rows, queries]."""
    return packed.reshape(len(packed), -1, 4)[:, :, :_PACKED].reshape(len(packed), -1)


def deal_turns(group: NDArray[np.int64]) -> Turns:
    """Order rows in turns, by the group of each row, int64 [K]: every number from 0 on."""
    sizes = np.bincount(group)
    largest_first = np.argsort(-sizes, kind="stable")
    rank, sizes = np.argsort(largest_first)[group], sizes[largest_first]
    by_group = np.argsort(rank, kind="stable")
    turn = np.arange(len(rank)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return Turns(by_group[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn)).tolist(), largest_first)
