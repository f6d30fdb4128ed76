"""Teach a control on molecules that its predictor has not seen, and measure it on those that the predictor has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV

from moldesign.chem.smiles import parse_smiles
from moldesign.metrics import METRICS
from moldesign.predictors.control import (
    N_BITS,
    Answers,
    Control,
    ControlEndpoint,
    Floats,
    describe_molecules,
    to_values,
)
from moldesign.predictors.endpoints import Endpoint

MIN_MOLECULES, MIN_OF_CLASS = 100, 20
"""Held out of an endpoint; with fewer a linear model of 2,048 numbers is mostly chance."""
LEAST_QUALITY = {"AUROC": 0.65, "Spearman": 0.3}
"""A control with less says about the same of every molecule."""
MAX_MEASURED = 1_000
"""Molecules of each endpoint that the quality is measured on."""
N_LEVELS, N_QUANTILES = 8, 11
PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
"""Of the squared weights of a regression; the best one leave-one-out is taken."""
INVERSE_PENALTIES = (0.01, 0.03, 0.1, 0.3)
"""Of a classification; the best one in a cross-validation is taken."""


class MeasuredMolecules(NamedTuple):
    """M standardised molecules with labels of T endpoints."""

    smiles: Sequence[str]
    labels: Floats
    """[M, T] in the unit of each endpoint, NaN where not measured"""


@dataclass(frozen=True)
class _Part:
    """A control of one endpoint."""

    endpoint: ControlEndpoint
    weights: NDArray[np.float32]
    intercept: float
    limits: tuple[float, float]
    levels: Floats
    quantiles: Floats


def fit_control(
    endpoints: Sequence[Endpoint], held_out: MeasuredMolecules, learned: MeasuredMolecules, *, sha256: str
) -> Control:
    """Return the control of a predictor.

    An endpoint has none where too few of its molecules were held out, or where what was learned from them does not
    hold for others.

    Args:
        endpoints: T endpoints of the predictor.
        held_out: what the control learns from: molecules that the predictor has not seen.
        learned: what the control is measured on: molecules that the predictor has learned from.
        sha256: of the tensors of the predictor.

    Raises:
        ValueError: a molecule is in both.
    """
    if common := set(held_out.smiles) & set(learned.smiles):
        raise ValueError(f"{len(common)} held-out molecules are among those learned from, such as {min(common)}")
    chosen = _choose_measured(learned.labels)
    tables = held_out, MeasuredMolecules([learned.smiles[row] for row in chosen], learned.labels[chosen])
    described = [describe_molecules(parse_smiles(table.smiles).mols) for table in tables]
    parts, left_out = list[_Part](), dict[str, str]()
    for t, endpoint in enumerate(endpoints):
        taught, judged = (
            _Column.of(endpoint, numbers, table.labels[:, t]) for numbers, table in zip(described, tables, strict=True)
        )
        reason = _refuse(taught, "held out") or _refuse(judged, "learned from by the predictor")
        if reason is None:
            part = _fit_part(taught, judged, _measure_share(learned.labels[:, t]))
            reason = _refuse_quality(part.endpoint)
        if reason is None:
            parts.append(part)
        else:
            left_out[endpoint.name] = reason
    return _join(parts, left_out, sha256)


@dataclass(frozen=True)
class _Column:
    """The labelled molecules of one endpoint."""

    endpoint: Endpoint
    numbers: csr_array
    """[n, N_BITS]"""
    labels: Floats
    """[n]"""

    @classmethod
    def of(cls, endpoint: Endpoint, numbers: csr_array, labels: Floats) -> "_Column":
        rows = np.flatnonzero(np.isfinite(labels))
        return cls(endpoint, numbers[rows], labels[rows])

    @property
    def is_class(self) -> bool:
        return self.endpoint.task == "classification"

    @property
    def positive(self) -> NDArray[np.bool_]:
        return self.labels > 0.5

    @property
    def targets(self) -> Floats:
        """The labels on the scale of the linear model."""
        return np.log10(np.maximum(self.labels, self.endpoint.floor)) if self.endpoint.log_scale else self.labels


def _choose_measured(labels: Floats) -> list[int]:
    """Return the rows of some molecules with each label."""
    rng = np.random.default_rng(0)
    rows = (rng.permutation(np.flatnonzero(np.isfinite(column)))[:MAX_MEASURED].tolist() for column in labels.T)
    return sorted(set().union(*rows))


def _measure_share(labels: Floats) -> float:
    """Return the share of positives among known classes."""
    return float((labels[np.isfinite(labels)] > 0.5).mean())


def _refuse(column: _Column, what: str) -> str | None:
    """Return why there are too few molecules, if there are."""
    n = len(column.labels)
    if n < MIN_MOLECULES:
        return f"{n} measured molecules were {what}, and {MIN_MOLECULES} are needed"
    n_rare = int(min(column.positive.sum(), (~column.positive).sum()))
    if column.is_class and n_rare < MIN_OF_CLASS:
        return f"{n_rare} molecules of the rarer class were {what}, and {MIN_OF_CLASS} are needed"
    return None


def _refuse_quality(endpoint: ControlEndpoint) -> str | None:
    least = LEAST_QUALITY[endpoint.figure]
    if endpoint.quality >= least:
        return None
    return (
        f"a control that has learned from the {endpoint.n_molecules} held-out molecules is hardly better than chance "
        f"({endpoint.figure} {endpoint.quality:.2f} on others, and {least} are needed)"
    )


def _fit_part(taught: _Column, judged: _Column, share: float) -> _Part:
    weights, intercept = (_fit_class if taught.is_class else _fit_value)(taught)
    if taught.is_class:
        # A probability depends on how common actives are; predictor and control must speak of the same mixture.
        intercept += float(logit(share) - logit(taught.positive.mean()))
        limits = (-np.inf, np.inf)
    else:
        limits = (float(taught.targets.min()), float(taught.targets.max()))
    linear = np.asarray(judged.numbers @ weights, dtype=np.float64) + intercept
    figure = "AUROC" if taught.is_class else "Spearman"
    quality = float(METRICS[figure](judged.positive if taught.is_class else judged.labels, linear))
    known = ControlEndpoint(
        taught.endpoint.name,
        taught.is_class,
        taught.endpoint.log_scale,
        len(taught.labels),
        figure,
        round(quality, 4) if np.isfinite(quality) else 0.0,
        len(judged.labels),
    )
    return _Part(known, weights, intercept, limits, *_tabulate(judged, to_values(linear.clip(*limits), known)))


def _fit_class(taught: _Column) -> tuple[NDArray[np.float32], float]:
    grid = {"C": INVERSE_PENALTIES}
    search = GridSearchCV(LogisticRegression(max_iter=300), grid, scoring="neg_log_loss", cv=5)
    model = search.fit(taught.numbers, taught.positive).best_estimator_
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _fit_value(taught: _Column) -> tuple[NDArray[np.float32], float]:
    model = RidgeCV(alphas=PENALTIES).fit(taught.numbers.toarray(), taught.targets)
    return model.coef_.astype(np.float32), float(model.intercept_)


def _tabulate(judged: _Column, said: Floats) -> tuple[Floats, Floats]:
    """Return ascending measured values [N_LEVELS], and quantiles of what is said at each [N_LEVELS, N_QUANTILES]."""
    shares = np.linspace(0, 1, N_QUANTILES)
    if judged.is_class:
        negative, positive = (np.quantile(said[judged.positive == kind], shares) for kind in (False, True))
        return np.minimum(np.arange(N_LEVELS), 1.0), np.stack([negative] + [positive] * (N_LEVELS - 1))
    groups = np.array_split(np.argsort(judged.labels, kind="stable"), N_LEVELS)
    levels = np.array([judged.labels[rows].mean() for rows in groups])
    return levels, np.stack([np.quantile(said[rows], shares) for rows in groups])


def _join(parts: Sequence[_Part], left_out: dict[str, str], sha256: str) -> Control:
    n = len(parts)
    return Control(
        endpoints=tuple(part.endpoint for part in parts),
        weights=np.array([part.weights for part in parts], dtype=np.float32).reshape(n, N_BITS),
        intercepts=np.array([part.intercept for part in parts], dtype=np.float64),
        limits=np.array([part.limits for part in parts], dtype=np.float64).reshape(n, 2),
        answers=Answers(
            np.array([part.levels for part in parts]).reshape(n, N_LEVELS),
            np.array([part.quantiles for part in parts]).reshape(n, N_LEVELS, N_QUANTILES),
        ),
        left_out=left_out,
        sha256=sha256,
    )
