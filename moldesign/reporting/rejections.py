"""What a run has scored and not returned, and why."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from moldesign.chem.smiles import parse_smiles
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.profile import Profile
from moldesign.reporting.depictions import draw_compactly, lay_out
from moldesign.reporting.page import format_number
from moldesign.reporting.run_record import RunRecord

N_NEAR = 6
"""Molecules just below the threshold that are shown."""


class Reason(NamedTuple):
    """Why molecules are no hits."""

    n: int
    text: str


def list_reasons(run: RunRecord) -> list[Reason]:
    """Return why the scored molecules are no hits, the most frequent reason first; each molecule counts once."""
    below = [m for m in run.molecules if m.total < run.profile.threshold]
    reasons = Counter(_explain(molecule, run.profile) for molecule in below)
    reasons.update(_shorten_reason(m.missing) for m in run.molecules if math.isnan(m.total))
    n_good = sum(molecule.total >= run.profile.threshold for molecule in run.molecules)
    if n_good > len(run.hits):
        reasons["reached the threshold, but resembles a better hit, or comes after the last one returned"] = (
            n_good - len(run.hits)
        )
    return [Reason(n, text) for text, n in reasons.most_common()]


def draw_near_misses(run: RunRecord) -> list[dict[str, Any]]:
    """Return the best molecules below the threshold: picture, SMILES, score, and what they lack."""
    below = [m for m in run.molecules if 0 < m.total < run.profile.threshold]
    best = sorted(below, key=lambda molecule: (-molecule.total, molecule.call))[:N_NEAR]
    mols = parse_smiles([molecule.smiles for molecule in best]).mols
    return [
        {
            "picture": None if mol is None else draw_compactly(lay_out(mol), f"structure {molecule.smiles}").svg,
            "smiles": molecule.smiles,
            "score": format_number(round(molecule.total, 3)),
            "reason": _explain(molecule, run.profile),
        }
        for molecule, mol in zip(best, mols, strict=True)
    ]


def _explain(molecule: ScoredMolecule, profile: Profile) -> str:
    """Return what a molecule below the threshold lacks most."""
    goals = profile.goals
    terms = np.array(molecule.terms, dtype=np.float64)
    if len(terms) < len(goals):  # a store of another profile tells nothing about this one
        return "scored too low"
    if broken := np.flatnonzero(terms[len(goals) :] == 0).tolist():
        limits = _list_limits(profile)
        # Two names of one property are one limit; which is which may take a scorer that is not here any more.
        return f"breaks the limit {limits[broken[0]]}" if len(limits) == len(terms) - len(goals) else "breaks a limit"
    weights = [goal.weight for goal in goals]
    [plain] = combine_terms(terms[None, : len(goals)], weights).tolist()
    if plain >= profile.threshold:
        outside = not all(molecule.in_domain)
        return (
            "outside the domain of a predictor" if outside else "ring systems or atoms that no molecule of ChEMBL has"
        )
    with np.errstate(divide="ignore"):
        lost = np.array(weights) * np.log(terms[: len(goals)])
    return f"meets the goal {goals[int(np.nanargmin(lost))].text} least"


def _list_limits(profile: Profile) -> Sequence[str]:
    """Return the limits in the order of the terms: each once, also where its property is written in another case."""
    limits: dict[str, str] = {}
    for goal in profile.constraints.goals:
        limits.setdefault(goal.text if "(" in goal.text else goal.text.lower(), goal.text)
    return list(limits.values())


def _shorten_reason(missing: str | None) -> str:
    text = " ".join((missing or "no score").split())
    return f"no score: {text[:120]}{'…' if len(text) > 120 else ''}"
