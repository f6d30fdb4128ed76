"""The common part of two molecules: connected, with whole rings, atom by atom."""

import time

import pytest
from rdkit import Chem

from moldesign.chem.common_part import find_common_part


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        ("CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccccc1", 10),
        ("c1ccc2ccccc2c1", "Cc1ccccc1", 6),  # one ring of the two, whole
        ("CCCCCC", "C1CCCCC1", 0),
        ("CCO", "CC[O-]", 3),
        ("C", "N", 0),
        (
            "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",
            "CC12CCC3C(CCC4CC(O)CCC34C)C1CCC2C(=O)CO",
            15,
        ),  # two steroids, three rings whole
    ],
)
def test_atoms_in_common(first: str, second: str, n: int) -> None:
    a, b = Chem.MolFromSmiles(first), Chem.MolFromSmiles(second)
    pairs = find_common_part(a, b, max_seconds=5).pairs
    assert len(pairs) == n
    for here, there in pairs:
        assert a.GetAtomWithIdx(here).GetSymbol() == b.GetAtomWithIdx(there).GetSymbol()
    assert len({here for here, _ in pairs}) == len({there for _, there in pairs}) == n


def test_a_search_ends_when_its_time_is_over() -> None:
    testosterone = Chem.MolFromSmiles("CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O")
    other = Chem.MolFromSmiles("CC12CCC3C(CCC4CC(O)CCC34C)C1CCC2C(=O)CO")
    begun = time.process_time()
    found = find_common_part(testosterone, other, max_seconds=0.02)
    assert time.process_time() - begun < 0.5
    assert not found.is_largest
    assert len(found.pairs) > 6
