"""Templates: what is kept is written as it is, and what the policy chose is marked."""

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.groups import cut_groups, cut_linker, write_from
from moldesign.chem.open_points import read_ends, read_scaffold, write_ending_open
from moldesign.chem.smiles import require_mols
from moldesign.envs.vocabulary import tokenize
from moldesign.policies.linking import Join
from moldesign.policies.templates import fit_group, make_template, make_templates, relabel
from tests.conftest import NAMED_DRUGS

CUTS = {
    "imatinib": "Cc1ccc(N*)cc1Nc1nccc(*)n1",
    "haloperidol": "*N1CCC(O)(CC1)c1ccc(*)cc1",
    "sildenafil": "Cn1nc(*)c2nc([nH]c(=O)c12)-c1cc(*)ccc1O*",
    "penicillin_g": "CC1(C)S[C@@H]2[C@H](N*)C(=O)N2[C@H]1C(=O)O",
    "morphine": "*N1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "terfenadine": "C(c1ccccc1)(O)(*)C1CCN(CC1)*",
    "caffeine": "*n1c(=O)c2c(ncn2*)n(*)c1=O",
}
LINKS = {
    "imatinib": "Cc1ccc(N*)cc1Nc1nccc(-c2cccnc2)n1.*N1CCN(C)CC1",
    "haloperidol": "*c1ccc(F)cc1.*N1CCC(O)(CC1)c1ccc(Cl)cc1",
    "penicillin_g": "*c1ccccc1.*[C@@H]1C(=O)N2[C@@H]1SC(C)(C)[C@@H]2C(=O)O",
    "sildenafil": "*CC.*S(=O)(=O)N1CCN(C)CC1",
}


@pytest.mark.parametrize("drug", sorted(CUTS))
def test_a_drug_filled_into_any_template_of_its_scaffold_is_the_drug(drug: str) -> None:
    piece, [mol], rng = read_scaffold(CUTS[drug]), require_mols([NAMED_DRUGS[drug]]), np.random.default_rng(0)
    texts = write_ending_open(piece, 60, seed=0)
    assert len(texts) > 3
    for template in make_templates(piece, texts):
        match = piece.find_in(mol)[0]
        groups = cut_groups(mol, piece, match)
        assert groups is not None
        written = [tokenize(write_from(groups[point], point + 1, rng))[1:] for point in template.points]
        spelling = template.fill([fit_group(template, gap, tokens) for gap, tokens in enumerate(written)])
        assert Chem.CanonSmiles(spelling.text) == Chem.CanonSmiles(NAMED_DRUGS[drug])
        assert len(spelling.is_written) == len(spelling.tokens) + 1
        given = [token for token, chosen in zip(spelling.tokens, spelling.is_written, strict=False) if not chosen]
        ends = [")"] * (len(template.points) - 1)
        assert sorted(given + ends) == sorted(token for segment in template.segments for token in segment)
        assert spelling.is_written[-1]


@pytest.mark.parametrize("drug", sorted(LINKS))
@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_drug_spelled_as_ends_and_linker_is_the_drug(drug: str, is_swapped: bool) -> None:
    ends, [mol], rng = read_ends(LINKS[drug]), require_mols([NAMED_DRUGS[drug]]), np.random.default_rng(0)
    first, second = reversed(ends) if is_swapped else ends
    linker = cut_linker(mol, first, second)
    assert linker is not None
    for template in make_templates(first, write_ending_open(first, 20, seed=0)):
        spelling = Join.of(first, template, second).spell(linker, rng)
        assert Chem.CanonSmiles(spelling.text) == Chem.CanonSmiles(NAMED_DRUGS[drug])
        assert len(spelling.is_written) == len(spelling.tokens) + 1


def test_the_join_is_chosen_and_the_rest_of_the_ends_is_given() -> None:
    first, second = read_ends("*c1ccccc1.*NC")
    [linker] = require_mols(["[1*]c1ccc([2*])cc1"])
    [template] = make_templates(first, ["c1ccccc1[*:1]"])
    spelling = Join.of(first, template, second).spell(linker)
    marks = "".join("x" if chosen else "." for chosen in spelling.is_written)
    assert spelling.text == "c1ccccc1-c1ccc(NC)cc1"
    #                c1ccccc1-c1ccc(NC)cc1 and END
    assert marks == "........xxxxxxxx..xxxx"


def test_where_the_text_ends_with_the_second_end_its_end_is_given() -> None:
    first, second = read_ends("*c1ccccc1.*NC")
    [linker] = require_mols(["[1*]CC[2*]"])
    [template] = make_templates(first, ["c1ccccc1[*:1]"])
    spelling = Join.of(first, template, second).spell(linker)
    assert spelling.text == "c1ccccc1CCNC"
    assert spelling.is_written == (*([False] * 8), True, True, True, False, False)


@pytest.mark.parametrize(
    ("template", "gap", "group", "expected"),
    [
        ("c1cc([*:1])ccc1[*:2]", 0, "c1ccccc1", "-c2ccccc2"),
        ("c1cc([*:1])ccc1[*:2]", 1, "C2CC2", "C1CC1"),
        ("C(=[*:1])C[*:2]", 0, "=C1CC1", "C1CC1"),
        ("CC[*:1]", 0, "/C=C/C", "C=C/C"),
        ("c1ccn(c1)[*:1]", 0, "[nH]", "-[nH]"),
        ("CC[*:1]", 0, "c1ccccc1", "c1ccccc1"),
    ],
)
def test_a_group_is_fitted_to_its_gap(template: str, gap: int, group: str, expected: str) -> None:
    points = template.count("*")
    filled = make_template(template, [template[0].islower()] * points)
    assert "".join(fit_group(filled, gap, tokenize(group))) == expected


def test_labels_beyond_the_digits_are_possible() -> None:
    assert "".join(relabel(tokenize("C1CC1"), frozenset("123456789"))) == "C%10CC%10"
