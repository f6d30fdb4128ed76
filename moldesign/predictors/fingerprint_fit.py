"""What stands beside the networks of a trained model: a forest and a kernel regression over fingerprints.

They have one share of the model, which molecules that none of them has seen decide, and half of it each: they err in
different places, so that their mean is better than either. Measured on scaffolds left out of training molecules: of 18
potencies (900 molecules each), mean absolute error of the forest .620, of the regression .618, of their mean .608; of
81 folds of DUD-E, DUD and MUV targets, mean average precision .870, .882 and .883, cross-entropy .112, .108 and .103.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.smiles import parse_smiles
from moldesign.datasets.splits import Rows, Split
from moldesign.predictors.domain import N_BITS, TrainingDomain
from moldesign.predictors.forest import Floats, ForestBlend, mix_outputs
from moldesign.predictors.forest_fit import ForestLearner, choose_share
from moldesign.predictors.kernel import KernelBlend
from moldesign.predictors.kernel_fit import KernelRegression, fit_ridge

MAX_KERNEL_LABELS = 5_000
"""In the table: of an endpoint with more, the forest has the whole share. The regression needs all pairs of them."""


@dataclass(frozen=True)
class FingerprintBlend:
    """Forests and kernel regressions of T endpoints, and how much of a prediction is theirs."""

    forest: ForestBlend
    """Its shares are not those of a model yet"""
    kernel: KernelRegression
    has_kernel: NDArray[np.bool_]
    """[T]"""
    shares: Floats
    """[T], 0 to 1: what both together are worth in the mean of networks and fingerprints"""

    def attach(self, domain: TrainingDomain) -> tuple[ForestBlend, KernelBlend | None]:
        """Return what is mixed into the outputs of the networks of a predictor, the forests first.

        Args:
            domain: of the molecules that these have learned from, in the same order.
        """
        of_kernel = self.kernel_part * self.shares
        forest = replace(self.forest, shares=(self.shares - of_kernel) / (1 - of_kernel))
        if not self.has_kernel.any():
            return forest, None
        kernel = KernelBlend(domain, self.kernel.weights, self.kernel.means, of_kernel, self.forest.is_class)
        return forest, kernel

    @property
    def kernel_part(self) -> Floats:
        """What the regressions have of the shares, [T]."""
        part: Floats = np.where(self.has_kernel, np.float32(0.5), np.float32(0))
        return part


class SplitBlend(NamedTuple):
    """What stands beside the networks of one split, and their outputs with that mixed in."""

    blend: FingerprintBlend
    """Has learned from the training and the validation part"""
    valid: Floats
    """[K, n_valid, T]"""
    test: Floats
    """[K, n_test, T]"""


@dataclass(frozen=True)
class FingerprintLearner:
    """Fits forests and kernel regressions to parts of a table of M molecules and T endpoints."""

    forests: ForestLearner
    """Holds the table"""

    def fit(self, rows: Rows, shares: Floats) -> FingerprintBlend:
        """Learn the labels that these rows have.

        Args:
            rows: of the table.
            shares: of what is made, [T].
        """
        forest = self.forests.fit(rows, np.ones(len(self.forests.endpoints), dtype=np.float32))
        targets = np.column_stack(
            [
                one.to_targets(self.forests.labels[rows, t]).astype(np.float64)
                for t, one in enumerate(self.forests.endpoints)
            ]
        )
        # One answer for all parts of the table: what is tested is what the model becomes.
        has_kernel = np.isfinite(self.forests.labels).sum(axis=0) <= MAX_KERNEL_LABELS
        kernel = fit_ridge(self._fold(rows), np.where(has_kernel, targets, np.nan), forest.is_class)
        return FingerprintBlend(forest, kernel, has_kernel, shares)

    def predict(self, blend: FingerprintBlend, rows: Rows) -> Floats:
        """Return what forests and regressions say together of these rows, float32 [n, T]."""
        by_forest, part = self.forests.predict(blend.forest, rows), blend.kernel_part
        together: Floats = (1 - part) * by_forest + part * blend.kernel.predict(self._fold(rows))
        return together

    def blend_split(self, split: Split, valid: Floats, test: Floats) -> SplitBlend:
        """Mix forests and regressions into what the networks of a split say of its validation and test parts.

        The shares are chosen, and the validation outputs mixed, with some that have not seen the validation part.

        Args:
            split: of the table.
            valid: raw outputs of K networks, float32 [K, n_valid, T].
            test: likewise.
        """
        unseen = self.predict(self.fit(split.train, self._nothing), split.valid)
        mean = valid.mean(axis=0)
        shares = np.array(
            [
                choose_share(endpoint, self.forests.labels[split.valid, t], mean[:, t], unseen[:, t])
                for t, endpoint in enumerate(self.forests.endpoints)
            ],
            dtype=np.float32,
        )
        blend = self.fit(split.untested, shares)
        tested = self.predict(blend, split.test)
        return SplitBlend(blend, mix_outputs(valid, unseen, shares), mix_outputs(test, tested, shares))

    @property
    def _nothing(self) -> Floats:
        return np.zeros(len(self.forests.endpoints), dtype=np.float32)

    def _fold(self, rows: Rows) -> NDArray[np.uint8]:
        return morgan_bits(parse_smiles([self.forests.smiles[row] for row in rows.tolist()]).mols, n_bits=N_BITS)
