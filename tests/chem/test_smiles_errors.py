"""The character at which an unreadable SMILES is marked."""

import pytest

from moldesign.chem.smiles_errors import explain_smiles, locate_error
from tests.conftest import NAMED_DRUGS


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("CC(C", 2),
        ("CC(=O", 2),
        ("CC)C", 2),
        ("C1CC", 1),
        ("C1CC2", 1),
        ("C%12CC", 1),
        ("C==C", 2),
        ("CCQ", 2),
        ("C[Zz]C", 1),
        ("[C", 0),
        ("C=", 1),
        ("1CC", 0),
        ("CC.(C", 3),
        ("c1cccc1", 0),
        ("CN(C)(C)(C)C", 1),
        ("BrC(Cl)(C)(C)C", 2),
        ("Cé", 1),
        ("CC O", 2),
        ("<b>C", 0),
    ],
)
def test_marked_character(text: str, position: int) -> None:
    assert locate_error(text) == position


def test_a_molecule_has_no_error() -> None:
    assert [explain_smiles(text) for text in NAMED_DRUGS.values()] == [None] * len(NAMED_DRUGS)


def test_the_reason_is_told_beside_the_place() -> None:
    error = explain_smiles("CN(C)(C)(C)C")
    assert error is not None
    assert "Explicit valence for atom # 1 N" in error.message
    assert error.position == 1


def test_nothing_to_mark() -> None:
    assert explain_smiles("") == ("the SMILES is empty", None)
    too_long = explain_smiles("C" * 3001)
    assert too_long is not None
    assert too_long.position is None


@pytest.mark.parametrize("name", ["imatinib", "morphine", "diclofenac_sodium"])
def test_every_cut_of_a_drug_is_a_beginning(name: str) -> None:
    """A SMILES that breaks off is marked where a bracket or ring stays open, or at its end; never by a crash."""
    whole = NAMED_DRUGS[name]
    for end in range(1, len(whole)):
        error = explain_smiles(whole[:end])
        assert error is None or error.position is None or 0 <= error.position < end
