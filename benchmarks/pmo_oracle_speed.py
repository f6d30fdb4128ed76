"""How many molecules does each oracle of PMO score in a second?

Random molecules of ZINC250k, one thread; the time to read their SMILES is part of every figure.

    python -m benchmarks.pmo_oracle_speed --data DATA
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import write_result
from benchmarks.pmo.library import load_library
from benchmarks.pmo.oracles import ORACLES, load_oracle

N_MOLECULES = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=N_MOLECULES, help="molecules; fewer are not written as a result")
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    options = parser.parse_args()
    if options.data is None:
        parser.error("ZINC250k is needed; pass --data or set MOLDESIGN_DATA to the folder of the data sets")
    torch.set_num_threads(1)
    library = load_library(options.data).smiles
    rows = np.random.default_rng(0).choice(len(library), size=options.n, replace=False)
    figures = {name: measure_oracle(name, [library[row] for row in rows]) for name in ORACLES}
    for name, rates in figures.items():
        print(f"{name}: {rates['molecules_per_s']:,.0f}/s, {rates['molecules_per_cpu_s']:,.0f}/s of processor time")
    if options.n == N_MOLECULES:
        print(write_result("pmo_oracle_speed", figures, seed=0, extra={"n_molecules": options.n}))


def measure_oracle(name: str, smiles: list[str]) -> dict[str, float]:
    """Return molecules per second of the clock and of processor time, which other programs do not lower."""
    oracle = load_oracle(name)
    oracle(smiles[:5])  # what is loaded and compiled once is no part of the rate
    began, began_cpu = time.perf_counter(), time.process_time()
    oracle(smiles)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    return {"molecules_per_s": len(smiles) / seconds, "molecules_per_cpu_s": len(smiles) / cpu_seconds}


if __name__ == "__main__":
    main()
