"""The molecules that might be hits and have no score, because a scorer of the user's failed on them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.datasets.tables import write_table
from moldesign.errors import RunFolderError, TableError
from moldesign.generation.folder import UNSCORED_CSV
from moldesign.objectives.cascade import NOT_RUN
from moldesign.objectives.combination import bound_total
from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.profile import Profile


def select_failed(molecules: Sequence[ScoredMolecule], profile: Profile) -> list[ScoredMolecule]:
    """Return the molecules without a total that could reach the threshold, in the order of their calls."""
    missing = [molecule for molecule in molecules if np.isnan(molecule.total)]
    terms = np.array([molecule.terms for molecule in missing]).reshape(len(missing), len(profile.terms))
    discount = np.array([molecule.discount for molecule in missing])
    bounds = bound_total(terms, [term.weight for term in profile.terms]) * discount
    return [molecule for molecule, bound in zip(missing, bounds.tolist(), strict=True) if bound >= profile.threshold]


def count_not_run(molecules: Sequence[ScoredMolecule]) -> int:
    """Return for how many molecules a program was not run, because they could not become hits any more."""
    return sum(molecule.missing is not None and f": {NOT_RUN} " in molecule.missing for molecule in molecules)


def describe_unscored(molecules: Sequence[ScoredMolecule], profile: Profile) -> pd.DataFrame:
    """Return one row per molecule: smiles, missing (the reason), the value of each term, call and source."""
    columns: dict[str, Sequence[object]] = {
        "smiles": [molecule.smiles for molecule in molecules],
        "missing": [molecule.missing for molecule in molecules],
    }
    columns |= {term.name: [molecule.raw[k] for molecule in molecules] for k, term in enumerate(profile.terms)}
    columns |= {"call": [m.call for m in molecules], "source": [m.source for m in molecules]}
    return pd.DataFrame(columns)


def write_unscored(folder: Path, frame: pd.DataFrame) -> None:
    """Write `unscored.csv`; where there is nothing to write, there is no such file.

    Raises:
        RunFolderError: the disk is full or cannot be written.
    """
    path = folder / UNSCORED_CSV
    if frame.empty:
        path.unlink(missing_ok=True)
        return
    try:
        write_table(path, [frame])
    except TableError as error:
        raise RunFolderError(f"{error}; the scored molecules are kept: go on with --resume") from error
