"""What the policy is given and what it adds: nothing and a molecule, a scaffold and its groups, ends and a linker.

A mode writes the batches that are scored, and spells the molecules that are learned again in the same way: what was
given stays given. All modes work with the policy as it is; none needs a model of its own.
"""

from collections.abc import Callable, Sequence
from itertools import compress, permutations
from typing import TypeVar

import numpy as np
import torch

from moldesign.chem.groups import cut_groups, cut_linker, write_from
from moldesign.chem.open_points import OpenPiece, read_ends, read_scaffold
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, randomize_smiles, require_mols
from moldesign.chem.standardize import standardize_mol
from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.errors import OpenPointError
from moldesign.learning.guide import Mode, Spelled
from moldesign.objectives.constraints import Constraints
from moldesign.policies.beginnings import Beginnings
from moldesign.policies.bundled import Prior
from moldesign.policies.growing import choose_templates, count_room, grow, stack_spellings
from moldesign.policies.language_model import TokenPolicy
from moldesign.policies.linking import Join, link
from moldesign.policies.sampling import SampledBatch, make_sampling_env, sample_batch
from moldesign.policies.templates import Spelling, fit_group
from moldesign.search.dice import Dice
from moldesign.search.genetic import draw_rank
from moldesign.seeding import Generators

T = TypeVar("T")

N_TEMPLATES = 4
"""Ways to write a scaffold or an end that are used, those that the prior finds likeliest."""
N_ROUNDS = 4
"""How often molecules that came out invalid or twice are written anew."""
MOST_GIVEN = 0.9
"""Share of a SMILES that is given at most, where molecules are to resemble others."""
LEAST_ROOM = 10
"""Tokens that are left to the policy at least, also behind a SMILES that is longer than it can write."""
BEST_SHARE = 0.5
"""Of the beginnings, those that are taken from the best molecules so far."""
LINKER_ROOM = 40
"""Tokens of a group in which a linker is looked for: most linkers are short."""
_MAX_SHOWN = 100
_SPARE = 3  # tokens by which a linker's text may be longer than the group's: "(", ")" and "-"


def make_mode(constraints: Constraints, prior: Prior, batch_size: int) -> Mode:
    """Return how a run writes molecules that keep its scaffolds or linker ends, if it has any.

    Raises:
        OpenPointError: a scaffold or an end is too long for the prior, or has an atom that it has never seen.
    """
    for text in (*constraints.scaffold, *constraints.link):
        require_room(prior.longest_lesson - len(tokenize(text)), text, prior)  # before all ways to write it are tried
    if constraints.scaffold:
        return Decoration([read_scaffold(text) for text in constraints.scaffold], prior, batch_size)
    if constraints.link:
        return Linking([read_ends(text) for text in constraints.link], prior, batch_size)
    if constraints.least_similarity > 0:
        targets = [standardize_mol(mol) for mol in require_mols(constraints.similar_to)]  # as they are compared
        return Analogues(targets, constraints.least_similarity, prior, batch_size)
    return DeNovo(prior, batch_size)


class DeNovo:
    """Whole molecules."""

    def __init__(self, prior: Prior, batch_size: int) -> None:
        self._vocabulary = prior.vocabulary
        self._env = make_sampling_env(prior.vocabulary, prior.max_length, batch_size)

    def write(self, policy: TokenPolicy, generators: Generators, best: Sequence[str] = ()) -> SampledBatch:
        """Let the policy write a batch in the environment."""
        return sample_batch(policy, self._env, generators.torch)

    def spell(self, smiles: Sequence[str], rng: np.random.Generator) -> Spelled:
        """Write molecules as random SMILES."""
        texts = [randomize_smiles(mol, rng) for mol in require_mols(smiles)]
        rows = [row for row, text in enumerate(texts) if self._vocabulary.knows(text)]
        spellings = [Spelling(tokens := tuple(tokenize(texts[row])), (True,) * (len(tokens) + 1)) for row in rows]
        return Spelled(rows, stack_spellings(self._vocabulary, spellings))


class Analogues(DeNovo):
    """Molecules near others: the policy goes on from the beginning of a SMILES of one of them, or of the best so far.

    Args:
        targets: what they are to resemble.
        least: how much of a SMILES is given at least; as much is given as the molecules are to resemble, or more.
        prior: whose tokens these are.
        batch_size: molecules of a batch.
    """

    def __init__(self, targets: Sequence[Mol], least: float, prior: Prior, batch_size: int) -> None:
        super().__init__(prior, batch_size)
        self._targets, self._least = targets, min(least, MOST_GIVEN)
        self._room = prior.max_length - LEAST_ROOM

    def write(self, policy: TokenPolicy, generators: Generators, best: Sequence[str] = ()) -> SampledBatch:
        """Let the policy write a batch, half of it from the targets, half from the best molecules so far."""
        dice = Dice(generators.numpy)
        parents = [
            require_mols([best[draw_rank(len(best), dice)]])[0]
            if best and dice.random() < BEST_SHARE
            else dice.choose(self._targets)
            for _ in range(self._env.num_envs)
        ]
        given = Beginnings(self._vocabulary, [self._begin(mol, generators.numpy, dice) for mol in parents])
        batch = sample_batch(policy, self._env, generators.torch, rules=given)
        return batch._replace(is_written=given.find_written(batch.sequences))

    def _begin(self, mol: Mol, rng: np.random.Generator, dice: Dice) -> str:
        """Return the beginning of a random SMILES; nothing where the policy cannot write it."""
        tokens = tokenize(randomize_smiles(mol, rng))
        share = self._least + (MOST_GIVEN - self._least) * dice.random()
        text = "".join(tokens[: min(round(share * len(tokens)), self._room)])
        return text if self._vocabulary.knows(text) else ""


class Decoration:
    """Groups at the open points of a scaffold; with several scaffolds, each batch has one of them.

    Args:
        scaffolds: at least one.
        prior: by which the ways to write a scaffold are chosen.
        batch_size: molecules of a batch.
    """

    def __init__(self, scaffolds: Sequence[OpenPiece], prior: Prior, batch_size: int) -> None:
        self._vocabulary, self._batch_size, self._max_length = prior.vocabulary, batch_size, prior.max_length
        self._scaffolds = [(piece, choose_templates(piece, prior, N_TEMPLATES)) for piece in scaffolds]
        for piece, templates in self._scaffolds:
            require_room(min(count_room(template, prior.max_length) for template in templates), piece.text, prior)

    def write(self, policy: TokenPolicy, generators: Generators, best: Sequence[str] = ()) -> SampledBatch:
        """Let the policy fill the gaps of a template; what comes out invalid or twice is written anew."""
        piece, templates = draw_one(self._scaffolds, generators.torch)
        template = draw_one(templates, generators.torch)
        room = count_room(template, self._max_length)
        written: dict[str, Spelling] = {}
        for _ in range(N_ROUNDS):
            if (n_missing := self._batch_size - len(written)) > 0:
                grown = grow(policy, self._vocabulary, template, n_missing, generators.torch, room=room)
                mols = parse_smiles([spelling.text for spelling in grown]).mols
                for mol, spelling in zip(mols, grown, strict=True):
                    if mol is not None and piece.find_in(mol):
                        written.setdefault(canonicalize(mol), spelling)
        return stack_spellings(self._vocabulary, list(written.values()))

    def spell(self, smiles: Sequence[str], rng: np.random.Generator) -> Spelled:
        """Write molecules that keep a scaffold, their groups in the gaps of any of its templates."""
        return spell_each(smiles, self._vocabulary, lambda mol: self._spell(mol, rng))

    def _spell(self, mol: Mol, rng: np.random.Generator) -> Spelling | None:
        places = [(piece, templates, match) for piece, templates in self._scaffolds for match in piece.find_in(mol)]
        if not places:
            return None
        piece, templates, match = places[rng.integers(len(places))]
        template = templates[rng.integers(len(templates))]
        if (groups := cut_groups(mol, piece, match)) is None:
            return None
        texts = [write_from(groups[point], point + 1, rng) for point in template.points]
        return template.fill([fit_group(template, gap, tokenize(text)[1:]) for gap, text in enumerate(texts)])


class Linking:
    """Linkers between two ends, either of which may come first; with several pairs, each batch has one of them.

    Args:
        pairs: at least one.
        prior: by which the ways to write an end are chosen.
        batch_size: molecules of a batch.
    """

    def __init__(self, pairs: Sequence[tuple[OpenPiece, OpenPiece]], prior: Prior, batch_size: int) -> None:
        self._vocabulary, self._batch_size, self._max_length = prior.vocabulary, batch_size, prior.max_length
        self._joins = [
            Join.of(first, template, second)
            for pair in pairs
            for first, second in permutations(pair)
            for template in choose_templates(first, prior, N_TEMPLATES)
        ]
        for join in self._joins:
            require_room(self._count_room(join), join.first.text, prior)

    def write(self, policy: TokenPolicy, generators: Generators, best: Sequence[str] = ()) -> SampledBatch:
        """Let the policy go on from one end, and join the other where it fits best."""
        join = draw_one(self._joins, generators.torch)
        room = self._count_room(join)
        return stack_spellings(
            self._vocabulary, link(policy, self._vocabulary, join, self._batch_size, generators, room=room)
        )

    def spell(self, smiles: Sequence[str], rng: np.random.Generator) -> Spelled:
        """Write molecules that have both ends, with the linker along a random path."""
        return spell_each(smiles, self._vocabulary, lambda mol: self._spell(mol, rng))

    def _spell(self, mol: Mol, rng: np.random.Generator) -> Spelling | None:
        for index in rng.permutation(len(self._joins)):
            join = self._joins[int(index)]
            if (linker := cut_linker(mol, join.first, join.second)) is not None:
                return join.spell(linker, rng)
        return None

    def _count_room(self, join: Join) -> int:
        return min(LINKER_ROOM, self._max_length - 1 - join.template.n_tokens - len(join.joined) - _SPARE)


def spell_each(smiles: Sequence[str], vocabulary: Vocabulary, spell: Callable[[Mol], Spelling | None]) -> Spelled:
    """Write molecules one by one; left out is what cannot be written, or would be another molecule then.

    So a group whose stereochemistry is lost when it is cut off teaches nothing wrong.
    """
    found = [spell(mol) for mol in require_mols(smiles)]
    known = [row for row, one in enumerate(found) if one is not None and vocabulary.knows(one.text)]
    spellings = [one for row in known if (one := found[row]) is not None]
    mols = parse_smiles([spelling.text for spelling in spellings]).mols
    same = [mol is not None and canonicalize(mol) == smiles[row] for row, mol in zip(known, mols, strict=True)]
    rows, kept = list(compress(known, same)), list(compress(spellings, same))
    return Spelled(rows, stack_spellings(vocabulary, kept))


def require_room(room: int, text: str, prior: Prior) -> None:
    """Do nothing if there is room for a token at each open point.

    Raises:
        OpenPointError: there is none; names the text that is too long.
    """
    if room < 1:
        shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
        raise OpenPointError(
            f"{shown!r} is too long: the prior {prior.name!r} writes at most {prior.max_length - 1} tokens, and "
            "nothing is left to grow; leave out a part of it"
        )


def draw_one(options: Sequence[T], generator: torch.Generator) -> T:
    """Return one of the options, each as likely as the others."""
    return options[int(torch.randint(len(options), (1,), generator=generator))]
