"""How far a measured value is expected to lie from the prediction, learned from errors on molecules not seen before.

The spread of an ensemble says how far its networks disagree. Networks that learned from the same teacher agree where
they are all wrong: on scaffolds that the teacher of the bundled panel had not seen, the rank correlation of that spread
and the error was 0.1 for regressions and below 0 for classifications. A linear model of the logarithm of the error over
the prediction itself and the place of the molecule in the network's latent space reaches 0.3 for solubility (spread:
0.1), 0.6 for plasma protein binding (0.2) and 0.8 for mutagenicity (0.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy

from moldesign.predictors.latent import find_directions

Floats = NDArray[np.floating[Any]]

N_DIRECTIONS = 16
SHRINKAGE = 100.0
"""Of the linear model, in molecules: how many would have to agree before a weight is believed by half."""
MIN_ERRORS = 100
"""An endpoint with fewer known errors gets one error for all molecules."""
MAX_OUTPUT = 6.0
"""Outputs beyond it are taken as this large: a logit of 6 is a probability of 0.998."""
MAX_DEVIATION = 8.0
"""Of a molecule along a direction, in standard deviations: for one of 1,500 atoms the exponential would be infinite."""

_SMALLEST_SHARE = 0.1
"""Of the median error, added to each before the logarithm: being right by chance is no news."""


@dataclass(frozen=True)
class ErrorModel:
    """expected error = exp(weights . [1, output, output^2, |output|, directions])"""

    center: NDArray[np.float32]
    """[D], the mean state of the molecules it was fitted on"""
    projection: NDArray[np.float32]
    """[D, P], the directions in which they vary most, scaled to unit variance"""
    weights: NDArray[np.float32]
    """[T, 4 + P]"""

    def expect(self, outputs: Floats, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the error to expect (root mean square), float32 [N, T].

        It is in the unit of the outputs for a regression, in probability, and at most 1, for a classification whose
        errors were given so.

        Args:
            outputs: mean raw outputs, [N, T].
            states: of the molecules in the first network, float32 [N, D].
        """
        place = np.clip((states - self.center) @ self.projection, -MAX_DEVIATION, MAX_DEVIATION)
        own = _describe_outputs(outputs)
        exponent = np.einsum("ntk,tk->nt", own, self.weights[:, : own.shape[2]])
        expected: NDArray[np.float32] = np.exp(exponent + place @ self.weights[:, own.shape[2] :].T).astype(np.float32)
        return expected

    def with_probability_spread(self, logit_spread: NDArray[np.float64]) -> "ErrorModel":
        """Return a model that expects, of a classification, how far off its probability is and not its class.

        The squared error of the class is p (1 - p) where p is calibrated, and more where it is not. That is the slope
        of a probability over its logit: times the uncertainty of the logit it is the uncertainty of the probability,
        and it orders molecules as the error of the class does.

        Args:
            logit_spread: uncertainty of the logit of each classification, [T]; NaN for a regression, which stays.
        """
        weights = self.weights.copy()
        is_class = np.isfinite(logit_spread)
        weights[is_class] *= 2
        weights[is_class, 0] += np.log(logit_spread[is_class])
        return replace(self, weights=weights)

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the model as tensors for a model folder."""
        return {f"errors.{name}": from_numpy(getattr(self, name)) for name in ("center", "projection", "weights")}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "ErrorModel | None":
        """Read what `to_tensors` wrote; None where the model folder has no such model.

        Raises:
            KeyError: a part of it is missing.
        """
        if "errors.weights" not in tensors:
            return None
        return cls(*(tensors[f"errors.{name}"].numpy() for name in ("center", "projection", "weights")))


def fit_error_model(outputs: Floats, states: NDArray[np.float32], errors: Floats) -> ErrorModel:
    """Learn how large errors are.

    Args:
        outputs: raw outputs for N molecules by models that had not seen them, [N, T]; NaN where there are none.
        states: of the molecules in the first network of the predictor, float32 [N, D].
        errors: of these outputs, absolute, [N, T]; in the unit of the outputs for a regression, in probability for a
            classification; NaN where unknown.

    Raises:
        ValueError: an endpoint has no known error.
    """
    center = states.mean(axis=0)
    deviations = states - center
    directions = find_directions(deviations, N_DIRECTIONS)
    projection = (directions / np.maximum((deviations @ directions).std(axis=0), 1e-6)).astype(np.float32)
    place = deviations @ projection
    own = _describe_outputs(outputs)
    weights = [_fit_endpoint(np.column_stack([own[:, t], place]), errors[:, t]) for t in range(errors.shape[1])]
    return ErrorModel(center, projection, np.array(weights, dtype=np.float32))


def _describe_outputs(outputs: Floats) -> Floats:
    """Return 1, the output, its square and its size, [N, T, 4]."""
    limited = np.clip(outputs, -MAX_OUTPUT, MAX_OUTPUT)
    return np.stack([np.ones_like(limited), limited, limited**2, np.abs(limited)], axis=-1)


def _fit_endpoint(features: Floats, errors: Floats) -> Floats:
    """Return the weights of one endpoint, [F]; the first feature is 1."""
    known = np.isfinite(errors) & np.isfinite(features).all(axis=1)
    if not known.any():
        raise ValueError("there is no known error to learn from")
    rows, sizes = features[known].astype(np.float64), errors[known].astype(np.float64)
    weights: Floats = np.zeros(features.shape[1])
    if known.sum() >= MIN_ERRORS:
        smallest = max(_SMALLEST_SHARE * float(np.median(sizes)), 1e-6)
        weights = _fit_ridge(rows, np.log(sizes + smallest))
    # The logarithm knows the middle of the errors; std is their root mean square.
    expected = np.exp(rows @ weights)
    weights[0] += 0.5 * np.log(max(float((sizes**2).mean()), 1e-12) / (expected**2).mean())
    return weights


def _fit_ridge(rows: Floats, targets: Floats) -> Floats:
    """Return the weights of a ridge regression on standardised features; the first one, 1, is not shrunk."""
    center, scale = rows[:, 1:].mean(axis=0), np.maximum(rows[:, 1:].std(axis=0), 1e-6)
    scaled = (rows[:, 1:] - center) / scale
    gram = scaled.T @ scaled + SHRINKAGE * np.eye(scaled.shape[1])
    slopes = np.linalg.solve(gram, scaled.T @ (targets - targets.mean())) / scale
    return np.concatenate([[targets.mean() - slopes @ center], slopes])
