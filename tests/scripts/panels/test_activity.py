"""The split of the `activity` predictor's targets."""

import numpy as np
import pandas as pd

from scripts.panels.activity import split_activity

TAILS = ["", "C", "CC", "CCC", "O", "N"]
RINGS = ["c1ccccc1", "c1ccncc1", "C1CCCCC1", "c1ccoc1", "c1ccsc1", "C1CCNCC1"]


def test_copies_are_merged_and_contradictions_left_out():
    smiles = [tail + ring for ring in RINGS for tail in TAILS]
    table = pd.DataFrame({"smiles": smiles, "label": np.arange(len(smiles)) % 2})
    odd = pd.DataFrame({"smiles": ["Cc1ccccc1", "c1ccccc1C", "not a molecule"], "label": [1, 0, 1]})
    task = split_activity(pd.concat([table, odd]))
    kept = [*task.train["smiles"], *task.test["smiles"]]
    assert "Cc1ccccc1" not in kept
    assert len(kept) == len(set(kept)) == len(smiles) - 1
    assert not set(task.train["smiles"]) & set(task.test["smiles"])
    assert len(task.test) > 0
