"""Tokens are drawn as the policy says, among those that valence and aromaticity allow."""

import numpy as np
import pytest
import torch
from torch import Tensor

from moldesign.chem.smiles import parse_smiles
from moldesign.envs.grammar import Grammar
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import PAD, Vocabulary, tokenize
from moldesign.policies.chemistry import ChemistryFilter
from moldesign.policies.sampling import make_sampling_env, sample_batch
from tests.policies.tiny_prior import make_policy


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draw_next(
    text: str, weights: dict[str, float], *, batch: int = 4000, max_length: int = 30, **options: bool
) -> dict[str, float]:
    """Return how often each token is drawn behind a partial SMILES, by a policy that gives all tokens these weights."""
    vocabulary = Vocabulary.from_tokens([*tokenize(text), *sorted(weights.keys() - {"<end>"})])
    grammar = Grammar(vocabulary, max_length)
    chemistry = ChemistryFilter(vocabulary, max_length, **options)
    state, written = grammar.start(batch), chemistry.start(batch)
    rows, generator = np.arange(batch), seeded()
    for token in tokenize(text):
        drawn = chemistry.draw(state, written, rows, make_logits(vocabulary, {token: 1.0}, batch), generator)
        grammar.step(state, drawn)
    drawn = chemistry.draw(state, written, rows, make_logits(vocabulary, weights, batch), generator)
    counts = np.bincount(drawn, minlength=len(vocabulary)) / batch
    return {token: float(count) for token, count in zip(vocabulary.tokens, counts, strict=True) if count > 0}


def make_logits(vocabulary: Vocabulary, weights: dict[str, float], batch: int) -> Tensor:
    return torch.tensor([weights.get(token, 0.0) for token in vocabulary.tokens]).log().repeat(batch, 1)


def share_of_aromatic_errors(smiles: list[str]) -> float:
    errors = parse_smiles(smiles).errors
    return float(np.mean(["kekulize" in (error or "") or "marked aromatic" in (error or "") for error in errors]))


def test_tokens_come_as_often_as_the_policy_says_among_the_rest() -> None:
    weights = {"C": 5.0, "c": 2.0, "=": 3.0, "(": 1.0, ")": 1.0, "<end>": 8.0}
    shares = draw_next("c1cccc1", weights)
    assert shares == {"=": pytest.approx(0.75, abs=0.03), "(": pytest.approx(0.25, abs=0.03)}
    shares = draw_next("c1cccc1", weights, keep_aromaticity=False)
    assert shares["<end>"] == pytest.approx(8 / 19, abs=0.03)


def test_valence_can_be_left_out() -> None:
    assert "=" not in draw_next("CO", {"=": 1.0, "C": 1.0})
    assert "=" in draw_next("CO", {"=": 1.0, "C": 1.0}, keep_valence=False)


def test_where_all_is_dead_the_policy_goes_on_as_without_the_filter() -> None:
    shares = draw_next("c1cccc1", {"C": 1.0, "<end>": 3.0})
    assert shares == {"C": pytest.approx(0.25, abs=0.03), "<end>": pytest.approx(0.75, abs=0.03)}


def test_strings_that_have_ended_get_no_token() -> None:
    vocabulary = Vocabulary.from_tokens("C")
    chemistry, state = ChemistryFilter(vocabulary, 5), Grammar(vocabulary, 5).start(3)
    logits = make_logits(vocabulary, {"C": 1.0}, 1)
    drawn = chemistry.draw(state, chemistry.start(3), np.array([1]), logits, seeded())
    assert drawn.tolist() == [PAD, vocabulary.tokens.index("C"), PAD]


def test_a_weak_policy_writes_hardly_any_ring_without_a_kekule_form() -> None:
    vocabulary = build_default_vocabulary()
    policy, env = make_policy(vocabulary=vocabulary), make_sampling_env(vocabulary, 40, 300)
    free = sample_batch(policy, env, seeded(), keep_aromaticity=False).smiles
    kept = sample_batch(policy, env, seeded()).smiles
    assert share_of_aromatic_errors(free) > 0.4
    # What is left are strings that the length limit forced to close their rings wherever they could.
    assert share_of_aromatic_errors([text for text in kept if len(tokenize(text)) < 38]) < 0.01
    assert share_of_aromatic_errors(kept) < share_of_aromatic_errors(free)
    assert len(set(kept)) > 200
