"""Known public data sets: where each comes from, under which licence, and how to get it onto this machine."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from moldesign.datasets.download import download_dataset
from moldesign.errors import TableError, UnknownNameError

FOLDER_VARIABLE = "MOLDESIGN_DATA"
"""Environment variable: a folder that already holds the files of the catalog, under their catalog paths."""

CACHE_VARIABLE = "MOLDESIGN_CACHE"
"""Environment variable: where downloads are kept; by default `~/.cache/moldesign`."""


@dataclass(frozen=True)
class Dataset:
    """One file of the catalog, as published at one commit of a public repository or in one release of a package."""

    name: str
    file: str
    """Path below the data folder; always gzip'ed."""
    url: str | None
    """Public address, or None where the file was converted or merged from several."""
    source: str
    """What it was made from: `repository@commit:path`, or `package==version:path`."""
    licence: str
    """What the hosting repository states; it does not settle the terms of the data."""
    columns: str
    rows: int
    separator: str | None
    """Column separator (a regular expression for white space); None where the file is not a table."""
    has_header: bool
    comment: str | None
    """What lines to be skipped start with, if there are any."""
    smiles_column: str | None
    """Name of the SMILES column, or its number where there is no header."""
    sha256: str
    """Of the gzip'ed file in a data folder."""
    content_sha256: str
    """Of the file once uncompressed: this is what a download is checked against."""
    note: str
    member: str | None = None
    """Path inside the archive at `url`, where it holds more than this file."""


@cache
def load_catalog() -> Mapping[str, Dataset]:
    """Return every known data set by name."""
    text = resources.files("moldesign.datasets").joinpath("catalog.json").read_text(encoding="utf-8")
    return {entry["name"]: Dataset(**entry) for entry in json.loads(text)}


def find_dataset(name: str) -> Dataset:
    """Return the data set of that name, for example `oracles/gsk3_all`.

    Raises:
        UnknownNameError: lists the nearest known names.
    """
    catalog = load_catalog()
    if name not in catalog:
        raise UnknownNameError("data set", name, catalog)
    return catalog[name]


def locate_dataset(name: str, folder: Path | None = None) -> Path:
    """Return a file with the data set: from a data folder, from the cache, or downloaded into the cache.

    Args:
        name: a name of the catalog.
        folder: a data folder; without it, the one that `MOLDESIGN_DATA` names, if any.

    Raises:
        UnknownNameError: no such data set.
        TableError: it is not on this machine and cannot be downloaded, or its content is not as published.
    """
    dataset = find_dataset(name)
    folder = folder or (Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None)
    if folder and (local := folder / dataset.file).is_file():
        return local
    cached = _cache_folder() / dataset.file
    if not cached.is_file():
        if dataset.url is None:
            raise TableError(
                f"{name}: not published as one file (made from {dataset.source}); "
                f"set {FOLDER_VARIABLE} to a folder that holds {dataset.file}"
            )
        download_dataset(dataset.url, cached, dataset.content_sha256, member=dataset.member)
    return cached


def verify_dataset(name: str, path: Path) -> bool:
    """Return whether the file at `path` is, byte for byte, the one the catalog describes."""
    return hashlib.sha256(path.read_bytes()).hexdigest() == find_dataset(name).sha256


def load_dataset(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Return the whole data set; columns without a name in the file are called "0", "1", ...

    Raises:
        TableError: the data set is not a table, or cannot be had (see `locate_dataset`).
    """
    dataset, path = find_dataset(name), locate_dataset(name, folder)
    if dataset.separator is None:
        raise TableError(f"{name} is not a table; read {path} yourself")
    frame = pd.read_csv(
        path,
        sep=dataset.separator,
        header=0 if dataset.has_header else None,
        comment=dataset.comment,
        low_memory=False,
    )
    return frame.rename(columns=str)


class AdmetTask(NamedTuple):
    """One task of the TDC ADMET benchmark group (https://tdcommons.ai/benchmark/admet_group/overview)."""

    dataset: str
    """Name of the task in TDC."""
    task: Literal["regression", "classification"]
    metric: Literal["mae", "spearman", "auroc", "auprc"]
    """What the benchmark's leaderboard ranks by."""
    unit: str
    description: str


def _classify(dataset: str, metric: Literal["auroc", "auprc"], description: str) -> AdmetTask:
    return AdmetTask(dataset, "classification", metric, "probability", description)


def _regress(dataset: str, metric: Literal["mae", "spearman"], unit: str, description: str) -> AdmetTask:
    return AdmetTask(dataset, "regression", metric, unit, description)


TDC_ADMET: Mapping[str, AdmetTask] = {
    "herg": _classify("herg", "auroc", "blocks the hERG potassium channel"),
    "ames": _classify("ames", "auroc", "mutagenic in the Ames test"),
    "dili": _classify("dili", "auroc", "drug-induced liver injury"),
    "solubility": _regress("solubility_aqsoldb", "mae", "log10 mol/L", "solubility in water"),
    "caco2": _regress("caco2_wang", "mae", "log10 cm/s", "permeability through a Caco-2 cell layer"),
    "hia": _classify("hia_hou", "auroc", "absorbed by the human intestine"),
    "pgp": _classify("pgp_broccatelli", "auroc", "inhibits P-glycoprotein"),
    "bioavailability": _classify("bioavailability_ma", "auroc", "oral bioavailability of 20 % or more"),
    "lipophilicity": _regress(
        "lipophilicity_astrazeneca", "mae", "log10 ratio", "octanol/water distribution coefficient at pH 7.4"
    ),
    "bbb": _classify("bbb_martins", "auroc", "crosses the blood-brain barrier"),
    "ppbr": _regress("ppbr_az", "mae", "%", "bound to plasma proteins (rows of all species)"),
    "vdss": _regress("vdss_lombardo", "spearman", "L/kg", "volume of distribution at steady state"),
    "cyp2c9_inhibition": _classify("cyp2c9_veith", "auprc", "inhibits cytochrome P450 2C9"),
    "cyp2d6_inhibition": _classify("cyp2d6_veith", "auprc", "inhibits cytochrome P450 2D6"),
    "cyp3a4_inhibition": _classify("cyp3a4_veith", "auprc", "inhibits cytochrome P450 3A4"),
    "cyp2c9_substrate": _classify("cyp2c9_substrate_carbonmangels", "auprc", "metabolised by cytochrome P450 2C9"),
    "cyp2d6_substrate": _classify("cyp2d6_substrate_carbonmangels", "auprc", "metabolised by cytochrome P450 2D6"),
    "cyp3a4_substrate": _classify("cyp3a4_substrate_carbonmangels", "auroc", "metabolised by cytochrome P450 3A4"),
    "half_life": _regress("half_life_obach", "spearman", "h", "half-life in humans"),
    "clearance_hepatocyte": _regress(
        "clearance_hepatocyte_az", "spearman", "uL/min/1e6 cells", "clearance by hepatocytes"
    ),
    "clearance_microsome": _regress("clearance_microsome_az", "spearman", "mL/min/g", "clearance by liver microsomes"),
    "ld50": _regress("ld50_zhu", "mae", "log10 1/(mol/kg)", "acute oral toxicity in rats; higher is more toxic"),
}
"""The 22 tasks by the short name of their endpoint; the label 1 says that the description holds."""


class AdmetSplit(NamedTuple):
    """The benchmark's own split of one task; both frames have the columns `smiles` and `label` (float)."""

    train_valid: pd.DataFrame
    test: pd.DataFrame


def load_tdc_admet(endpoint: str, folder: Path | None = None) -> AdmetSplit:
    """Return training-and-validation and test rows of one ADMET task, for example `herg`.

    Raises:
        UnknownNameError: no such endpoint.
        TableError: the files cannot be had (see `locate_dataset`).
    """
    if endpoint not in TDC_ADMET:
        raise UnknownNameError("ADMET endpoint", endpoint, TDC_ADMET)
    dataset = TDC_ADMET[endpoint].dataset
    return AdmetSplit(*(_load_labels(f"tdc_admet/{dataset}/{part}", folder) for part in ("train_val", "test")))


def _load_labels(name: str, folder: Path | None) -> pd.DataFrame:
    frame = load_dataset(name, folder)
    return pd.DataFrame({"smiles": frame["Drug"].astype(str), "label": frame["Y"].astype(float)})


def _cache_folder() -> Path:
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "moldesign")
