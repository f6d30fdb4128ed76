"""A forest over fingerprints beside the networks: what it says is mixed into their outputs, endpoint by endpoint.

Of few molecules, or of series that share their substituents, a forest over Morgan counts often knows more than a graph
network does; the two err in different places. A model folder holds the trees as arrays of numbers, never as an object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.chem.fingerprints import morgan_counts
from moldesign.chem.smiles import Mol

RADIUS, N_BITS = 2, 2048

Floats = NDArray[np.float32]

_ARRAYS = ("features", "thresholds", "left", "right", "values", "roots")
_SHARES = "forest.shares"


@dataclass(frozen=True)
class Forest:
    """The trees of one endpoint: M nodes of all of them, each node before its children."""

    features: NDArray[np.int16]
    """[M], the fingerprint position that a node asks for; -1 in a leaf"""
    thresholds: NDArray[np.uint8]
    """[M], up to which count the left child is next"""
    left: NDArray[np.int32]
    """[M]"""
    right: NDArray[np.int32]
    """[M]"""
    values: Floats
    """[M], on the scale of the networks' outputs; the share of positives of a classification"""
    roots: NDArray[np.int32]
    """[trees], the first node of each tree"""

    def __post_init__(self) -> None:
        if len({len(array) for array in (self.features, self.thresholds, self.left, self.right, self.values)}) != 1:
            raise ValueError("the arrays of the forest are of different lengths")
        inner = np.flatnonzero(self.features >= 0)
        children = np.concatenate([self.left[inner], self.right[inner]])
        inside = [(nodes >= 0).all() and (nodes < len(self.features)).all() for nodes in (children, self.roots)]
        # A child that does not come later would let a molecule go round in the tree for ever.
        if not all(inside) or (children <= np.tile(inner, 2)).any() or (self.features >= N_BITS).any():
            raise ValueError("the forest has a node that leads nowhere")

    def average(self, counts: NDArray[np.uint8]) -> Floats:
        """Return the mean over the trees of the leaf that each molecule falls into, float32 [N].

        Args:
            counts: of the N molecules' fingerprints, uint8 [N, N_BITS].
        """
        node = np.tile(self.roots, len(counts))
        owner = np.repeat(np.arange(len(counts)), len(self.roots))
        going = np.flatnonzero(self.features[node] >= 0)
        while len(going):
            at = node[going]
            is_left = counts[owner[going], self.features[at]] <= self.thresholds[at]
            node[going] = np.where(is_left, self.left[at], self.right[at])
            going = going[self.features[node[going]] >= 0]
        mean: Floats = self.values[node].reshape(len(counts), len(self.roots)).mean(axis=1, dtype=np.float32)
        return mean


@dataclass(frozen=True)
class ForestBlend:
    """The forests of T endpoints, and how much of a prediction is theirs."""

    forests: tuple[Forest, ...]
    """[T]"""
    is_class: tuple[bool, ...]
    """[T]"""
    shares: Floats
    """[T], 0 to 1: what the forest is worth in the mean of forest and networks"""

    def predict(self, mols: Sequence[Mol | None]) -> Floats:
        """Return what the forests say on the scale of the networks' outputs, float32 [N, T]; logits of classes."""
        counts = morgan_counts(mols, radius=RADIUS, n_bits=N_BITS)
        columns = [
            _to_logits(forest, forest.average(counts)) if is_class else forest.average(counts)
            for forest, is_class in zip(self.forests, self.is_class, strict=True)
        ]
        return np.column_stack(columns)

    def mix(self, outputs: Floats, mols: Sequence[Mol | None]) -> Floats:
        """Return the outputs of K networks with the forests mixed in, float32 [K, N, T]: see `mix_outputs`."""
        return mix_outputs(outputs, self.predict(mols), self.shares)

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the forests as tensors for a model folder."""
        tensors = {_SHARES: torch.from_numpy(self.shares)}
        for t, forest in enumerate(self.forests):
            tensors |= {f"forest.{t}.{name}": torch.from_numpy(array) for name, array in vars(forest).items()}
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], is_class: Sequence[bool]) -> "ForestBlend | None":
        """Read what `to_tensors` wrote; None where there is no forest.

        Raises:
            KeyError: an array is missing.
            ValueError: a tree is broken.
        """
        if _SHARES not in tensors:
            return None
        forests = [
            Forest(**{name: tensors[f"forest.{t}.{name}"].numpy() for name in _ARRAYS}) for t in range(len(is_class))
        ]
        return cls(tuple(forests), tuple(is_class), tensors[_SHARES].numpy())


def mix_outputs(outputs: Floats, forest: Floats, shares: Floats) -> Floats:
    """Move the outputs of all networks alike, so that their mean is (1 - share) * mean + share * forest.

    Their disagreement, which is the std, stays as it was.

    Args:
        outputs: of K networks, float32 [K, N, T].
        forest: what the forest says, float32 [N, T].
        shares: of the forest, [T].

    >>> mix_outputs(np.array([[[0.0]], [[2.0]]]), np.array([[3.0]]), np.array([0.5])).ravel().tolist()
    [1.0, 3.0]
    """
    mixed: Floats = outputs + (shares * (forest - outputs.mean(axis=0))).astype(np.float32)
    return mixed


def _to_logits(forest: Forest, share: Floats) -> Floats:
    """Return logits of shares of positives, finite ones: no tree is taken for half a tree."""
    n_trees = len(forest.roots)
    probability = (share.astype(np.float64) * n_trees + 0.5) / (n_trees + 1)
    logits: Floats = np.log(probability / (1 - probability)).astype(np.float32)
    return logits
