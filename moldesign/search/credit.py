"""Who was right lately: calls go to proposers, and children to operators, that brought the best molecules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

N_BEST = 10
"""A success is a molecule that enters so many best ones."""

MUTATION, CROSSING = "mutation", "crossing"
"""How a child was made: from one parent, or from two."""


@dataclass
class Record:
    """How often somebody was right lately.

    Attributes:
        prior: successes and calls that are taken for granted, and never forgotten: where nobody was right for long, as
            where nothing better is left to find, they decide, and not what remains of forgotten luck.
        successes: forgotten with time.
        calls: spent on, forgotten with time.
    """

    prior: tuple[float, float]
    successes: float = 0.0
    calls: float = 0.0

    @property
    def rate(self) -> float:
        """Successes per call."""
        successes, calls = self.prior
        return (successes + self.successes) / (calls + self.calls)

    def add(self, successes: float, calls: float, *, memory: float) -> None:
        """Take in some calls; `memory` is what remains of all earlier ones after one call."""
        kept = memory**calls
        self.successes = kept * self.successes + successes
        self.calls = kept * self.calls + calls


def find_share(records: Mapping[str, Record], name: str, least: float, most: float) -> float:
    """Return the share that one has of the success rates of all, kept between two bounds.

    >>> find_share({"a": Record((3.0, 4.0)), "b": Record((0.5, 2.0), 0.5, 2.0)}, "a", 0.1, 0.9)
    0.75
    """
    return float(np.clip(records[name].rate / sum(record.rate for record in records.values()), least, most))


@dataclass
class OperatorCredit:
    """Which share of the children should be mutants.

    Scores that are a similarity are climbed by many small steps, those that ask for several things at once by joining
    halves of molecules that have one each: what pays is seen by which children become the best molecules.
    """

    memory: float = 0.98
    least_share: float = 0.15
    most_share: float = 0.7
    records: dict[str, Record] = field(
        default_factory=lambda: {MUTATION: Record((1.0, 10.0)), CROSSING: Record((1.0, 10.0))}
    )

    @property
    def mutation_share(self) -> float:
        """Share of the children that should be mutants."""
        return find_share(self.records, MUTATION, self.least_share, self.most_share)

    def add(self, outcomes: Iterable[tuple[str, bool]]) -> None:
        """Take in a batch: who made each child, and whether it is among the best now.

        Each operator is charged for its share of the children, however few of them were chosen.
        """
        made = list(outcomes)
        shares = {MUTATION: self.mutation_share, CROSSING: 1 - self.mutation_share}
        for maker, record in self.records.items():
            successes = sum(success for name, success in made if name == maker)
            record.add(successes, shares[maker] * len(made), memory=self.memory)

    def state_dict(self) -> dict[str, Any]:
        """Return the records, ready for JSON."""
        return {name: [record.successes, record.calls] for name, record in self.records.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        for name, record in self.records.items():
            record.successes, record.calls = state[name]


def find_bar(scores: Iterable[float], n_best: int = N_BEST) -> float:
    """Return the score above which a molecule enters the best ones; 0 while there are fewer.

    >>> find_bar([0.1, 0.5, 0.3], n_best=2), find_bar([0.5], n_best=2)
    (0.3, 0.0)
    """
    best = sorted(scores)[-n_best:]
    return best[0] if len(best) == n_best else 0.0
