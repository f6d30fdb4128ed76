"""Structural alerts: substructures that often mean assay interference, reactivity or toxicity.

The patterns are RDKit's: PAINS (doi:10.1021/jm901137j, 480), BRENK (doi:10.1002/cmdc.200700139, 105) and NIH
(doi:10.1021/jm901070c, 180).
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem.rdfiltercatalog import FilterCatalog, FilterCatalogEntry, FilterCatalogParams

from moldesign.chem.pattern_screen import PatternScreen
from moldesign.chem.smiles import Mol
from moldesign.errors import UnknownNameError

CATALOGS = ("PAINS", "BRENK", "NIH")

_PICKLED_MOL = b"\xef\xbe\xad\xde"
"""How a molecule in RDKit's binary form begins."""


def find_alerts(mols: Sequence[Mol], catalogs: Sequence[str] = CATALOGS) -> list[list[str]]:
    """Return the alerts of each molecule, each as '<catalog>: <name of the pattern>'.

    Args:
        mols: molecules; callers with unreadable rows leave those out, as they have no number of alerts.
        catalogs: names from `CATALOGS`.

    Raises:
        UnknownNameError: a catalog does not exist.

    >>> from moldesign.chem.smiles import require_mols
    >>> find_alerts(require_mols(["CCO", "CC(=O)Cl"]), ["BRENK"])
    [[], ['Brenk: acid_halide']]
    """
    entries, screen = _load_catalogs(tuple(catalogs))
    return [[_name(entries[i]) for i in screen.find_candidates(mol) if entries[i].HasFilterMatch(mol)] for mol in mols]


def count_alerts(mols: Sequence[Mol], catalogs: Sequence[str] = CATALOGS) -> NDArray[np.int64]:
    """Return the number of alerts of each molecule, int64 [N]; the arguments are those of `find_alerts`.

    >>> from moldesign.chem.smiles import require_mols
    >>> count_alerts(require_mols(["CCO", "CC(=O)Cl"]))
    array([0, 2])
    """
    return np.array([len(alerts) for alerts in find_alerts(mols, catalogs)], dtype=np.int64)


def _name(entry: FilterCatalogEntry) -> str:
    return f"{entry.GetProp('FilterSet')}: {entry.GetDescription()}"


@cache
def _load_catalogs(names: tuple[str, ...]) -> tuple[list[FilterCatalogEntry], PatternScreen]:
    """Return the entries, and the screen that spares a molecule most of the 765 searches."""
    parameters = FilterCatalogParams()
    for name in names:
        if name not in CATALOGS:
            raise UnknownNameError("alert catalog", name, CATALOGS)
        parameters.AddCatalog(FilterCatalogParams.FilterCatalogs.names[name])
    catalog = FilterCatalog(parameters)
    entries = [catalog.GetEntryWithIdx(i) for i in range(catalog.GetNumEntries())]
    return entries, PatternScreen([_read_pattern(entry) for entry in entries])


def _read_pattern(entry: FilterCatalogEntry) -> Mol:
    """Return the pattern of an entry, which RDKit shows in Python only for an entry that has just matched."""
    serialized = entry.Serialize()
    return Chem.Mol(serialized[serialized.index(_PICKLED_MOL) :])
