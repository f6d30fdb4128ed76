"""The learner: the one owner of policy, prior and optimizer; it turns scored sequences into a better policy."""

import copy
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from moldesign.compiler import defer_compiler
from moldesign.envs.vocabulary import PAD
from moldesign.errors import ObjectiveError
from moldesign.gradients import take_step
from moldesign.learning.losses import (
    compute_dap_loss,
    compute_token_kl,
    compute_trajectory_balance_loss,
    gather_log_probs,
)
from moldesign.policies.language_model import TokenPolicy


@dataclass(frozen=True)
class LearningSettings:
    """How the policy learns from rewards."""

    loss: Literal["dap", "trajectory_balance"] = "dap"
    learning_rate: float = 1e-3
    sigma: float = 120.0
    """Weight of the reward in the DAP loss."""
    beta: float = 50.0
    """Inverse temperature of trajectory balance."""
    kl_weight: float = 0.01
    """Weight of KL(policy || prior) per sequence."""
    log_z_learning_rate: float = 0.1
    max_gradient_norm: float = 5.0

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)


class LearningReport(NamedTuple):
    """What one update did."""

    loss: float
    kl: float
    """Mean KL(policy || prior) per sequence, in nats."""
    log_prob: float
    """Mean log p of the sequences before the update."""


class Learner:
    """Improves a copy of the prior; the prior itself stays as it is.

    Args:
        prior: the pre-trained policy.
        settings: loss and step sizes.
    """

    def __init__(self, prior: TokenPolicy, settings: LearningSettings | None = None) -> None:
        self.settings = settings or LearningSettings()
        self.prior = prior.eval().requires_grad_(False)
        # On a GPU the gradient of a GRU exists in training mode alone.
        self.policy = copy.deepcopy(prior).requires_grad_(True).train()
        self.log_z = nn.Parameter(torch.zeros((), device=self._device))
        groups = [
            {"params": list(self.policy.parameters()), "lr": self.settings.learning_rate},
            {"params": [self.log_z], "lr": self.settings.log_z_learning_rate},
        ]
        with defer_compiler():
            self._optimizer = torch.optim.Adam(groups)

    def update(self, sequences: Tensor, rewards: Tensor, is_written: Tensor | None = None) -> LearningReport:
        """Take one gradient step.

        Args:
            sequences: int64 [B, T], each ended by END, then PAD; without START.
            rewards: float32 [B] in [0, 1].
            is_written: bool [B, T], False for the tokens that were given to the policy: it answers only for those
                that it chose, so the others enter neither log p nor the KL divergence.

        Raises:
            ObjectiveError: the rewards are not one finite number per sequence; nothing was learned.
        """
        _require_finite(rewards, len(sequences))
        sequences, rewards = sequences.to(self._device), rewards.to(self._device)
        chosen = sequences if is_written is None else sequences.masked_fill(~is_written.to(self._device), PAD)
        logits = self.policy.predict_tokens(sequences)
        with torch.no_grad():
            prior_logits = self.prior.predict_tokens(sequences)
        log_prob = gather_log_probs(logits, chosen, pad=PAD)
        kl = compute_token_kl(logits, prior_logits, chosen != PAD).mean()
        loss = self._compute_loss(log_prob, prior_logits, chosen, rewards) + self.settings.kl_weight * kl
        take_step(loss, self._optimizer, self.policy.parameters(), self.settings.max_gradient_norm)
        return LearningReport(loss.item(), kl.item(), log_prob.mean().item())

    def reset_towards_prior(self, share: float) -> None:
        """Move the policy's weights a share of the way back to the prior's, and begin with a fresh optimizer.

        Weights between two networks with a common origin still make a working network (Wortsman et al., "Model soups",
        ICML 2022; Ash and Adams, "On warm-starting neural network training", NeurIPS 2020).

        Args:
            share: 0 leaves the weights, 1 gives those of the prior.
        """
        with torch.no_grad():
            for parameter, origin in zip(self.policy.parameters(), self.prior.parameters(), strict=True):
                parameter.lerp_(origin, share)
        self._optimizer.state.clear()

    def state_dict(self) -> dict[str, Tensor]:
        """Return policy, log Z and optimizer state as named tensors, for a checkpoint."""
        tensors = {f"policy.{name}": tensor for name, tensor in self.policy.state_dict().items()}
        tensors["log_z"] = self.log_z.detach().clone()
        for index, parameter in enumerate(self._parameters()):
            for name, value in self._optimizer.state.get(parameter, {}).items():
                tensors[f"adam.{index}.{name}"] = torch.as_tensor(value)
        return tensors

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `state_dict` returned; what was learned before is forgotten."""
        self.policy.load_state_dict(_strip(tensors, "policy."))
        with torch.no_grad():
            self.log_z.copy_(tensors["log_z"])
        self._optimizer.state.clear()
        for index, parameter in enumerate(self._parameters()):
            if state := _strip(tensors, f"adam.{index}."):
                # Copies, because Adam writes into them; it keeps its step count on the CPU, whatever the device.
                self._optimizer.state[parameter] = {
                    name: value.clone() if name == "step" else value.to(parameter.device, copy=True)
                    for name, value in state.items()
                }

    @property
    def _device(self) -> torch.device:
        return next(self.prior.parameters()).device

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self._optimizer.param_groups for parameter in group["params"]]

    def _compute_loss(self, log_prob: Tensor, prior_logits: Tensor, chosen: Tensor, rewards: Tensor) -> Tensor:
        if self.settings.loss == "trajectory_balance":
            return compute_trajectory_balance_loss(log_prob, self.log_z, rewards, self.settings.beta).mean()
        prior_log_prob = gather_log_probs(prior_logits, chosen, pad=PAD)
        return compute_dap_loss(log_prob, prior_log_prob, rewards, self.settings.sigma).mean()


def _require_finite(rewards: Tensor, n_sequences: int) -> None:
    expected = "a learner needs one finite reward per sequence, 0 for what is no molecule"
    if rewards.shape != (n_sequences,):
        raise ObjectiveError(f"rewards of shape {tuple(rewards.shape)} for {n_sequences} sequences; {expected}")
    is_finite = rewards.isfinite()
    if not is_finite.all():
        row = int(is_finite.int().argmin())
        raise ObjectiveError(f"row {row}: the reward is {rewards[row].item()}; {expected}")


def _strip(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
