"""The terms of a profile as a row of filters, cheap ones first: each sees only the molecules that may still pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, repeat

import numpy as np
from numpy.typing import NDArray

from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.combination import FloatArray, bound_total, combine_terms
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.properties import AlertProperty, DescriptorProperty, EndpointProperty, NoveltyProperty
from moldesign.objectives.terms import Batch, Term
from moldesign.predictors.ensemble import Predictions, Predictor
from moldesign.screening.executor import Fall
from moldesign.screening.marking import TOGETHER, MarkedMols, Marker
from moldesign.screening.molecules import Molecule

NO_SCORE = "no score"
TOO_LOW = "score below the threshold"

SCORE_DECIMALS = 4
"""Of a score: what comes behind depends on how a row writes its molecule, and would rank one row over its copy."""

_SLOW_DESCRIPTORS = ("sa", "qed")
_CHEMISTRY, _NETWORK, _FUNCTION, _PROGRAM = range(4)


@dataclass(frozen=True)
class Group:
    """Terms that are evaluated for the same molecules."""

    stage: int
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Scored:
    """What the filters say of n molecules with K terms."""

    raw: FloatArray
    """[n, K]; NaN where a filter before has stopped the molecule"""
    terms: FloatArray
    """[n, K]"""
    total: FloatArray
    """[n], rounded to `SCORE_DECIMALS`; NaN where a filter has stopped the molecule"""
    falls: dict[int, Fall]
    """By molecule, from 0."""


def plan_groups(terms: Sequence[Term]) -> list[Group]:
    """Return the terms by what they cost: chemistry (limits before wishes), networks, functions, programs.

    The terms of one network are one group, because it predicts all of its endpoints at once.
    """
    order = sorted(range(len(terms)), key=lambda column: _rank(terms[column]))
    groups = groupby(order, key=lambda column: _name_group(terms[column], column))
    return [Group(_find_stage(terms[columns[0]]), columns) for columns in (tuple(found) for _, found in groups)]


def is_foreign(term: Term) -> bool:
    """Return whether a term runs code of the user's."""
    return _find_stage(term) in (_FUNCTION, _PROGRAM)


def apply_filters(
    terms: Sequence[Term],
    groups: Sequence[Group],
    molecules: Sequence[Molecule],
    rows: Sequence[int],
    *,
    threshold: float | None,
    mark: Marker,
) -> Scored:
    """Evaluate every term of every molecule that may still pass.

    A molecule stops where it breaks a hard limit, where a term has no value for it, and where its score could not
    reach the threshold even if all terms that are left were fully met.

    Args:
        terms: K of them.
        groups: what `plan_groups` says of them.
        molecules: n of them.
        rows: what `mark` calls them.
        threshold: the score that is needed; None for none.
        mark: is told what is worked on.

    Raises:
        ObjectiveError: a property gave no number for a valid molecule, or gave one too rarely.
    """
    shape = (len(molecules), len(terms))
    scored = Scored(np.full(shape, np.nan), np.full(shape, np.nan), np.full(len(molecules), np.nan), {})
    alive = np.arange(len(molecules))
    for group in groups:
        if alive.size:
            _evaluate(terms, group, molecules, rows, alive, scored, mark)
            weights = [term.weight for term in terms]
            bounds = np.round(bound_total(scored.terms[alive], weights), SCORE_DECIMALS)
            _stop_low(alive, bounds, scored.falls, threshold, is_last=group is groups[-1])
            alive = np.array([row for row in alive.tolist() if row not in scored.falls], dtype=np.intp)
    if alive.size:
        totals = combine_terms(scored.terms[alive], [term.weight for term in terms])
        scored.total[alive] = np.round(totals, SCORE_DECIMALS)
    return scored


def _evaluate(
    terms: Sequence[Term],
    group: Group,
    molecules: Sequence[Molecule],
    rows: Sequence[int],
    alive: NDArray[np.intp],
    scored: Scored,
    mark: Marker,
) -> None:
    chosen = alive.tolist()
    mark(TOGETHER, is_limited=not is_foreign(terms[group.columns[0]]))
    mols = [molecules[row].mol for row in chosen]
    if group.stage == _CHEMISTRY:
        mols = MarkedMols(mols, [rows[row] for row in chosen], mark)
    batch = Batch([molecules[row].smiles for row in chosen], mols)
    for column in group.columns:
        term = terms[column]
        _predict_without_domain(term, batch)
        evaluation = term.evaluate(batch)
        scored.raw[alive, column] = evaluation.values
        scored.terms[alive, column] = term.transform(evaluation.values)
        reasons = zip(evaluation.errors or repeat(None), evaluation.missing or repeat(None), chosen, strict=False)
        for error, missing, row in reasons:
            if reason := error or missing:
                scored.falls.setdefault(row, Fall(NO_SCORE, reason))
        if term.weight == 0:
            _stop_broken(term, alive, column, scored)
    mark(TOGETHER)


def _predict_without_domain(term: Term, batch: Batch) -> None:
    """Predict what the term is about, without the comparison with the training set, which only hits need."""
    if isinstance(term.property, EndpointProperty):
        model = term.property.model
        batch.share(("predictions", model.name), lambda: _predict(model.predictor, batch.smiles))


def _predict(predictor: Predictor, smiles: list[str]) -> Predictions:
    return predictor.predict(smiles, standardize=False, with_domain=False)


def _stop_broken(term: Term, alive: NDArray[np.intp], column: int, scored: Scored) -> None:
    for row in alive[scored.terms[alive, column] == 0].tolist():
        value = scored.raw[row, column]
        scored.falls.setdefault(row, Fall(term.text, f"{term.property.name} is {value:.4g}; it must be: {term.text}"))


def _stop_low(
    alive: NDArray[np.intp], bounds: FloatArray, falls: dict[int, Fall], threshold: float | None, *, is_last: bool
) -> None:
    if threshold is None:
        return
    verb = "is" if is_last else "cannot exceed"
    for row, bound in zip(alive.tolist(), bounds.tolist(), strict=True):
        if bound < threshold:
            falls.setdefault(row, Fall(TOO_LOW, f"the score {verb} {bound:.4f}; {threshold:g} is needed"))


def _find_stage(term: Term) -> int:
    if isinstance(term.property, EndpointProperty):
        return _NETWORK
    if isinstance(term.property, CallableProperty):
        return _FUNCTION
    return _PROGRAM if isinstance(term.property, ProgramProperty) else _CHEMISTRY


def _rank(term: Term) -> tuple[int, str, bool, int]:
    model = term.property.model.name if isinstance(term.property, EndpointProperty) else ""
    return _find_stage(term), model, term.weight > 0, _estimate_cost(term)


def _estimate_cost(term: Term) -> int:
    """Return a rank: counts and sums, then patterns, then what takes a part of a millisecond."""
    about = term.property
    if isinstance(about, DescriptorProperty):
        return 2 + _SLOW_DESCRIPTORS.index(about.name) * 2 if about.name in _SLOW_DESCRIPTORS else 0
    return 3 if isinstance(about, AlertProperty | NoveltyProperty) else 1


def _name_group(term: Term, column: int) -> tuple[int, str, int]:
    """Return what the terms of a group have in common: each chemical term is a group of its own."""
    if isinstance(term.property, EndpointProperty):
        return _NETWORK, term.property.model.name, -1
    return _find_stage(term), "", column
