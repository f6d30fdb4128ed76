"""One picture that explains predictions: a row per molecule, its atoms as a heat map beside its nearest neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moldesign.predictors.domain import Neighbour
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.explain import Explanation
from moldesign.reporting.pictures import (
    Size,
    complete_svg,
    draw_heat_map,
    draw_molecule,
    draw_scale,
    draw_text,
    move,
)

N_STRONGEST = 5
_MAP, _NEIGHBOUR = Size(400, 300), Size(230, 220)
_SHORT = 18
"""Characters of a name of which two fit above the colour scale."""
_TITLE_LENGTH, _SMILES_LENGTH = 66, 100
"""Characters that fit beside the narrowest picture, of one neighbour."""
_MARGIN, _TITLE, _LEGEND, _BAR = 20, 60, 90, 360


def rank_atoms(weights: NDArray[np.float32], n: int = N_STRONGEST) -> list[int]:
    """Return the indices of the n atoms with the largest weights of either sign, strongest first.

    >>> rank_atoms(np.array([0.5, -2.0, 1.0], dtype=np.float32), 2)
    [1, 2]
    """
    order: list[int] = np.argsort(-np.abs(weights), kind="stable")[:n].tolist()
    return order


def draw_explanations(explanations: Sequence[Explanation]) -> str:
    """Return an SVG document with a row per explanation and one scale of colours for all of them.

    Args:
        explanations: of one endpoint; at least one.

    Raises:
        ValueError: there is none.
    """
    if not explanations:
        raise ValueError("there is nothing to draw: give at least one explanation")
    scale = max(float(np.abs(one.atom_weights).max()) for one in explanations)
    n_neighbours = max(len(one.neighbours) for one in explanations)
    row_height = _TITLE + _MAP.height
    rows = [move(_draw_row(one, scale), _MARGIN, _MARGIN + i * row_height) for i, one in enumerate(explanations)]
    endpoint = explanations[0].endpoint
    what = endpoint.name if len(endpoint.name) <= _SHORT else "the value"
    bar = draw_scale(scale, f"lowers {what}", f"raises {what}", explanations[0].unit, _BAR)
    top = 2 * _MARGIN + len(rows) * row_height
    size = Size(2 * _MARGIN + _MAP.width + max(n_neighbours, 1) * _NEIGHBOUR.width, top + _LEGEND)
    caption = draw_text("Contribution of each atom; the numbers are atom indices", _MARGIN, top)
    return complete_svg("".join(rows) + caption + move(bar, 2 * _MARGIN, top + 10), size)


def describe_prediction(explanation: Explanation) -> str:
    """Return the predicted value with its standard deviation and unit."""
    figures, unit = f"{explanation.value:.3g} ± {explanation.std:.2g}", explanation.endpoint.unit
    return f"{unit} {figures}" if explanation.endpoint.task == "classification" else f"{figures} {unit}".rstrip()


def shorten(text: str, length: int) -> str:
    """Return the text, its middle left out where it is longer.

    >>> shorten("measured solubility", 11), shorten("logS", 11)
    ('measu…ility', 'logS')
    """
    half = (length - 1) // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def _draw_row(explanation: Explanation, scale: float) -> str:
    weights, endpoint = explanation.atom_weights, explanation.endpoint
    numbered = rank_atoms(weights)
    heat_map = draw_heat_map(explanation.smiles, weights, scale, _MAP, numbered=numbered)
    title = f"{endpoint.name}: {describe_prediction(explanation)}"
    domain = f"{'inside' if explanation.in_domain else 'outside'} the domain of the model"
    cells = (_draw_neighbour(one, endpoint) for one in explanation.neighbours)
    return (
        draw_text(shorten(title, _TITLE_LENGTH), 0, 14, size=15, bold=True)
        + draw_text(shorten(explanation.smiles, _SMILES_LENGTH), 0, 34, size=11)
        + draw_text(f"Nearest training molecules; {domain}", _MAP.width, _TITLE, bold=True)
        + move(heat_map, 0, _TITLE)
        + "".join(move(cell, _MAP.width + i * _NEIGHBOUR.width, _TITLE + 20) for i, cell in enumerate(cells))
    )


def _draw_neighbour(neighbour: Neighbour, endpoint: Endpoint) -> str:
    middle = _NEIGHBOUR.width / 2
    measured = "value not stored" if neighbour.value is None else f"measured {_format(neighbour.value, endpoint)}"
    return (
        draw_molecule(neighbour.smiles, _NEIGHBOUR)
        + draw_text(f"similarity {neighbour.similarity:.2f}", middle, _NEIGHBOUR.height + 16, anchor="middle")
        + draw_text(measured, middle, _NEIGHBOUR.height + 34, anchor="middle", bold=True)
    )


def _format(value: float, endpoint: Endpoint) -> str:
    if endpoint.task == "classification":
        return "yes" if value >= 0.5 else "no"
    return f"{value:.3g} {endpoint.unit}".rstrip()
