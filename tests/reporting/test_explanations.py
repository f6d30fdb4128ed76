"""The picture of explanations: every row with its value, its atoms and its neighbours."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from moldesign.predictors.domain import Neighbour
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.explain import Explanation
from moldesign.reporting.explanations import draw_explanations, rank_atoms

SOLUBILITY = Endpoint("solubility", "regression", "log10 mol/L", "in water")
HERG = Endpoint("herg", "classification", "probability", "blocks the hERG channel")
ETHANOL = Explanation(
    smiles="CCO",
    endpoint=SOLUBILITY,
    value=0.512,
    std=0.204,
    in_domain=True,
    atom_weights=np.array([-0.5, -0.25, 2.0], dtype=np.float32),
    unit="log10 mol/L",
    neighbours=(Neighbour("CCCO", 0.6, 0.25), Neighbour("CC", 0.25, None)),
)


def read_texts(picture: str) -> list[str]:
    return [text for text in ET.fromstring(picture).itertext() if text.strip()]  # noqa: S314  the text is our own


def test_a_row_says_value_domain_and_neighbours():
    texts = read_texts(draw_explanations([ETHANOL]))
    assert texts[:3] == [
        "solubility: 0.512 ± 0.2 log10 mol/L",
        "CCO",
        "Nearest training molecules; inside the domain of the model",
    ]
    assert {"similarity 0.60", "measured 0.25 log10 mol/L", "similarity 0.25", "value not stored"} <= set(texts)
    assert {"lowers solubility", "raises solubility", "-2", "0 log10 mol/L", "+2"} <= set(texts)


def test_a_classification_is_a_probability_with_yes_or_no():
    neighbours = (Neighbour("CCN", 0.5, 1.0), Neighbour("CC", 0.25, 0.0))
    one = replace(ETHANOL, endpoint=HERG, unit="logit", neighbours=neighbours, in_domain=False)
    texts = read_texts(draw_explanations([one]))
    assert texts[0] == "herg: probability 0.512 ± 0.2"
    assert texts[2].endswith("outside the domain of the model")
    assert {"measured yes", "measured no", "0 logit"} <= set(texts)


def test_rows_share_one_scale():
    other = replace(ETHANOL, smiles="CCN", atom_weights=np.array([0.1, 0.1, 4.0], dtype=np.float32), neighbours=())
    both = draw_explanations([ETHANOL, other])
    heights = [int(ET.fromstring(one).get("height")) for one in (draw_explanations([ETHANOL]), both)]  # noqa: S314
    assert {"-4", "+4", "CCO", "CCN"} <= set(read_texts(both))
    assert heights[1] > 1.5 * heights[0]


def test_long_texts_overlap_nothing():
    smiles = "C" * 150
    named = replace(SOLUBILITY, name="measured log solubility in mols per litre, at room temperature, of the free base")
    one = replace(ETHANOL, endpoint=named, smiles=smiles, atom_weights=np.ones(150, dtype=np.float32))
    texts = read_texts(draw_explanations([one]))
    assert texts[0] == "measured log solubility in mols …ee base: 0.512 ± 0.2 log10 mol/L"
    assert len(texts[0]) <= 67
    assert "C" * 49 + "…" + "C" * 49 in texts
    assert {"lowers the value", "raises the value"} <= set(texts)


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="at least one explanation"):
        draw_explanations([])


def test_without_any_contribution_there_is_a_picture():
    flat = replace(ETHANOL, atom_weights=np.zeros(3, dtype=np.float32))
    assert "CCO" in read_texts(draw_explanations([flat]))


def test_the_strongest_atoms_come_first_whatever_their_sign():
    assert rank_atoms(ETHANOL.atom_weights) == [2, 0, 1]
    assert rank_atoms(ETHANOL.atom_weights, 1) == [2]
