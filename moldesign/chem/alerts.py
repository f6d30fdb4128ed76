"""Structural alerts: substructures that often mean assay interference, reactivity or toxicity.

The patterns are RDKit's: PAINS (doi:10.1021/jm901137j, 480), BRENK (doi:10.1002/cmdc.200700139, 105) and NIH
(doi:10.1021/jm901070c, 180).
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.rdfiltercatalog import FilterCatalog, FilterCatalogParams, RunFilterCatalog

from moldesign.chem.smiles import Mol, canonicalize
from moldesign.errors import UnknownNameError

CATALOGS = ("PAINS", "BRENK", "NIH")


def find_alerts(mols: Sequence[Mol], catalogs: Sequence[str] = CATALOGS, *, n_threads: int = 1) -> list[list[str]]:
    """Return the alerts of each molecule, each as '<catalog>: <name of the pattern>'.

    Args:
        mols: molecules; callers with unreadable rows leave those out, as they have no number of alerts.
        catalogs: names from `CATALOGS`.
        n_threads: 0 for one per core. Matching 765 patterns takes several milliseconds a molecule.

    Raises:
        UnknownNameError: a catalog does not exist.

    >>> from moldesign.chem.smiles import require_mols
    >>> find_alerts(require_mols(["CCO", "CC(=O)Cl"]), ["BRENK"])
    [[], ['Brenk: acid_halide']]
    """
    smiles = [canonicalize(mol) for mol in mols]
    matches = RunFilterCatalog(_load_catalog(tuple(catalogs)), smiles, numThreads=n_threads)
    return [[f"{entry.GetProp('FilterSet')}: {entry.GetDescription()}" for entry in row] for row in matches]


def count_alerts(mols: Sequence[Mol], catalogs: Sequence[str] = CATALOGS, *, n_threads: int = 1) -> NDArray[np.int64]:
    """Return the number of alerts of each molecule, int64 [N]; the arguments are those of `find_alerts`.

    >>> from moldesign.chem.smiles import require_mols
    >>> count_alerts(require_mols(["CCO", "CC(=O)Cl"]))
    array([0, 2])
    """
    return np.array([len(alerts) for alerts in find_alerts(mols, catalogs, n_threads=n_threads)], dtype=np.int64)


@cache
def _load_catalog(names: tuple[str, ...]) -> FilterCatalog:
    parameters = FilterCatalogParams()
    for name in names:
        if name not in CATALOGS:
            raise UnknownNameError("alert catalog", name, CATALOGS)
        parameters.AddCatalog(FilterCatalogParams.FilterCatalogs.names[name])
    return FilterCatalog(parameters)
