"""Which atoms of the best hits their predictions rest on, computed beforehand for a page that computes nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.common_part import find_common_part
from moldesign.chem.smiles import Mol, require_mols
from moldesign.chem.standardize import standardize_smiles
from moldesign.objectives.properties import EndpointProperty
from moldesign.predictors.explain import name_learned_unit, weigh_atoms
from moldesign.reporting.hit_table import Hit
from moldesign.reporting.wishes import Wish

MAX_MAPPED = 30
"""Hits with heat maps, unless the user asks for more."""
MAX_MAPS = 120
"""Heat maps in all, likewise, of many predicted goals: each takes 0.02 s, and 0.1 kB of the page."""
_N_STEPS = 24
_SECONDS = 1.0
"""For finding the parent in a molecule, at most; it is nearly all of it."""

Weights = NDArray[np.float32]


def count_mapped(wishes: Sequence[Wish]) -> int:
    """Return how many hits have heat maps: fewer, the more predictions each of them rests on, but one at least."""
    n_predicted = sum(wish.endpoint is not None for wish in wishes)
    return min(MAX_MAPPED, max(1, MAX_MAPS // max(1, n_predicted)))


def map_atoms(hits: Sequence[Hit], wishes: Sequence[Wish], n: int | None = None) -> list[dict[str, Any]]:
    """Return for each predicted goal its name, unit and scale, and the weights of the atoms of the first n hits.

    Weights stand in the order of the hits; null for those that have none, because they are later ones, or because their
    parent, which is what was predicted, is another molecule. `scale` is the largest weight.

    Raises:
        ModelFormatError: the folder of a predictor is damaged.
        UnknownNameError: it has moved.
    """
    n = count_mapped(wishes) if n is None else n
    drawn = [hit for hit in hits if hit.mol is not None][:n]
    parents = standardize_smiles([hit.smiles for hit in drawn]).smiles
    pairs = [(hit, parent) for hit, parent in zip(drawn, parents, strict=True) if parent is not None]
    return [_map(hits, wish.column, wish.endpoint, pairs) for wish in wishes if wish.endpoint is not None and pairs]


def _map(
    hits: Sequence[Hit], name: str, endpoint: EndpointProperty, pairs: Sequence[tuple[Hit, str]]
) -> dict[str, Any]:
    weights = weigh_atoms(endpoint.model.predictor, [parent for _, parent in pairs], endpoint.column, n_steps=_N_STEPS)
    by_row = {
        hit.row: _carry_over(hit.mol, parent, own)
        for (hit, parent), own in zip(pairs, weights, strict=True)
        if hit.mol is not None
    }
    scale = max((float(np.abs(own).max()) for own in by_row.values() if own is not None), default=0.0)
    return {
        "name": name,
        "unit": name_learned_unit(endpoint.endpoint),
        "scale": float(f"{scale:.3g}"),
        "weights": [_to_list(by_row.get(hit.row)) for hit in hits],
    }


def _carry_over(mol: Mol, parent: str, weights: Weights) -> Weights | None:
    """Return the weights in the order of the atoms of `mol`; None where the parent is not a part of it."""
    [read] = require_mols([parent])
    pairs = find_common_part(mol, read, max_seconds=_SECONDS).pairs
    if len(pairs) < read.GetNumAtoms():
        return None
    carried = np.zeros(mol.GetNumAtoms(), dtype=np.float32)
    for own, there in pairs:
        carried[own] = weights[there]
    return carried


def _to_list(weights: Weights | None) -> list[float] | None:
    return None if weights is None else [float(f"{weight:.3g}") for weight in weights.tolist()]
