"""The different environments of the atoms of a batch: the network computes each of them once.

After l layers, the state of an atom depends on what lies within l bonds of it, and on nothing else. Molecules are made
of the same parts again and again: in 500 of a library, one atom in six differs from all others within one bond, half of
them within two, three quarters within three. Environments are told apart as in Weisfeiler and Lehman's refinement: an
atom's is its own, with those of its neighbours and the kinds of the bonds to them, of one radius less; its name is a
hash of 64 bits.

What a layer makes of bond features is computed once per kind of bond. A message is the sum of two rows, the neighbour's
state and the kind's, and computed once however many hear it; what an atom receives is the sum of its messages. Both
sums are `embedding_bag`s, for which PyTorch generates the fastest code of the processor.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.graphs import GraphTable
from moldesign.graphs.batch import expand_ranges

Rows = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_BONDS = np.uint64(1 << 40)
"""Added to the kinds of bonds, so that none has the number of a kind of atom."""


class Kinds(NamedTuple):
    """The different rows of features of a table's atoms, or bonds."""

    features: NDArray[np.float32]
    """[K, n_features]"""
    of_row: Rows
    """[N], the kind of each row"""


class Messages(NamedTuple):
    """Who tells whom over what, between environments of radius l and the n of radius l + 1 that they make."""

    own: Tensor
    """Int64 [n], of each environment the same atom's of radius l"""
    bonds: Tensor
    """Float32 [K, n_bond_features], the kinds of bonds"""
    parts: Tensor
    """Int64 [2 * m]: of each different message the environment it comes from, and their number + kind of its bond"""
    part_starts: Tensor
    """Int64 [m + 1], where in `parts` each of them begins"""
    rows: Tensor
    """Int64 [n_messages], which of the m different messages each one is"""
    starts: Tensor
    """Int64 [n + 1], the first message to each environment"""


class Environments(NamedTuple):
    """The environments of the atoms of B molecules."""

    atoms: Tensor
    """Float32 [n_0, n_atom_features], those of radius 0: the kinds of atoms"""
    layers: list[Messages]
    """From each radius to the next one"""
    of_atom: Tensor
    """Int64 [n_atoms], of the largest radius"""
    owner: Tensor
    """Int64 [n_atoms], the molecule of each atom"""
    atom_starts: Tensor
    """Int64 [B + 1], the first atom of each molecule"""

    def to(self, device: torch.device) -> "Environments":
        """Return the same on a device."""
        layers = [Messages(*(tensor.to(device) for tensor in messages)) for messages in self.layers]
        atoms, of_atom, owner, starts = (self.atoms, self.of_atom, self.owner, self.atom_starts)
        return Environments(atoms.to(device), layers, of_atom.to(device), owner.to(device), starts.to(device))


def find_kinds(features: NDArray[np.float32]) -> Kinds:
    """Return the kinds of atoms or bonds, of their features float32 [N, n_features].

    >>> find_kinds(np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)).of_row.tolist()
    [0, 1, 0]
    """
    # Different features have different sums when weighted with irrational numbers.
    sums = (features * np.sqrt(np.arange(2.0, features.shape[1] + 2))).sum(axis=1)
    _, first, of_row = np.unique(sums, return_index=True, return_inverse=True)
    return Kinds(features[first], of_row.ravel())


def find_environments(graphs: GraphTable, bonds: Kinds, n_layers: int) -> Environments:
    """Return the environments of a batch, from radius 0 to `n_layers`.

    Args:
        graphs: the batch.
        bonds: their kinds; of a larger table, `of_row` is cut to the bonds of the batch.
        n_layers: of the network.
    """
    atoms = find_kinds(graphs.atoms)
    n_atoms, (source, target) = len(graphs.atoms), graphs.edges
    order = np.argsort(target.astype(np.min_scalar_type(n_atoms)), kind="stable")  # short integers sort much faster
    source, kind = source[order], bonds.of_row[order]
    starts = np.append(0, np.cumsum(np.bincount(target, minlength=n_atoms)))
    told = _mix(kind.astype(np.uint64) + _BONDS)
    names, n_known, of_atom = _mix(atoms.of_row.astype(np.uint64)), len(atoms.features), atoms.of_row
    layers = []
    for _ in range(n_layers):
        heard = np.append(np.uint64(0), np.cumsum(_mix(names[source] + told)))
        names = _mix(names * np.uint64(3) + heard[starts[1:]] - heard[starts[:-1]])
        _, first, wider = np.unique(names, return_index=True, return_inverse=True)
        chosen, lengths = expand_ranges(starts, first)
        told_by = of_atom[source[chosen]] * len(bonds.features) + kind[chosen]
        layers.append(_arrange(of_atom[first], bonds.features, told_by, n_known, lengths))
        n_known, of_atom = len(first), wider.ravel()
    owner = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_starts))
    ends = (torch.from_numpy(array) for array in (of_atom, owner, graphs.atom_starts))
    return Environments(torch.from_numpy(atoms.features), layers, *ends)


def _arrange(own: Rows, bonds: NDArray[np.float32], told_by: Rows, n_known: int, lengths: Rows) -> Messages:
    """Return the messages, of which the pairs of environment and kind of bond are given as one number each."""
    is_told = np.zeros(n_known * len(bonds), dtype=bool)  # much faster than sorting the pairs
    is_told[told_by] = True
    different = np.flatnonzero(is_told)
    sources, kinds = np.divmod(different, max(len(bonds), 1))
    return Messages(
        torch.from_numpy(own),
        torch.from_numpy(bonds),
        torch.from_numpy(np.column_stack([sources, n_known + kinds]).ravel()),
        torch.arange(0, 2 * len(different) + 1, 2),
        torch.from_numpy(np.cumsum(is_told)[told_by] - 1),
        torch.from_numpy(np.append(0, np.cumsum(lengths))),
    )


def _mix(numbers: Hashes) -> Hashes:
    """Return 64 bits that each depend on all bits of the number, as SplitMix64 does (doi:10.1145/2660193.2660195)."""
    mixed = numbers ^ (numbers >> _SHIFTS[0])
    for factor, shift in zip(_FACTORS, _SHIFTS[1:], strict=True):
        mixed *= factor
        mixed ^= mixed >> shift
    return mixed
