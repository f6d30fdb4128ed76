"""The figures of a set of molecules: what it is like, and how far from a reference."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from moldesign.evaluation.frechet import HINT, has_chemnet, measure_fcd
from moldesign.evaluation.molecule_set import PROPERTIES, MoleculeSet
from moldesign.evaluation.similarity import (
    compare_counts,
    count_circles,
    measure_diversity,
    measure_nearest,
    share_with_unseen,
)

FIRST = (1_000, 10_000)
"""Numbers of valid molecules from the beginning of which MOSES says how many differ."""


class Figure(NamedTuple):
    """One figure of a set."""

    name: str
    value: float | None
    """None where it is not defined, or could not be computed"""
    meaning: str
    reference: float | None = None
    """The same figure of the reference, where it has one"""
    better: Literal["higher", "lower", ""] = ""
    note: str = ""
    """Why there is no value"""


Report = Callable[[str, float | None], None]
"""Told what is being computed, and the share of it that is done where that is known."""


def evaluate(
    molecules: MoleculeSet,
    reference: MoleculeSet | None = None,
    *,
    report: Report = lambda text, share: None,
) -> list[Figure]:
    """Return all figures of a set; those that compare need a reference.

    Where MOSES (arXiv:1811.12823) defines a figure, it is computed as there: over all valid molecules, those that occur
    more than once included.

    Args:
        molecules: the set.
        reference: what it is compared with: the molecules that a model has learned from, or a library.
        report: called now and then, since large sets take minutes.
    """
    found = [*describe_rows(molecules, reference), *describe_diversity(molecules, reference, report)]
    found += describe_properties(molecules, reference)
    if reference is not None:
        found += compare(molecules, reference, report)
    return [_define(figure, len(molecules)) for figure in found]


def describe_rows(molecules: MoleculeSet, reference: MoleculeSet | None) -> Iterator[Figure]:
    """Yield what is valid, and what of it differs."""
    both = (molecules, reference)
    rows, others = (None if one is None else one.n_rows for one in both)
    yield Figure("rows", rows, "of the file", others)
    share, other = (None if one is None else _divide(len(one), one.n_rows) for one in both)
    yield Figure("valid", share, "share of the rows that are molecules", other, "higher")
    share, other = (None if one is None else _divide(len(set(one.smiles)), len(one)) for one in both)
    yield Figure("unique", share, "different ones among the valid", other, "higher")
    for n in FIRST:
        if len(molecules) >= n:
            share = len(set(molecules.smiles[:n])) / n
            yield Figure(f"unique@{n}", share, f"different ones among the first {n:,} valid", None, "higher")


def describe_diversity(molecules: MoleculeSet, reference: MoleculeSet | None, report: Report) -> Iterator[Figure]:
    """Yield how much the molecules of the set differ from each other."""
    first, second = measure_diversity(molecules.bits, tell=lambda share: report("internal diversity", share))
    yield Figure("internal_diversity", first, "1 - mean Tanimoto similarity of all pairs", None, "higher")
    yield Figure("internal_diversity_2", second, "the same with squared similarities", None, "higher")
    report("circles", None)
    circles = count_circles(molecules.bits)
    yield Figure("circles", circles, "molecules pairwise more than 0.75 apart", None, "higher")
    scaffolds = None if reference is None else len(reference.scaffolds)
    yield Figure("scaffolds", len(molecules.scaffolds), "different scaffolds of two rings or more", scaffolds, "higher")
    systems, others = (None if one is None else len(_list_systems(one)) for one in (molecules, reference))
    yield Figure("ring_systems", systems, "different ring systems", others)


def describe_properties(molecules: MoleculeSet, reference: MoleculeSet | None) -> Iterator[Figure]:
    """Yield shares and means over the molecules."""
    clean, others = (None if one is None else _average(one.n_alerts == 0) for one in (molecules, reference))
    yield Figure("without_alerts", clean, "share without a PAINS, BRENK or NIH alert", others, "higher")
    for column, (name, (meaning, better)) in enumerate(_PROPERTY_MEANINGS.items()):
        mean, other = (None if one is None else _average(one.properties[:, column]) for one in (molecules, reference))
        yield Figure(name, mean, f"mean {meaning}", other, better)


def compare(molecules: MoleculeSet, reference: MoleculeSet, report: Report) -> Iterator[Figure]:
    """Yield how near the set is to the reference, and what it has that the reference has not."""
    different = set(molecules.smiles)
    new = _divide(len(different - set(reference.smiles)), len(different))
    yield Figure("novelty", new, "different valid ones that the reference has not", None, "higher")
    yield Figure("snn", _measure_snn(molecules, reference, report), "mean similarity to the nearest reference molecule")
    alike = compare_counts(molecules.fragments, reference.fragments)
    yield Figure("fragment_similarity", alike, "cosine of the counts of BRICS fragments", None, "higher")
    alike = compare_counts(molecules.scaffolds, reference.scaffolds)
    yield Figure("scaffold_similarity", alike, "cosine of the counts of scaffolds", None, "higher")
    unseen = share_with_unseen(molecules.ring_systems, _list_systems(reference))
    yield Figure("new_ring_systems", unseen, "molecules with a ring system the reference has not", None, "lower")
    yield from _compare_properties(molecules, reference)
    yield _measure_fcd(molecules, reference, report)


def _compare_properties(molecules: MoleculeSet, reference: MoleculeSet) -> Iterator[Figure]:
    for column, name in enumerate(PROPERTIES):
        sides = molecules.properties[:, column], reference.properties[:, column]
        distance = float(wasserstein_distance(*sides)) if all(map(len, sides)) else None
        yield Figure(f"{name}_distance", distance, f"Wasserstein distance of the {name} values", None, "lower")


def _measure_fcd(molecules: MoleculeSet, reference: MoleculeSet, report: Report) -> Figure:
    figure = Figure("fcd", None, "Fréchet ChemNet distance", None, "lower")
    if not has_chemnet():
        return figure._replace(note=HINT)
    report("Fréchet ChemNet distance", None)
    return figure._replace(value=measure_fcd(molecules.smiles, reference.smiles))


def _measure_snn(molecules: MoleculeSet, reference: MoleculeSet, report: Report) -> float | None:
    if not len(reference):
        return None
    found = measure_nearest(
        molecules.bits, reference.bits, tell=lambda share: report("similarity to the reference", share)
    )
    return _average(found)


def _list_systems(molecules: MoleculeSet) -> set[str]:
    return {system for systems in molecules.ring_systems for system in systems}


def _define(figure: Figure, n_valid: int) -> Figure:
    """Return the figure without NaN, and with the reason where it has no value."""
    if figure.value is not None and not np.isnan(figure.value):
        return figure
    reason = "not defined without valid molecules" if n_valid == 0 else "not defined for these sets"
    return figure._replace(value=None, note=figure.note or reason)


def _average(values: NDArray[Any]) -> float | None:
    return float(np.mean(values, dtype=np.float64)) if len(values) else None


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole else None


_PROPERTY_MEANINGS: dict[str, tuple[str, Literal["higher", "lower", ""]]] = {
    "logp": ("Crippen logP", ""),
    "sa": ("synthetic accessibility, 1 (easy) to 10 (hard)", "lower"),
    "qed": ("drug-likeness, 0 to 1", "higher"),
    "mw": ("molecular weight in g/mol", ""),
}
