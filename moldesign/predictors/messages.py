"""The messages between the atoms of a batch, arranged so that a layer computes them in two passes over memory.

A batch has few kinds of bonds: what a layer makes of bond features is computed once per kind. A message is then the sum
of two rows, the neighbour's state and the kind's; what an atom receives is the sum of its messages. Both sums are
`embedding_bag`s, for which PyTorch generates the fastest code of the processor.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.graphs import GraphTable


class BondKinds(NamedTuple):
    """The different rows of a table's bond features."""

    features: NDArray[np.float32]
    """[K, n_bond_features]"""
    of_bond: NDArray[np.int64]
    """[2 * n_bonds], kind of each directed bond"""


class Messages(NamedTuple):
    """Who tells whom over what, in a batch of n_atoms atoms; messages are ordered by the atom that they go to."""

    kinds: Tensor
    """Float32 [K, n_bond_features]"""
    parts: Tensor
    """Int64 [2 * n_messages]: of each message the atom that it comes from, and n_atoms + kind of its bond"""
    part_starts: Tensor
    """Int64 [n_messages + 1], where in `parts` each message begins"""
    rows: Tensor
    """Int64 [n_messages], the numbers of the messages"""
    starts: Tensor
    """Int64 [n_atoms + 1], the first message to each atom"""

    def to(self, device: torch.device) -> "Messages":
        """Return the same on a device."""
        return Messages(*(tensor.to(device) for tensor in self))


def find_bond_kinds(bonds: NDArray[np.float32]) -> BondKinds:
    """Return the kinds of bonds, of bond features float32 [2 * n_bonds, n_bond_features].

    >>> find_bond_kinds(np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)).of_bond.tolist()
    [0, 1, 0]
    """
    # Different features have different sums when weighted with irrational numbers.
    sums = (bonds * np.sqrt(np.arange(2.0, bonds.shape[1] + 2))).sum(axis=1)
    _, first, of_bond = np.unique(sums, return_index=True, return_inverse=True)
    return BondKinds(bonds[first], of_bond.ravel())


def arrange_messages(graphs: GraphTable, kinds: BondKinds) -> Messages:
    """Return the messages of a batch.

    Args:
        graphs: the batch.
        kinds: those of its bonds; of a larger table, `of_bond` is cut to the bonds of the batch.
    """
    n_atoms, (source, target) = len(graphs.atoms), graphs.edges
    order = np.argsort(target.astype(np.min_scalar_type(n_atoms)), kind="stable")  # short integers sort much faster
    parts = np.column_stack([source[order], n_atoms + kinds.of_bond[order]])
    starts = np.append(0, np.cumsum(np.bincount(target, minlength=n_atoms)))
    return Messages(
        torch.from_numpy(kinds.features),
        torch.from_numpy(parts.ravel()),
        torch.arange(0, parts.size + 1, 2),
        torch.arange(len(order)),
        torch.from_numpy(starts),
    )
