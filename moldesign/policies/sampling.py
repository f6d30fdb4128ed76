"""The policy at work in the environment: it chooses a token among those that syntax and chemistry allow."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from torch import Tensor

from moldesign.envs.grammar import BoolArray, GrammarState
from moldesign.envs.vector_env import SmilesVectorEnv
from moldesign.envs.vocabulary import PAD, START, Vocabulary
from moldesign.policies.bundled import Prior
from moldesign.policies.chemistry import ChemistryFilter, WrittenAtoms
from moldesign.policies.language_model import TokenPolicy


class SampledBatch(NamedTuple):
    """Molecules that the policy wrote, one per copy of the environment."""

    sequences: Tensor
    """int64 [B, T], each ended by END, then PAD"""
    smiles: list[str]
    """Of valid syntax; chemistry may still refuse some."""
    rewards: NDArray[np.float64]
    """[B], what the environment's objective paid"""
    is_written: Tensor | None = None
    """bool [B, T]: the tokens that the policy chose, where others were given to it; None where it chose all."""


class Context(NamedTuple):
    """What a policy makes of the texts that it has read."""

    logits: Tensor
    """float32 [B, V], of the next token"""
    state: Tensor
    """float32 [n_layers, B, hidden_size]"""


class Strings(NamedTuple):
    """Strings that were written to their ends."""

    tokens: NDArray[np.int64]
    """[B, max_length], each ended by END, then PAD"""
    smiles: list[str]
    rewards: NDArray[np.float64]
    """[B]"""
    state: Tensor
    """float32 [n_layers, B, hidden_size] of the policy before END"""


class Rules(Protocol):
    """What else is asked of strings, beside syntax and chemistry."""

    def map_end(self, logits: Tensor) -> Tensor:
        """Return logits [B, V] in which END is as likely as what ends a string."""
        ...

    def find_allowed(self, state: GrammarState) -> BoolArray:
        """Return the tokens that may come next, bool [B, V]."""
        ...


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
    rules: Rules | None = None,
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
        rules: what else the strings must keep.
    """
    env.reset()
    chemistry = ChemistryFilter(
        env.vocabulary, env.max_length, keep_valence=keep_valence, keep_aromaticity=keep_aromaticity
    )
    with torch.inference_mode():
        context = read_tokens(policy, torch.full((env.num_envs, 1), START))
        written = chemistry.start(env.num_envs)
        strings = write_strings(
            policy, env, chemistry, written, context, generator, temperature=temperature, rules=rules
        )
    width = int((strings.tokens != PAD).sum(axis=1).max())
    return SampledBatch(torch.from_numpy(strings.tokens[:, :width].copy()), strings.smiles, strings.rewards)


def read_tokens(policy: TokenPolicy, tokens: Tensor, state: Tensor | None = None) -> Context:
    """Let the policy read on, int64 [B, T]."""
    logits, state = policy(tokens.to(next(policy.parameters()).device), state)
    return Context(logits[:, -1], state)


def write_strings(
    policy: TokenPolicy,
    env: SmilesVectorEnv,
    chemistry: ChemistryFilter,
    written: WrittenAtoms,
    context: Context,
    generator: torch.Generator,
    *,
    temperature: float = 1.0,
    rules: Rules | None = None,
) -> Strings:
    """Let the policy go on in every copy of the environment until all have ended; arguments as in `sample_batch`.

    Args:
        chemistry: which tokens are possible.
        written: what it knows of the strings so far; changed.
        context: what the policy has read of each of them.
        rules: for strings that stand in a gap of a larger text those of the gap, or what else they must keep.
    """
    device, running = context.state.device, np.arange(env.num_envs)
    rewards, smiles = np.zeros(env.num_envs), np.full(env.num_envs, "", dtype=object)
    (logits, state), last = context, context.state.clone()
    while running.size:
        weights = logits.cpu() / temperature
        allowed = None
        if rules is not None:
            weights, allowed = rules.map_end(weights), rules.find_allowed(env.state)
        actions = chemistry.draw(env.state, written, running, weights, generator, allowed=allowed)
        observations, paid, terminated, _, infos = env.step(actions)
        ended = terminated[running]
        rewards[running[ended]] = paid[running[ended]]
        if ended.any():
            smiles[running[ended]] = infos["smiles"][running[ended]]
        stays = torch.from_numpy(~ended).to(device)
        last[:, torch.from_numpy(running[ended]).to(device)] = state[:, ~stays]
        state, running = state[:, stays], running[~ended]
        if running.size:
            logits, state = policy(torch.from_numpy(actions[running])[:, None].to(device), state)
            logits = logits[:, 0]
    return Strings(observations, smiles.tolist(), rewards, last)


def sample_smiles(
    prior: Prior, n: int, generator: torch.Generator, *, batch_size: int = 256, temperature: float = 1.0
) -> Iterator[list[str]]:
    """Yield batches of SMILES from a prior, `n` in all."""
    for start in range(0, n, batch_size):
        env = make_sampling_env(prior.vocabulary, prior.max_length, min(batch_size, n - start))
        yield sample_batch(prior.policy, env, generator, temperature=temperature).smiles
