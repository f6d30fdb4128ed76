"""Structures for pages: small, in the colour of the text, with every atom in its place, common parts in one place."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.common_part import find_common_part
from moldesign.reporting.depictions import SIZE, draw_compactly, lay_out, lay_out_like
from tests.conftest import NAMED_DRUGS


@pytest.mark.parametrize("name", NAMED_DRUGS)
def test_a_drug_is_a_small_picture_with_its_atoms_inside(name: str) -> None:
    mol = Chem.MolFromSmiles(NAMED_DRUGS[name])
    drawn = draw_compactly(lay_out(mol), f"<{name}>", shaded=[0, 1])
    picture = ET.fromstring(drawn.svg)  # noqa: S314  the text is our own
    assert picture.get("aria-label") == f"<{name}>"
    assert [path.get("class") for path in picture.iter("path")] == ["shade", "line", "ink"]
    assert len(drawn.places) == mol.GetNumAtoms()
    assert all(0 <= x <= SIZE.width and 0 <= y <= SIZE.height for x, y in drawn.places)
    assert len(drawn.svg) < 8_000
    assert "#" not in drawn.svg


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]", "[CH2]C", "*c1ccccc1", "C[C@H](F)Cl", "C/C=C/C", "[13CH3]O"])
def test_odd_molecules_are_drawn(smiles: str) -> None:
    drawn = draw_compactly(lay_out(Chem.MolFromSmiles(smiles)), smiles)
    assert ET.fromstring(drawn.svg).find("path[@class='ink']") is not None  # noqa: S314


def test_a_common_part_lies_in_the_same_place() -> None:
    hit, known = Chem.MolFromSmiles("CC(=O)Nc1ccc(S(N)(=O)=O)cc1"), Chem.MolFromSmiles("NS(=O)(=O)c1ccc(Cl)cc1")
    flat = lay_out(hit)
    pairs = [(there, here) for here, there in find_common_part(hit, known).pairs]
    aligned = lay_out_like(known, flat, pairs)
    here, there = (mol.GetConformer().GetPositions() for mol in (flat, aligned))
    assert len(pairs) == 10
    assert np.allclose([there[a] for a, _ in pairs], [here[b] for _, b in pairs], atol=1e-3)
    assert lay_out_like(known, flat, pairs[:2]).GetNumConformers() == 1
