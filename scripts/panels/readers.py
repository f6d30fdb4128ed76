"""From the files of the catalog to labels, as published: nothing is standardised or merged here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.datasets.catalog import find_dataset, load_dataset, load_tdc_admet
from moldesign.errors import TableError
from scripts.panels.records import Task

PLAUSIBLE = (3.0, 12.0)
"""-log10 mol/L: 1 mM to 1 pM. What lies outside is rather a wrong unit than a measurement."""


def read_admet_task(endpoint: str, data: Path | None) -> Task:
    """Return the official rows of a TDC ADMET task."""
    return Task(*load_tdc_admet(endpoint, data))


def read_labels(datasets: Sequence[str], label: str, data: Path | None) -> Task:
    """Return the rows of the data sets, one after another, that have a label.

    Args:
        datasets: names of the catalog.
        label: column that holds numbers.
        data: folder of the public data sets.

    Raises:
        TableError: a data set has no such column.
    """
    return _without_split(pd.concat([_take(name, _load(name, [label], data), label) for name in datasets]))


def read_potencies(dataset: str, value: str, kept: Mapping[str, str | None], data: Path | None) -> Task:
    """Return -log10 mol/L of the concentrations that were measured exactly.

    Censored values ("> 10000 nM") say only on which side of a number the potency lies, and are left out, as is whatever
    lies outside `PLAUSIBLE`.

    Args:
        dataset: a name of the catalog.
        value: column of concentrations in nmol/L.
        kept: what columns must hold in a row that is read, such as the relation `=`; None for an empty cell.
        data: folder of the public data sets.

    Raises:
        TableError: the data set lacks one of the columns.
    """
    frame = _load(dataset, [value, *kept], data)
    for column, wanted in kept.items():
        frame = frame[frame[column].isna() if wanted is None else frame[column] == wanted]
    table = _take(dataset, frame[frame[value] > 0], value)
    table = table.assign(label=to_potency(table["label"]))
    return _without_split(table[table["label"].between(*PLAUSIBLE)])


def to_potency(nanomolar: pd.Series) -> pd.Series:
    """Return -log10 mol/L of concentrations in nmol/L.

    >>> to_potency(pd.Series([1.0, 1000.0])).tolist()
    [9.0, 6.0]
    """
    return 9.0 - np.log10(nanomolar)


def read_drd2(data: Path | None) -> Task:
    """Return actives and inactives of the dopamine receptor D2; the files share molecules."""
    parts = [load_dataset(f"oracles/drd2_actives_graphinvent_{part}", data) for part in ("train", "valid", "test")]
    actives = pd.DataFrame({"smiles": pd.concat(parts)["0"], "label": 1.0})
    both = load_dataset("oracles/drd2_reinvent_test", data).set_axis(["smiles", "label"], axis=1)
    return _without_split(pd.concat([both, actives]))


def _load(dataset: str, columns: Sequence[str], data: Path | None) -> pd.DataFrame:
    frame = load_dataset(dataset, data)
    if missing := [column for column in columns if column not in frame.columns]:
        known = ", ".join(frame.columns[:20])
        raise TableError(f"{dataset} has no column {', '.join(missing)}; its columns are {known}")
    return frame


def _take(dataset: str, frame: pd.DataFrame, label: str) -> pd.DataFrame:
    smiles = find_dataset(dataset).smiles_column
    return pd.DataFrame({"smiles": frame[smiles].astype(str), "label": frame[label].astype(float)}).dropna()


def _without_split(table: pd.DataFrame) -> Task:
    table = table.reset_index(drop=True)
    return Task(table, table.iloc[:0])
