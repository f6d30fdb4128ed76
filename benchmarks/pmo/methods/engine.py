"""The engine of `moldesign.search`, as the benchmark calls it: policy, genetic search and surrogate together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.generation.engine import Engine, EngineSettings
from moldesign.generation.prompts import DeNovo
from moldesign.learning.guide import Guide, Mode
from moldesign.learning.learner import LearningSettings
from moldesign.policies.bundled import Prior, load_prior
from moldesign.search.thrifty import ThriftySearch, ThriftySettings
from moldesign.seeding import make_generators


@dataclass(frozen=True)
class EngineMethodSettings:
    """One configuration for all tasks."""

    prior: str = "zinc"
    n_written: int = 64
    """Molecules that the policy writes for each batch."""
    replay_size: int = 32
    learning: LearningSettings = field(
        default_factory=lambda: LearningSettings(loss="trajectory_balance", learning_rate=5e-4)
    )
    engine: EngineSettings = field(default_factory=EngineSettings)
    search: ThriftySettings = field(default_factory=ThriftySettings)


class EngineMethod:
    """Proposes the batches whose size the search itself thinks right.

    Args:
        start: library, seed and device.
        settings: see `EngineMethodSettings`.
    """

    def __init__(self, start: Start, settings: EngineMethodSettings | None = None) -> None:
        settings = settings or EngineMethodSettings()
        prior = load_prior(settings.prior)
        self._guide = Guide(
            prior,
            self.make_mode(prior, settings),
            make_generators(start.seed),
            learning=settings.learning,
            replay_size=settings.replay_size,
            device=start.device,
        )
        self._engine = Engine(self._guide, self.make_search(start, settings), settings.engine)

    def make_mode(self, prior: Prior, settings: EngineMethodSettings) -> Mode:
        """Return how the policy writes and spells molecules."""
        return DeNovo(prior, settings.n_written)

    def make_search(self, start: Start, settings: EngineMethodSettings) -> ThriftySearch:
        """Return the surrogate with its genetic search."""
        return ThriftySearch(start.library.smiles, seed=start.seed, settings=settings.search)

    def propose(self, n: int) -> list[str]:
        """Return the next batch."""
        return list(self._engine.propose(n))

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Tell the engine."""
        self._engine.observe(smiles, scores.tolist())

    def collect_tensors(self) -> dict[str, Tensor]:
        """Return what the policy learned."""
        return self._guide.collect_tensors()

    def state_dict(self) -> dict[str, Any]:
        """Return everything else, ready for JSON."""
        return {"guide": self._guide.state_dict(), "engine": self._engine.state_dict()}

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on from what both returned."""
        self._guide.load(tensors, state["guide"])
        self._engine.load_state_dict(state["engine"])
