"""How many SMILES per second become graphs on one core, next to what must be paid for their parsing alone?

The SMILES are those of ZINC250k; parsing is included in every figure. The ways take turns, and each is given its
best turn, so that a busy machine disturbs them alike.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem
from torch_geometric.utils import from_smiles

from benchmarks.harness import write_result
from moldesign.chem.smiles import parse_smiles, quiet_rdkit
from moldesign.datasets.catalog import locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.graphs import featurize_smiles

LIBRARY, SEED, BATCH = "zinc250k/zinc250k_molopt", 0, 1_000


def parse_bare(smiles: list[str]) -> None:
    for text in smiles:
        Chem.MolFromSmiles(text)


def convert_with_pyg(smiles: list[str]) -> None:
    for text in smiles:
        from_smiles(text)


WAYS: dict[str, Callable[[list[str]], object]] = {
    "rdkit_parse": parse_bare,
    "moldesign_parse_smiles": parse_smiles,
    "moldesign_featurize_smiles": featurize_smiles,
    "torch_geometric_from_smiles": convert_with_pyg,
}


def measure_rate(way: Callable[[list[str]], object], smiles: list[str]) -> float:
    """Return molecules per second, in batches of a thousand."""
    start = time.perf_counter()
    for first in range(0, len(smiles), BATCH):
        way(smiles[first : first + BATCH])
    return len(smiles) / (time.perf_counter() - start)


def choose_smiles(data: Path | None, n: int) -> list[str]:
    library = read_smiles(locate_dataset(LIBRARY, data))
    chosen = np.random.default_rng(SEED).choice(len(library), size=n, replace=False)
    return [library[row] for row in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=10_000, help="molecules of each turn")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    smiles = choose_smiles(options.data, options.n)
    rates = dict.fromkeys(WAYS, 0.0)
    with quiet_rdkit():
        for _ in range(options.turns):
            for name, way in WAYS.items():
                rates[name] = max(rates[name], measure_rate(way, smiles))
    figures = {
        name: {"molecules_per_s": round(rate), "ratio_to_parse": round(rate / rates["rdkit_parse"], 3)}
        for name, rate in rates.items()
    }
    print(figures)
    extra = {"library": LIBRARY, "n": options.n, "turns": options.turns, "batch": BATCH}
    write_result("featurization_speed", figures, seed=SEED, extra=extra)


if __name__ == "__main__":
    main()
