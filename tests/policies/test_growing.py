"""Growing and linking: what is given stays given, whatever the policy; what it chooses it chooses as it would alone."""

import math

import pytest
import torch

from moldesign.chem.groups import cut_linker
from moldesign.chem.open_points import read_ends, read_scaffold, write_ending_open
from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.envs.vocabulary import END, PAD, Vocabulary
from moldesign.errors import OpenPointError
from moldesign.policies.growing import choose_templates, count_room, grow, stack_spellings
from moldesign.policies.linking import Join, link
from moldesign.policies.templates import make_template
from moldesign.seeding import make_generators
from tests.policies.test_language_model import make_constant_policy
from tests.policies.tiny_prior import make_prior, make_wide_prior

SCAFFOLDS = [
    "c1ccc(*)cc1*",
    "*c1nn(*)c2ncnc(N)c12",
    "C[C@@H](*)C(=O)N*",
    "O=C(*)c1ccccc1*",
    "C(=*)C*",
    "*n1cccc1",
]


@pytest.mark.parametrize("text", SCAFFOLDS)
def test_every_molecule_keeps_the_scaffold_even_of_a_random_policy(text: str) -> None:
    prior, piece = make_wide_prior(max_length=50), read_scaffold(text)
    template = choose_templates(piece, prior, 1)[0]
    room = count_room(template, prior.max_length)
    spellings = grow(prior.policy, prior.vocabulary, template, 40, make_generators(0).torch, room=room)
    mols = [mol for mol in parse_smiles([one.text for one in spellings]).mols if mol is not None]
    assert len(mols) > 20
    assert all(piece.find_in(mol) for mol in mols)
    assert all(len(one.is_written) <= prior.max_length for one in spellings)
    assert len({canonicalize(mol) for mol in mols}) > 10


def test_what_the_policy_chose_is_marked() -> None:
    prior = make_wide_prior()
    template = make_template("c1cc([*:1])ccc1[*:2]", (True, True))
    spellings = grow(prior.policy, prior.vocabulary, template, 10, make_generators(0).torch, room=8)
    batch = stack_spellings(prior.vocabulary, spellings)
    assert batch.is_written is not None
    for sequence, chosen, text in zip(batch.sequences, batch.is_written, batch.smiles, strict=True):
        tokens = [prior.vocabulary.tokens[index] for index in sequence[~chosen & (sequence != PAD)].tolist()]
        assert "".join(tokens) == "c1cc(ccc1"
        assert sequence[chosen].tolist().count(END) == 1
        assert prior.vocabulary.encode(text).tolist() == sequence[sequence != PAD].tolist()


def test_the_same_seed_writes_the_same() -> None:
    prior = make_wide_prior()
    template = make_template("C([*:1])C[*:2]", (False, False))
    first, again, other = (
        grow(prior.policy, prior.vocabulary, template, 5, make_generators(seed).torch, room=10) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_group_ends_as_often_as_the_policy_closes_a_branch() -> None:
    """In an inner gap by ")", in the last one by END; both weights count among those that are possible."""
    vocabulary = Vocabulary.from_tokens(["(", ")", "C", "F"])
    never = -50.0
    weights = {"<pad>": 9.0, "<start>": 9.0, "<end>": 0.0, "(": never, ")": math.log(2.0), "C": 0.0, "F": math.log(3.0)}
    policy = make_constant_policy([weights[token] for token in vocabulary.tokens])
    template = make_template("C([*:1])C[*:2]", (False, False))
    spellings = grow(policy, vocabulary, template, 3000, make_generators(0).torch, room=2)
    inner = ["".join(one.tokens)[2:].split(")")[0] for one in spellings]
    last = ["".join(one.tokens).split(")C")[1] for one in spellings]
    # After a first "C" (1 in 4): ")" has 2 of 6 parts in the inner gap, END 1 of 5 in the last one.
    assert inner.count("F") / 3000 == pytest.approx(3 / 4, abs=0.03)
    assert inner.count("C") / 3000 == pytest.approx(1 / 4 * 2 / 6, abs=0.02)
    assert last.count("C") / 3000 == pytest.approx(1 / 4 * 1 / 5, abs=0.02)


def test_the_likeliest_ways_to_write_a_piece_are_chosen() -> None:
    prior, piece = make_wide_prior(), read_scaffold("CC(=O)Nc1ccc(*)cc1")
    chosen = choose_templates(piece, prior, 3)
    every = choose_templates(piece, prior, 1000)
    assert chosen == every[:3]
    assert len(every) == len(write_ending_open(piece, 500, seed=0)) > 10
    methylated = stack_spellings(prior.vocabulary, [template.fill([["C"]]) for template in every])
    with torch.inference_mode():
        log_probs = prior.policy.sequence_log_prob(methylated.sequences)
    assert (log_probs.diff() <= 1e-5).all()


def test_a_token_that_the_prior_has_never_seen_is_named() -> None:
    with pytest.raises(OpenPointError, match=r"prior 'tiny' has never seen the token 'S', which 'CS\*' needs; leave"):
        choose_templates(read_scaffold("CS*"), make_prior(), 1)


@pytest.mark.parametrize("text", ["*c1ccccc1.*N1CCOCC1", "*NC.*c1ncccn1", "*[C@H](C)O.*n1cccc1"])
def test_every_linked_molecule_has_both_ends_and_comes_once(text: str) -> None:
    prior, (first, second) = make_wide_prior(), read_ends(text)
    join = Join.of(first, choose_templates(first, prior, 1)[0], second)
    spellings = link(prior.policy, prior.vocabulary, join, 20, make_generators(0), room=20)
    mols = parse_smiles([one.text for one in spellings]).mols
    assert len(spellings) > 5
    assert all(mol is not None and cut_linker(mol, first, second) is not None for mol in mols)
    assert len({canonicalize(mol) for mol in mols}) == len(spellings) <= 20
    again = link(prior.policy, prior.vocabulary, join, 20, make_generators(0), room=20)
    assert again == spellings
