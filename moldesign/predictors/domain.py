"""Applicability domain: how near a molecule is to those the predictor learned from.

Two measures, each per endpoint: the Tanimoto similarity (Morgan fingerprint, radius 2) to the nearest training molecule
that has a label of the endpoint, held against the similarity that 95 % of the training molecules have among themselves;
and the distance in the network's own latent space, held against that of 95 % of them (see `latent`). Inside is what
passes both. On scaffolds that networks had not seen (14 ADMET tasks, 6 folds), 12 % of the molecules were outside, with
1.38 times the error of those inside; the error was larger outside in 82 % of the cases. Similarity alone: 8 %, 1.31
times, 75 %; distance alone: 6 %, 1.41 times, 76 %. Their sum or product did no better.

Molecules with a metal, a radical, an isotope or an attachment point are outside, however similar, unless they were
trained on themselves: fingerprints and networks hardly tell such an atom from an ordinary one. So are molecules of
more than 100 atoms that are larger than all with a label of the endpoint: a long peptide has the atom environments of
a short one. The predictor puts mixtures outside as well (`chem.mixtures`): it predicts one of the substances.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.chem.fingerprints import morgan_bits, nearest, tanimoto
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles
from moldesign.chem.unusual import has_unusual_atom
from moldesign.predictors.latent import LatentSpace, fit_latent_space
from moldesign.predictors.similarity import LabelledFingerprints

N_BITS = 1024

_LARGE = 100
"""Heavy atoms above which the size of a molecule is compared as well."""
_ATOM = re.compile(r"\[[^]]*\]|Br|Cl|[A-Zbcnops]")
"""In a canonical SMILES; parsing all training molecules would take seconds."""


class Neighbour(NamedTuple):
    """A training molecule near to a molecule that was asked for."""

    smiles: str
    similarity: float
    """Tanimoto, Morgan radius 2"""
    value: float | None
    """Measured value, in the unit of the endpoint; None where the model folder holds no labels"""


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
    labels: NDArray[np.float32] | None = None
    """[M, T] in the unit of each endpoint, NaN where not measured; None where the folder does not hold them"""
    latent: LatentSpace | None = None
    """None where only fingerprints are compared"""

    def measure_distance(
        self, states: NDArray[np.float32], columns: Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Return the latent distance of N molecules to the training set of each endpoint, float32 [N, T].

        Up to 1 a molecule lies where the training molecules do. It is NaN where there is no latent space.

        Args:
            states: of the molecules, as `latent.apply_with_states` gives them.
            columns: endpoints, for the others of which it is NaN; without them all.
        """
        if self.latent is None:
            return np.full((len(states), len(self.thresholds)), np.nan, dtype=np.float32)
        return self.latent.measure(states, columns)

    def contains(self, mols: Sequence[Mol | None], distance: NDArray[np.float32] | None = None) -> NDArray[np.bool_]:
        """Return for each molecule and endpoint whether it is inside, bool [N, T]; a None is outside.

        Args:
            mols: N molecules.
            distance: what `measure_distance` says of them; without it fingerprints alone decide.
        """
        return self.measure_margin(mols, distance) >= 1

    def measure_margin(
        self, mols: Sequence[Mol | None], distance: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return how far inside each molecule is, float32 [N, T]: 1 at the edge, more inside, 0 for a None.

        It is the smaller one of similarity over threshold and 1 over the latent distance.

        Args:
            mols: N molecules.
            distance: what `measure_distance` says of them; without it fingerprints alone decide.
        """
        return self._measure_margin(mols, morgan_bits(mols, n_bits=N_BITS), distance)

    def measure(self, mols: Sequence[Mol | None], distance: NDArray[np.float32] | None = None) -> "DomainMeasure":
        """Compare molecules with the training set, and find the nearest one; a None is outside and near to nothing."""
        queries, is_present = morgan_bits(mols, n_bits=N_BITS), _find_present(mols)
        neighbors = nearest(queries, self.fingerprints)
        rows = zip(neighbors.index.tolist(), is_present, strict=True)
        return DomainMeasure(
            in_domain=self._measure_margin(mols, queries, distance) >= 1,
            nearest=[self.smiles[row] if present else None for row, present in rows],
            similarity=np.where(is_present, neighbors.similarity, np.float32(np.nan)),
        )

    def neighbours(self, mols: Sequence[Mol | None], endpoint: int, k: int = 3) -> list[list[Neighbour]]:
        """Return for each molecule the k most similar training molecules that have a label of the endpoint.

        Most similar first; fewer where fewer have a label, none for a None.

        Args:
            mols: N molecules.
            endpoint: number of its column.
            k: how many.
        """
        rows, similarity = self._labelled.find_nearest(morgan_bits(mols, n_bits=N_BITS), endpoint, k)
        values = np.full(len(self.smiles), np.nan) if self.labels is None else self.labels[:, endpoint]
        return [
            [
                Neighbour(self.smiles[row], round(near, 4), None if self.labels is None else float(values[row]))
                for row, near in zip(own_rows, own_similarity, strict=True)
            ]
            if mol is not None
            else []
            for mol, own_rows, own_similarity in zip(mols, rows.tolist(), similarity.tolist(), strict=True)
        ]

    @property
    def order(self) -> NDArray[np.int64]:
        """[M], the training molecules in the order of `compare`."""
        return self._labelled.order

    def compare(self, queries: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        """Yield the Tanimoto similarity of training molecules, in `order`, to each query, float32 [M, N] in all.

        Args:
            queries: packed fingerprints of `N_BITS` bits, uint8 [N, bytes].
        """
        return self._labelled.compare(queries)

    def find_trained(self, smiles: Sequence[str | None]) -> NDArray[np.bool_]:
        """Return for each standardised SMILES whether its label of each endpoint was trained on, bool [N, T]."""
        rows = np.array([self._row_by_smiles.get(text, -1) for text in smiles], dtype=np.int64)
        return self.has_label[rows] & (rows >= 0)[:, None]

    def _measure_margin(
        self, mols: Sequence[Mol | None], queries: NDArray[np.uint8], distance: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        with np.errstate(divide="ignore", invalid="ignore"):
            margin: NDArray[np.float32] = self._labelled.find_highest(queries) / self.thresholds
            if distance is not None and self.latent is not None:
                margin = np.minimum(margin, 1 / distance)
        np.nan_to_num(margin, copy=False, nan=0.0, posinf=np.inf)
        margin[~_find_present(mols)] = 0
        present = [(row, mol) for row, mol in enumerate(mols) if mol is not None]
        if unusual := [row for row, mol in present if has_unusual_atom(mol)]:
            is_known = self.find_trained([canonicalize(mols[row]) for row in unusual])
            margin[unusual] = np.where(is_known, margin[unusual], 0)
        for row, mol in present:
            if (n_atoms := mol.GetNumAtoms()) > _LARGE:
                margin[row, n_atoms > self._most_atoms] = 0
        return margin

    @cached_property
    def _row_by_smiles(self) -> dict[str | None, int]:
        return {text: row for row, text in enumerate(self.smiles)}

    @cached_property
    def _most_atoms(self) -> NDArray[np.int64]:
        """[T], of the molecules with a label of each endpoint."""
        n_atoms = np.array([len(_ATOM.findall(text)) for text in self.smiles])
        most: NDArray[np.int64] = np.where(self.has_label, n_atoms[:, None], 0).max(axis=0)
        return most

    @cached_property
    def _labelled(self) -> LabelledFingerprints:
        return LabelledFingerprints(self.fingerprints, self.has_label)

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the domain as tensors for a model folder."""
        text = zlib.compress("\n".join(self.smiles).encode(), level=9)
        tensors = {
            "domain.smiles": torch.from_numpy(np.frombuffer(text, dtype=np.uint8).copy()),
            "domain.fingerprints": torch.from_numpy(self.fingerprints),
            "domain.has_label": torch.from_numpy(np.packbits(self.has_label, axis=1)),
            "domain.thresholds": torch.from_numpy(self.thresholds),
        }
        if self.labels is not None:
            tensors["domain.labels"] = torch.from_numpy(self.labels[self.has_label])
        return tensors | (self.latent.to_tensors() if self.latent else {})

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "TrainingDomain":
        """Read what `to_tensors` wrote, in this release or in one that knew neither labels nor latent space."""
        thresholds = tensors["domain.thresholds"].numpy()
        labelled = np.unpackbits(tensors["domain.has_label"].numpy(), axis=1)[:, : len(thresholds)].astype(bool)
        smiles = tuple(zlib.decompress(tensors["domain.smiles"].numpy().tobytes()).decode().split("\n"))
        labels = None
        if "domain.labels" in tensors:
            labels = np.full(labelled.shape, np.nan, dtype=np.float32)
            labels[labelled] = tensors["domain.labels"].numpy()
        latent = LatentSpace.from_tensors(tensors) if "latent.scales" in tensors else None
        return cls(smiles, tensors["domain.fingerprints"].numpy(), labelled, thresholds, labels, latent)


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
    smiles: Sequence[str],
    labels: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    states: NDArray[np.float32] | None = None,
    n_sampled: int = 1_000,
) -> TrainingDomain:
    """Describe a training set: its thresholds are the fifth percentile of the similarity among its own molecules.

    Args:
        smiles: M training molecules.
        labels: float64 [M, T] in the unit of each endpoint, NaN where not measured.
        rng: chooses the molecules that the percentile is measured on.
        states: of the molecules in the predictor's first network, float32 [M, D], as `latent.apply_with_states` gives
            them; without them the domain knows fingerprints alone.
        n_sampled: how many per endpoint.
    """
    fingerprints = morgan_bits(parse_smiles(smiles).mols, n_bits=N_BITS)
    has_label = np.isfinite(labels)
    thresholds = [_fit_threshold(fingerprints[has_label[:, t]], rng, n_sampled) for t in range(labels.shape[1])]
    latent = None if states is None else fit_latent_space(states, has_label, rng=rng)
    return TrainingDomain(
        tuple(smiles),
        fingerprints,
        has_label,
        np.array(thresholds, dtype=np.float32),
        labels.astype(np.float32),
        latent,
    )


def _find_present(mols: Sequence[Mol | None]) -> NDArray[np.bool_]:
    return np.array([mol is not None for mol in mols], dtype=bool)


def _fit_threshold(fingerprints: NDArray[np.uint8], rng: np.random.Generator, n_sampled: int) -> float:
    chosen = rng.permutation(len(fingerprints))[:n_sampled]
    if len(chosen) < 2:
        return 1.0  # nothing to compare: only the molecule itself is inside
    similarity = tanimoto(fingerprints[chosen], fingerprints)
    similarity[np.arange(len(chosen)), chosen] = 0.0
    return float(np.percentile(similarity.max(axis=1), 5))
