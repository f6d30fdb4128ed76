"""Policy, genetic search and surrogate around one table: what one of them finds, all of them learn from.

The policy's samples compete with children and library molecules for the surrogate's favour, and some places are left
to them without its consent: for scores that fingerprints cannot tell, the surrogate is wrong and the policy is not. How
many is decided by which of the two brought more of the best molecules lately. Everything scored, whoever proposed it,
enters the memory from which the policy learns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.learning.guide import Guide
from moldesign.learning.learner import LearningReport
from moldesign.search.credit import Record, find_bar, find_share
from moldesign.search.thrifty import ThriftySearch

POLICY, SEARCH = "policy", "genetic"
"""Who proposed a molecule."""


EXPERT, NOVICE = (1.0, 10.0), (0.1, 10.0)
"""Successes and calls before the first ones: a policy has learnt nothing yet."""


@dataclass(frozen=True)
class EngineSettings:
    """How policy and search share the calls."""

    least_share: float = 0.05
    """Of the calls, left to the policy in any case."""
    most_share: float = 0.3
    memory: float = 0.98
    """What remains of a proposer's successes after each of its calls."""
    updates_per_call: float = 0.8
    """Repetitions of the policy's memory, for each call that is the policy's by its share: who brings nothing does not
    learn at the cost of the search either."""


@dataclass
class Credit:
    """Who brought the best molecules."""

    settings: EngineSettings
    records: dict[str, Record] = field(default_factory=lambda: {POLICY: Record(NOVICE), SEARCH: Record(EXPERT)})

    @property
    def policy_share(self) -> float:
        """Share of the calls that the policy may spend."""
        return find_share(self.records, POLICY, self.settings.least_share, self.settings.most_share)

    def add(self, source: str, *, success: bool) -> None:
        """Take in one call."""
        self.records[source].add(success, 1, memory=self.settings.memory)


class Engine:
    """Proposes molecules, a few at a time, for an oracle whose calls are dear.

    Args:
        guide: the policy.
        search: surrogate and genetic search.
        settings: how they share the calls.
        least_batch: molecules that are scored at the same time, so that fewer per round would save nothing.
        select_allowed: returns those of the policy's molecules, canonical SMILES, on which a call may be spent; without
            it, all.
    """

    def __init__(
        self,
        guide: Guide,
        search: ThriftySearch,
        settings: EngineSettings | None = None,
        *,
        least_batch: int = 1,
        select_allowed: Callable[[Sequence[str]], list[str]] = list,
    ) -> None:
        self.guide, self.search, self.settings = guide, search, settings or EngineSettings()
        self.least_batch, self._select_allowed = least_batch, select_allowed
        self.credit = Credit(self.settings)
        self._sources: dict[str, str] = {}
        self._written: list[str] = []
        self._waiting: set[str] = set()
        """What the policy has written and the search may still choose."""
        self._debt = 0.0

    def propose(self, n: int | None = None) -> dict[str, str]:
        """Return molecules that should be scored next, with who proposed each.

        Args:
            n: how many at most; without it, as many as the search thinks right, or as are scored at the same time.

        Returns:
            `POLICY` or `SEARCH` by canonical SMILES.
        """
        size = max(self.search.batch_size, self.least_batch)
        n = size if n is None else min(n, size)
        if self.search.is_waiting:
            self._sources = dict.fromkeys(self.search.propose(n), SEARCH)
            return dict(self._sources)
        new = self._write()
        n_own = min(int(self.guide.generators.numpy.binomial(n, self.credit.policy_share)), len(new))
        own = self.search.claim(self.search.rank(new)[:n_own])
        chosen = self.search.propose(n - n_own, extra=new) if n_own < n else []
        written = self._waiting.union(new)
        self._waiting = written.intersection(self.search.shortlist)
        self._sources = dict.fromkeys(own, POLICY)
        self._sources |= {text: POLICY if text in written else SEARCH for text in chosen}
        return dict(self._sources)

    def observe(
        self, smiles: Sequence[str], scores: Sequence[float], rewards: Sequence[float] | None = None
    ) -> LearningReport | None:
        """Learn what molecules scored, whoever proposed them.

        Args:
            smiles: N molecules.
            scores: N numbers in [0, 1]; NaN for what could not be scored.
            rewards: what they are worth to the policy, and as parents, if it is something else.

        Raises:
            InvalidSmilesError: a SMILES cannot be read.
            ObjectiveError: a score is missing or out of range; nothing was learnt.

        Returns:
            What the policy's last update did; None without one.
        """
        bar = find_bar(self.search.scores.values())
        paid = scores if rewards is None else rewards
        self.search.observe(smiles, scores, paid)
        for text, score in zip(smiles, scores, strict=True):
            if (source := self._sources.pop(text, None)) is not None:
                self.credit.add(source, success=bool(score > bar))
        known = [(text, reward) for text, reward in zip(smiles, paid, strict=True) if not np.isnan(reward)]
        self.guide.remember([text for text, _ in known], [reward for _, reward in known])
        n_own = self.credit.policy_share * len(smiles)
        due, self._debt = divmod(self._debt + self.settings.updates_per_call * n_own, 1)
        if due:
            self._written = []
        return self.guide.repeat(int(due))

    def state_dict(self) -> dict[str, Any]:
        """Return what the next proposal depends on beside policy and arguments, ready for JSON."""
        return {
            "search": self.search.state_dict(),
            "credit": {name: [record.successes, record.calls] for name, record in self.credit.records.items()},
            "written": self._written,
            "waiting": sorted(self._waiting),
            "debt": self._debt,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned; only right after construction, with the same arguments."""
        self.search.load_state_dict(state["search"])
        for name, record in self.credit.records.items():
            record.successes, record.calls = state["credit"][name]
        self._written, self._waiting, self._debt = state["written"], set(state["waiting"]), state["debt"]

    def _write(self) -> list[str]:
        """Return molecules of the policy that nobody proposed; what it wrote is good until it learns something."""
        self._written = [text for text in self._written if not self.search.has_proposed(text)]
        if not self._written:
            mols = parse_smiles(self.guide.write().smiles).mols
            written = dict.fromkeys(canonicalize(mol) for mol in mols if mol is not None)
            self._written = self._select_allowed([text for text in written if not self.search.has_proposed(text)])
        return self._written
