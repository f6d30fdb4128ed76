"""Losses of the policy as pure functions of log-probabilities and rewards.

`log_prob` is always log p of a whole sequence, negative or zero; B sequences give tensors of shape [B].
"""

from torch import Tensor
from torch.nn import functional as F


def compute_dap_loss(log_prob: Tensor, prior_log_prob: Tensor, rewards: Tensor, sigma: float) -> Tensor:
    """Return the loss per sequence of REINVENT: (log p_prior + sigma R - log p)^2 (arXiv:1704.07555).

    The target raises a molecule's log-probability over the prior's in proportion to its reward ("difference between
    augmented and posterior").

    >>> import torch
    >>> compute_dap_loss(torch.tensor([-30.0]), torch.tensor([-35.0]), torch.tensor([0.5]), sigma=20.0).item()
    25.0
    """
    return (prior_log_prob + sigma * rewards - log_prob) ** 2


def compute_trajectory_balance_loss(log_prob: Tensor, log_z: Tensor, rewards: Tensor, beta: float) -> Tensor:
    """Return the loss per sequence of a generative flow network: (log Z + log p - beta R)^2 (arXiv:2201.13259).

    A SMILES is written from left to right in one way only, so the backward policy is 1 and drops out. At the optimum
    p is proportional to exp(beta R).

    >>> import torch
    >>> compute_trajectory_balance_loss(
    ...     torch.tensor([-30.0]), torch.tensor(10.0), torch.tensor([0.5]), beta=50.0
    ... ).item()
    2025.0
    """
    return (log_z + log_prob - beta * rewards) ** 2


def compute_token_kl(logits: Tensor, prior_logits: Tensor, is_token: Tensor) -> Tensor:
    """Return KL(policy || prior) of the next-token distributions, summed along each sequence; float32 [B].

    Args:
        logits: float32 [B, T, V] of the policy.
        prior_logits: float32 [B, T, V] of the prior.
        is_token: bool [B, T], False at padding.
    """
    log_p, log_q = F.log_softmax(logits, dim=-1), F.log_softmax(prior_logits, dim=-1)
    divergence = (log_p.exp() * (log_p - log_q)).sum(dim=-1)
    return (divergence * is_token).sum(dim=-1)


def gather_log_probs(logits: Tensor, sequences: Tensor, *, pad: int) -> Tensor:
    """Return log p of each sequence, float32 [B], from the logits [B, T, V] that predicted its tokens [B, T].

    >>> import torch
    >>> gather_log_probs(torch.zeros(1, 2, 4), torch.tensor([[3, 0]]), pad=0).exp().item()
    0.25
    """
    negative = F.cross_entropy(logits.flatten(0, 1), sequences.flatten(), ignore_index=pad, reduction="none")
    return -negative.view_as(sequences).sum(dim=-1)
