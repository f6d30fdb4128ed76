"""A table of a few dozen molecules whose values follow from their structure, and a training of a second."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.predictors.train_options import TrainOptions

STARTS = ["Cl", "Br", "N#C", "FC(F)(F)"]
CORES, ENDS = ["CC", "CCC(C)", "c1ccc(cc1)", "C1CCC(CC1)"], ["C", "O", "N", "CO", "C(=O)O", "F"]
SMILES = [f"{start}{core}{end}" for start, core, end in product(STARTS, CORES, ENDS)]

QUICK = TrainOptions(start=None, split="random", n_networks=2, n_epochs=2)


def make_frame() -> pd.DataFrame:
    """Return 96 molecules: their oxygens less their nitrogens with noise, whether they are aromatic, and a year."""
    rng = np.random.default_rng(0)
    balance = np.array([text.count("O") - text.count("N") for text in SMILES]) + rng.normal(0, 0.1, len(SMILES))
    aromatic = [str(int("c" in text)) for text in SMILES]
    year = 2000 + rng.permutation(len(SMILES)) // 10
    return pd.DataFrame({"smiles": SMILES, "balance": balance, "aromatic": aromatic, "year": year})


def write_assay(folder: Path) -> Path:
    """Write the table."""
    path = folder / "assay.csv"
    make_frame().to_csv(path, index=False)
    return path
