"""The ranked hits of a run, with everything a chemist needs to judge each one."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.leaders import Leaders
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.chem.standardize import standardize_mol
from moldesign.chem.unseen import count_unseen
from moldesign.chem.unstable import find_unstable
from moldesign.datasets.tables import write_table
from moldesign.errors import RunFolderError, TableError
from moldesign.generation.folder import HITS_CSV, HITS_SDF
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.guards import Guards
from moldesign.objectives.known import find_nearest_known
from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.profile import Profile
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Term
from moldesign.predictors.bundled import load_predictor

_WARY = Guards(caution=2.0)
"""How ties are broken."""
_BLOCK = 512
"""Molecules looked at together; the best `n` different ones are mostly among the first few blocks."""


def select_hits(
    molecules: Sequence[ScoredMolecule],
    n: int,
    threshold: float,
    *,
    max_similarity: float = 1.0,
    terms: Sequence[Term] = (),
) -> list[ScoredMolecule]:
    """Return `n` molecules with a total of at least `threshold`, best first.

    Of equal totals, which many have where all goals are met, that one comes first whose total is higher when each
    prediction is off by two standard deviations to the worse side; then the one scored first. Molecules are taken from
    the best on, without those that resemble one already taken; where fewer than `n` are found so, the best of those
    left out fill the remaining places.

    Args:
        molecules: all that were scored.
        n: how many to return at most.
        threshold: the total of a hit.
        max_similarity: Tanimoto similarity (Morgan, radius 2) from which a molecule resembles another; 1 for the best
            ones, however similar.
        terms: of the profile; without them ties go by call alone.
    """
    good = _rank_surely([molecule for molecule in molecules if molecule.total >= threshold], terms)
    if max_similarity >= 1 or len(good) <= n:
        return good[:n]
    leaders, picked, resembling = Leaders(max_similarity), list[int](), list[int]()
    for start in range(0, len(good), _BLOCK):
        for place, number in enumerate(leaders.assign(_find_bits(good[start : start + _BLOCK])).tolist(), start=start):
            (picked if number == len(picked) else resembling).append(place)
        if len(picked) >= n:
            return [good[place] for place in picked[:n]]
    return [good[place] for place in sorted([*picked, *resembling[: n - len(picked)]])]


def rank_molecules(molecules: Iterable[ScoredMolecule]) -> list[ScoredMolecule]:
    """Return the molecules with the highest total first; of equal ones, with the one scored first."""
    return sorted(molecules, key=lambda molecule: (-molecule.total, molecule.call))


def _rank_surely(molecules: Sequence[ScoredMolecule], terms: Sequence[Term]) -> list[ScoredMolecule]:
    """Return the molecules with the highest total first; of equal ones, with the one that is surest of it."""
    ranked = rank_molecules(molecules)
    if not (terms and ranked):
        return ranked
    raw, std = (np.array([getattr(one, name) for one in ranked], dtype=np.float64) for name in ("raw", "std"))
    wary = [_WARY.transform(term, raw[:, k], std[:, k]) for k, term in enumerate(terms)]
    sure = np.nan_to_num(combine_terms(np.column_stack(wary), [term.weight for term in terms]))
    total = np.array([one.total for one in ranked])
    return [ranked[place] for place in np.lexsort((-sure, -total)).tolist()]


def choose_hits(molecules: Sequence[ScoredMolecule], profile: Profile, n: int) -> pd.DataFrame:
    """Return the best `n` hits, as the profile says what is one, with the columns of `describe_hits`."""
    max_similarity = profile.diversity.hit_similarity
    return describe_hits(
        select_hits(molecules, n, profile.threshold, max_similarity=max_similarity, terms=profile.terms), profile
    )


def describe_hits(hits: Sequence[ScoredMolecule], profile: Profile) -> pd.DataFrame:
    """Return one row per hit.

    Columns: rank, smiles, score; per term its value, `<term>_score` (0 to 1) and, for a prediction, `<term>_std`, where
    the model has intervals `<term>_low` and `<term>_high`, which hold 90 % of measured values, and `<term>_in_domain`;
    in_domain (all of them); unseen_rings and unseen_atoms (ring systems, and atoms in surroundings, that no molecule of
    ChEMBL has); unstable_groups (those that do not last, by name); scaffold; nearest_training_smiles and
    nearest_training_similarity (Tanimoto, Morgan radius 2) over the training sets of the predictors used; cluster (the
    rank of the best hit that this one resembles, as the profile's `hit_similarity` says, or else its own); call and
    source.
    """
    smiles = [hit.smiles for hit in hits]
    mols = require_mols(smiles)
    columns: dict[str, Sequence[object]] = {
        "rank": list(range(1, len(hits) + 1)),
        "smiles": smiles,
        "score": [hit.total for hit in hits],
    }
    for k, term in enumerate(profile.terms):
        columns[term.name] = [hit.raw[k] for hit in hits]
        columns[f"{term.name}_score"] = [hit.terms[k] for hit in hits]
        if isinstance(term.property, EndpointProperty):
            columns[f"{term.name}_std"] = [hit.std[k] for hit in hits]
            columns |= _find_intervals(term.name, term.property, smiles)
            columns[f"{term.name}_in_domain"] = [hit.in_domain[k] for hit in hits]
    columns["in_domain"] = [all(hit.in_domain) for hit in hits]
    unseen = count_unseen(mols)
    columns |= {"unseen_rings": unseen.ring_systems.tolist(), "unseen_atoms": unseen.atoms.tolist()}
    columns["unstable_groups"] = ["; ".join(groups) for groups in find_unstable(mols)]
    columns["scaffold"] = [murcko_scaffold(mol) for mol in mols]
    columns |= find_nearest_known([standardize_mol(mol) for mol in mols], profile.terms)
    columns["cluster"] = _find_clusters(hits, profile.diversity.hit_similarity)
    columns |= {"call": [hit.call for hit in hits], "source": [hit.source for hit in hits]}
    return pd.DataFrame(columns)


def write_hits(folder: Path, frame: pd.DataFrame) -> None:
    """Write `hits.csv` and `hits.sdf`.

    Raises:
        RunFolderError: the disk is full or cannot be written.
    """
    try:
        write_table(folder / HITS_CSV, [frame])
        write_table(folder / HITS_SDF, [frame])
    except TableError as error:
        raise RunFolderError(f"{error}; the scored molecules are kept: go on with --resume") from error


def _find_clusters(hits: Sequence[ScoredMolecule], max_similarity: float) -> list[int]:
    if max_similarity >= 1 or not hits:
        return list(range(1, len(hits) + 1))
    numbers = Leaders(max_similarity).assign(_find_bits(hits))
    _, first_rows = np.unique(numbers, return_index=True)
    ranks: list[int] = (first_rows[numbers] + 1).tolist()
    return ranks


def _find_bits(molecules: Sequence[ScoredMolecule]) -> NDArray[np.uint8]:
    return morgan_bits(require_mols([molecule.smiles for molecule in molecules]))


def _find_intervals(name: str, endpoint: EndpointProperty, smiles: Sequence[str]) -> dict[str, Sequence[object]]:
    predictor = load_predictor(endpoint.model.name)
    if not predictor.calibration.has_interval(endpoint.endpoint):
        return {}
    predictions = predictor.predict(smiles, with_domain=False)
    low, high = predictions.low[:, endpoint.column], predictions.high[:, endpoint.column]
    return {f"{name}_low": low.tolist(), f"{name}_high": high.tolist()}
