"""Old and new measurements of molecules of many scaffolds, whose values follow from their structure."""

from pathlib import Path

import numpy as np
import pandas as pd

from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.train_options import TrainOptions

LEFT = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCNCC1"]
RIGHT = ["c1ccoc1", "c1ccsc1", "C1CCC1", "C1CC1", "c1cncnc1"]
BRIDGES = ["", "C", "O", "CC", "CO", "C(=O)N"]
SMILES = [f"{tail}{a}{b}{c}" for a in LEFT for b in BRIDGES for c in RIGHT for tail in ("C", "OC")]
N_OLD, N_KNOWN = 160, 24
"""Molecules that are measured first, and those of them that are measured again."""

OLD = TrainOptions(start=None, split="scaffold", n_networks=2, n_epochs=3)
NEW = ContinueOptions(n_epochs=2)


def make_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 160 old rows, and 104 new ones, of which 24 are old molecules with a value that is higher by 0.2."""
    rng = np.random.default_rng(0)
    balance = np.array([text.upper().count("N") - text.upper().count("O") for text in SMILES])
    frame = pd.DataFrame({"smiles": SMILES, "balance": balance + rng.normal(0, 0.1, len(SMILES))})
    frame["aromatic"] = [str(int("c" in text)) for text in SMILES]
    frame["year"] = 2000 + rng.permutation(len(SMILES)) // 12
    frame = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    again = frame[:N_OLD][:: N_OLD // N_KNOWN][:N_KNOWN].copy()
    again["balance"] += 0.2
    return frame[:N_OLD], pd.concat([frame[N_OLD:], again], ignore_index=True)


def write_tables(folder: Path) -> tuple[Path, Path]:
    """Write both as old.csv and new.csv."""
    paths = folder / "old.csv", folder / "new.csv"
    for frame, path in zip(make_frames(), paths, strict=True):
        frame.to_csv(path, index=False)
    return paths
