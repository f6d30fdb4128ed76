"""Distance to the training molecules in the network's own latent space.

Two molecules are near when the network sees them alike, whatever their fingerprints say. The states of molecules are
projected on the directions in which the training set varies most. The distance to the k-th nearest training molecule
that has a label of the endpoint is divided by the one that 95 % of these molecules stay below among themselves: 1 is
the edge of what was seen in training.

The choices were made on scaffolds that networks had not seen (14 ADMET tasks, 6 folds), by the rank correlation of
distance and error: the fifth neighbour is better than the first, 16 directions are as good as 64, and whitening them
makes it worse. It is twice that of the fingerprint's similarity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.graphs import GraphTable
from moldesign.predictors.environments import Kinds, find_environments, find_kinds
from moldesign.predictors.gnn import PropertyNetwork

N_DIMENSIONS = 16
N_NEIGHBOURS = 5
N_REFERENCES = 500
"""Training molecules kept per endpoint, at most."""

_BATCH = 512
"""Graphs taken together: the more, the more of their atoms have the same environment."""
_BLOCK = 512
"""Queries compared at once."""


class EnsemblePass(NamedTuple):
    """What K networks make of N graphs."""

    outputs: NDArray[np.float32]
    """[K, N, T], raw outputs"""
    states: NDArray[np.float32]
    """[N, D], pooled states of the molecules in the first network"""


class NetworkPass(NamedTuple):
    """What one network makes of N graphs."""

    outputs: NDArray[np.float32]
    """[N, T], raw outputs"""
    states: NDArray[np.float32]
    """[N, D], pooled states of the molecules"""


def apply_ensemble(networks: Sequence[PropertyNetwork], graphs: GraphTable) -> EnsemblePass:
    """Return the raw outputs of networks of one shape, on one device, and the states that the first one reads from."""
    device, shape = next(networks[0].parameters()).device, networks[0].settings
    outputs = [np.zeros((len(networks), 0, shape.n_endpoints), dtype=np.float32)]
    states = [np.zeros((0, 3 * shape.hidden_size), dtype=np.float32)]
    kinds = find_kinds(graphs.bonds)
    with torch.inference_mode():
        for start in range(0, len(graphs), _BATCH):
            end = min(start + _BATCH, len(graphs))
            part, bonds = graphs.select(np.arange(start, end)), slice(*graphs.bond_starts[[start, end]])
            environments = find_environments(part, Kinds(kinds.features, kinds.of_row[bonds]), shape.n_layers)
            environments = environments.to(device)
            pooled = [network.eval().pool_environments(environments) for network in networks]
            heads = [network.heads(state) for network, state in zip(networks, pooled, strict=True)]
            outputs.append(torch.stack(heads).cpu().numpy())
            states.append(pooled[0].cpu().numpy())
    return EnsemblePass(np.concatenate(outputs, axis=1), np.concatenate(states))


def apply_with_states(network: PropertyNetwork, graphs: GraphTable) -> NetworkPass:
    """Return the raw outputs of every graph, and the molecule states that they were read from."""
    outputs, states = apply_ensemble([network], graphs)
    return NetworkPass(outputs[0], states)


@dataclass(frozen=True)
class LatentSpace:
    """Training molecules in a space of few dimensions."""

    center: NDArray[np.float32]
    """[D], the mean state"""
    projection: NDArray[np.float32]
    """[D, P]"""
    references: NDArray[np.float16]
    """[R, P], projected training molecules"""
    is_reference: NDArray[np.bool_]
    """[R, T], for which endpoints"""
    scales: NDArray[np.float32]
    """[T], the distance that 95 % of an endpoint's references stay below; infinite where there are fewer than two"""

    def measure(self, states: NDArray[np.float32], columns: Sequence[int] | None = None) -> NDArray[np.float32]:
        """Return the distance of each molecule to the references of each endpoint, float32 [N, T].

        It is 0 for a molecule amid the training molecules, 1 at their edge, and infinite for an endpoint with fewer
        than two of them.

        Args:
            states: of N molecules, float32 [N, D].
            columns: endpoints, for the others of which it is NaN; without them all.
        """
        asked = range(len(self.scales)) if columns is None else columns
        deviations = torch.from_numpy((states - self.center).astype(np.float32, copy=False))
        queries: NDArray[np.float32] = (deviations @ torch.from_numpy(self.projection)).numpy()
        known = [t for t in asked if np.isfinite(self.scales[t])]
        squared = np.empty((len(known), len(queries)), dtype=np.float32)
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, start + _BLOCK)
            for row, t in enumerate(known):
                squared[row, block] = _find_kth(queries[block], *self._by_endpoint[t], N_NEIGHBOURS)
        squared += (queries**2).sum(axis=1)
        distances = np.full((len(queries), len(self.scales)), np.nan, dtype=np.float32)
        distances[:, list(asked)] = np.inf
        distances[:, known] = np.sqrt(squared.clip(min=0)).T / self.scales[known]
        return distances

    @cached_property
    def _by_endpoint(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        references = self.references.astype(np.float32)
        return [_prepare(references[chosen]) for chosen in self.is_reference.T]

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the space as tensors for a model folder."""
        return {
            "latent.center": torch.from_numpy(self.center),
            "latent.projection": torch.from_numpy(self.projection),
            "latent.references": torch.from_numpy(self.references),
            "latent.is_reference": torch.from_numpy(np.packbits(self.is_reference, axis=1)),
            "latent.scales": torch.from_numpy(self.scales),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "LatentSpace":
        """Read what `to_tensors` wrote."""
        center, projection, references, packed, scales = (
            tensors[f"latent.{name}"].numpy()
            for name in ("center", "projection", "references", "is_reference", "scales")
        )
        return cls(center, projection, references, np.unpackbits(packed, axis=1)[:, : len(scales)].astype(bool), scales)


def fit_latent_space(
    states: NDArray[np.float32], has_label: NDArray[np.bool_], *, rng: np.random.Generator
) -> LatentSpace:
    """Describe where the training molecules of each endpoint lie.

    Args:
        states: of M training molecules, float32 [M, D].
        has_label: bool [M, T].
        rng: chooses the references where an endpoint has more than `N_REFERENCES` labels.
    """
    center = states.mean(axis=0)
    projection = find_directions(states - center, N_DIMENSIONS)
    chosen = np.zeros_like(has_label)
    for t, labelled in enumerate(has_label.T):
        rows = np.flatnonzero(labelled)
        chosen[rng.permutation(rows)[:N_REFERENCES], t] = True
    kept = chosen.any(axis=1)
    references = ((states[kept] - center) @ projection).astype(np.float16)
    scales = [_fit_scale(references[own].astype(np.float32)) for own in chosen[kept].T]
    return LatentSpace(center, projection, references, chosen[kept], np.array(scales, dtype=np.float32))


def find_directions(deviations: NDArray[np.float32], n_directions: int) -> NDArray[np.float32]:
    """Return the directions of largest variance, float32 [D, P]; along the first one the deviations have unit size.

    Args:
        deviations: of N molecules from their mean, float32 [N, D].
        n_directions: P, at most; there are no more than D.
    """
    variance, directions = np.linalg.eigh(deviations.T.astype(np.float64) @ deviations / len(deviations))
    size = np.sqrt(max(variance[-1], 1e-12))
    return np.ascontiguousarray(directions[:, ::-1][:, :n_directions] / size, dtype=np.float32)


def _fit_scale(references: NDArray[np.float32]) -> float:
    """Return the 95th percentile of the distances among the references, each left out once."""
    if len(references) < 2:
        return np.inf
    kth = _find_kth(references, *_prepare(references), N_NEIGHBOURS + 1)  # each is its own nearest one
    distances = np.sqrt((kth + (references**2).sum(axis=1)).clip(min=0))
    return max(float(np.percentile(distances, 95)), 1e-6)


def _prepare(references: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the references as columns, float32 [P, R], and their squared lengths, [R]."""
    return np.ascontiguousarray(references.T), (references**2).sum(axis=1)


def _find_kth(
    queries: NDArray[np.float32], references: NDArray[np.float32], squared_lengths: NDArray[np.float32], k: int
) -> NDArray[np.float32]:
    """Return the squared distance to the k-th nearest reference, or the last one, less that to the origin, [N]."""
    # PyTorch multiplies on as many threads as it was given; NumPy would take all cores, in each of several processes.
    n_squared, left, right = (torch.from_numpy(array) for array in (squared_lengths, queries, references))
    squared = torch.addmm(n_squared, left, right, alpha=-2).numpy()
    nth = min(k, len(squared_lengths)) - 1
    squared.partition(nth, axis=1)
    kth: NDArray[np.float32] = squared[:, nth]
    return kth
