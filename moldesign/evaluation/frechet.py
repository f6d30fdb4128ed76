"""The Fréchet ChemNet distance (doi:10.1021/acs.jcim.8b00234), by the optional package `fcd_torch`."""

import importlib.util
from collections.abc import Sequence

import numpy as np

PACKAGE = "fcd_torch"
HINT = "not computed: pip install 'moldesign[evaluate]'"
LEAST = 2
MOST = 100_000
"""Molecules of either side: of more, so many are chosen, since their activations stand in memory."""


def has_chemnet() -> bool:
    """Say whether the package with ChemNet's weights is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def measure_fcd(smiles: Sequence[str], reference: Sequence[str], *, seed: int = 0) -> float:
    """Return the distance of the means and covariances of ChemNet's activations, 0 for sets that are alike.

    NaN with fewer than two molecules on either side. Below some thousands of molecules the figure grows because of the
    number alone; compare figures of equal numbers only.

    Args:
        smiles: of valid molecules.
        reference: likewise.
        seed: of the choice among more than `MOST`.

    Raises:
        ImportError: the package is not there.
    """
    from fcd_torch import FCD  # noqa: PLC0415  optional, and heavy

    if min(len(smiles), len(reference)) < LEAST:
        return float("nan")
    sides = (_choose(smiles, seed), _choose(reference, seed))
    return float(FCD(device="cpu", n_jobs=1)(gen=sides[0], ref=sides[1]))


def _choose(smiles: Sequence[str], seed: int) -> list[str]:
    if len(smiles) <= MOST:
        return list(smiles)
    rows = np.random.default_rng(seed).choice(len(smiles), MOST, replace=False)
    return [smiles[row] for row in rows]
