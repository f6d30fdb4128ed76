"""The molecules of a run that no other one surpasses in every goal, and the hypervolume below them."""

from collections.abc import Iterable
from itertools import compress
from pathlib import Path

import moocore
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.datasets.tables import write_table
from moldesign.errors import RunFolderError, TableError
from moldesign.generation.folder import PARETO_CSV
from moldesign.generation.hits import describe_hits, rank_molecules
from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.profile import Profile

MAX_EXACT_WORK = 5e10
"""N ** (K - 2), what the exact hypervolume of N points in K dimensions takes at worst; about 0.2 s."""
N_DIRECTIONS = 2**17
"""Rays from 0 by which a hypervolume is estimated."""


class ParetoFront:
    """Keeps the molecules that are not dominated: no other one is as good in every goal and better in one.

    Molecules are compared by the scores of their goals, in [0, 1], times what the guards left of their total; equally
    good ones stay together. A molecule that breaks a hard limit, or lacks the score of a goal, is not compared.

    Args:
        weights: those of the K terms; a term of weight 0 is a hard limit.
    """

    def __init__(self, weights: Iterable[float]) -> None:
        self._is_goal = np.array(list(weights)) > 0
        self._molecules: dict[tuple[float, ...], list[ScoredMolecule]] = {}
        self._hypervolume: float | None = None

    def take_in(self, molecules: Iterable[ScoredMolecule]) -> None:
        """Compare some more molecules with those that are kept; the order in which they come makes no difference."""
        known = set(self._molecules)
        for molecule in molecules:
            terms = np.array(molecule.terms, dtype=np.float64)
            if not np.isnan(terms).any() and (terms[~self._is_goal] > 0).all():
                point = terms[self._is_goal] * molecule.discount
                self._molecules.setdefault(tuple(point.tolist()), []).append(molecule)
        if self._molecules.keys() != known:
            points = list(self._molecules)
            stays = moocore.is_nondominated(np.array(points), maximise=True)
            self._molecules = {point: self._molecules[point] for point in compress(points, stays.tolist())}
            if self._molecules.keys() != known:
                self._hypervolume = None

    @property
    def molecules(self) -> list[ScoredMolecule]:
        """The molecules, the highest total first."""
        return rank_molecules(molecule for equals in self._molecules.values() for molecule in equals)

    @property
    def hypervolume(self) -> float:
        """See `measure_hypervolume`."""
        if self._hypervolume is None:
            self._hypervolume = measure_hypervolume(np.array(sorted(self._molecules)).reshape(-1, self._is_goal.sum()))
        return self._hypervolume


def measure_hypervolume(points: NDArray[np.float64]) -> float:
    """Return the volume of all that some point surpasses in every coordinate, down to 0.

    It is exact as long as `MAX_EXACT_WORK` allows: always up to four goals, and for 3,000 points of five, 470 of six,
    130 of seven, 60 of eight. Beyond, it is the quasi-Monte-Carlo estimate of moocore (method `Rphi-FWE+`), whose error
    is about 0.1 %; it needs no random numbers. A goal that all points meet equally well is no dimension: its score is
    a factor.

    Args:
        points: float64 [N, K], K >= 1, none negative.

    >>> measure_hypervolume(np.array([[1.0, 0.5], [0.5, 1.0], [0.4, 0.4]]))
    0.75
    >>> measure_hypervolume(np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5]]))
    0.375
    """
    points = points[(points > 0).all(axis=1)]
    if len(points) == 0:
        return 0.0
    is_constant = (points == points[0]).all(axis=0)
    factor = float(points[0, is_constant].prod())
    points = points[:, ~is_constant]
    n_goals = points.shape[1]
    if n_goals == 0:
        return factor
    is_exact = n_goals <= 4 or len(points) ** (n_goals - 2) <= MAX_EXACT_WORK
    if is_exact:
        return factor * float(moocore.hypervolume(points, ref=0.0, maximise=True))
    return factor * float(moocore.hv_approx(points, ref=0.0, maximise=True, nsamples=N_DIRECTIONS, method="Rphi-FWE+"))


def write_front(folder: Path, molecules: Iterable[ScoredMolecule], profile: Profile) -> pd.DataFrame:
    """Write `pareto.csv`, one row per molecule that no other one surpasses, in the columns of `hits.csv`; return it.

    Raises:
        RunFolderError: the disk is full or cannot be written.
    """
    front = ParetoFront(term.weight for term in profile.terms)
    front.take_in(molecules)
    frame = describe_hits(front.molecules, profile)
    try:
        write_table(folder / PARETO_CSV, [frame])
    except TableError as error:
        raise RunFolderError(f"{error}; the scored molecules are kept: go on with --resume") from error
    return frame
