"""A language model that is made in a moment, and a small library of real molecules to teach it."""

from itertools import product

import torch

from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.policies.bundled import Prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy

_ENDS = ("C", "CC", "N", "O", "F", "Cl", "OC", "C#N")
LIBRARY = [f"c1cc({a})ccc1{b}" for a, b in product(_ENDS, _ENDS)] + [f"C1CC({a})CCN1{b}" for a in _ENDS for b in _ENDS]
VOCABULARY = Vocabulary.from_tokens(token for text in LIBRARY for token in tokenize(text))
MAX_LENGTH = 24


def make_policy(seed: int = 0, *, vocabulary: Vocabulary = VOCABULARY) -> TokenPolicy:
    torch.manual_seed(seed)
    return TokenPolicy(PolicySettings(len(vocabulary), embedding_size=12, hidden_size=32, n_layers=2)).eval()


def make_prior(seed: int = 0) -> Prior:
    return Prior("tiny", make_policy(seed), VOCABULARY, MAX_LENGTH, {"source": "random numbers"})


def make_wide_prior(seed: int = 0, *, max_length: int = 60) -> Prior:
    """A prior of random weights that knows the tokens of drug-like molecules."""
    vocabulary = build_default_vocabulary()
    return Prior("wide", make_policy(seed, vocabulary=vocabulary), vocabulary, max_length, {"source": "random numbers"})
