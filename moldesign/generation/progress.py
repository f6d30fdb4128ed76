"""How a run is doing, batch by batch: what the progress line shows and `metrics.jsonl` keeps."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.generation.pareto import ParetoFront
from moldesign.learning.learner import LearningReport
from moldesign.objectives.oracle import Oracle, OracleBatch, ScoredMolecule


@dataclass(frozen=True)
class Progress:
    """The state of a run after a batch."""

    batch: int
    n_calls: int
    budget: int
    top_10: float
    """Mean total of the ten best molecules so far; of all, while there are fewer."""
    top_100: float
    mean: float
    """Mean total of the batch's molecules that have one."""
    validity: float
    """Share of the batch that is a molecule."""
    n_hits: int
    """Molecules at or above the profile's threshold."""
    n_scaffolds: int
    """Different Murcko scaffolds among the hits."""
    loss: float
    kl: float
    seconds: float
    calls_per_second: float
    hypervolume: float | None = None
    """That below the scores of the goals, see `measure_hypervolume`; None where the profile does not ask for it."""

    @property
    def seconds_left(self) -> float:
        """Time to the end of the budget at the present rate."""
        return (self.budget - self.n_calls) / self.calls_per_second if self.calls_per_second else float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that have a value, rounded, for `metrics.jsonl`."""
        fields = {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(self).items() if v is not None}
        # Below many goals the volume is small: it keeps six digits wherever they begin.
        return fields if self.hypervolume is None else fields | {"hypervolume": float(f"{self.hypervolume:.6g}")}


class Scoreboard:
    """Follows a run: it only looks, and changes nothing of its course.

    Args:
        oracle: what the run scores by.
        threshold: the total of a hit.
        front: keeps the molecules that no other one surpasses, where somebody wants to know their hypervolume.
    """

    def __init__(self, oracle: Oracle, threshold: float, front: ParetoFront | None = None) -> None:
        self._oracle, self._threshold, self._front = oracle, threshold, front
        self._scaffolds: set[str] = set()
        self._best = np.zeros(0)
        self._n_hits = self._n_seen = 0
        self._began, self._n_paid_before = time.monotonic(), len(oracle.history)

    def update(self, batch: int, n_calls: int, scored: Sequence[OracleBatch], report: LearningReport) -> Progress:
        """Take in a batch and say how the run is doing.

        Args:
            batch: its number.
            n_calls: calls up to and with this batch; the oracle of a resumed run knows later ones, too.
            scored: what the batch consists of.
            report: what the policy learned from it.
        """
        self._take_in(self._oracle.history[self._n_seen : n_calls])
        totals = np.concatenate([np.zeros(0), *(part.rewards.total[part.is_scored] for part in scored)])
        totals = totals[~np.isnan(totals)]
        is_molecule = [text is not None for part in scored for text in part.smiles]
        seconds = time.monotonic() - self._began
        return Progress(
            batch=batch,
            n_calls=n_calls,
            budget=self._oracle.budget,
            top_10=float(self._best[:10].mean()) if self._best.size else 0.0,
            top_100=float(self._best.mean()) if self._best.size else 0.0,
            mean=float(totals.mean()) if totals.size else 0.0,
            validity=float(np.mean(is_molecule or [False])),
            n_hits=self._n_hits,
            n_scaffolds=len(self._scaffolds),
            loss=report.loss,
            kl=report.kl,
            seconds=seconds,
            calls_per_second=(len(self._oracle.history) - self._n_paid_before) / max(seconds, 1e-9),
            hypervolume=self._front.hypervolume if self._front else None,
        )

    def _take_in(self, molecules: Sequence[ScoredMolecule]) -> None:
        totals = [molecule.total for molecule in molecules if not math.isnan(molecule.total)]
        self._best = np.sort(np.append(self._best, totals))[::-1][:100]
        hits = [molecule.smiles for molecule in molecules if molecule.total >= self._threshold]
        self._scaffolds.update(murcko_scaffold(mol) for mol in require_mols(hits))
        self._n_hits += len(hits)
        if self._front:
            self._front.take_in(molecules)
        self._n_seen += len(molecules)
