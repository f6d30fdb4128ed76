"""Public measurements beside the benchmark's own, none of a benchmark molecule: what the encoder learns from."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.datasets.catalog import load_dataset
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from scripts.teacher.tasks import read_rows

MIN_LABELS = 300
"""Endpoints with fewer labels are left out: they teach the encoder little."""


class AuxiliaryTable(NamedTuple):
    """Columns of a data set."""

    dataset: str
    smiles: str
    columns: tuple[str, ...]
    kind: Literal["regression", "classification"] = "regression"
    log_scale: bool = False


TOX21 = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip

TABLES = (
    AuxiliaryTable("admet_extra/caco2_curated_dukeW91", "smiles", ("logPapp",)),
    AuxiliaryTable("admet_extra/ycu_Caco2_permeability", "smiles", ("value",), log_scale=True),
    AuxiliaryTable("admet_extra/sanofi_chembl31_Papp", "SMILES", ("logPapp",)),
    AuxiliaryTable("admet_extra/zju2025_PAMPA1", "smiles", ("PAMPA1",)),
    AuxiliaryTable("admet_extra/sanofi_chembl31_hERG", "SMILES", ("pIC50(M)",)),
    AuxiliaryTable("admet_extra/ycu_hERG", "smiles", ("value",)),
    AuxiliaryTable("admet_extra/sanofi_chembl31_LogD", "SMILES", ("Response",)),
    AuxiliaryTable("admet_extra/sanofi_chembl31_LogP", "SMILES", ("Response",)),
    AuxiliaryTable("admet_extra/logP_Kow_ReLeaSE", "SMILES", ("Kow",)),
    AuxiliaryTable("admet_extra/sanofi_chembl31_Sapp", "SMILES", ("Response",)),
    AuxiliaryTable("admet_extra/ycu_solubility_tayyebi2023", "smiles", ("value",)),
    AuxiliaryTable("admet_extra/ycu_HLM_metabolic_stability", "smiles", ("value",), log_scale=True),
    AuxiliaryTable(
        "admet_extra/zju2025_HLM_metabolic_stability", "smiles", ("HLM_metabolic_stability",), "classification"
    ),
    AuxiliaryTable(
        "moleculenet/LMC_chembench",
        "Canonical_Smiles",
        ("hlm_clearance[mL.min-1.g-1]", "rlm_clearance[mL.min-1.g-1]", "mlm_clearance[mL.min-1.g-1]"),
        log_scale=True,
    ),
    AuxiliaryTable("admet_extra/zju2025_BBBP", "smiles", ("BBBP",), "classification"),
    AuxiliaryTable("admet_extra/zju2025_Mutagenicity", "smiles", ("Mutagenicity",), "classification"),
    AuxiliaryTable("admet_extra/zju2025_oral_bioavailability", "smiles", ("oral_bioavailability",), "classification"),
    AuxiliaryTable("admet_extra/zju2025_VDss", "smiles", ("VDss",)),
    AuxiliaryTable("admet_extra/zju2025_HalfLife", "smiles", ("HalfLife",)),
    AuxiliaryTable(
        "moleculenet/CYP450_chembench",
        "smiles",
        ("label_1a2", "label_2c19", "label_2c9", "label_2d6", "label_3a4"),
        "classification",
    ),
    AuxiliaryTable("moleculenet/tox21_deepchem", "smiles", TOX21, "classification"),
)


class Auxiliary(NamedTuple):
    """N molecules with the labels of T auxiliary endpoints."""

    keys: list[str]
    smiles: list[str]
    """Of the standardised parents"""
    labels: NDArray[np.float64]
    """[N, T], NaN where not measured; several labels of one molecule are averaged"""
    endpoints: list[Endpoint]


def read_auxiliary(
    data: Path | None, forbidden: set[str], cache: Path, tables: Sequence[AuxiliaryTable] = TABLES
) -> Auxiliary:
    """Read the auxiliary measurements of molecules that share no connectivity with a forbidden one.

    Args:
        data: folder of the public data sets.
        forbidden: connectivity (see `to_connectivity`) of the molecules to leave out.
        cache: folder that keeps the standardised molecules.
        tables: what to read.
    """
    parents: dict[str, str] = {}
    columns: dict[str, pd.Series] = {}
    for table in tables:
        frame = load_dataset(table.dataset, data)
        numbers = frame[list(table.columns)].apply(pd.to_numeric, errors="coerce")
        measured = numbers.notna().any(axis=1) & frame[table.smiles].notna()
        rows = read_rows(
            numbers[measured].assign(smiles=frame[table.smiles][measured]), table.columns, cache, table.dataset
        )
        kept = [row for row, key in enumerate(rows.keys) if to_connectivity(key) not in forbidden]
        rows = rows.select(np.array(kept, dtype=np.int64))
        for key, parent in zip(rows.keys, rows.parents, strict=True):
            parents.setdefault(key, parent)
        for column, labels in zip(table.columns, rows.labels.T, strict=True):
            merged = pd.Series(labels, index=rows.keys).dropna().groupby(level=0).mean()
            if table.kind == "classification":
                merged = merged[merged.isin([0.0, 1.0])]
            if len(merged) >= MIN_LABELS:
                columns[f"{table.dataset}:{column}"] = merged
    keys = list(parents)
    labels = np.column_stack([column.reindex(keys).to_numpy(np.float64) for column in columns.values()])
    by_name = {f"{table.dataset}:{column}": table for table in tables for column in table.columns}
    endpoints = [
        fit_endpoint(name, by_name[name].kind, labels[:, t], log_scale=by_name[name].log_scale)
        for t, name in enumerate(columns)
    ]
    return Auxiliary(keys, [parents[key] for key in keys], labels, endpoints)


def to_connectivity(key: str) -> str:
    """Return the first block of an InChIKey, which stereochemistry, isotopes and charges do not change.

    >>> to_connectivity("BSYNRYMUTXBXSQ-UHFFFAOYSA-N")
    'BSYNRYMUTXBXSQ'
    """
    return key.split("-", maxsplit=1)[0]


def list_connectivities(keys: Iterable[str]) -> set[str]:
    """Return the connectivity of each key."""
    return {to_connectivity(key) for key in keys}
