"""Vocabularies: which tokens the grammar understands, and what it says of the others."""

import pytest

from moldesign.envs.tokens import DEFAULT_TOKENS, Slot, assign_slots, build_default_vocabulary
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import UnknownTokenError


def test_each_token_gets_its_role():
    vocabulary = Vocabulary.from_tokens(["C", "Cl", "[nH]", "*", "=", "\\", ".", "(", ")", "1", "%10", "0"])
    slots = dict(zip(vocabulary.tokens, assign_slots(vocabulary), strict=True))
    assert {t for t, slot in slots.items() if slot == Slot.ATOM} == {"C", "Cl", "[nH]", "*"}
    assert slots["="] == Slot.DOUBLE
    assert slots["\\"] == Slot.SINGLE
    assert sorted(slots[label] for label in ("1", "%10", "0")) == [Slot.RING, Slot.RING + 1, Slot.RING + 2]
    assert slots["<start>"] == Slot.NEVER


@pytest.mark.parametrize("token", ["~", ">", "%01", "%9", "[Xx]", "[C", "[C][C]", "H", "q", "CC", " ", "?"])
def test_a_token_without_a_role_is_an_error_that_names_it(token):
    with pytest.raises(UnknownTokenError) as error:
        assign_slots(Vocabulary.from_tokens(["C", token]))
    assert repr(token) in str(error.value)


@pytest.mark.parametrize("tokens", [[], ["=", "1"], ["C", "("]])
def test_a_vocabulary_that_cannot_end_a_string_is_refused(tokens):
    with pytest.raises(UnknownTokenError, match="needs an atom"):
        assign_slots(Vocabulary.from_tokens(tokens))


def test_the_default_vocabulary_is_understood():
    assert len(build_default_vocabulary()) == len(DEFAULT_TOKENS) + 3
    assert Slot.NEVER not in assign_slots(build_default_vocabulary())[2:]
