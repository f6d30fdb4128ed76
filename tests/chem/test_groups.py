"""Groups and linkers: cut off whole, and written from where they were bonded."""

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.groups import cut_groups, cut_linker, list_linkers, write_from
from moldesign.chem.open_points import read_ends, read_scaffold
from moldesign.chem.smiles import canonicalize, require_mols

HALOPERIDOL = "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1"
ENDS = "*c1ccc(F)cc1.*N1CCC(O)(CC1)c1ccc(Cl)cc1"


def cut(core: str, molecule: str) -> list[str] | None:
    piece, [mol] = read_scaffold(core), require_mols([molecule])
    groups = cut_groups(mol, piece, piece.find_in(mol)[0])
    return None if groups is None else [canonicalize(group) for group in groups]


def test_groups_come_in_the_order_of_the_points() -> None:
    assert cut("*N1CCC(O)(CC1)c1ccc(*)cc1", HALOPERIDOL) == ["[1*]CCCC(=O)c1ccc(F)cc1", "[2*]Cl"]


def test_a_ring_between_two_points_cannot_be_cut_off() -> None:
    assert cut("*c1ccccc1*", "C1CCc2ccccc2C1") is None


def test_a_linker_knows_its_ends() -> None:
    [mol] = require_mols([HALOPERIDOL])
    linker = cut_linker(mol, *read_ends(ENDS))
    assert linker is not None
    assert canonicalize(linker) == canonicalize(require_mols(["[1*]C(=O)CCC[2*]"])[0])


@pytest.mark.parametrize(
    "molecule",
    [
        "Fc1ccc(cc1)N1CCC(O)(CC1)c1ccc(Cl)cc1",  # no linker
        "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccccc1",  # one end is another
        "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1C)c1ccc(F)cc1",  # grown elsewhere
    ],
)
def test_what_is_not_linked_has_no_linker(molecule: str) -> None:
    assert cut_linker(require_mols([molecule])[0], *read_ends(ENDS)) is None


def test_two_ends_that_are_the_same_are_both_found() -> None:
    [diphenylmethane] = require_mols(["c1ccccc1Cc1ccccc1"])
    linker = cut_linker(diphenylmethane, *read_ends("*c1ccccc1.*c1ccccc1"))
    assert linker is not None
    assert canonicalize(linker) == "[1*]C[2*]"


def test_every_linker_is_a_part_of_its_group() -> None:
    [group] = require_mols(["[1*]C(=O)N[C@@H](C)c1c[nH]c2ccccc12"])
    linkers = list_linkers(group)
    texts = [canonicalize(linker) for linker in linkers]
    assert len(set(texts)) == len(texts) > 10
    assert canonicalize(require_mols(["[1*]C([2*])=O"])[0]) in texts
    for linker in linkers:
        Chem.SanitizeMol(linker)
        assert sorted(atom.GetIsotope() for atom in linker.GetAtoms() if atom.GetAtomicNum() == 0) == [1, 2]
        assert sum(atom.GetNumRadicalElectrons() for atom in linker.GetAtoms()) == 0
        assert 1 <= linker.GetNumHeavyAtoms() <= group.GetNumHeavyAtoms()


def test_a_text_begins_where_the_group_was_bonded() -> None:
    [linker] = require_mols(["[1*]C(=O)Nc1ccc([2*])cc1C"])
    rng = np.random.default_rng(0)
    texts = {write_from(linker, 1, rng) for _ in range(30)}
    assert len(texts) == 4
    plain = canonicalize(require_mols(["*C(=O)Nc1ccc(*)cc1C"])[0])
    for text in texts | {write_from(linker, 1)}:
        assert text.startswith("*C")
        assert text.count("*") == 2
        assert Chem.CanonSmiles(text) == plain
    assert write_from(linker, 1) == write_from(linker, 1)
