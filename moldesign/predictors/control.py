"""A control of a predictor: a small model of another kind, taught on molecules that the predictor has not seen.

A search finds the molecules about which the model that rewards it is most wrong. What that model shares with one of
another kind that has learned from other molecules is chemistry; its mistakes it mostly does not share
(doi:10.1016/j.ddtec.2020.09.003). So no search ever sees a control: it is asked when a run is over.

Each endpoint is a linear model of log(1 + count) of 2,048 hashed Morgan environments, logistic for a class.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy.sparse import csr_array, vstack
from scipy.special import expit

from moldesign.checkpoint import write_bytes_atomically
from moldesign.chem.fingerprints import morgan_counts
from moldesign.chem.smiles import Mol
from moldesign.errors import ModelFormatError

CONTROL_FILE = "control.safetensors"
FORMAT_VERSION = 1
N_BITS, RADIUS = 2048, 2
_BLOCK = 1024
"""Molecules whose counts are held in a table that is not sparse."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ControlEndpoint:
    """What is known of the control of one endpoint."""

    name: str
    is_class: bool
    log_scale: bool
    """Whether the linear model is one of log10 of the value."""
    n_molecules: int
    """That it has learned from."""
    figure: str
    """What `quality` is: "AUROC" or "Spearman"."""
    quality: float
    """On measured molecules that it has not seen: those that the predictor has learned from."""
    n_measured: int
    """Of these."""


class Answers(NamedTuple):
    """What the controls of E endpoints say of measured molecules, by measured value."""

    levels: Floats
    """[E, L], ascending measured values: 0 and then 1 for a class, else the means of equal shares of the molecules"""
    quantiles: Floats
    """[E, L, Q], quantiles of what the control says of molecules at each level"""


@dataclass(frozen=True)
class Control:
    """Linear models of E endpoints."""

    endpoints: tuple[ControlEndpoint, ...]
    weights: NDArray[np.float32]
    """[E, N_BITS]"""
    intercepts: Floats
    """[E]"""
    limits: Floats
    """[E, 2], between which the linear models are believed"""
    answers: Answers
    left_out: Mapping[str, str]
    """Why each other endpoint of the predictor has none."""
    sha256: str
    """Of the tensors of the predictor that this is the control of."""

    def find(self, endpoint: str) -> int | None:
        """Return the number of an endpoint, or None where it has no control."""
        return next((number for number, one in enumerate(self.endpoints) if one.name == endpoint), None)

    def predict(self, mols: Sequence[Mol | None]) -> Floats:
        """Return values of molecules, standardised, in the unit of each endpoint, float64 [N, E]; NaN for None."""
        linear = np.asarray(describe_molecules(mols) @ self.weights.T, dtype=np.float64) + self.intercepts
        linear = linear.clip(self.limits[:, 0], self.limits[:, 1])
        columns = [to_values(linear[:, number], endpoint) for number, endpoint in enumerate(self.endpoints)]
        values = np.column_stack([np.empty((len(mols), 0)), *columns])
        values[[mol is None for mol in mols]] = np.nan
        return values

    def expect_scores(self, endpoint: int, values: Floats, score: Callable[[Floats], Floats]) -> Floats:
        """Return how the control would score molecules that truly have these values, float64 [N].

        Also a control that makes no mistakes of its own is less sure than a measurement: it draws towards the middle.

        Args:
            endpoint: its number.
            values: [N] in its unit; of a class the probability, for which both classes are mixed.
            score: what turns M values into M scores.
        """
        levels, quantiles = self.answers.levels[endpoint], self.answers.quantiles[endpoint]
        scores = score(quantiles.ravel()).reshape(quantiles.shape).mean(axis=1)
        return np.asarray(np.interp(values, levels, scores), dtype=np.float64)


def describe_molecules(mols: Sequence[Mol | None]) -> csr_array:
    """Return what the linear models are of, float32 [N, N_BITS]; the row of a None is zero."""
    blocks = [
        csr_array(np.log1p(morgan_counts(mols[start : start + _BLOCK], radius=RADIUS, n_bits=N_BITS), dtype=np.float32))
        for start in range(0, max(len(mols), 1), _BLOCK)
    ]
    return csr_array(vstack(blocks))


def to_values(linear: Floats, endpoint: ControlEndpoint) -> Floats:
    """Turn what a linear model gives into values in the unit of the endpoint."""
    if endpoint.is_class:
        return np.asarray(expit(linear))
    return 10.0**linear if endpoint.log_scale else linear


def save_control(folder: Path, control: Control) -> None:
    """Write the control into the folder of its predictor, as one safetensors file with numbers and JSON alone."""
    header = {
        "format_version": FORMAT_VERSION,
        "sha256": control.sha256,
        "endpoints": [asdict(endpoint) for endpoint in control.endpoints],
        "left_out": dict(control.left_out),
    }
    arrays: dict[str, NDArray[Any]] = {
        "weights": control.weights.astype(np.float16),
        "intercepts": control.intercepts,
        "limits": control.limits,
        "levels": control.answers.levels.astype(np.float32),
        "quantiles": control.answers.quantiles.astype(np.float32),
    }
    write_bytes_atomically(folder / CONTROL_FILE, save(arrays, {"control": json.dumps(header, allow_nan=False)}))


def read_control(folder: Path) -> Control | None:
    """Read the control from the folder of its predictor, or return None where there is none.

    Raises:
        ModelFormatError: the file is damaged or of another version.
    """
    path = folder / CONTROL_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["control"])
            if header["format_version"] != FORMAT_VERSION:
                raise ModelFormatError(
                    f"{path} has format version {header['format_version']!r}; this moldesign reads {FORMAT_VERSION}: "
                    "update moldesign, or train the model again"
                )
            return _assemble(header, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelFormatError(f"{path} is no readable control: {error}; copy the model folder again") from error


def _assemble(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Control:
    levels, quantiles = arrays["levels"].astype(np.float64), arrays["quantiles"].astype(np.float64)
    endpoints = tuple(ControlEndpoint(**fields) for fields in header["endpoints"])
    if arrays["weights"].shape != (len(endpoints), N_BITS):
        raise ValueError(f"weights of shape {arrays['weights'].shape} for {len(endpoints)} endpoints")
    return Control(
        endpoints,
        arrays["weights"].astype(np.float32),
        arrays["intercepts"],
        arrays["limits"],
        Answers(levels, quantiles),
        header["left_out"],
        header["sha256"],
    )
