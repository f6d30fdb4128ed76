"""Strings that begin with given tokens: what is given stays, what follows is the policy's."""

import pytest
import torch

from moldesign.chem.smiles import parse_smiles
from moldesign.envs.vocabulary import PAD, tokenize
from moldesign.errors import UnknownTokenError
from moldesign.policies.beginnings import Beginnings
from moldesign.policies.sampling import SampledBatch, make_sampling_env, sample_batch
from tests.policies.tiny_prior import make_wide_prior

BEGINNINGS = ["", "C", "Cc1ccc(", "CC(=O)Nc1cc2c(cc1", "O=C(O)[C@H](N)C9CC", "c1cc[nH]c1C"]


def write(texts: list[str], max_length: int = 40, seed: int = 0) -> tuple[Beginnings, SampledBatch]:
    prior, generator = make_wide_prior(), torch.Generator().manual_seed(seed)
    given = Beginnings(prior.vocabulary, texts)
    env = make_sampling_env(prior.vocabulary, max_length, len(texts))
    return given, sample_batch(prior.policy, env, generator, rules=given)


def test_strings_begin_as_they_are_told_and_end_in_time() -> None:
    _, batch = write(BEGINNINGS * 5)
    for text, given in zip(batch.smiles, BEGINNINGS * 5, strict=True):
        assert text.startswith(given)
        assert len(tokenize(text)) < 40
    assert len(set(batch.smiles)) > len(BEGINNINGS)
    assert sum(mol is not None for mol in parse_smiles(batch.smiles).mols) > len(batch.smiles) / 2


def test_only_what_follows_is_the_policys_own() -> None:
    given, batch = write(BEGINNINGS)
    is_written = given.find_written(batch.sequences)
    n_given = (~is_written & (batch.sequences != PAD)).sum(dim=1).tolist()
    assert n_given == [len(tokenize(text)) for text in BEGINNINGS]
    assert not (is_written & (batch.sequences == PAD)).any()
    assert is_written.any(dim=1).all()


def test_what_cannot_be_ended_in_time_gives_way() -> None:
    _, batch = write(["C" * 30, "C1CCCCCCCCC"], max_length=8)
    assert [len(tokenize(text)) <= 7 for text in batch.smiles] == [True, True]
    assert [mol is not None for mol in parse_smiles(batch.smiles).mols] == [True, True]


def test_what_the_policy_has_never_seen_is_refused() -> None:
    with pytest.raises(UnknownTokenError, match=r"\[Se\]"):
        write(["C[Se]"])
