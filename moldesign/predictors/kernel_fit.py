"""Fitting the kernel regressions beside an ensemble, and finding out on unseen scaffolds what they are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from moldesign.chem.fingerprints import tanimoto
from moldesign.datasets.splits import Rows, group_by_scaffold
from moldesign.predictors.domain import TrainingDomain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.forest import Floats, mix_outputs
from moldesign.predictors.forest_fit import EVEN_SHARE, SHARES
from moldesign.predictors.kernel import KernelBlend, to_outputs

RIDGE = 0.1
"""What is added to the similarity of each molecule to itself, 1. On unseen scaffolds of the 35 targets (held out by two
networks) the mean squared error, in units of the labels' spread, was .453 with it, .455 with .03 and .462 with .3."""
_BLOCK = 512
"""Molecules compared at once."""


class KernelRegression(NamedTuple):
    """Regressions of T endpoints on n molecules."""

    fingerprints: NDArray[np.uint8]
    """[n, bytes], packed"""
    weights: Floats
    """[n, T], 0 where a molecule has no label"""
    means: Floats
    """[T]"""
    is_class: tuple[bool, ...]
    """[T]"""

    def predict(self, queries: NDArray[np.uint8]) -> Floats:
        """Return what they say of packed fingerprints, on the scale of the networks' outputs, float32 [N, T]."""
        blocks = np.split(queries, range(_BLOCK, len(queries), _BLOCK))
        said = np.concatenate([tanimoto(block, self.fingerprints) @ self.weights for block in blocks])
        return to_outputs(said + self.means, self.is_class)


class Unseen(NamedTuple):
    """Molecules that a network has not learned from, and what it says of them."""

    rows: Rows
    """[n], of the domain"""
    outputs: Floats
    """[n, T], raw"""


@dataclass(frozen=True)
class KernelLearner:
    """Fits kernel regressions to the labels of a domain of M molecules and T endpoints."""

    domain: TrainingDomain
    targets: NDArray[np.float64]
    """[M, T], on the scale of the networks' outputs, NaN where not measured"""

    @classmethod
    def of_labels(
        cls, domain: TrainingDomain, labels: NDArray[np.float64], endpoints: Sequence[Endpoint]
    ) -> "KernelLearner":
        """Return the learner of labels, float64 [M, T], in the unit of each endpoint.

        Raises:
            ValueError: an endpoint is a classification, whose outputs are no labels.
        """
        if classes := [one.name for one in endpoints if one.task == "classification"]:
            raise ValueError(f"a kernel regression cannot learn classes: {', '.join(classes)}")
        columns = [one.to_targets(labels[:, t]).astype(np.float64) for t, one in enumerate(endpoints)]
        return cls(domain, np.column_stack(columns))

    def fit(self, is_learned: NDArray[np.bool_], share: float) -> KernelBlend:
        """Fit a regression per endpoint to the labels of the chosen molecules, bool [M]."""
        weights = np.zeros(self.targets.shape, dtype=np.float32)
        n_endpoints = self.targets.shape[1]
        fitted = fit_ridge(self.domain.fingerprints[is_learned], self.targets[is_learned], (False,) * n_endpoints)
        weights[is_learned] = fitted.weights
        shares = np.full(n_endpoints, share, dtype=np.float32)
        return KernelBlend(self.domain, weights, fitted.means, shares, fitted.is_class)


def fit_ridge(
    fingerprints: NDArray[np.uint8], targets: NDArray[np.float64], is_class: tuple[bool, ...]
) -> KernelRegression:
    """Fit a regression per endpoint to the labels that there are; of a class these are 0 and 1.

    Args:
        fingerprints: of n molecules, packed, uint8 [n, bytes].
        targets: [n, T], NaN where not measured.
        is_class: [T].
    """
    weights, means = np.zeros(targets.shape, dtype=np.float32), np.zeros(targets.shape[1], dtype=np.float32)
    for t, column in enumerate(targets.T):
        rows = np.flatnonzero(np.isfinite(column))
        if len(rows):
            means[t] = column[rows].mean()
            weights[rows, t] = _solve(fingerprints[rows], column[rows] - means[t])
    return KernelRegression(fingerprints, weights, means, is_class)


def _solve(own: NDArray[np.uint8], deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = tanimoto(own, own).astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += RIDGE
    solved: NDArray[np.float64] = cho_solve(cho_factor(kernel, overwrite_a=True), deviations)
    return solved


class KernelFit(NamedTuple):
    """Regressions that learned from every molecule, and what networks and regressions say of unseen ones."""

    blend: KernelBlend
    unseen: list[Floats]
    """[n, T] for each of the networks, mixed"""


def fit_kernel(learner: KernelLearner, unseen: Sequence[Unseen]) -> KernelFit:
    """Fit the regressions to every molecule; their share is that which predicts unseen scaffolds best.

    It is one share for all endpoints, of which some have a few dozen unseen molecules: what each of them alone would
    choose is left to chance. Where no unseen molecule has a scaffold of its own, all of them tell.

    Args:
        learner: fits them.
        unseen: of each network the molecules that it left out.
    """
    n_molecules, scaffolds = len(learner.targets), number_scaffolds(learner.domain.smiles)
    said, losses = [], []
    for one in unseen:
        is_learned = np.ones(n_molecules, dtype=bool)
        is_learned[one.rows] = False
        alone = learner.fit(is_learned, 1.0).predict_packed(learner.domain.fingerprints[one.rows])
        is_told = np.isfinite(learner.targets[one.rows]).any(axis=1)
        is_new = is_told & ~np.isin(scaffolds[one.rows], scaffolds[is_learned])
        telling = is_new if is_new.any() else is_told
        if telling.any():
            losses.append(measure_shares(one.outputs[telling], alone[telling], learner.targets[one.rows[telling]]))
        said.append(alone)
    share = float(SHARES[np.mean(losses, axis=0).argmin()]) if losses else EVEN_SHARE
    blend = learner.fit(np.ones(n_molecules, dtype=bool), share)
    pairs = zip(unseen, said, strict=True)
    return KernelFit(blend, [mix_outputs(one.outputs[None], alone, blend.shares)[0] for one, alone in pairs])


def measure_shares(networks: Floats, kernel: Floats, targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each of `SHARES` the mean squared error, in which every endpoint counts as much as any other.

    Args:
        networks: what they say of n molecules, [n, T].
        kernel: likewise.
        targets: [n, T], NaN where not measured.
    """
    measured = np.isfinite(targets).any(axis=0)
    errors = [
        np.nanmean(((1 - share) * networks + share * kernel - targets)[:, measured] ** 2, axis=0) for share in SHARES
    ]
    mean: NDArray[np.float64] = np.mean(errors, axis=1)
    return mean


def number_scaffolds(smiles: Sequence[str]) -> NDArray[np.int64]:
    """Return for each of N molecules the number of its Murcko scaffold."""
    numbers = np.empty(len(smiles), dtype=np.int64)
    for number, rows in enumerate(group_by_scaffold(smiles)):
        numbers[rows] = number
    return numbers
