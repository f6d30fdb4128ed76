"""REINVENT as PMO runs it (arXiv:1704.07555, arXiv:2206.12411): one policy, the DAP loss, a replay of the best."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.learning.losses import compute_dap_loss
from moldesign.policies.bundled import load_prior
from moldesign.policies.pretraining import pad_sequences
from moldesign.policies.sampling import make_sampling_env, sample_batch
from moldesign.seeding import make_generators


@dataclass(frozen=True)
class ReinventSettings:
    """Those that PMO's authors tuned; the memory and the last weight are constants of their code."""

    prior: str = "zinc"
    batch_size: int = 64
    sigma: float = 500.0
    replay: int = 24
    """Molecules of the memory that join every update."""
    memory: int = 100
    """Best molecules that are remembered."""
    learning_rate: float = 5e-4
    certainty_weight: float = 5e3
    """Weight of -1 / log p, which keeps the policy from writing one molecule alone."""


class Reinvent:
    """Learns from each batch that it wrote, and from the best molecules so far, in one step.

    Args:
        start: seed and device; the library is known to the prior alone.
        settings: sizes and weights.
    """

    def __init__(self, start: Start, settings: ReinventSettings | None = None) -> None:
        self.settings = settings or ReinventSettings()
        prior = load_prior(self.settings.prior)
        self._prior = prior.policy.to(start.device).eval().requires_grad_(False)
        self._policy = deepcopy(self._prior).requires_grad_(True).train()
        self._optimizer = torch.optim.Adam(self._policy.parameters(), lr=self.settings.learning_rate)
        self._env = make_sampling_env(prior.vocabulary, prior.max_length, self.settings.batch_size)
        self._generators = make_generators(start.seed)
        self._device = start.device
        self._written = torch.empty(0)
        self._memory: dict[str, tuple[float, Tensor]] = {}
        """Score and sequence by SMILES, best first."""

    def propose(self, n: int) -> list[str]:
        """Return a batch of the policy, each text once."""
        batch = sample_batch(
            self._policy, self._env, self._generators.torch, keep_valence=False, keep_aromaticity=False
        )
        texts = dict(zip(batch.smiles, batch.sequences, strict=True))
        self._written = torch.stack(list(texts.values()))
        return list(texts)

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Take one gradient step, then remember the batch."""
        sequences, rewards = list(self._written), scores.tolist()
        if len(self._memory) > self.settings.replay:
            remembered, earned = self._recall()
            sequences, rewards = sequences + remembered, rewards + earned
        self._learn(pad_sequences([one.numpy() for one in sequences]), torch.tensor(rewards))
        self._memory |= dict(zip(smiles, zip(scores.tolist(), self._written, strict=True), strict=True))
        ranked = sorted(self._memory.items(), key=lambda item: -item[1][0])
        self._memory = dict(ranked[: self.settings.memory])

    def _recall(self) -> tuple[list[Tensor], list[float]]:
        """Draw from the memory in proportion to the scores."""
        scores, sequences = zip(*self._memory.values(), strict=True)
        weights = np.array(scores) + 1e-10
        rows = self._generators.numpy.choice(
            len(weights), size=self.settings.replay, replace=False, p=weights / weights.sum()
        )
        return [sequences[row] for row in rows], [scores[row] for row in rows]

    def _learn(self, sequences: Tensor, rewards: Tensor) -> None:
        sequences, rewards = sequences.to(self._device), rewards.to(self._device)
        log_prob = self._policy.sequence_log_prob(sequences)
        with torch.no_grad():
            prior_log_prob = self._prior.sequence_log_prob(sequences)
        loss = compute_dap_loss(log_prob, prior_log_prob, rewards, self.settings.sigma).mean()
        loss = loss - self.settings.certainty_weight * (1 / log_prob).mean()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
