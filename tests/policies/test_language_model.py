"""Log-probabilities: that they are those of a distribution, and of the right tokens."""

import math

import pytest
import torch

from moldesign.envs.vocabulary import END, PAD, START, Vocabulary
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import pad_sequences
from tests.policies.tiny_prior import LIBRARY, VOCABULARY, make_policy


def encode(*smiles):
    return pad_sequences([VOCABULARY.encode(text) for text in smiles])


def make_constant_policy(logits):
    """Return a policy that gives every token the same logit at every place, whatever was written."""
    policy = TokenPolicy(PolicySettings(len(logits), embedding_size=4, hidden_size=4, n_layers=1))
    with torch.no_grad():
        policy.head.weight.zero_()
        policy.head.bias.copy_(torch.tensor(logits))
    return policy


def test_a_constant_policy_by_hand():
    vocabulary = Vocabulary.from_tokens(["C", "O"])
    policy = make_constant_policy([0.0, 0.0, math.log(2), math.log(4), 0.0])  # p = 1/9, 1/9, 2/9, 4/9, 1/9
    sequences = pad_sequences([vocabulary.encode("CO"), vocabulary.encode("C")])
    log_probs = policy.token_log_probs(sequences)
    expected = [[math.log(4 / 9), math.log(1 / 9), math.log(2 / 9)], [math.log(4 / 9), math.log(2 / 9), 0.0]]
    torch.testing.assert_close(log_probs, torch.tensor(expected))
    torch.testing.assert_close(policy.sequence_log_prob(sequences), torch.tensor(expected).sum(dim=1))


def test_the_next_token_has_a_distribution_that_depends_on_the_history():
    policy = make_policy()
    logits, _ = policy(torch.tensor([[START, 5, 6], [START, 7, 6]]))
    torch.testing.assert_close(logits.softmax(dim=-1).sum(dim=-1), torch.ones(2, 3))
    assert torch.equal(logits[0, 0], logits[1, 0])
    assert not torch.allclose(logits[0, 2], logits[1, 2])


def test_only_earlier_tokens_count():
    policy, sequences = make_policy(), encode("c1cc(N)ccc1F")
    changed = sequences.clone()
    changed[0, 6:] = sequences[0, 6:].flip(0)
    torch.testing.assert_close(policy.token_log_probs(sequences)[:, :6], policy.token_log_probs(changed)[:, :6])


def test_padding_and_neighbours_change_nothing():
    policy = make_policy()
    alone = torch.cat([policy.sequence_log_prob(encode(text)) for text in LIBRARY[:6]])
    torch.testing.assert_close(policy.sequence_log_prob(encode(*LIBRARY[:6])), alone)
    padded = torch.nn.functional.pad(encode(LIBRARY[0]), (0, 9), value=PAD)
    torch.testing.assert_close(policy.sequence_log_prob(padded), alone[:1])
    assert not policy.token_log_probs(padded)[:, -9:].any()


def test_step_by_step_is_all_at_once():
    policy, sequences = make_policy(), encode(*LIBRARY[:4])
    inputs = torch.cat([torch.full((4, 1), START), sequences[:, :-1]], dim=1)
    whole, _ = policy(inputs)
    state, steps = None, []
    for place in range(inputs.shape[1]):
        logits, state = policy(inputs[:, place : place + 1], state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)


@pytest.mark.parametrize("sequence", [[END], [3, END]])
def test_log_probs_are_negative(sequence):
    assert make_policy().sequence_log_prob(torch.tensor([sequence])).item() < 0


def test_the_default_size_is_what_the_docstring_says():
    n_parameters = sum(parameter.numel() for parameter in TokenPolicy(PolicySettings(n_tokens=40)).parameters())
    assert round(n_parameters / 1e6, 1) == 1.0
