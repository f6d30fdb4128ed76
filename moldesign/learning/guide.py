"""A policy at work in a search: it writes molecules, and learns again and again from the best ones so far."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.envs.vocabulary import tokenize
from moldesign.learning.learner import Learner, LearningReport, LearningSettings
from moldesign.learning.replay import ReplayBuffer
from moldesign.policies.bundled import Prior
from moldesign.policies.language_model import TokenPolicy
from moldesign.policies.sampling import SampledBatch
from moldesign.seeding import Generators


class Spelled(NamedTuple):
    """Molecules as the policy would have written them."""

    rows: list[int]
    """Which of the given molecules these are; the others cannot be written so."""
    batch: SampledBatch


class Mode(Protocol):
    """A way to write molecules."""

    def write(self, policy: TokenPolicy, generators: Generators, best: Sequence[str] = ()) -> SampledBatch:
        """Let the policy write a batch; it may be smaller than asked for, or empty.

        Args:
            policy: as it is now.
            generators: decide everything.
            best: canonical SMILES of the best molecules so far, best first.
        """
        ...

    def spell(self, smiles: Sequence[str], rng: np.random.Generator) -> Spelled:
        """Write known molecules, given as canonical SMILES, each in another way each time."""
        ...


class Guide:
    """A policy, what it remembers, and the random numbers that both draw.

    Args:
        prior: from which it starts; never changed.
        mode: how it writes molecules, and spells those that it learns again.
        generators: decide everything.
        learning: loss and step sizes.
        replay_size: remembered molecules per repetition.
        device: where it computes.
    """

    def __init__(
        self,
        prior: Prior,
        mode: Mode,
        generators: Generators,
        *,
        learning: LearningSettings | None = None,
        replay_size: int = 64,
        device: str = "cpu",
    ) -> None:
        self.mode, self.generators, self.replay_size = mode, generators, replay_size
        self.learner = Learner(prior.policy.to(device), learning)
        self.replay = ReplayBuffer()
        self._longest = prior.longest_lesson

    def write(self) -> SampledBatch:
        """Let the policy write a batch."""
        return self.mode.write(self.learner.policy, self.generators, self.replay.ranked)

    def remember(self, smiles: Iterable[str], rewards: Iterable[float]) -> None:
        """Take canonical SMILES, whoever proposed them, into the memory; those that are too long are passed over."""
        short = [pair for pair in zip(smiles, rewards, strict=True) if len(tokenize(pair[0])) <= self._longest]
        self.replay.add([text for text, _ in short], [reward for _, reward in short])

    def learn(self, batch: SampledBatch, rewards: NDArray[np.float32]) -> LearningReport | None:
        """Take a step on the molecules of a batch that have a reward, float32 [B], NaN for none; None without any."""
        is_known = torch.from_numpy(~np.isnan(rewards))
        if not is_known.any():
            return None
        is_written = None if batch.is_written is None else batch.is_written[is_known]
        return self.learner.update(batch.sequences[is_known], torch.from_numpy(rewards)[is_known], is_written)

    def repeat(self, n_times: int) -> LearningReport | None:
        """Learn the best molecules so far, each time others of them in other spellings; None where there are none."""
        report = None
        for _ in range(n_times):
            drawn = self.replay.draw(self.replay_size, self.generators.numpy)
            rows, spelled = self.mode.spell(drawn.smiles, self.generators.numpy)
            report = self.learn(spelled, drawn.rewards[rows]) or report
        return report

    def collect_tensors(self) -> dict[str, Tensor]:
        """Return what was learned, and the state of PyTorch's generator, for a checkpoint."""
        return self.learner.state_dict() | {"generator": self.generators.torch.get_state()}

    def state_dict(self) -> dict[str, Any]:
        """Return memory and the state of NumPy's generator, ready for JSON."""
        return {"replay": self.replay.state_dict(), "numpy_generator": self.generators.numpy.bit_generator.state}

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on from what `collect_tensors` and `state_dict` returned."""
        self.generators.torch.set_state(tensors["generator"])
        self.learner.load_state_dict({name: tensor for name, tensor in tensors.items() if name != "generator"})
        self.replay.load_state_dict(state["replay"])
        self.generators.numpy.bit_generator.state = state["numpy_generator"]
