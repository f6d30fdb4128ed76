"""The policy at work: every text is of valid syntax, and the generator is the only source of chance."""

import math

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vector_env import SmilesVectorEnv
from moldesign.envs.vocabulary import END, PAD, Vocabulary
from moldesign.policies.bundled import Prior
from moldesign.policies.sampling import make_sampling_env, sample_batch, sample_smiles
from tests.policies.test_language_model import make_constant_policy
from tests.policies.tiny_prior import MAX_LENGTH, VOCABULARY, make_policy, make_prior


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("max_length", [2, 12, 40])
def test_every_sample_has_valid_syntax_and_fits(max_length):
    vocabulary = build_default_vocabulary()
    env = make_sampling_env(vocabulary, max_length, 100)
    batch = sample_batch(make_policy(vocabulary=vocabulary), env, seeded())
    with BlockLogs():
        assert all(Chem.MolFromSmiles(text, sanitize=False) is not None for text in batch.smiles)
    assert all(batch.smiles)
    assert batch.sequences.shape[1] <= max_length
    assert len(set(batch.smiles)) > 5


def test_sequences_and_texts_are_the_same_molecules():
    batch = sample_batch(make_policy(), make_sampling_env(VOCABULARY, MAX_LENGTH, 50), seeded())
    for sequence, text in zip(batch.sequences.tolist(), batch.smiles, strict=True):
        n_tokens = sequence.index(END) + 1
        assert sequence[:n_tokens] == VOCABULARY.encode(text).tolist()
        assert set(sequence[n_tokens:]) <= {PAD}
    assert (batch.sequences[:, -1] != PAD).any()


def test_the_same_generator_writes_the_same_molecules():
    policy, env = make_policy(), make_sampling_env(VOCABULARY, MAX_LENGTH, 20)
    first = sample_batch(policy, env, seeded())
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002  global numbers must not matter
    second, other = sample_batch(policy, env, seeded()), sample_batch(policy, env, seeded(1))
    assert first.smiles == second.smiles
    assert torch.equal(first.sequences, second.sequences)
    assert first.smiles != other.smiles


def test_one_generator_goes_on():
    policy, env, generator = make_policy(), make_sampling_env(VOCABULARY, MAX_LENGTH, 20), seeded()
    assert sample_batch(policy, env, generator).smiles != sample_batch(policy, env, generator).smiles


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 3 / 4), (0.5, 9 / 10), (2.0, 3**0.5 / (1 + 3**0.5))])
def test_tokens_come_as_often_as_the_policy_says(temperature, share):
    vocabulary = Vocabulary.from_tokens(["C", "O"])
    # PAD, START and END would be likelier than any atom, but are not allowed at the first place.
    policy = make_constant_policy([5.0, 5.0, 5.0, 0.0, math.log(3)])
    batch = sample_batch(policy, make_sampling_env(vocabulary, 2, 4000), seeded(), temperature=temperature)
    assert set(batch.smiles) == {"C", "O"}
    assert batch.smiles.count("O") / 4000 == pytest.approx(share, abs=0.03)


def test_the_environment_pays():
    env = SmilesVectorEnv(
        lambda smiles: [len(text) / 100 for text in smiles],
        VOCABULARY,
        MAX_LENGTH,
        30,
        AutoresetMode.DISABLED,
    )
    batch = sample_batch(make_policy(), env, seeded())
    with BlockLogs():
        valid = [Chem.MolFromSmiles(text) is not None for text in batch.smiles]
    expected = [len(text) / 100 if ok else 0.0 for text, ok in zip(batch.smiles, valid, strict=True)]
    assert batch.rewards.tolist() == pytest.approx(expected)
    assert any(valid)


def test_samples_are_counted_in_batches():
    batches = list(sample_smiles(make_prior(), 25, seeded(), batch_size=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert batches == list(sample_smiles(make_prior(), 25, seeded(), batch_size=10))
    assert list(sample_smiles(make_prior(), 0, seeded())) == []


def test_a_policy_that_learned_one_molecule_writes_it():
    vocabulary = Vocabulary.from_tokens(["C", "N"])
    policy = make_constant_policy([0.0, 0.0, 0.0, 50.0, 0.0])
    prior = Prior("methane", policy, vocabulary, 4, {})
    assert list(sample_smiles(prior, 3, seeded())) == [["CCC"] * 3]
