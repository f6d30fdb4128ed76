"""The policy at work in the environment: it chooses a token among those that syntax and chemistry allow."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from torch import Tensor

from moldesign.envs.vector_env import SmilesVectorEnv
from moldesign.envs.vocabulary import START, Vocabulary
from moldesign.policies.bundled import Prior
from moldesign.policies.chemistry import ChemistryFilter
from moldesign.policies.language_model import TokenPolicy


class SampledBatch(NamedTuple):
    """Molecules that the policy wrote, one per copy of the environment."""

    sequences: Tensor
    """int64 [B, T], each ended by END, then PAD"""
    smiles: list[str]
    """Of valid syntax; chemistry may still refuse some."""
    rewards: NDArray[np.float64]
    """[B], what the environment's objective paid"""


def make_sampling_env(vocabulary: Vocabulary, max_length: int, num_envs: int) -> SmilesVectorEnv:
    """Return an environment that writes whole batches and leaves their scoring to the caller.

    Episodes end at different steps; scored one by one as they end, they would cost one call of the predictors per
    step. A learner with an oracle scores the finished batch instead.
    """
    return SmilesVectorEnv(score_nothing, vocabulary, max_length, num_envs, AutoresetMode.DISABLED)


def score_nothing(smiles: Sequence[str]) -> NDArray[np.float64]:
    """Pay 0 for everything: the objective of an environment whose batches are scored later."""
    return np.zeros(len(smiles))


def sample_batch(
    policy: TokenPolicy,
    env: SmilesVectorEnv,
    generator: torch.Generator,
    *,
    temperature: float = 1.0,
    keep_valence: bool = True,
    keep_aromaticity: bool = True,
) -> SampledBatch:
    """Let the policy write one molecule in every copy of the environment.

    Args:
        policy: chooses the tokens.
        env: with the autoreset mode DISABLED, so that every copy is written to its end, short or long.
        generator: a CPU generator, the only source of randomness.
        temperature: above 1 for more variety, below for less.
        keep_valence: leave out the tokens that would give an atom too many bonds, see `ValenceFilter`.
        keep_aromaticity: leave out those that would leave an aromatic ring without a Kekulé form, see
            `AromaticityFilter`.
    """
    device = next(policy.parameters()).device
    env.reset()
    chemistry = ChemistryFilter(
        env.vocabulary, env.max_length, keep_valence=keep_valence, keep_aromaticity=keep_aromaticity
    )
    written = chemistry.start(env.num_envs)
    running = np.arange(env.num_envs)
    tokens = torch.full((env.num_envs,), START)
    rewards = np.zeros(env.num_envs)
    smiles = np.full(env.num_envs, "", dtype=object)
    state: Tensor | None = None
    with torch.inference_mode():
        while running.size:
            logits, state = policy(tokens[:, None].to(device), state)
            actions = chemistry.draw(env.state, written, running, logits[:, 0].cpu() / temperature, generator)
            observations, paid, terminated, _, infos = env.step(actions)
            ended = terminated[running]
            rewards[running[ended]] = paid[running[ended]]
            if ended.any():
                smiles[running[ended]] = infos["smiles"][running[ended]]
            state = state[:, torch.from_numpy(~ended).to(device)]
            running = running[~ended]
            tokens = torch.from_numpy(actions[running])
    width = int((observations != 0).sum(axis=1).max())
    return SampledBatch(torch.from_numpy(observations[:, :width].copy()), smiles.tolist(), rewards)


def sample_smiles(
    prior: Prior, n: int, generator: torch.Generator, *, batch_size: int = 256, temperature: float = 1.0
) -> Iterator[list[str]]:
    """Yield batches of SMILES from a prior, `n` in all."""
    for start in range(0, n, batch_size):
        env = make_sampling_env(prior.vocabulary, prior.max_length, min(batch_size, n - start))
        yield sample_batch(prior.policy, env, generator, temperature=temperature).smiles
