"""Predictors in forked processes: PyTorch's threads do not survive a fork, and must not be waited for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORK = """
import multiprocessing, torch
from moldesign.predictors.bundled import load_predictor

torch.set_num_threads(2)
predictor = load_predictor("activity")
smiles = ["CC(=O)Oc1ccccc1C(=O)O", "C(C", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"] * 100
expected = predictor.predict(smiles).values

def compare(number):
    found = predictor.predict(smiles).values
    return torch.allclose(*map(torch.from_numpy, (found, expected)), rtol=1e-5, equal_nan=True), torch.get_num_threads()

with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(compare, range(4), chunksize=1).get(timeout=150), torch.get_num_threads())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_process_predicts_the_same_and_does_not_hang() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.strip() == f"{[(True, 1)] * 4} 2", done.stderr
