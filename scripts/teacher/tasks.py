"""The rows of a benchmark task: what may be trained on, and what is predicted."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.datasets.catalog import TDC_ADMET, load_tdc_admet
from moldesign.predictors.fitting import key_molecules
from scripts.teacher.store import digest, load_arrays, save_arrays
from scripts.train_predictors import LOG_SCALED

logger = logging.getLogger(__name__)

METRIC_NAMES = {"mae": "MAE", "spearman": "Spearman", "auroc": "AUROC", "auprc": "AUPRC"}


class Rows(NamedTuple):
    """N molecules with the labels of T targets."""

    smiles: list[str]
    """As published, salts and charges included."""
    labels: NDArray[np.float64]
    """[N, T], NaN where not measured"""
    keys: list[str]
    """InChIKey of the standardised parent; where there is none, its SMILES."""
    parents: list[str]
    """SMILES of the standardised parent."""

    def select(self, rows: NDArray[np.int64]) -> "Rows":
        """Return the given rows, in that order."""
        chosen = rows.tolist()
        smiles, keys, parents = ([column[i] for i in chosen] for column in (self.smiles, self.keys, self.parents))
        return Rows(smiles, self.labels[rows], keys, parents)


class BenchmarkTask(NamedTuple):
    """What a benchmark asks of a model."""

    name: str
    kind: Literal["regression", "classification"]
    metric: str
    """A name of `moldesign.metrics.METRICS`."""
    targets: tuple[str, ...]
    train: Rows
    test: Rows
    valid: Rows | None = None
    """Rows for a model's own choices, where the split has them; else it takes some of `train`."""
    log_scale: bool = False
    """Whether models learn log10 of the labels."""
    n_left_out: int = 0
    """Training rows that were left out because their molecule is in a test set."""
    n_unreadable: int = 0
    """Test rows that were left out because RDKit reads no molecule there."""
    published: Rows | None = None
    """Training rows as they were published, those included that the strict rule leaves out of `train`"""


def load_admet_tasks(names: Sequence[str], data: Path | None, cache: Path) -> list[BenchmarkTask]:
    """Return tasks of the TDC ADMET group with their official rows, under the strict rule.

    No molecule of any of the 22 test sets is in the training rows of any task, whichever tasks are asked for.

    Args:
        names: short names of the endpoints.
        data: folder of the public data sets.
        cache: folder that keeps the standardised molecules.
    """
    splits = {name: load_tdc_admet(name, data) for name in TDC_ADMET}
    tests = {name: read_rows(split.test, ["label"], cache, f"{name} test") for name, split in splits.items()}
    forbidden = {key for rows in tests.values() for key in rows.keys}
    tasks = []
    for name in names:
        task = TDC_ADMET[name]
        train = read_rows(splits[name].train_valid, ["label"], cache, f"{name} train_val")
        kept = drop_molecules(train, forbidden)
        tasks.append(
            BenchmarkTask(
                name,
                task.task,
                METRIC_NAMES[task.metric],
                (name,),
                kept,
                tests[name],
                log_scale=name in LOG_SCALED,
                n_left_out=len(train.smiles) - len(kept.smiles),
                n_unreadable=len(splits[name].test) - len(tests[name].smiles),
                published=train,
            )
        )
    return tasks


def read_rows(table: pd.DataFrame, targets: Sequence[str], cache: Path, name: str) -> Rows:
    """Standardise the molecules of a table with a column `smiles` and one column per target.

    Rows without a molecule are left out, with a warning that names them.

    Args:
        table: of the molecules.
        targets: columns of labels.
        cache: folder that keeps the standardised molecules.
        name: of the table, for the warning.
    """
    smiles = table["smiles"].astype(str).tolist()
    path = cache / f"{digest(smiles)}.npz"
    if not path.is_file():
        keyed = key_molecules(smiles)
        parents = [parent or "" for parent in keyed.smiles]
        keys = [key or parent for key, parent in zip(keyed.keys, parents, strict=True)]
        save_arrays(path, {"keys": np.array(keys), "parents": np.array(parents)})
    arrays = load_arrays(path)
    labels = table[list(targets)].to_numpy(dtype=np.float64)
    rows = Rows(smiles, labels, arrays["keys"].tolist(), arrays["parents"].tolist())
    is_readable = np.array([parent != "" for parent in rows.parents], dtype=bool)
    for row in np.flatnonzero(~is_readable).tolist():
        logger.warning("%s, row %d: %r is not a valid SMILES and is left out", name, row, smiles[row])
    return rows.select(np.flatnonzero(is_readable))


def drop_molecules(rows: Rows, forbidden: set[str]) -> Rows:
    """Return the rows whose key is not forbidden."""
    return rows.select(np.flatnonzero([key not in forbidden for key in rows.keys]))
