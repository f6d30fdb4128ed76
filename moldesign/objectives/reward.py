"""From the terms of a profile to one reward per molecule; every term is kept, to explain it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moldesign.chem.smiles import parse_smiles
from moldesign.errors import ObjectiveError
from moldesign.objectives.properties import CallableProperty
from moldesign.objectives.terms import Batch, Evaluation, Term
from moldesign.objectives.transforms import Maximize

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Rewards:
    """Scores of N texts by K terms; the rows are those of the input, always."""

    term_names: tuple[str, ...]
    """K column names."""
    total: FloatArray
    """Float64 [N] in [0, 1], 1 where every goal is met; NaN where `is_valid` is False."""
    terms: FloatArray
    """Float64 [N, K] in [0, 1]: how far each wish is fulfilled."""
    raw: FloatArray
    """Float64 [N, K]: the property of each term, in its unit."""
    std: FloatArray
    """Float64 [N, K]: standard deviation of predicted properties, NaN for computed ones."""
    in_domain: NDArray[np.bool_]
    """Bool [N, K]: whether a prediction can be trusted; True for computed properties."""
    is_valid: NDArray[np.bool_]
    """Bool [N]: whether the text is a molecule that every term accepts."""
    errors: list[str | None]
    """Why a row is not valid."""

    def total_or_zero(self) -> FloatArray:
        """Return `total` with 0 for what is no molecule: what a learner is paid."""
        return np.where(np.isnan(self.total), 0.0, self.total)


class Scorer(Protocol):
    """Anything that scores a list of SMILES, such as a `Profile`."""

    @property
    def term_names(self) -> tuple[str, ...]:
        """The K column names of its rewards."""
        ...

    def score(self, smiles: Sequence[str], /) -> Rewards:
        """Return one row per SMILES."""
        ...


def combine_terms(terms: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Return the weighted geometric mean of each row of `terms` [N, K].

    A molecule has to please in every respect: a term at 0 makes the total 0, whatever the other terms and
    whatever its weight, where an arithmetic mean would let a cheap wish pay for a failed one. A term of
    weight 0 therefore changes nothing unless it is broken: that is a hard limit.

    >>> combine_terms(np.array([[1.0, 1.0], [0.25, 1.0], [0.0, 1.0]]), [1, 1]).tolist()
    [1.0, 0.5, 0.0]
    >>> combine_terms(np.array([[0.5, 1.0], [0.5, 0.0]]), [1, 0]).tolist()
    [0.5, 0.0]
    """
    exponents = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    total: FloatArray = np.prod(np.power(terms, exponents), axis=1)
    return np.where((terms == 0).any(axis=1), 0.0, total)


def score_terms(terms: Sequence[Term], smiles: Sequence[str], *, first_row: int = 0) -> Rewards:
    """Score each text by each term.

    Args:
        terms: the wishes.
        smiles: texts; those that are no molecule keep their row, with NaN and an error.
        first_row: row number of `smiles[0]`, for messages about chunks of a longer table.

    Raises:
        ObjectiveError: a property gave no number for a valid molecule.
    """
    parsed = parse_smiles(smiles, first_row=first_row)
    rows = np.flatnonzero(parsed.is_valid)
    mols = [mol for mol in parsed.mols if mol is not None]
    batch = Batch([smiles[row] for row in rows.tolist()], mols)
    evaluations = [term.evaluate(batch) if mols else Evaluation(np.empty(0)) for term in terms]
    errors = list(parsed.errors)
    for evaluation in evaluations:
        for row, error in zip(rows, evaluation.errors or (), strict=False):
            errors[row] = errors[row] or (error and f"row {first_row + row}: {error}")
    return _assemble(terms, evaluations, rows, errors)


def _assemble(
    terms: Sequence[Term], evaluations: Sequence[Evaluation], rows: NDArray[np.intp], errors: list[str | None]
) -> Rewards:
    is_valid = np.array([error is None for error in errors], dtype=bool)
    shape = (len(errors), len(terms))
    raw, std, in_domain = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for column, evaluation in enumerate(evaluations):
        raw[rows, column] = evaluation.values
        std[rows, column] = np.nan if evaluation.std is None else evaluation.std
        in_domain[rows, column] = True if evaluation.in_domain is None else evaluation.in_domain
    raw[~is_valid], std[~is_valid], in_domain[~is_valid] = np.nan, np.nan, False
    transformed = np.column_stack([term.transform(raw[:, column]) for column, term in enumerate(terms)])
    total = combine_terms(transformed, [term.weight for term in terms])
    names = tuple(term.name for term in terms)
    return Rewards(names, total, transformed, raw, std, in_domain, is_valid, errors)


class CallableScorer:
    """Scores by a plain function that takes SMILES and returns floats in [0, 1]."""

    term_names = ("objective",)

    def __init__(self, function: Callable[[list[str]], ArrayLike]) -> None:
        objective = CallableProperty("objective", function)
        self._term = Term("objective", "objective max", objective, Maximize(0.0, 1.0))

    def score(self, smiles: Sequence[str], /) -> Rewards:
        """Return one row per SMILES.

        Raises:
            ObjectiveError: the function did not return one number between 0 and 1 per molecule.
        """
        rewards = score_terms([self._term], smiles)
        raw = rewards.raw[:, 0]
        if (outside := (raw < 0) | (raw > 1)).any():
            row = int(outside.argmax())
            raise ObjectiveError(f"the objective gave {raw[row]:g} for {smiles[row]!r}; it must lie between 0 and 1")
        return rewards
