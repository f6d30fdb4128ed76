"""The terms of a profile by what they cost: which are evaluated together, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.properties import AlertProperty, DescriptorProperty, EndpointProperty, NoveltyProperty
from moldesign.objectives.structures import NearestProperty
from moldesign.objectives.terms import Term

_SLOW_DESCRIPTORS = ("sa", "qed")
_SLOW = 2
"""Rank of what costs more than a network does, per molecule."""


class Stage(IntEnum):
    """When terms are evaluated."""

    LIMIT = 0
    """Hard limits that need no model"""
    WISH = 1
    """Wishes that cost little, where a threshold can stop what fulfils too few of them"""
    NETWORK = 2
    LATE = 3
    """Other wishes that need no model: only what is not outranked by then"""
    FUNCTION = 4
    PROGRAM = 5


@dataclass(frozen=True)
class Group:
    """Terms that are evaluated for the same molecules."""

    stage: Stage
    columns: tuple[int, ...]


def plan_groups(terms: Sequence[Term], *, has_threshold: bool) -> list[Group]:
    """Return the terms in the order in which they are evaluated.

    The terms of one network are one group, because it predicts all of its endpoints at once; each other term is one.
    """
    stages = [_find_stage(term, has_threshold=has_threshold) for term in terms]

    def rank(column: int) -> tuple[Stage, str, int]:
        return stages[column], _name_model(terms[column]), _estimate_cost(terms[column])

    def name(column: int) -> tuple[Stage, str, int]:
        return stages[column], _name_model(terms[column]), -1 if stages[column] is Stage.NETWORK else column

    order = sorted(range(len(terms)), key=rank)
    return [Group(key[0], tuple(columns)) for key, columns in groupby(order, key=name)]


def is_foreign(term: Term) -> bool:
    """Return whether a term runs code of the user's."""
    return isinstance(term.property, CallableProperty | ProgramProperty)


def _find_stage(term: Term, *, has_threshold: bool) -> Stage:
    if isinstance(term.property, EndpointProperty):
        return Stage.NETWORK
    if is_foreign(term):
        return Stage.PROGRAM if isinstance(term.property, ProgramProperty) else Stage.FUNCTION
    if term.weight == 0:
        return Stage.LIMIT
    return Stage.WISH if has_threshold and _estimate_cost(term) < _SLOW else Stage.LATE


def _name_model(term: Term) -> str:
    return term.property.model.name if isinstance(term.property, EndpointProperty) else ""


def _estimate_cost(term: Term) -> int:
    """Return a rank: counts and sums, then patterns, then what takes a part of a millisecond."""
    about = term.property
    if isinstance(about, NearestProperty):
        return -1  # fingerprints may be at hand, for which nothing has to be read
    if isinstance(about, DescriptorProperty):
        return _SLOW + 2 * _SLOW_DESCRIPTORS.index(about.name) if about.name in _SLOW_DESCRIPTORS else 0
    return _SLOW + 1 if isinstance(about, AlertProperty | NoveltyProperty) else 1
