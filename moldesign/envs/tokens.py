"""What each token is to the SMILES grammar, and a ready vocabulary for drug-like molecules."""

import re
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.smiles import quiet_rdkit
from moldesign.envs.vocabulary import END, PAD, SPECIAL_TOKENS, START, Vocabulary
from moldesign.errors import UnknownTokenError


class Slot(IntEnum):
    """The role of a token; tokens of one role are allowed or forbidden together.

    Each ring label is a role of its own: the labels of a vocabulary, in its order, take RING, RING + 1, ...
    """

    NEVER = 0
    PAD = 1
    END = 2
    ATOM = 3
    DOT = 4
    OPEN = 5
    CLOSE = 6
    SINGLE = 7
    DOUBLE = 8
    TRIPLE = 9
    AROMATIC = 10
    QUADRUPLE = 11
    RING = 12


_ROLES = {
    ".": Slot.DOT,
    "(": Slot.OPEN,
    ")": Slot.CLOSE,
    "-": Slot.SINGLE,
    "/": Slot.SINGLE,
    "\\": Slot.SINGLE,
    "=": Slot.DOUBLE,
    "#": Slot.TRIPLE,
    ":": Slot.AROMATIC,
    "$": Slot.QUADRUPLE,
}
_BARE_ATOM = re.compile(r"Br|Cl|[BCNOPSFIbcnops*]")
# `%01` is left out: RDKit reads a two-digit label only from 10 upwards.
_RING_LABEL = re.compile(r"\d|%[1-9]\d")

DEFAULT_TOKENS = (
    *("#", "(", ")", "-", "/", "=", "\\", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    *("Br", "C", "Cl", "F", "I", "N", "O", "P", "S", "c", "n", "o", "s"),
    *(
        "[C@@H]",
        "[C@@]",
        "[C@H]",
        "[C@]",
        "[N+]",
        "[N-]",
        "[NH+]",
        "[NH2+]",
        "[NH3+]",
        "[O-]",
        "[S+]",
        "[S-]",
    ),
    *("[S@@]", "[S@]", "[n+]", "[n-]", "[nH+]", "[nH]"),
)
"""Enough to write 99.9 % of the molecules of ZINC250k; one fragment, so no dot."""


@cache
def build_default_vocabulary() -> Vocabulary:
    """Return the vocabulary of `DEFAULT_TOKENS`."""
    return Vocabulary.from_tokens(DEFAULT_TOKENS)


def assign_slots(vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the slot of each token, intp [n_tokens].

    Raises:
        UnknownTokenError: a token has no role in the grammar (`~`, `>`, `%01`, a misspelt bracket atom), or
            the vocabulary has no atom, or '(' without ')'.
    """
    slots = np.full(len(vocabulary), Slot.NEVER, dtype=np.intp)
    slots[[PAD, START, END]] = Slot.PAD, Slot.NEVER, Slot.END
    n_labels = 0
    for index, token in enumerate(vocabulary.tokens[len(SPECIAL_TOKENS) :], start=len(SPECIAL_TOKENS)):
        if _RING_LABEL.fullmatch(token):
            slots[index] = Slot.RING + n_labels
            n_labels += 1
        else:
            slots[index] = _find_role(token)
    if Slot.ATOM not in slots or (Slot.OPEN in slots and Slot.CLOSE not in slots):
        raise UnknownTokenError("a vocabulary needs an atom, and ')' if it has '('; add what is missing")
    return slots


def is_grammatical(token: str) -> bool:
    """Say whether a token has a place in the grammar.

    >>> [is_grammatical(token) for token in ("[nH]", "%12", "~", ">")]
    [True, True, False, False]
    """
    return bool(_RING_LABEL.fullmatch(token)) or token in _ROLES or _is_atom(token)


def _find_role(token: str) -> Slot:
    if token in _ROLES:
        return _ROLES[token]
    if _is_atom(token):
        return Slot.ATOM
    raise UnknownTokenError(
        f"the token {token!r} has no place in the SMILES grammar, that of atoms, bonds (- = # $ : / \\),"
        " branches, '.' and the ring labels 0-9 and %10-%99; leave it out of the vocabulary"
    )


def _is_atom(token: str) -> bool:
    return bool(_BARE_ATOM.fullmatch(token)) or _is_bracket_atom(token)


def _is_bracket_atom(token: str) -> bool:
    if not re.fullmatch(r"\[[^\[\]\s]+\]", token):
        return False
    with quiet_rdkit():
        mol = Chem.MolFromSmiles(token, sanitize=False)
    return mol is not None and mol.GetNumAtoms() == 1
