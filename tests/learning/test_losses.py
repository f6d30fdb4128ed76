"""Losses against numbers worked out by hand."""

import math

import pytest
import torch

from moldesign.envs.vocabulary import PAD
from moldesign.learning.losses import (
    compute_dap_loss,
    compute_token_kl,
    compute_trajectory_balance_loss,
    gather_log_probs,
)


def test_dap_is_the_squared_distance_to_the_raised_prior():
    loss = compute_dap_loss(
        torch.tensor([-30.0, -20.0, -10.0]), torch.tensor([-35.0, -20.0, -12.0]), torch.tensor([0.5, 0.0, 1.0]), 10.0
    )
    assert loss.tolist() == [0.0, 0.0, 64.0]  # (-35 + 5 + 30)^2, (-20 + 20)^2, (-12 + 10 + 10)^2


def test_dap_pulls_a_rewarded_sequence_up_and_a_worthless_one_to_the_prior():
    log_prob = torch.tensor([-30.0, -30.0, -30.0], requires_grad=True)
    rewards, prior = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([-30.0, -30.0, -40.0])
    compute_dap_loss(log_prob, prior, rewards, sigma=120.0).sum().backward()
    assert log_prob.grad.tolist() == [-240.0, 0.0, 20.0]


def test_trajectory_balance_by_hand():
    loss = compute_trajectory_balance_loss(
        torch.tensor([-30.0, -10.0]), torch.tensor(10.0), torch.tensor([0.5, 0.0]), beta=50.0
    )
    assert loss.tolist() == [2025.0, 0.0]  # (10 - 30 - 25)^2, (10 - 10 - 0)^2


def test_trajectory_balance_vanishes_at_its_optimum():
    rewards, beta = torch.tensor([0.0, 0.5, 1.0]), 2.0
    log_prob = (beta * rewards).log_softmax(dim=0)
    log_z = (beta * rewards).logsumexp(dim=0)
    torch.testing.assert_close(compute_trajectory_balance_loss(log_prob, log_z, rewards, beta), torch.zeros(3))


def test_kl_of_equal_models_is_zero():
    logits = torch.randn(4, 6, 9, generator=torch.Generator().manual_seed(0))
    kl = compute_token_kl(logits, logits + 3.0, torch.ones(4, 6, dtype=torch.bool))  # a constant changes no softmax
    torch.testing.assert_close(kl, torch.zeros(4), atol=1e-5, rtol=0)


def test_kl_by_hand():
    fair, loaded = torch.zeros(1, 2, 2), torch.tensor([[[1 / 4, 3 / 4], [1 / 4, 3 / 4]]]).log()
    one_token = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    both, first = torch.tensor([[True, True]]), torch.tensor([[True, False]])
    assert compute_token_kl(fair, loaded, both).item() == pytest.approx(2 * one_token)
    assert compute_token_kl(fair, loaded, first).item() == pytest.approx(one_token)
    reverse = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert compute_token_kl(loaded, fair, first).item() == pytest.approx(reverse)


def test_kl_is_never_negative():
    generator = torch.Generator().manual_seed(0)
    logits, prior = (torch.randn(50, 3, 7, generator=generator) for _ in range(2))
    assert (compute_token_kl(logits, prior, torch.ones(50, 3, dtype=torch.bool)) > 0).all()


def test_log_probs_are_gathered_at_the_tokens_and_not_at_padding():
    probabilities = torch.tensor([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    logits = probabilities.log().repeat(2, 1, 1)
    sequences = torch.tensor([[2, 1, 2], [1, PAD, PAD]])
    expected = [math.log(0.7 * 0.3 * 0.6), math.log(0.2)]
    assert gather_log_probs(logits, sequences, pad=PAD).tolist() == pytest.approx(expected)
