"""Calibration: intervals that hold the measured value as often as they say, probabilities that are frequencies.

Both are fitted on the ensemble's predictions of molecules that none of its networks has seen (see `held_out`):
split-conformal intervals for a regression, whose width follows the spread of the ensemble as far as the errors do, and
Platt scaling for a classification. They say what to expect of molecules that are as far from the training set as the
held-out ones were.

Isotonic regression was tried where a class has 1,000 held-out labels: it was no better calibrated than Platt scaling,
and the ties it makes cost 0.003 of AUROC and 0.02 of AUPRC; as a reward they would be plateaus.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from moldesign.predictors.endpoints import Endpoint

logger = logging.getLogger(__name__)

Floats = NDArray[np.floating[Any]]

DEFAULT_LEVEL = 0.9
MIN_LABELS = 30
"""Held-out labels below which an endpoint is not calibrated: their 90 % quantile would be a matter of luck."""
MIN_PER_CLASS = 5
MIN_SLOPE = 0.05
"""Below it the held-out classes do not follow the network's order; a scaling would erase or turn the order round."""
PRIOR = 3.0
"""How strongly a scaling is held to slope 1 and intercept 0: about as ten to twenty labels would. Networks that are
calibrated already stay so, although the scaling is fitted on few labels; others are set right all the same."""


_ROUNDING = 1e-6
"""Intervals end this share of their width further out: rounded, an end would leave out the label it is taken from."""


@dataclass(frozen=True)
class ConformalInterval:
    """The interval mean +- factor * (std + offset), on the scale of the network's outputs.

    The factor is a quantile of the held-out scores |target - mean| / (std + offset), so that the interval covers the
    target of a new molecule, exchangeable with the held-out ones, with the wanted probability or a little more
    (arXiv:1604.04173, section 5.2). The offset is the error that has nothing to do with the ensemble's disagreement.
    """

    errors: NDArray[np.float32]
    """[n], |target - mean| of the held-out molecules"""
    std: NDArray[np.float32]
    """[n], of the ensemble's outputs for them"""
    offset: float

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """[n], ascending: every level can be asked of them."""
        return np.sort(self.errors / (self.std + np.float32(self.offset)))

    def find_factor(self, level: float) -> float:
        """Return the factor for a level in (0, 1); infinite where the level asks for more scores than there are.

        >>> interval = ConformalInterval(np.arange(1, 40, dtype=np.float32), std=np.zeros(39, np.float32), offset=0.5)
        >>> interval.find_factor(0.9), interval.find_factor(0.99)
        (72.0, inf)
        """
        _require_level(level)
        rank = math.ceil(round((len(self.scores) + 1) * level, 6))
        return float(self.scores[rank - 1]) if rank <= len(self.scores) else math.inf

    def bound(self, mean: Floats, std: Floats, level: float) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends, on the scale of the outputs."""
        half = self.find_factor(level) * (std + self.offset)
        return mean - half, mean + half

    def to_dict(self) -> dict[str, Any]:
        """Return what the model card says of it."""
        return {"method": "conformal", "n": len(self.errors), "offset": self.offset}


@dataclass(frozen=True)
class PlattScaling:
    """probability = 1 / (1 + exp(-(slope * logit + intercept)))"""

    slope: float
    intercept: float
    n: int
    """Number of held-out labels it was fitted on."""

    def to_probability(self, logits: Floats) -> NDArray[np.float32]:
        """Return calibrated probabilities."""
        probability: NDArray[np.float32] = expit(self.slope * logits.astype(np.float64) + self.intercept).astype(
            np.float32
        )
        return probability

    def to_dict(self) -> dict[str, Any]:
        """Return what the model card says of it."""
        return {"method": "platt", "n": self.n, "slope": self.slope, "intercept": self.intercept}


EndpointCalibration = ConformalInterval | PlattScaling


@dataclass(frozen=True)
class Calibration:
    """The calibrations of a predictor's endpoints; an endpoint without one passes through unchanged."""

    parts: Mapping[str, EndpointCalibration] = field(default_factory=dict)
    """By name of the endpoint."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Why an endpoint has none, by name."""

    def __or__(self, newer: "Calibration") -> "Calibration":
        """Return this calibration with the endpoints replaced that `newer` calibrates."""
        parts = {**self.parts, **newer.parts}
        reasons = {**self.skipped, **newer.skipped}
        return Calibration(parts, {name: reason for name, reason in reasons.items() if name not in parts})

    def has_interval(self, endpoint: Endpoint) -> bool:
        """Say whether predictions of the endpoint come with an interval."""
        return isinstance(self.parts.get(endpoint.name), ConformalInterval)

    def to_card(self) -> dict[str, dict[str, Any]]:
        """Return what the model card says of each endpoint."""
        skipped = {name: {"method": "none", "reason": reason} for name, reason in self.skipped.items()}
        return {name: part.to_dict() for name, part in self.parts.items()} | skipped

    def to_tensors(self) -> dict[str, Tensor]:
        """Return what is too long for the card, for a model folder."""
        return {
            _name_tensor(name): torch.from_numpy(np.stack([part.errors, part.std]))
            for name, part in self.parts.items()
            if isinstance(part, ConformalInterval)
        }

    @classmethod
    def from_model(cls, card: Mapping[str, Mapping[str, Any]], tensors: Mapping[str, Tensor]) -> "Calibration":
        """Read what `to_card` and `to_tensors` wrote.

        Raises:
            KeyError: something is missing, or the method is unknown.
        """
        skipped = {name: str(fields["reason"]) for name, fields in card.items() if fields["method"] == "none"}
        parts = {name: _read_part(name, fields, tensors) for name, fields in card.items() if name not in skipped}
        return cls(parts, skipped)


def fit_calibration(
    endpoints: Sequence[Endpoint], labels: NDArray[np.float64], mean: Floats, std: Floats
) -> Calibration:
    """Fit the calibration of every endpoint that has enough held-out labels.

    Args:
        endpoints: T endpoints.
        labels: float64 [N, T] in the unit of each endpoint, NaN where not measured.
        mean: [N, T], mean over the ensemble of the networks' raw outputs, for molecules they have not seen; NaN where
            there is no prediction.
        std: [N, T], standard deviation of these outputs over the ensemble, or what an error model expects.
    """
    parts: dict[str, EndpointCalibration] = {}
    skipped: dict[str, str] = {}
    for t, endpoint in enumerate(endpoints):
        known = np.isfinite(labels[:, t]) & np.isfinite(mean[:, t])
        held_out = (endpoint, labels[known, t], mean[known, t].astype(np.float64), std[known, t].astype(np.float64))
        part = _fit_scaling(*held_out[:3]) if endpoint.task == "classification" else _fit_interval(*held_out)
        if isinstance(part, str):
            skipped[endpoint.name] = part
            logger.warning("%s is not calibrated: %s", endpoint.name, part)
        else:
            parts[endpoint.name] = part
    return Calibration(parts, skipped)


class Summary(NamedTuple):
    """What an ensemble says of N molecules, in the unit of each endpoint; each float32 [N, T]."""

    values: NDArray[np.float32]
    std: NDArray[np.float32]
    low: NDArray[np.float32]
    """NaN for an endpoint without interval."""
    high: NDArray[np.float32]


def summarize_outputs(
    endpoints: Sequence[Endpoint],
    outputs: NDArray[np.float32],
    calibration: Calibration,
    level: float = DEFAULT_LEVEL,
    *,
    expected: NDArray[np.float32] | None = None,
) -> Summary:
    """Turn the networks' outputs into values, their spread, and intervals of the given level.

    The value is the mean over the ensemble in the unit of the endpoint; of a calibrated classification it is the
    calibrated probability of the mean logit. The interval of a regression always holds the value.

    Args:
        endpoints: T endpoints.
        outputs: raw outputs of K networks, float32 [K, N, T].
        calibration: of the endpoints.
        level: how many of the measured values the intervals shall hold.
        expected: what an error model expects, float32 [N, T] (see `ErrorModel.expect`); it takes the place of the
            ensemble's spread.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    _require_level(level)
    columns = [
        _summarize_endpoint(
            endpoint,
            outputs[:, :, t],
            calibration.parts.get(endpoint.name),
            level,
            None if expected is None else expected[:, t],
        )
        for t, endpoint in enumerate(endpoints)
    ]
    return Summary(*(np.column_stack(parts).astype(np.float32, copy=False) for parts in zip(*columns, strict=True)))


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, for example 0.9, not {level}")


def _summarize_endpoint(
    endpoint: Endpoint,
    outputs: NDArray[np.float32],
    part: EndpointCalibration | None,
    level: float,
    expected: NDArray[np.float32] | None,
) -> tuple[Floats, ...]:
    nothing = np.full(outputs.shape[1], np.nan, dtype=np.float32)
    mean = outputs.mean(axis=0)
    if isinstance(part, PlattScaling):
        spread = part.to_probability(outputs).std(axis=0) if expected is None else expected.clip(max=1)
        return part.to_probability(mean), spread, nothing, nothing
    members = endpoint.to_values(outputs)
    values, std = members.mean(axis=0), members.std(axis=0)
    if expected is not None:
        std = _to_unit(endpoint, mean, expected)
    if part is None:
        return values, std, nothing, nothing
    low, high = part.bound(mean, outputs.std(axis=0) if expected is None else expected, level)
    rounding = _ROUNDING * (high - low)
    lowest, highest = (endpoint.to_values(end.astype(np.float32)) for end in (low - rounding, high + rounding))
    return values, std, np.minimum(lowest, values), np.maximum(highest, values)


def _to_unit(endpoint: Endpoint, mean: NDArray[np.float32], expected: NDArray[np.float32]) -> Floats:
    """Return an expected error in the unit of the endpoint: half of what lies between one below and one above."""
    if endpoint.task == "classification":
        return expected.clip(max=1)
    return (endpoint.to_values(mean + expected) - endpoint.to_values(mean - expected)) / 2


def _fit_interval(endpoint: Endpoint, labels: Floats, mean: Floats, std: Floats) -> ConformalInterval | str:
    if len(labels) < MIN_LABELS:
        return _say_too_few(len(labels))
    measured = labels.astype(np.float64)
    # The networks may have learned from larger values alone; clipped to these, the errors would look small.
    errors = np.abs(endpoint.lower_floor(measured).to_targets(measured) - mean)
    offset = _choose_offset(errors, std)
    return ConformalInterval(errors.astype(np.float32), std.astype(np.float32), offset)


def _choose_offset(errors: Floats, std: Floats) -> float:
    """Return the largest offset that explains the errors about as well as the likeliest one.

    Errors are taken as Laplace-distributed with a scale proportional to std + offset. Nearly the whole range from "the
    error is the spread" to "the error has nothing to do with the spread" is tried; "about as well" is within one
    standard error. So the width follows the spread only as far as the held-out errors prove it, and the scores of few
    molecules keep their coverage although they chose the offset.
    """
    offsets = (float(np.median(std)) or 1.0) * np.logspace(-1, 2, 31)
    scale = std[:, None] + offsets
    scale *= (errors[:, None] / scale).mean(axis=0).clip(min=1e-12)
    surprise = np.log(scale) + errors[:, None] / scale
    excess = surprise - surprise[:, [surprise.mean(axis=0).argmin()]]
    explains = excess.mean(axis=0) <= excess.std(axis=0) / np.sqrt(len(errors))
    return float(offsets[explains].max())


def _fit_scaling(endpoint: Endpoint, labels: Floats, logits: Floats) -> PlattScaling | str:
    """Fit Platt's logistic regression on the logit, with his smoothed targets (Platt 1999, section 2.2)."""
    n, n_positive = len(labels), int((labels > 0.5).sum())
    if n < MIN_LABELS:
        return _say_too_few(n)
    if min(n_positive, n - n_positive) < MIN_PER_CLASS:
        return f"{n_positive} of {n} held-out labels are positive; at least {MIN_PER_CLASS} of each class are needed"
    share = np.where(labels > 0.5, (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2))

    def surprise(parameters: Floats) -> float:
        scaled = parameters[0] * logits + parameters[1]
        deviation = parameters - [1.0, 0.0]
        return float((np.logaddexp(0, scaled) - share * scaled).sum() + PRIOR / 2 * (deviation**2).sum())

    from scipy.optimize import minimize  # its import takes longer than a prediction  # noqa: PLC0415

    slope, intercept = minimize(surprise, [1.0, 0.0]).x.tolist()
    if slope < MIN_SLOPE:
        return f"the {n} held-out classes do not follow the order of the predictions"
    return PlattScaling(slope, intercept, n)


def _say_too_few(n: int) -> str:
    return f"{n} held-out labels; at least {MIN_LABELS} are needed"


def _read_part(name: str, fields: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> EndpointCalibration:
    if fields["method"] == "conformal":
        errors, std = tensors[_name_tensor(name)].numpy()
        return ConformalInterval(errors, std, float(fields["offset"]))
    if fields["method"] == "platt":
        return PlattScaling(float(fields["slope"]), float(fields["intercept"]), int(fields["n"]))
    raise KeyError(f"unknown calibration {fields['method']!r} of {name}")


def _name_tensor(endpoint: str) -> str:
    return f"calibration.{endpoint}"
