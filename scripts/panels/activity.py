"""The three targets of the `activity` predictor: actives and inactives, each target with a split of its own."""

from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.datasets.splits import scaffold_split
from moldesign.predictors.fitting import key_molecules
from scripts.panels.readers import read_drd2, read_labels
from scripts.panels.records import Task
from scripts.panels.splitting import FRACTIONS, N_INACTIVES, sample_inactives


def read_activity(data: Path) -> dict[str, Task]:
    """Actives and inactives of each target, split by scaffold; training keeps a sample of the inactives."""
    tasks = {
        "drd2": read_drd2(data),
        "gsk3b": read_labels(["oracles/gsk3_all"], "gsk3", data),
        "jnk3": read_labels(["oracles/jnk3_all"], "jnk3", data),
    }
    return {name: split_activity(task.train) for name, task in tasks.items()}


def split_activity(table: pd.DataFrame) -> Task:
    """Merge copies of a molecule, leave out those whose classes disagree, and hold out 15 % by scaffold."""
    keyed = key_molecules(table["smiles"].tolist())
    unique = (
        pd.DataFrame({"key": keyed.keys, "smiles": keyed.smiles, "label": table["label"].to_numpy(float)})
        .dropna()
        .groupby("key", as_index=False)
        .agg(smiles=("smiles", "first"), label=("label", "mean"))
    )
    unique = unique[unique["label"].isin([0.0, 1.0])]
    split = scaffold_split(unique["smiles"].tolist(), FRACTIONS, np.random.default_rng(0))
    train, test = unique.iloc[split.train], unique.iloc[split.test]
    return Task(sample_inactives(train, N_INACTIVES)[["smiles", "label"]], test[["smiles", "label"]])
