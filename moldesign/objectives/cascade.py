"""Dear goals after cheap ones: a program is run only for molecules that can still become hits."""

import math
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from moldesign.chem.unseen import KnownParts
from moldesign.objectives.combination import FloatArray, bound_total
from moldesign.objectives.guards import Guards
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.terms import Batch, Evaluation, Term

Reasons = list[str | None]

NOT_RUN = "not run, because"
"""Part of the reason why a molecule has no value that might have one."""


def evaluate_terms(
    terms: Sequence[Term], batch: Batch, threshold: float, guards: Guards, known: KnownParts | None = None
) -> list[Evaluation]:
    """Return each term's evaluation of the batch, in the order of `terms`.

    Terms about programs come last, in their order. A program is run for a molecule only if no term has refused it,
    none has failed on it, none is 0 (as a broken limit is), and its total would reach `threshold` were all terms that
    are left fully met: the total that the guards leave, so that no program is run for molecules outside the domain of
    a predictor that cannot become hits. Elsewhere its value is missing, with the reason. Terms about the same property
    have the same values: it is asked once.

    Raises:
        ObjectiveError: a property gave no number for a valid molecule, or gave one too rarely.
    """
    evaluations: dict[int, Evaluation] = {}
    asked: dict[int, Evaluation] = {}
    scores = np.full((len(batch.smiles), len(terms)), np.nan)
    stopped: Reasons = [None] * len(batch.smiles)
    for column in sorted(range(len(terms)), key=lambda column: is_dear(terms[column])):
        term = terms[column]
        evaluation = asked.get(id(term.property))
        if evaluation is None and is_dear(term):
            discount = guards.find_discount(evaluations.values(), batch, known)
            stopped = _stop_hopeless(terms, scores, discount, threshold, term.name, stopped)
            evaluation = _evaluate_others(term, batch, stopped)
        elif evaluation is None:
            evaluation = term.evaluate(batch)
        asked[id(term.property)] = evaluation
        std = np.full(len(scores), np.nan) if evaluation.std is None else evaluation.std
        scores[:, column] = guards.transform(term, evaluation.values, std)
        reasons = zip(stopped, evaluation.errors or repeat(None), evaluation.missing or repeat(None), strict=False)
        stopped = [old or error or missing for old, error, missing in reasons]
        evaluations[column] = evaluation
    return [evaluations[column] for column in range(len(terms))]


def is_dear(term: Term) -> bool:
    """Return whether a term is evaluated after the others: whether it is about a program."""
    return isinstance(term.property, ProgramProperty)


def _stop_hopeless(
    terms: Sequence[Term], scores: FloatArray, discount: FloatArray, threshold: float, name: str, stopped: Reasons
) -> Reasons:
    totals = bound_total(scores, [term.weight for term in terms]) * discount
    return [
        reason
        or (
            f"{name}: {NOT_RUN} {_explain(terms, row, total, share, threshold)}"
            if total < threshold or total == 0
            else None
        )
        for reason, row, total, share in zip(stopped, scores, totals.tolist(), discount.tolist(), strict=True)
    ]


def _explain(terms: Sequence[Term], row: FloatArray, total: float, share: float, threshold: float) -> str:
    if broken := [term.text for term, score in zip(terms, row.tolist(), strict=True) if score == 0]:
        return f"{broken[0]!r} is not met"
    why = f" (the guards leave {share:.0%} of it)" if share < 1 else ""
    return f"the score cannot exceed {math.floor(1000 * total) / 1000:.3f}{why}, and a hit needs {threshold:g}"


def _evaluate_others(term: Term, batch: Batch, stopped: Reasons) -> Evaluation:
    """Evaluate the molecules that nothing has stopped; the others are missing, with what stopped them."""
    rows = np.array([row for row, reason in enumerate(stopped) if reason is None], dtype=np.intp)
    values, missing = np.full(len(stopped), np.nan), list(stopped)
    if rows.size:
        evaluation = term.evaluate(batch.select(rows))
        values[rows] = evaluation.values
        for row, reason in zip(rows.tolist(), evaluation.missing or repeat(None), strict=False):
            missing[row] = reason
    return Evaluation(values, missing=missing)
