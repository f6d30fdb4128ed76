"""Hits beside the nearest known molecules: what each pair has in common, in a time that a page may take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from moldesign.chem.common_part import MAX_SECONDS, find_common_part
from moldesign.chem.smiles import Mol

COMPARING_SECONDS = 100 * MAX_SECONDS
"""Of processor time for all pairs together: a hundred hits are never left out, whatever they are."""
_MOST_NAMED = 20


@dataclass(frozen=True)
class Comparison:
    """What a hit and a known molecule have in common."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    """Atoms, that of the hit before that of the known molecule"""
    is_left_out: bool = False
    """Whether it was not looked for, because the time was over"""
    is_largest: bool = True
    """Whether the search was complete"""


def compare_all(
    mols: Sequence[Mol | None], known: Sequence[Mol | None], similarities: Sequence[float]
) -> list[Comparison]:
    """Return a comparison per hit; those with the most similar neighbours, which tell most, come first.

    Args:
        mols: the hits; None for what cannot be read.
        known: the nearest known molecule of each; None for none.
        similarities: of each pair; NaN where it is not known.
    """
    comparisons = [Comparison()] * len(mols)
    end = time.process_time() + COMPARING_SECONDS
    for row in sorted(range(len(mols)), key=[_order(one) for one in similarities].__getitem__):
        mol, other = mols[row], known[row]
        if mol is None or other is None:
            continue
        if time.process_time() >= end:
            comparisons[row] = Comparison(is_left_out=True)
            continue
        part = find_common_part(mol, other)
        comparisons[row] = Comparison(part.pairs, is_largest=part.is_largest)
    return comparisons


def explain_comparisons(named: Sequence[tuple[str, Comparison]]) -> str:
    """Return for which hits the part in common was not looked for, or not to the end, and why; nothing if for none.

    Args:
        named: each hit by its name.

    >>> explain_comparisons([("#1", Comparison()), ("#2", Comparison(is_left_out=True))])
    'Of #2 the part in common was not looked for: comparing the others took the 8 s of processor time that it may take.'
    """
    left_out = [name for name, one in named if one.is_left_out]
    partial = [name for name, one in named if not one.is_largest]
    told = []
    if partial:
        told.append(
            f"Of {_list(partial)} the part shown may not be the largest: the search for it was ended after "
            f"{MAX_SECONDS:g} s of processor time."
        )
    if left_out:
        told.append(
            f"Of {_list(left_out)} the part in common was not looked for: comparing the others took the "
            f"{COMPARING_SECONDS:g} s of processor time that it may take."
        )
    return " ".join(told)


def _order(similarity: float) -> float:
    """Return what sorts the most similar first, and the unknown last."""
    return -similarity if similarity == similarity else 1.0  # noqa: PLR0124  NaN marks the unknown


def _list(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
