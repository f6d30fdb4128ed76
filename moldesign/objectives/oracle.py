"""The oracle: the only way a run scores molecules, with budget, cache and provenance."""

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.errors import ObjectiveError
from moldesign.objectives.reward import CallableScorer, Rewards, Scorer


class ScoredMolecule(NamedTuple):
    """One paid call of the oracle."""

    call: int
    """Number of the call, from 1."""
    smiles: str
    """Canonical SMILES."""
    total: float
    """NaN where `missing` says why."""
    terms: tuple[float, ...]
    raw: tuple[float, ...]
    std: tuple[float, ...]
    """NaN for computed properties."""
    in_domain: tuple[bool, ...]
    source: str
    """What proposed the molecule: policy, genetic, start."""
    time: float
    """Seconds since the epoch."""
    discount: float = 1.0
    """What the guards left of the total."""
    missing: str | None = None
    """Why the value of a term is missing, and with it, as a rule, the total."""


class OracleBatch(NamedTuple):
    """What the oracle says about N texts, row for row."""

    smiles: list[str | None]
    """Canonical SMILES; None for what is no molecule."""
    rewards: Rewards
    is_new: NDArray[np.bool_]
    """Bool [N]: the row paid for a call; a repetition within the batch did not."""
    call_numbers: NDArray[np.int64]
    """Int64 [N]: the call that scored the molecule, now or earlier; 0 for what has no score."""

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """Bool [N]: False for what is no molecule and for what the budget no longer covered."""
        return self.call_numbers > 0


class Oracle:
    """Scores molecules; only unique, valid molecules, in canonical form, cost budget.

    Args:
        objective: a `Profile`, or a function from a list of SMILES to floats in [0, 1].
        budget: calls that may be paid in total.
        on_scored: called after each batch with the calls it paid, to store them.
        clock: gives the time of a call.
    """

    def __init__(
        self,
        objective: Scorer | Callable[[list[str]], ArrayLike],
        budget: int,
        on_scored: Callable[[list[ScoredMolecule]], None] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._scorer = CallableScorer(objective) if callable(objective) else objective
        self._on_scored, self._clock = on_scored, clock
        self.budget = budget
        self.history: list[ScoredMolecule] = []
        """Every paid call, in order."""
        self._calls: dict[str, ScoredMolecule] = {}
        self._refused: dict[str, str] = {}

    @property
    def remaining(self) -> int:
        """Calls that are left of the budget."""
        return max(0, self.budget - len(self.history))

    @property
    def term_names(self) -> tuple[str, ...]:
        """Column names of the terms."""
        return self._scorer.term_names

    def find_call(self, smiles: str) -> int:
        """Return the number of the call that scored a molecule, in canonical form; 0 if none did."""
        return self._calls[smiles].call if smiles in self._calls else 0

    def preload(self, molecules: Iterable[ScoredMolecule]) -> None:
        """Take over the calls of an earlier run; they count as paid."""
        for molecule in molecules:
            self.history.append(molecule)
            self._calls[molecule.smiles] = molecule

    def score(
        self, texts: Sequence[str], source: str = "policy", *, is_wanted: NDArray[np.bool_] | None = None
    ) -> OracleBatch:
        """Score each text; what was scored before costs nothing.

        The first new molecules that the budget covers are scored; the others get NaN and an error.

        Args:
            texts: N texts.
            source: who proposed them.
            is_wanted: bool [N], False for rows on which no call is to be spent; None for none.

        Raises:
            ObjectiveError: the objective did not give one number between 0 and 1 per molecule; NaN is none.
        """
        parsed = parse_smiles(texts)
        smiles = [None if mol is None else canonicalize(mol) for mol in parsed.mols]
        wanted = [True] * len(smiles) if is_wanted is None else is_wanted.tolist()
        distinct = [text for text in dict.fromkeys(itertools.compress(smiles, wanted)) if text is not None]
        unknown = [text for text in distinct if text not in self._calls and text not in self._refused]
        paid: list[ScoredMolecule] = []
        while unknown and self.remaining:  # once, unless the objective refuses some: these are not paid
            covered, unknown = unknown[: self.remaining], unknown[self.remaining :]
            paid += self._pay(covered, source)
        is_new = np.zeros(len(smiles), dtype=bool)
        is_new[[smiles.index(molecule.smiles) for molecule in paid]] = True
        errors = [
            error or self._explain(row, smiles[row], is_wanted=wanted[row]) for row, error in enumerate(parsed.errors)
        ]
        calls = [self._calls.get(text or "", self._blank) for text in smiles]
        call_numbers = np.array([call.call for call in calls], dtype=np.int64)
        return OracleBatch(smiles, self._collect(smiles, calls, errors), is_new, call_numbers)

    def _pay(self, smiles: Sequence[str], source: str) -> list[ScoredMolecule]:
        rewards = self._scorer.score(smiles)
        _require_totals(rewards, smiles)
        paid: list[ScoredMolecule] = []
        for row, text in enumerate(smiles):
            if (error := rewards.errors[row]) is not None:
                self._refused[text] = error.partition(": ")[2]
            else:
                call = len(self.history) + len(paid) + 1
                paid.append(_record(rewards, row, text, call, source, self._clock()))
        self.preload(paid)
        if self._on_scored is not None and paid:
            self._on_scored(paid)
        return paid

    @property
    def _blank(self) -> ScoredMolecule:
        """What stands in the rows without a score."""
        n = len(self.term_names)
        nothing = (np.nan,) * n
        return ScoredMolecule(0, "", np.nan, nothing, nothing, nothing, (False,) * n, "", np.nan)

    def _explain(self, row: int, smiles: str | None, *, is_wanted: bool) -> str | None:
        if smiles is None or smiles in self._calls:
            return None
        spent = f"the budget of {self.budget} calls is spent" if is_wanted else "no call is to be spent on it"
        return f"row {row}: {self._refused.get(smiles, f'not scored, {spent}')}"

    def _collect(
        self, smiles: Sequence[str | None], calls: Sequence[ScoredMolecule], errors: list[str | None]
    ) -> Rewards:
        shape = (len(calls), len(self.term_names))
        return Rewards(
            self.term_names,
            total=np.array([call.total for call in calls], dtype=np.float64),
            terms=np.array([call.terms for call in calls], dtype=np.float64).reshape(shape),
            raw=np.array([call.raw for call in calls], dtype=np.float64).reshape(shape),
            std=np.array([call.std for call in calls], dtype=np.float64).reshape(shape),
            in_domain=np.array([call.in_domain for call in calls], dtype=bool).reshape(shape),
            is_valid=np.array([text is not None and text not in self._refused for text in smiles], bool),
            errors=errors,
            discount=np.array([call.discount for call in calls], dtype=np.float64),
            missing=[call.missing for call in calls],
        )


def _require_totals(rewards: Rewards, smiles: Sequence[str]) -> None:
    explained = (error or missing for error, missing in zip(rewards.errors, rewards.missing, strict=True))
    for text, total, reason in zip(smiles, rewards.total.tolist(), explained, strict=True):
        if reason is None and not 0 <= total <= 1:
            raise ObjectiveError(f"the objective gave the total {total} for {text!r}; it must lie between 0 and 1")


def _record(rewards: Rewards, row: int, smiles: str, call: int, source: str, seconds: float) -> ScoredMolecule:
    return ScoredMolecule(
        call,
        smiles,
        float(rewards.total[row]),
        tuple(rewards.terms[row].tolist()),
        tuple(rewards.raw[row].tolist()),
        tuple(rewards.std[row].tolist()),
        tuple(rewards.in_domain[row].tolist()),
        source,
        seconds,
        float(rewards.discount[row]),
        rewards.missing[row],
    )
