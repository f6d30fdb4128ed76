"""Applicability domain: how near a molecule is to those the predictor learned from.

A first, plain definition: the Tanimoto similarity (Morgan fingerprint, radius 2) to the nearest training molecule that
has a label of the endpoint, held against the similarity that 95 % of the training molecules have among themselves.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.chem.fingerprints import morgan_bits, nearest, tanimoto
from moldesign.chem.smiles import Mol, parse_smiles
from moldesign.predictors.similarity import LabelledFingerprints

N_BITS = 1024


@dataclass(frozen=True)
class TrainingDomain:
    """The training molecules of one predictor."""

    smiles: tuple[str, ...]
    fingerprints: NDArray[np.uint8]
    """[M, N_BITS / 8], packed"""
    has_label: NDArray[np.bool_]
    """[M, T]"""
    thresholds: NDArray[np.float32]
    """[T], the similarity below which a molecule is outside the domain of the endpoint"""

    def contains(self, mols: Sequence[Mol | None]) -> NDArray[np.bool_]:
        """Return for each molecule and endpoint whether it is inside, bool [N, T]; a None is outside."""
        return self._contains(morgan_bits(mols, n_bits=N_BITS), _find_present(mols))

    def measure(self, mols: Sequence[Mol | None]) -> "DomainMeasure":
        """Compare molecules with the training set, and find the nearest one; a None is outside and near to nothing."""
        queries, is_present = morgan_bits(mols, n_bits=N_BITS), _find_present(mols)
        neighbors = nearest(queries, self.fingerprints)
        rows = zip(neighbors.index.tolist(), is_present, strict=True)
        return DomainMeasure(
            in_domain=self._contains(queries, is_present),
            nearest=[self.smiles[row] if present else None for row, present in rows],
            similarity=np.where(is_present, neighbors.similarity, np.float32(np.nan)),
        )

    def _contains(self, queries: NDArray[np.uint8], is_present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = self._labelled.find_highest(queries) >= self.thresholds
        return inside & is_present[:, None]

    @cached_property
    def _labelled(self) -> LabelledFingerprints:
        return LabelledFingerprints(self.fingerprints, self.has_label)

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the domain as tensors for a model folder."""
        text = zlib.compress("\n".join(self.smiles).encode(), level=9)
        return {
            "domain.smiles": torch.from_numpy(np.frombuffer(text, dtype=np.uint8).copy()),
            "domain.fingerprints": torch.from_numpy(self.fingerprints),
            "domain.has_label": torch.from_numpy(np.packbits(self.has_label, axis=1)),
            "domain.thresholds": torch.from_numpy(self.thresholds),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "TrainingDomain":
        """Read what `to_tensors` wrote."""
        thresholds = tensors["domain.thresholds"].numpy()
        labelled = np.unpackbits(tensors["domain.has_label"].numpy(), axis=1)[:, : len(thresholds)].astype(bool)
        smiles = tuple(zlib.decompress(tensors["domain.smiles"].numpy().tobytes()).decode().split("\n"))
        return cls(smiles, tensors["domain.fingerprints"].numpy(), labelled, thresholds)


@dataclass(frozen=True)
class DomainMeasure:
    """How near N molecules are to a training set."""

    in_domain: NDArray[np.bool_]
    """[N, T]"""
    nearest: list[str | None]
    """SMILES of the nearest training molecule"""
    similarity: NDArray[np.float32]
    """[N], Tanimoto similarity to it; NaN where there is no molecule"""


def fit_domain(
    smiles: Sequence[str], labels: NDArray[np.float64], *, rng: np.random.Generator, n_sampled: int = 1_000
) -> TrainingDomain:
    """Describe a training set: its thresholds are the fifth percentile of the similarity among its own molecules.

    Args:
        smiles: M training molecules.
        labels: float64 [M, T], NaN where not measured.
        rng: chooses the molecules that the percentile is measured on.
        n_sampled: how many per endpoint.
    """
    fingerprints = morgan_bits(parse_smiles(smiles).mols, n_bits=N_BITS)
    has_label = np.isfinite(labels)
    thresholds = [_fit_threshold(fingerprints[has_label[:, t]], rng, n_sampled) for t in range(labels.shape[1])]
    return TrainingDomain(tuple(smiles), fingerprints, has_label, np.array(thresholds, dtype=np.float32))


def _find_present(mols: Sequence[Mol | None]) -> NDArray[np.bool_]:
    return np.array([mol is not None for mol in mols], dtype=bool)


def _fit_threshold(fingerprints: NDArray[np.uint8], rng: np.random.Generator, n_sampled: int) -> float:
    chosen = rng.permutation(len(fingerprints))[:n_sampled]
    if len(chosen) < 2:
        return 1.0  # nothing to compare: only the molecule itself is inside
    similarity = tanimoto(fingerprints[chosen], fingerprints)
    similarity[np.arange(len(chosen)), chosen] = 0.0
    return float(np.percentile(similarity.max(axis=1), 5))
