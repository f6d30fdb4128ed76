"""From the terms of a profile to one reward per molecule; every term is kept, to explain it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.mixtures import is_mixture
from moldesign.chem.smiles import canonicalize, list_texts, parse_smiles
from moldesign.chem.standardize import standardize_mol
from moldesign.chem.unseen import KnownParts
from moldesign.errors import ObjectiveError
from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.cascade import evaluate_terms
from moldesign.objectives.combination import FloatArray, combine_terms
from moldesign.objectives.functions import ScoringFunction
from moldesign.objectives.guards import Guards
from moldesign.objectives.terms import Batch, Evaluation, Term
from moldesign.objectives.transforms import Maximize


@dataclass(frozen=True)
class Rewards:
    """Scores of N texts by K terms; the rows are those of the input, always."""

    term_names: tuple[str, ...]
    """K column names."""
    total: FloatArray
    """Float64 [N] in [0, 1], 1 where every goal is met; NaN where `is_valid` is False, or `missing` says why."""
    terms: FloatArray
    """Float64 [N, K] in [0, 1]: how far each wish is fulfilled; NaN where a value is missing."""
    raw: FloatArray
    """Float64 [N, K]: the property of each term, in its unit; NaN where it is missing."""
    std: FloatArray
    """Float64 [N, K]: standard deviation of predicted properties, NaN for computed ones."""
    in_domain: NDArray[np.bool_]
    """Bool [N, K]: whether a prediction can be trusted; True for computed properties."""
    is_valid: NDArray[np.bool_]
    """Bool [N]: whether the text is a molecule that every term accepts."""
    errors: list[str | None]
    """Why a row is not valid."""
    discount: FloatArray
    """Float64 [N] in (0, 1]: what the guards leave of the total; 1 where they find nothing, and in rows not valid."""
    missing: list[str | None]
    """Why a valid molecule lacks the value of a term, and so its total (unless another term makes that 0)."""


class Scorer(Protocol):
    """Anything that scores a list of SMILES, such as a `Profile`."""

    @property
    def term_names(self) -> tuple[str, ...]:
        """The K column names of its rewards."""
        ...

    def score(self, smiles: Sequence[str], /) -> Rewards:
        """Return one row per SMILES."""
        ...


def score_terms(
    terms: Sequence[Term],
    smiles: Sequence[str],
    *,
    first_row: int = 0,
    standardize: bool = False,
    threshold: float = 0.0,
    guards: Guards | None = None,
    known: KnownParts | None = None,
) -> Rewards:
    """Score each text by each term.

    Args:
        terms: the wishes.
        smiles: texts; those that are no molecule keep their row, with NaN and an error.
        first_row: row number of `smiles[0]`, for messages about chunks of a longer table.
        standardize: whether the parent of each molecule is scored; see `Profile.score`.
        threshold: the total of a hit; a program is not run for a molecule that cannot reach it.
        guards: how far predictions are believed; None for entirely.
        known: ring systems and surroundings of atoms in which the guards find nothing odd; by default those of ChEMBL.

    Raises:
        ObjectiveError: a property gave no number for a valid molecule, or gave one too rarely.
    """
    smiles = list_texts(smiles)
    read = (_read_parents if standardize else _read_as_written)(smiles, first_row)
    rows = np.flatnonzero([mol is not None for mol in read.mols])
    batch = Batch(read.smiles, read.mols, read.is_mixed).select(rows)
    guards = guards or Guards.off()
    evaluations = [Evaluation(np.empty(0)) for _ in terms]
    discount = np.ones(len(smiles))
    if rows.size:
        evaluations = evaluate_terms(terms, batch, threshold, guards, known)
        discount[rows] = guards.find_discount(evaluations, batch, known)
    errors, missing = list(read.errors), list[str | None]([None] * len(smiles))
    for evaluation in evaluations:
        for row, error in zip(rows, evaluation.errors or (), strict=False):
            errors[row] = errors[row] or (error and f"row {first_row + row}: {error}")
        for row, reason in zip(rows, evaluation.missing or (), strict=False):
            missing[row] = missing[row] or reason
    return _assemble(terms, evaluations, rows, errors, missing, guards, discount)


class _Read(NamedTuple):
    smiles: list[str]
    mols: list[Any]
    """None where `errors` says why"""
    errors: list[str | None]
    is_mixed: NDArray[np.bool_] | None


def _read_as_written(smiles: list[str], first_row: int) -> _Read:
    parsed = parse_smiles(smiles, first_row=first_row)
    return _Read(smiles, parsed.mols, parsed.errors, None)


def _read_parents(smiles: list[str], first_row: int) -> _Read:
    parsed = parse_smiles(smiles, first_row=first_row)
    parents = ["" if mol is None else canonicalize(standardize_mol(mol)) for mol in parsed.mols]
    is_mixed = [mol is not None and is_mixture(mol, one) for mol, one in zip(parsed.mols, parents, strict=True)]
    # Read again, a molecule is what its SMILES says, and the same whichever salt or charge it was written with.
    again = parse_smiles(parents, first_row=first_row)
    errors = [early or late for early, late in zip(parsed.errors, again.errors, strict=True)]
    return _Read(parents, again.mols, errors, np.array(is_mixed, dtype=bool))


def _assemble(
    terms: Sequence[Term],
    evaluations: Sequence[Evaluation],
    rows: NDArray[np.intp],
    errors: list[str | None],
    missing: list[str | None],
    guards: Guards,
    discount: FloatArray,
) -> Rewards:
    is_valid = np.array([error is None for error in errors], dtype=bool)
    missing = [reason if valid else None for reason, valid in zip(missing, is_valid.tolist(), strict=True)]
    shape = (len(errors), len(terms))
    raw, std, in_domain = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for column, evaluation in enumerate(evaluations):
        raw[rows, column] = evaluation.values
        std[rows, column] = np.nan if evaluation.std is None else evaluation.std
        in_domain[rows, column] = True if evaluation.in_domain is None else evaluation.in_domain
    raw[~is_valid], std[~is_valid] = np.nan, np.nan
    in_domain &= ~np.isnan(raw)
    transformed = np.column_stack(
        [guards.transform(term, raw[:, column], std[:, column]) for column, term in enumerate(terms)]
    )
    total = combine_terms(transformed, [term.weight for term in terms]) * discount
    names = tuple(term.name for term in terms)
    return Rewards(names, total, transformed, raw, std, in_domain, is_valid, errors, discount, missing)


class CallableScorer:
    """Scores by a plain function that takes SMILES and returns floats in [0, 1]."""

    term_names = ("objective",)

    def __init__(self, function: ScoringFunction) -> None:
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
