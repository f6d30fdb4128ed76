"""What a predictor says: values with their uncertainty and domain, rows 1:1 with the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.predictors.endpoints import Endpoint

DETAILS = ("_std", "_low", "_high", "_in_domain")
"""Endings of the columns that stand in a table beside a predicted value."""


@dataclass(frozen=True)
class Predictions:
    """What a predictor says of N molecules, one row each, in the order of the input."""

    smiles: list[Any]
    endpoints: tuple[Endpoint, ...]
    values: NDArray[np.float32]
    """[N, T] in the unit of each endpoint; NaN where `is_valid` is False"""
    std: NDArray[np.float32]
    """[N, T], epistemic standard deviation in the same unit: how far off the value, or the probability, is expected to
    be by an error model that has learned it on unseen molecules; without one, the spread of the ensemble"""
    low: NDArray[np.float32]
    """[N, T], lower end of the interval that holds the measured value with the asked probability, 90 % by default;
    NaN where there is no value, for a classification, and for an endpoint that is not calibrated"""
    high: NDArray[np.float32]
    """[N, T], upper end, likewise"""
    in_domain: NDArray[np.bool_]
    """[N, T], whether similar molecules were measured; a mixture of substances is outside (see `is_mixture`)"""
    margin: NDArray[np.float32]
    """[N, T], how far inside the domain: 1 at its edge, more inside, below 1 outside; NaN where unknown"""
    distance: NDArray[np.float32]
    """[N, T], distance to the measured molecules in the network's latent space, 1 at their edge; NaN where unknown"""
    is_valid: NDArray[np.bool_]
    """[N]"""
    errors: list[str | None]
    with_interval: tuple[str, ...] = ()
    """Names of the endpoints that have intervals"""

    def to_frame(self) -> pd.DataFrame:
        """Return one row per molecule.

        Columns: smiles; each endpoint, its `_std` and, where it has intervals, `_low` and `_high`; each endpoint's
        `_in_domain`; in_domain (all of them); error.
        """
        columns: dict[str, Any] = {"smiles": self.smiles}
        for t, endpoint in enumerate(self.endpoints):
            columns[endpoint.name] = self.values[:, t]
            columns[f"{endpoint.name}_std"] = self.std[:, t]
            if endpoint.name in self.with_interval:
                columns[f"{endpoint.name}_low"], columns[f"{endpoint.name}_high"] = self.low[:, t], self.high[:, t]
        for t, endpoint in enumerate(self.endpoints):
            columns[f"{endpoint.name}_in_domain"] = self.in_domain[:, t]
        columns["in_domain"] = self.in_domain.all(axis=1)
        columns["error"] = self.errors
        return pd.DataFrame(columns)


def find_clash(names: Sequence[str]) -> str | None:
    """Return the first endpoint whose values would stand in the same column of `to_frame` as something else.

    >>> find_clash(["x", "x_std"]), find_clash(["y", "error"]), find_clash(["x", "y"])
    ('x_std', 'error', None)
    """
    others = {f"{name}{ending}" for name in names for ending in DETAILS}
    return next((name for name in names if name in others | {"smiles", "in_domain", "error"}), None)


def join_predictions(pieces: Sequence[Predictions]) -> Predictions:
    """Return the rows of all pieces, of at least one and of one predictor, one below the other."""
    first = pieces[0]
    return Predictions(
        [text for piece in pieces for text in piece.smiles],
        first.endpoints,
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate([piece.std for piece in pieces]),
        np.concatenate([piece.low for piece in pieces]),
        np.concatenate([piece.high for piece in pieces]),
        np.concatenate([piece.in_domain for piece in pieces]),
        np.concatenate([piece.margin for piece in pieces]),
        np.concatenate([piece.distance for piece in pieces]),
        np.concatenate([piece.is_valid for piece in pieces]),
        [error for piece in pieces for error in piece.errors],
        first.with_interval,
    )
