"""Priors: by name or folder, complete, and able to write molecules."""

import json
from dataclasses import replace

import pytest
import torch

from moldesign.chem.smiles import parse_smiles
from moldesign.errors import ModelFormatError, UnknownNameError, UnknownTokenError
from moldesign.policies import bundled
from moldesign.policies.bundled import list_priors, load_prior, read_prior_card
from moldesign.policies.pretraining import pad_sequences
from moldesign.policies.sampling import sample_smiles
from tests.policies.tiny_prior import LIBRARY, MAX_LENGTH, VOCABULARY, make_prior

NAMES = sorted({"zinc", "chembl"} | list_priors().keys())
CARD_KEYS = {
    *("format_version", "kind", "name", "sha256", "date", "training_command", "training_settings"),
    *("network", "tokens", "max_length", "n_training_molecules", "molecules_seen", "held_out", "samples"),
    *("source", "licence"),
}


def sample(prior, n=20):
    return [text for batch in sample_smiles(prior, n, torch.Generator().manual_seed(0)) for text in batch]


def change_card(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_saved_prior_is_the_same_up_to_half_precision(tmp_path):
    prior = make_prior()
    prior.save(tmp_path / "first")
    first = load_prior(tmp_path / "first")
    assert (first.name, first.vocabulary, first.max_length) == ("tiny", VOCABULARY, MAX_LENGTH)
    assert first.card["source"] == "random numbers"
    assert not first.policy.training
    sequences = pad_sequences([VOCABULARY.encode(text) for text in LIBRARY[:10]])
    torch.testing.assert_close(
        first.policy.sequence_log_prob(sequences), prior.policy.sequence_log_prob(sequences), rtol=1e-3, atol=1e-2
    )
    first.save(tmp_path / "second")
    second = load_prior(str(tmp_path / "second"))
    assert torch.equal(first.policy.sequence_log_prob(sequences), second.policy.sequence_log_prob(sequences))
    assert sample(first) == sample(second)


def test_a_changed_prior_is_saved_as_it_is(tmp_path):
    make_prior().save(tmp_path / "first")
    replace(load_prior(tmp_path / "first"), name="short", max_length=10).save(tmp_path / "second")
    again = load_prior(tmp_path / "second")
    assert (again.name, again.max_length, again.card["source"]) == ("short", 10, "random numbers")


def test_an_unknown_name_lists_the_nearest(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "list_priors", lambda: {"zinc": tmp_path, "chembl": tmp_path})
    with pytest.raises(UnknownNameError, match="unknown prior 'chemble'; did you mean: chembl"):
        load_prior("chemble")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "checksum"),
        ({"format_version": 2}, "format version 2"),
        ({"kind": "predictor"}, "kind 'predictor'; a prior was expected"),
        ({"tokens": ["C"]}, "does not fit its own card"),
        ({"network": {"n_tokens": 3}}, "does not fit its own card"),
        ({"max_length": None}, "does not fit its own card"),
    ],
    ids=["checksum", "format", "kind", "tokens", "network", "length"],
)
def test_a_damaged_prior_is_refused(tmp_path, changes, message):
    make_prior().save(tmp_path)
    change_card(tmp_path, **changes)
    with pytest.raises(ModelFormatError, match=message):
        load_prior(tmp_path)


@pytest.mark.parametrize("missing", ["card.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path, missing):
    make_prior().save(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelFormatError, match=f"has no {missing}"):
        load_prior(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_prior_is_there_and_its_card_complete(name):
    assert name in list_priors(), f"moldesign/policies/weights has no {name}; run scripts/pretrain_prior.py {name}"
    prior, card = load_prior(name), read_prior_card(name)
    assert card.keys() >= CARD_KEYS
    assert prior.name == card["name"] == name
    assert card["samples"].keys() >= {"n", "temperature", "valid", "unique", "novel"}
    assert len(prior.vocabulary) == prior.policy.settings.n_tokens
    assert sum(parameter.numel() for parameter in prior.policy.parameters()) < 6_000_000


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_prior_writes_valid_molecules(name):
    smiles = sample(load_prior(name), 500)
    valid = parse_smiles(smiles).is_valid
    assert valid.mean() >= 0.9
    assert len(set(smiles)) >= 490


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_prior_finds_drugs_likelier_than_nonsense(name, named_drugs):
    prior = load_prior(name)
    drug, nonsense = named_drugs["sildenafil"], "CCCC(F)(F)C1=NC#CC1(Br)Br"
    log_probs = [
        prior.policy.sequence_log_prob(torch.from_numpy(prior.vocabulary.encode(text))[None]).item() / len(text)
        for text in (drug, nonsense)
    ]
    assert log_probs[0] > log_probs[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_the_prior_never_saw_is_named(name):
    with pytest.raises(UnknownTokenError, match=r"the token '\[U\]' in 'C\[U\]C' was never seen"):
        load_prior(name).vocabulary.encode("C[U]C")
