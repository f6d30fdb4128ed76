"""Growing: the policy writes a group into every gap of a template, one gap after the other."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.chem.open_points import OpenPiece, write_ending_open
from moldesign.envs.vocabulary import END, PAD, START, Vocabulary
from moldesign.errors import OpenPointError
from moldesign.policies.bundled import Prior
from moldesign.policies.chemistry import ChemistryFilter
from moldesign.policies.language_model import TokenPolicy
from moldesign.policies.opening import STAND_IN, Opening
from moldesign.policies.sampling import Context, SampledBatch, Strings, make_sampling_env, read_tokens, write_strings
from moldesign.policies.templates import Spelling, Template, make_templates

N_TRIES = 500
"""Random ways to write a piece, among which the likeliest are looked for."""


def count_room(template: Template, max_length: int) -> int:
    """Return how many tokens each gap of a template may take; below 1 if the template is too long.

    Args:
        template: the text with gaps.
        max_length: tokens of the longest sequence, END included.
    """
    return (max_length - 1 - template.n_tokens) // len(template.points)


def choose_templates(piece: OpenPiece, prior: Prior, n: int) -> list[Template]:
    """Return the ways to write a piece that the prior finds likeliest, with a methyl group in each gap.

    Args:
        piece: a scaffold or an end.
        prior: whose tokens these are.
        n: how many to return at most.

    Raises:
        OpenPointError: the prior has never seen one of the piece's tokens; the message names it.
    """
    templates = make_templates(piece, write_ending_open(piece, N_TRIES, seed=0))
    filled = [template.fill([[STAND_IN]] * len(template.points)) for template in templates]
    known = [row for row, spelling in enumerate(filled) if prior.vocabulary.knows(spelling.text)]
    if not known:
        strange = next(token for token in filled[0].tokens if token not in prior.vocabulary)
        raise OpenPointError(
            f"the prior {prior.name!r} has never seen the token {strange!r}, which {piece.text!r} needs; leave that "
            "atom out, or use a prior trained on a library that contains it"
        )
    batch = stack_spellings(prior.vocabulary, [filled[row] for row in known])
    with torch.inference_mode():
        device = next(prior.policy.parameters()).device
        log_probs = prior.policy.sequence_log_prob(batch.sequences.to(device)).tolist()
    likeliest = sorted(zip(log_probs, known, strict=True), key=lambda scored: (-scored[0], scored[1]))
    return [templates[row] for _, row in likeliest[:n]]


def grow(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    template: Template,
    n: int,
    generator: torch.Generator,
    *,
    room: int,
) -> list[Spelling]:
    """Let the policy fill the gaps of a template `n` times; the gaps are filled in the order of the text.

    Args:
        policy: chooses the tokens.
        vocabulary: of the policy.
        template: what is kept.
        n: molecules.
        generator: a CPU generator, the only source of randomness.
        room: tokens that each gap may take, see `count_room`.

    Raises:
        UnknownTokenError: the template has a token that the policy has never seen.
    """
    last = len(template.points) - 1
    groups: list[list[list[str]]] = []
    with torch.inference_mode():
        context = _read(policy, vocabulary, template.segments[0], n)
        for gap, following in enumerate(template.segments[1:]):
            opening = Opening.of(
                vocabulary,
                bond=template.find_bond(gap),
                open_labels=template.find_open_labels(gap),
                is_last=gap == last,
            )
            strings = _write_groups(policy, vocabulary, context, opening, generator, room)
            groups.append([_list_tokens(vocabulary, row[len(opening.given) :]) for row in strings.tokens])
            if gap < last:
                context = _read(policy, vocabulary, following, n, strings.state)
    return [template.fill(row) for row in zip(*groups, strict=True)]


def stack_spellings(vocabulary: Vocabulary, spellings: Sequence[Spelling]) -> SampledBatch:
    """Return spellings as one batch without rewards."""
    width = max((len(spelling.is_written) for spelling in spellings), default=1)
    sequences = np.full((len(spellings), width), PAD, dtype=np.int64)
    is_written = np.zeros((len(spellings), width), dtype=bool)
    for row, spelling in enumerate(spellings):
        sequences[row, : len(spelling.is_written)] = vocabulary.encode(spelling.text)
        is_written[row, : len(spelling.is_written)] = spelling.is_written
    smiles = [spelling.text for spelling in spellings]
    return SampledBatch(torch.from_numpy(sequences), smiles, np.zeros(len(smiles)), torch.from_numpy(is_written))


def _read(
    policy: TokenPolicy, vocabulary: Vocabulary, tokens: Sequence[str], n: int, state: torch.Tensor | None = None
) -> Context:
    """Let `n` copies of the policy read a piece of text, from its start if there is no state yet."""
    indices = vocabulary.encode("".join(tokens))[:-1].tolist()
    return read_tokens(policy, torch.tensor([indices if state is not None else [START, *indices]] * n), state)


def _write_groups(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    context: Context,
    opening: Opening,
    generator: torch.Generator,
    room: int,
) -> Strings:
    """Let the policy write one group per row, each behind what the opening gives."""
    n = len(context.logits)
    max_length = len(opening.given) + room + 1
    env = make_sampling_env(vocabulary, max_length, n)
    env.reset()
    chemistry = ChemistryFilter(vocabulary, max_length)
    written = chemistry.start(n)
    for token in opening.given:
        actions = np.full(n, token)
        chemistry.take(env.state, written, actions)
        env.step(actions)
    return write_strings(policy, env, chemistry, written, context, generator, rules=opening)


def _list_tokens(vocabulary: Vocabulary, indices: NDArray[np.int64]) -> list[str]:
    end = int((indices == END).argmax())
    return [vocabulary.tokens[index] for index in indices[:end]]
