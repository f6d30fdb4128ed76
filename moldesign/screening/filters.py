"""The terms of a profile as a row of filters, cheap ones first: each sees only the molecules that may still pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import canonicalize
from moldesign.chem.unseen import count_unseen
from moldesign.graphs import GraphTable
from moldesign.objectives.combination import FloatArray, bound_total, combine_terms
from moldesign.objectives.profile import Profile
from moldesign.objectives.properties import EndpointProperty, PredictorHandle
from moldesign.objectives.structures import NearestProperty
from moldesign.objectives.terms import MORGAN_BITS, Batch, Term
from moldesign.screening.executor import Fall
from moldesign.screening.grouping import Group, Stage, is_foreign
from moldesign.screening.likeness import SIMILARITY, find_likeness, is_about_likeness
from moldesign.screening.marking import TOGETHER, MarkedMols, Marker
from moldesign.screening.molecules import Molecule

NO_SCORE = "no score"
TOO_LOW = "score below the threshold"

SCORE_DECIMALS = 4
"""Of a score: what comes behind depends on how a row writes its molecule, and would rank one row over its copy."""

Rows = NDArray[np.intp]


class Bar(NamedTuple):
    """How good a molecule must be."""

    threshold: float | None = None
    """The score of a hit; what is below is rejected."""
    floor: float | None = None
    """The score of what is no worse than the hits found so far; what is below is outranked. Not with a threshold."""


@dataclass(frozen=True)
class Scored:
    """What the filters say of n molecules with K terms."""

    raw: FloatArray
    """[n, K]; NaN where a filter before has stopped the molecule"""
    terms: FloatArray
    """[n, K]"""
    total: FloatArray
    """[n], rounded to `SCORE_DECIMALS`; NaN where the molecule has fallen or is outranked"""
    falls: dict[int, Fall]
    """By molecule, from 0."""


class _Distances(NamedTuple):
    model: PredictorHandle
    rows: Rows
    """[m], the molecules that were predicted"""
    distance: NDArray[np.float32]
    """[m, T]"""


@dataclass(frozen=True)
class _Work:
    """What is worked on, and what is known of it so far."""

    profile: Profile
    molecules: Mapping[int, Molecule]
    rows: Sequence[int]
    mark: Marker
    scored: Scored
    graphs: GraphTable | None
    bits: NDArray[np.uint8] | None
    discounts: FloatArray
    """[n], what the guards leave of each total; NaN where that is not known yet"""
    distances: list[_Distances] = field(default_factory=list)

    @property
    def weights(self) -> list[float]:
        return [term.weight for term in self.profile.terms]

    def choose_molecules(self, alive: Rows) -> list[Molecule]:
        return [self.molecules[self.rows[place]] for place in alive.tolist()]


def apply_filters(
    profile: Profile,
    groups: Sequence[Group],
    molecules: Mapping[int, Molecule],
    *,
    bar: Bar,
    mark: Marker,
    graphs: GraphTable | None = None,
    bits: NDArray[np.uint8] | None = None,
) -> Scored:
    """Evaluate the terms of every molecule as long as it may pass; totals are those of `Profile.score`.

    A molecule falls where it breaks a hard limit, where a term has no value for it, and where its score could not reach
    the threshold even if all terms that are left were fully met. It is outranked where its score could not reach the
    floor, but only once nothing is left at which it could fall: then the floor, which rises with time, changes no
    reason. What is predicted together does not depend on the floor either, so that figures agree to the last digit.

    Args:
        profile: has K terms.
        groups: what `plan_groups` says of them.
        molecules: n of them, by what `mark` calls them.
        bar: which scores are needed.
        mark: is told what is worked on.
        graphs: of the molecules, where they are at hand.
        bits: fingerprints of the molecules, uint8 [n, bytes], where they are at hand.

    Raises:
        ObjectiveError: a property gave no number for a valid molecule, or gave one too rarely.
    """
    n, shape = len(molecules), (len(molecules), len(profile.terms))
    scored = Scored(np.full(shape, np.nan), np.full(shape, np.nan), np.full(n, np.nan), {})
    work = _Work(profile, molecules, list(molecules), mark, scored, graphs, bits, np.full(n, np.nan))
    alive = np.arange(n)
    for number, group in enumerate(groups):
        if alive.size:
            _evaluate(work, group, alive)
            if bar.threshold is not None:
                bounds = np.round(bound_total(scored.terms[alive], work.weights), SCORE_DECIMALS)
                _stop_low(alive, bounds, scored.falls, bar.threshold, "cannot exceed")
            if scored.falls:
                alive = alive[~np.isin(alive, list(scored.falls))]
            if bar.floor is not None and all(later.stage is Stage.LATE for later in groups[number + 1 :]):
                alive = _keep_promising(work, alive, bar.floor)
    if alive.size:
        _finish(work, alive, bar)
    return scored


def _keep_promising(work: _Work, alive: Rows, floor: float) -> Rows:
    """Return the rows that could reach the floor if all terms that are left were fully met.

    What the guards take is looked at before QED and alerts are, which cost more.
    """
    bounds = bound_total(work.scored.terms[alive], work.weights)
    is_promising = np.round(bounds, SCORE_DECIMALS) >= floor
    alive, bounds = alive[is_promising], bounds[is_promising]
    return alive[np.round(bounds * _find_discounts(work, alive), SCORE_DECIMALS) >= floor]


def _finish(work: _Work, alive: Rows, bar: Bar) -> None:
    """Take from the totals what the guards take for molecules outside the domain of a model, and for odd parts."""
    scored = work.scored
    totals = combine_terms(scored.terms[alive], work.weights) * _find_discounts(work, alive)
    totals = np.round(totals, SCORE_DECIMALS)
    if bar.threshold is not None:
        _stop_low(alive, totals, scored.falls, bar.threshold, "is")
    is_low = totals < max(bar.threshold or 0.0, bar.floor or 0.0)
    scored.total[alive] = np.where(is_low, np.nan, totals)


def _find_discounts(work: _Work, alive: Rows) -> FloatArray:
    """Return the factor of each total for molecules outside the domain of a model, and for odd parts, float64 [n]."""
    new = alive[np.isnan(work.discounts[alive])]
    if new.size:
        guards = work.profile.guards
        work.discounts[new] = guards.admit(_measure(work, new))
        if guards.looks_at_parts:
            mols = [one.mol for one in work.choose_molecules(new)]
            work.discounts[new] *= guards.discount(count_unseen(mols, work.profile.known_parts))
    return work.discounts[alive]


def _measure(work: _Work, alive: Rows) -> FloatArray:
    """Return how far inside the domain molecules are, float64 [n, K]; infinite for what is computed."""
    terms = work.profile.terms
    margin = np.full((len(alive), len(terms)), np.inf)
    for model, rows, distance in work.distances if work.profile.guards.domain else ():
        chosen = work.choose_molecules(alive)
        own = distance[np.searchsorted(rows, alive)]
        measured = model.predictor.domain.measure_margin([one.mol for one in chosen], own)
        measured[[one.is_mixed for one in chosen]] = 0
        for column, about in _list_endpoints(terms, model):
            margin[:, column] = measured[:, about.column]
    return margin


def _evaluate(work: _Work, group: Group, alive: Rows) -> None:
    batch = _make_batch(work, group, alive)
    scored, chosen = work.scored, alive.tolist()
    for column in group.columns:
        term = work.profile.terms[column]
        evaluation = term.evaluate(batch)
        std = np.full(len(alive), np.nan) if evaluation.std is None else evaluation.std
        scored.raw[alive, column] = evaluation.values
        scored.terms[alive, column] = work.profile.guards.transform(term, evaluation.values, std)
        reasons = zip(evaluation.errors or repeat(None), evaluation.missing or repeat(None), chosen, strict=False)
        for error, missing, row in reasons if evaluation.errors or evaluation.missing else ():
            if reason := error or missing:
                scored.falls.setdefault(row, Fall(NO_SCORE, reason))
        if term.weight == 0:
            _stop_broken(work, alive, column)
    work.mark(TOGETHER)


def _make_batch(work: _Work, group: Group, alive: Rows) -> Batch:
    """Return the molecules for a group; of a network, with its predictions, whose domain is left for later."""
    terms = work.profile.terms
    first = terms[group.columns[0]]
    work.mark(TOGETHER, is_limited=not is_foreign(first))
    if work.bits is not None and isinstance(first.property, NearestProperty):
        bits = work.bits if len(alive) == len(work.bits) else work.bits[alive]
        batch = Batch([""] * len(alive), [])  # nothing else is asked of the molecules
        batch.share(MORGAN_BITS, lambda: bits)
        return batch
    chosen = work.choose_molecules(alive)
    smiles = [one.smiles for one in chosen]
    if isinstance(first.property, EndpointProperty):
        return _predict(work, first.property.model, alive, smiles)
    mols = [one.mol for one in chosen]
    if is_foreign(first):
        return Batch([canonicalize(mol) for mol in mols], mols)
    return Batch(smiles, MarkedMols(mols, [work.rows[row] for row in alive.tolist()], work.mark))


def _predict(work: _Work, model: PredictorHandle, alive: Rows, smiles: list[str]) -> Batch:
    batch = Batch(smiles, [])  # what a network says is shared below; nobody asks for the molecules
    columns = sorted({about.column for _, about in _list_endpoints(work.profile.terms, model)})
    graphs = work.graphs
    if graphs is not None and len(alive) < len(graphs):
        graphs = graphs.select(alive)
    predictions, distance = model.predictor.predict_standardized(smiles, columns, graphs)
    batch.share(("predictions", model.name), lambda: predictions)
    work.distances.append(_Distances(model, alive, distance))
    return batch


def _list_endpoints(terms: Sequence[Term], model: PredictorHandle) -> list[tuple[int, EndpointProperty]]:
    """Return the terms about a model, by their column."""
    abouts = [(column, term.property) for column, term in enumerate(terms)]
    return [(c, about) for c, about in abouts if isinstance(about, EndpointProperty) and about.model.name == model.name]


def _stop_broken(work: _Work, alive: Rows, column: int) -> None:
    term, scored = work.profile.terms[column], work.scored
    name, text = term.property.name, term.text
    if is_about_likeness(term, find_likeness(work.profile.terms)):  # its queries would fill the line
        name, text = SIMILARITY, text.replace(name, SIMILARITY)
    for row in alive[scored.terms[alive, column] == 0].tolist():
        value = write_beyond(term, float(scored.raw[row, column]))
        scored.falls.setdefault(row, Fall(text, f"{name} is {value}; it must be: {text}"))


def write_beyond(term: Term, value: float) -> str:
    """Return a value that breaks a limit with as many digits, four at least, as it takes to see that it does."""
    texts = [f"{value:.{digits}g}" for digits in range(4, 18)]
    return next((text for text in texts if term.transform(np.array([float(text)]))[0] == 0), texts[-1])


def _stop_low(alive: Rows, scores: FloatArray, falls: dict[int, Fall], threshold: float, verb: str) -> None:
    for row, score in zip(alive.tolist(), scores.tolist(), strict=True):
        if score < threshold:
            falls.setdefault(row, Fall(TOO_LOW, f"the score {verb} {score:.4f}; {threshold:g} is needed"))
