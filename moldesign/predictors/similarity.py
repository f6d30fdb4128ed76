"""The highest Tanimoto similarity of molecules to the training molecules of each endpoint, for many at once.

Of the training molecules that have the same labels and the same number of bits, the one that shares most bits with a
query is the most similar one. So the maximum of each such group is taken over counts of shared bits, and only one
similarity per group is computed. The counts of a training molecule are sums too: of one row per bit that it has, which
says which queries have the bit.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from moldesign.predictors.bags import sum_bags

Similarity = NDArray[np.float32]

_BLOCK = 512
"""Queries compared at once with one endpoint: [M, _BLOCK] bytes."""
_NARROW_BLOCK = 64
"""Queries compared at once with all: their bits, and the similarities of all groups, stay in the cache of a core."""


class LabelledFingerprints:
    """Fingerprints of M training molecules, arranged for comparison with many queries."""

    def __init__(self, fingerprints: NDArray[np.uint8], has_label: NDArray[np.bool_]) -> None:
        """Arrange packed fingerprints, uint8 [M, bytes], by their labels, bool [M, T]."""
        n_bits = np.bitwise_count(fingerprints).sum(axis=1, dtype=np.int64)
        self._has_label, self._n_set = has_label, n_bits
        kinds, group, sizes = np.unique(
            np.column_stack([n_bits, has_label]), axis=0, return_inverse=True, return_counts=True
        )
        largest_first = np.argsort(-sizes, kind="stable")
        rows, self._turn_ends = _deal_turns(np.argsort(largest_first)[group.ravel()], sizes[largest_first])
        self._place = np.argsort(rows)
        bits = np.unpackbits(fingerprints[rows], axis=1, bitorder="little")
        # No two molecules share more bits than one of them has: mostly a byte holds the count.
        self._bits = csr_array(bits.astype(np.min_scalar_type(n_bits.max(initial=0)), copy=False))
        self._set_bits = torch.from_numpy(self._bits.indices.astype(np.int32))
        self._bag_starts = torch.from_numpy(self._bits.indptr.astype(np.int32))
        kinds = kinds[largest_first]
        self._n_bits = kinds[:, 0].astype(np.float32)
        self._groups = [np.flatnonzero(labelled) for labelled in kinds[:, 1:].T]

    def find_highest(self, queries: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the highest similarity of each query to a molecule with a label of each endpoint, float32 [N, T].

        It is 0 for an endpoint without labels, and for an empty query.
        """
        highest = np.zeros((len(queries), len(self._groups)), dtype=np.float32)
        for start in range(0, len(queries), _NARROW_BLOCK):
            block = slice(start, start + _NARROW_BLOCK)
            similarity = self._compare_groups(queries[block])
            for endpoint, groups in enumerate(self._groups):
                highest[block, endpoint] = similarity[groups].max(axis=0, initial=0)
        return highest

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

    def _compare_groups(self, queries: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the highest similarity of each group to each query, float32 [groups, N]."""
        query_bits = np.unpackbits(queries, axis=1, bitorder="little")
        rows_by_bit = torch.from_numpy(np.ascontiguousarray(query_bits.T, dtype=np.float32))
        shared: NDArray[np.float32] = sum_bags(rows_by_bit, self._set_bits, self._bag_starts).numpy()
        most = shared[: len(self._n_bits)]
        for start, end in zip(self._turn_ends[:-1], self._turn_ends[1:], strict=True):
            np.maximum(most[: end - start], shared[start:end], out=most[: end - start])
        union = self._n_bits[:, None] + query_bits.sum(axis=1, dtype=np.float32)
        union -= most
        most /= np.maximum(union, 1, out=union)
        return most


def _deal_turns(group: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """Order rows in turns: one row of every group, then a second one of every group that has two, and so on.

    With the largest groups first, each turn holds the first groups, in order, and turns are compared as whole arrays.

    Args:
        group: of each row, int64 [M].
        sizes: rows of each group, in descending order.

    Returns:
        The rows in their new order, and where each turn ends.
    """
    by_group = np.argsort(group, kind="stable")
    turn = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return by_group[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn)).tolist()
