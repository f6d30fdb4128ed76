"""Pieces with open points: what is refused, and where molecules keep them unchanged."""

import pytest
from rdkit import Chem

from moldesign.chem.open_points import read_ends, read_scaffold, write_ending_open
from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.errors import OpenPointError

IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
MORPHINE_CORE = "CN1CC[C@]23c4c5ccc(O*)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5"
CODEINE = "CN1CC[C@]23c4c5ccc(OC)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c1ccccc1", "the scaffold 'c1ccccc1' has no open point; mark each place to grow with '\\*', as in"),
        ("c1ccc(*cc1", r"the scaffold cannot be read: 'c1ccc\(\*cc1' is not a valid SMILES \(syntax error\)"),
        ("c1cccc1*", "the scaffold cannot be read: 'c1cccc1\\*' is not a valid SMILES .*kekulize"),
        ("", "the scaffold cannot be read: the SMILES is empty"),
        ("C*.N*", "'C\\*.N\\*' has more than one piece; to link two pieces, use --link"),
        ("C*C", "each '\\*' must be bonded to one atom"),
        ("**", "each '\\*' must be bonded to one atom, which is no '\\*' itself"),
        ("*", "each '\\*' must be bonded to one atom"),
        ("[*+]c1ccccc1", r"the scaffold '\[\*\+\]c1ccccc1': a '\*' has no charge and no hydrogens; write it as '\*'"),
        ("[*H]C", "a '\\*' has no charge and no hydrogens"),
    ],
)
def test_a_scaffold_that_cannot_be_grown_is_named(text: str, message: str) -> None:
    with pytest.raises(OpenPointError, match=message) as caught:
        read_scaffold(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C*.N(*)*", r"the linker ends 'C\*.N\(\*\)\*' are 2 pieces with 3 open points; give two pieces with one"),
        ("C*", "are 1 pieces with 1 open points"),
        ("C*.N*.O*", "are 3 pieces with 3 open points"),
        ("C*.N", "are 2 pieces with 1 open points"),
        ("C(*.N*", "the linker ends cannot be read: 'C\\(\\*.N\\*' is not a valid SMILES"),
        ("[*H]C.C*", r"the linker ends '\[\*H\]C.C\*': a '\*' has no charge and no hydrogens"),
        ("C=*.N*", "have a double bond to '\\*'"),
    ],
)
def test_ends_that_cannot_be_linked_are_named(text: str, message: str) -> None:
    with pytest.raises(OpenPointError, match=message) as caught:
        read_ends(text)
    assert "\n" not in str(caught.value)


def test_labels_of_open_points_do_not_matter() -> None:
    plain, labelled = read_scaffold("*Nc1ccc(*)cc1"), read_scaffold("[1*]Nc1ccc([*:7])cc1")
    assert canonicalize(plain.mol) == canonicalize(labelled.mol)


@pytest.mark.parametrize(
    ("core", "molecule", "is_kept"),
    [
        ("Cc1ccc(N*)cc1Nc1nccc(*)n1", IMATINIB, True),
        ("Cc1ccc(N*)cc1Nc1nccc(*)n1", IMATINIB.replace("Cc1ccc(N", "CCc1ccc(N"), False),  # grown elsewhere
        ("Cc1ccc(N*)cc1Nc1nccc(*)n1", IMATINIB.replace("(-c2cccnc2)", ""), False),  # an open point left bare
        (MORPHINE_CORE, CODEINE, True),
        (MORPHINE_CORE, CODEINE.replace("[C@H]3[C@H]1C5", "[C@H]3[C@@H]1C5"), False),  # a centre inverted
        ("C/C=C/*", "C/C=C/F", True),
        ("C/C=C/*", "C/C=C\\F", False),
        ("CC=C*", "C/C=C\\F", True),  # what the core leaves open may be given
        ("*CCN", "CCCN", True),
        ("*CCN", "CCC[NH3+]", False),
        ("*CCN", "CCCNC", False),
        ("*c1cnc[nH]1", "Cc1cnc[nH]1", True),
        ("*c1cnc[nH]1", "Cc1cncn1C", False),
        ("[2H]c1ccc(*)cc1", "[2H]c1ccc(O)cc1", True),
        ("[2H]c1ccc(*)cc1", "c1ccc(O)cc1", False),
        ("O=C(*)C", "O=C(N)C", True),
        ("O=C(*)C", "OC(N)C", False),
        ("C=*", "C=O", True),
        ("C=*", "CO", False),
        ("C*", "[2H]C([2H])([2H])O", False),
    ],
)
def test_a_core_is_kept_or_not(core: str, molecule: str, is_kept: bool) -> None:
    [mol] = require_mols([molecule])
    assert bool(read_scaffold(core).find_in(mol)) is is_kept


def test_a_place_says_which_atom_is_which() -> None:
    core, [mol] = read_scaffold("*Nc1ccc(*)cc1"), require_mols(["CC(=O)Nc1ccc(O)cc1"])
    [match] = core.find_in(mol)
    assert [mol.GetAtomWithIdx(match[point]).GetSymbol() for point in core.points] == ["C", "O"]
    assert [mol.GetAtomWithIdx(match[anchor]).GetSymbol() for anchor in core.anchors] == ["N", "C"]


@pytest.mark.parametrize("text", ["*c1ccc(*)cc1*", MORPHINE_CORE, "CC(C)(C)c1ccc(*)c(C(F)(F)F)c1", "C=*"])
def test_texts_end_at_an_open_point_and_are_the_piece(text: str) -> None:
    piece = read_scaffold(text)
    texts = write_ending_open(piece, 200, seed=0)
    assert texts == write_ending_open(piece, 200, seed=0)
    for one in texts:
        assert Chem.CanonSmiles(one) == Chem.CanonSmiles(Chem.MolToSmiles(piece.mol))
        assert one.endswith("]")
        assert not one.startswith("[*")
        assert "*:" in one[one.rindex("[") :]
    assert texts
