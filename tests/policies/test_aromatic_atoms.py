"""Which aromatic atoms need a double bond in the ring, may have one, or must not."""

import pytest

from moldesign.policies.aromatic_atoms import AromaticAtom, Prospect, foresee, is_aromatic, judge

NEEDS, REFUSES, IMPOSSIBLE = Prospect(True, False), Prospect(False, True), Prospect(False, False)
UNDECIDED = Prospect(True, True)
MANY = 9


@pytest.mark.parametrize(
    ("token", "bonds", "expected"),
    [
        *(("c", "::", NEEDS), ("c", ":::", NEEDS), ("c", "::-", NEEDS), ("c", ":--", NEEDS), ("c", "::=", REFUSES)),
        *(("n", "::", NEEDS), ("n", "::-", REFUSES), ("n", ":::", REFUSES), ("[nH]", "::", REFUSES)),
        *(("o", "::", REFUSES), ("s", "::", REFUSES), ("[se]", "::", REFUSES), ("[n-]", "::", REFUSES)),
        *(("[n+]", "::-", NEEDS), ("[n+]", ":::", NEEDS), ("[nH+]", "::", NEEDS), ("[cH-]", "::", REFUSES)),
        *(("c", "::--", IMPOSSIBLE), ("o", "::-", IMPOSSIBLE), ("n", "::=", IMPOSSIBLE), ("c", ":", IMPOSSIBLE)),
    ],
)
def test_bonds_decide(token: str, bonds: str, expected: Prospect) -> None:
    assert judge(AromaticAtom(token, bonds)) == expected


@pytest.mark.parametrize(
    ("token", "bonds", "n_due", "n_most", "expected"),
    [
        ("c", "::", 0, 0, NEEDS),
        ("c", "::", 0, MANY, UNDECIDED),  # an exocyclic double bond, or a further aromatic neighbour
        ("c", "::-", 0, MANY, NEEDS),  # no room is left
        ("n", "::", 0, MANY, UNDECIDED),  # a substituent
        ("n", "::", 1, MANY, REFUSES),
        ("o", ":", 1, 1, REFUSES),
        ("[nH]", "::", 1, MANY, IMPOSSIBLE),
    ],
)
def test_open_atoms_keep_their_choices(token: str, bonds: str, n_due: int, n_most: int, expected: Prospect) -> None:
    assert foresee(AromaticAtom(token, bonds), n_due, n_most, n_for_ring=1) == expected


def test_a_partner_outside_every_ring_is_none() -> None:
    fused = AromaticAtom("[n+]", "::")
    assert foresee(fused, 1, 1, n_for_ring=1).can_skip
    without_double_bond = {"next_bonds": ":-"}
    assert foresee(fused, 1, 1, n_for_ring=1, **without_double_bond).can_skip
    assert not foresee(fused, 1, 1, n_for_ring=2, **without_double_bond).can_skip


def test_order_of_bonds_is_of_no_matter() -> None:
    assert AromaticAtom("c").bind("=").bind(":").bind(":") == AromaticAtom("c").bind(":").bind("=").bind(":")


def test_tokens_are_told_apart() -> None:
    assert [token for token in ("c", "C", "[nH]", "[NH3+]", "[se]", "Cl") if is_aromatic(token)] == [
        *("c", "[nH]", "[se]"),
    ]
