"""Linking: the policy writes a group behind one end; where in it the other end stands best, that is joined.

    ends      c1ccccc1* and *N1CCOCC1
    group     c1ccccc1 C(=O)NC1CC1        what the policy goes on with
    linkers   C(=O)   C(=O)NC1CC1 ...     an open point in place of a hydrogen or of a part of the group
    molecule  c1ccccc1 C(=O) N1CCOCC1     the one that the policy finds likely as a whole

So no model has to know of linkers: the policy proposes, and its own likelihood of the finished text decides where the
second end is joined (sampling importance resampling, Rubin 1987).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem

from moldesign.chem.groups import cut_groups, find_dummy, list_linkers, write_from
from moldesign.chem.open_points import OpenPiece
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles
from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.policies.growing import grow, stack_spellings
from moldesign.policies.language_model import TokenPolicy
from moldesign.policies.templates import (
    Spelling,
    Template,
    find_open_labels,
    fit_group,
    part_aromatics,
    relabel,
)
from moldesign.seeding import Generators

N_CANDIDATES = 8
"""Linkers that are compared for each group."""
N_ROUNDS = 4


@dataclass(frozen=True)
class Join:
    """Two ends as texts: the first one to be written on from, the second one to be joined."""

    first: OpenPiece
    second: OpenPiece
    template: Template
    """Of the first end, with one gap."""
    joined: tuple[str, ...]
    """Tokens of the second end from its first atom on."""

    @classmethod
    def of(cls, first: OpenPiece, template: Template, second: OpenPiece) -> "Join":
        """Return the texts of two ends, the first of which `template` writes."""
        text = Chem.MolToSmiles(second.mol, rootedAtAtom=second.points[0])
        return cls(first, second, template, tuple(tokenize(text)[1:]))

    def spell(self, linker: Mol, rng: np.random.Generator | None = None) -> Spelling:
        """Return the text of the whole molecule.

        The policy chose the linker, where in it the second end is joined (the first token of that end), and how the
        text ends, if it goes on behind that end.

        Args:
            linker: with dummy atoms of isotope 1 and 2 where the ends are to be.
            rng: for a random path through the linker; without it, the canonical one.
        """
        tokens = fit_group(self.template, 0, tokenize(write_from(linker, 1, rng))[1:])
        place = tokens.index("*")
        before, behind = tokens[:place], tokens[place + 1 :]
        joins_aromatic = linker.GetAtomWithIdx(find_dummy(linker, 2)).GetNeighbors()[0].GetIsAromatic()
        joined = part_aromatics(self.joined) if joins_aromatic else self.joined
        second = relabel(joined, find_open_labels(before))
        first = self.template.segments[0]
        given, chosen = [False], [True]
        # Behind the second end its branch or the text must end: that token is given, the rest is the policy's again.
        is_written = [
            *(given * len(first)),
            *(chosen * (len(before) + 1)),
            *(given * len(second)),
            *(chosen * len(behind)),
        ]
        return Spelling((*first, *before, *second, *behind), tuple(is_written))


def link(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    join: Join,
    n: int,
    generators: Generators,
    *,
    room: int,
) -> list[Spelling]:
    """Let the policy write up to `n` different molecules in which a linker joins two ends.

    Args:
        policy: chooses the tokens.
        vocabulary: of the policy.
        join: the two ends.
        n: molecules.
        generators: the only source of randomness.
        room: tokens that a group may take.

    Returns:
        As many as were found in `N_ROUNDS` rounds.
    """
    chosen: dict[str, _Option] = {}
    for _ in range(N_ROUNDS):
        if (n_missing := n - len(chosen)) > 0:
            grown = grow(policy, vocabulary, join.template, n_missing, generators.torch, room=room)
            mols = parse_smiles([spelling.text for spelling in grown]).mols
            rows = [_list_options(join, mol, vocabulary, generators.numpy) for mol in mols if mol is not None]
            _choose(policy, vocabulary, rows, chosen, generators.torch)
    return [option.spelling for option in chosen.values()]


class _Option(NamedTuple):
    linker: str
    """Canonical SMILES."""
    spelling: Spelling
    """Of the whole molecule."""


def _list_options(join: Join, mol: Mol, vocabulary: Vocabulary, rng: np.random.Generator) -> list[_Option]:
    """Return molecules that a group behind the first end can become, a random choice of them."""
    matches = join.first.find_in(mol)
    groups = cut_groups(mol, join.first, matches[0]) if matches else None
    if not groups:
        return []
    linkers = list_linkers(groups[0])
    chosen = [linkers[index] for index in rng.permutation(len(linkers))[:N_CANDIDATES]]
    options = (_Option(canonicalize(linker), join.spell(linker)) for linker in chosen)
    return [option for option in options if vocabulary.knows(option.spelling.text)]


def _choose(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    rows: Sequence[Sequence[_Option]],
    chosen: dict[str, _Option],
    generator: torch.Generator,
) -> None:
    """Draw one option of each row by its probability, among those not chosen before, and add it to `chosen`."""
    flat = stack_spellings(vocabulary, [option.spelling for row in rows for option in row])
    with torch.inference_mode():
        device = next(policy.parameters()).device
        log_probs = policy.sequence_log_prob(flat.sequences.to(device)).cpu()
    for row, scores in zip(rows, torch.split(log_probs, [len(row) for row in rows]), strict=True):
        is_free = torch.tensor([option.linker not in chosen for option in row], dtype=torch.bool)
        if is_free.any():
            weights = scores.masked_fill(~is_free, -torch.inf).softmax(0)
            option = row[int(torch.multinomial(weights, 1, generator=generator))]
            chosen[option.linker] = option
