"""Kernel ridge regression over fingerprints beside the networks: what it says is mixed into their outputs.

A prediction is the mean of the training labels, and a sum over the training molecules of a weight times the Tanimoto
similarity to each: the mean of a Gaussian process with this kernel (Ralaivola et al., Neural Networks 2005, 18, 1093).
Of a target with hundreds or thousands of measured molecules it often knows more than a graph network that learned many
targets at once. The fingerprints are those of the domain; a model folder holds the weights beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from moldesign.chem.fingerprints import list_atom_bits, morgan_bits
from moldesign.chem.smiles import Mol
from moldesign.predictors.domain import N_BITS, TrainingDomain
from moldesign.predictors.forest import Floats, mix_outputs
from moldesign.predictors.similarity import COMPARED

_BLOCK = 192
"""Molecules compared at once with all training molecules."""
SLOPE = np.float32(8)
"""Logits per probability of a class. A regression on zeros and ones also says less than 0 and more than 1, of which the
logistic function knows nothing. Mixed with a forest, on unseen scaffolds of 57 folds of DUD-E, DUD and MUV, the mean
average precision was .785 (with 6 .784, with 12 .782, with logits of probabilities cut at 1/400 .784)."""
_NAMES = ("kernel.weights", "kernel.means", "kernel.shares")


@dataclass(frozen=True)
class KernelBlend:
    """The regressions of T endpoints, and how much of a prediction is theirs."""

    domain: TrainingDomain
    """Of the predictor: its M molecules are those that the weights belong to"""
    weights: Floats
    """[M, T], 0 where a molecule has no label"""
    means: Floats
    """[T], on the scale of the networks' outputs"""
    shares: Floats
    """[T], 0 to 1: what the regression is worth in the mean of networks and regression"""
    is_class: tuple[bool, ...]
    """[T]"""

    def predict(self, mols: Sequence[Mol | None]) -> Floats:
        """Return what the regressions say on the scale of the networks' outputs, float32 [N, T]."""
        return self.predict_packed(morgan_bits(mols, n_bits=N_BITS))

    def mix(self, outputs: Floats, mols: Sequence[Mol | None]) -> Floats:
        """Return the outputs of K networks with the regressions mixed in, float32 [K, N, T]: see `mix_outputs`."""
        return mix_outputs(outputs, self.predict(mols), self.shares)

    def weigh_atoms(self, mol: Mol, column: int) -> Floats:
        """Return how much less the regression would say of a molecule without each atom, float32 [n_atoms].

        Without an atom, it has none of the environments that hold it (Riniker & Landrum, J. Cheminf. 2013, 5, 43).
        """
        bits_of = list_atom_bits(mol, n_bits=N_BITS)
        bits = np.unpackbits(
            morgan_bits([mol], n_bits=N_BITS).repeat(len(bits_of) + 1, axis=0), axis=1, bitorder="little"
        )
        for atom, positions in enumerate(bits_of):
            bits[atom, positions] = 0
        said = self.predict_packed(np.packbits(bits, axis=1, bitorder="little"))[:, column]
        weights: Floats = said[-1] - said[:-1]
        return weights

    def predict_packed(self, queries: NDArray[np.uint8]) -> Floats:
        """Return the same of packed fingerprints of the domain, uint8 [N, bytes]."""
        said = np.empty((len(queries), len(self.means)), dtype=np.float32)
        for start in range(0, len(queries), _BLOCK):
            blocks = zip(self._dealt, self.domain.compare(queries[start : start + _BLOCK]), strict=True)
            said[start : start + _BLOCK] = (
                np.transpose(sum(weights @ similar for weights, similar in blocks)) + self.means
            )
        return to_outputs(said, self.is_class)

    @cached_property
    def _dealt(self) -> list[csr_array]:
        """The weights, [T, M] in all, in the order and the blocks in which the domain compares."""
        ordered = self.weights[self.domain.order]
        return [
            csr_array(np.ascontiguousarray(part.T))
            for part in np.split(ordered, range(COMPARED, len(ordered), COMPARED))
        ]

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the regressions as tensors for a model folder, which holds the domain, too."""
        known = self.weights[self.domain.has_label]
        return {name: torch.from_numpy(one) for name, one in zip(_NAMES, (known, self.means, self.shares), strict=True)}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], domain: TrainingDomain, is_class: Sequence[bool]
    ) -> "KernelBlend | None":
        """Read what `to_tensors` wrote; None where there is no regression.

        Raises:
            KeyError: an array is missing.
            ValueError: the weights are not those of the domain's labels.
        """
        if _NAMES[0] not in tensors:
            return None
        known, means, shares = (tensors[name].numpy() for name in _NAMES)
        weights = np.zeros(domain.has_label.shape, dtype=np.float32)
        weights[domain.has_label] = known
        if not len(means) == len(shares) == len(domain.thresholds):
            raise ValueError("the kernel regression has another number of endpoints than the domain")
        return cls(domain, weights, means, shares, tuple(is_class))


def to_outputs(said: Floats, is_class: Sequence[bool]) -> Floats:
    """Return what regressions say on the scale of the networks' outputs, float32 [N, T]: logits of classes.

    >>> to_outputs(np.array([[0.75, 7.0]], dtype=np.float32), (True, False)).tolist()
    [[2.0, 7.0]]
    """
    outputs: Floats = np.where(is_class, SLOPE * (said - np.float32(0.5)), said)
    return outputs
