"""Molecules without a label, as many as wanted: what the encoder and the student see beside the measured ones.

    python -m scripts.teacher.pool --data DATA --threads 2 --size 70000

Writes WORK/pool.csv (columns smiles and key, shuffled) and describes the molecules into WORK/features. No molecule of
the benchmark, train or test, is among them.
"""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.moleculenet_accuracy import SETS, load_task
from moldesign.checkpoint import write_text_atomically
from moldesign.datasets.catalog import TDC_ADMET, load_dataset, load_tdc_admet
from moldesign.predictors.fitting import key_molecules
from scripts.teacher.auxiliary import list_connectivities, to_connectivity
from scripts.teacher.features import load_features
from scripts.teacher.tasks import read_rows

MAX_ATOMS_LENGTH = 90
"""Longer SMILES are left out: they are rare, and cost the most."""
POOL_FILE = "pool.csv"


class Pool(NamedTuple):
    """N molecules."""

    smiles: list[str]
    keys: list[str]


def main() -> None:
    options = parse_options()
    cache = options.work / "molecules"
    pool = draw_pool(options.data, options.size, list_benchmark_molecules(options.data, cache), options.seed)
    path = options.work / POOL_FILE
    write_text_atomically(path, pd.DataFrame({"smiles": pool.smiles, "key": pool.keys}).to_csv(index=False))
    print(f"{path}: {len(pool.smiles)} molecules", flush=True)
    if options.describe:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
        load_features(pool.smiles, options.work / "features", n_processes=options.threads)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--size", type=int, default=70_000, help="molecules")
    parser.add_argument("--describe", action="store_true", help="compute the features of the teacher's trees")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def list_benchmark_molecules(data: Path | None, cache: Path) -> set[str]:
    """Return the connectivity of every molecule of the TDC ADMET group, and of the test sets of MoleculeNet."""
    found: set[str] = set()
    for name in TDC_ADMET:
        for table in load_tdc_admet(name, data):
            found |= list_connectivities(read_rows(table, ["label"], cache, name).keys)
    for name in SETS:
        found |= list_connectivities(load_task(name, data, cache).test.keys)
    return found


def draw_pool(data: Path | None, size: int, forbidden: set[str], seed: int) -> Pool:
    """Draw drug-like molecules, two thirds from ChEMBL and one third from ZINC250k, without forbidden connectivity."""
    rng = np.random.default_rng(seed)
    chembl = load_dataset("chembl/chembl_union", data).query("druglike == 1")["smiles"]
    zinc = load_dataset("zinc250k/zinc250k_molopt", data).iloc[:, 0]
    drawn: dict[str, str] = {}
    for library, share in ((chembl, 2 / 3), (zinc, 1 / 3)):
        wanted = len(drawn) + round(size * share)
        for start in range(0, len(library), 10_000):
            if start == 0:
                order = rng.permutation(len(library))
            chosen = library.iloc[order[start : start + 10_000]]
            keyed = key_molecules(chosen[chosen.str.len() <= MAX_ATOMS_LENGTH].tolist())
            for key, smiles in zip(keyed.keys, keyed.smiles, strict=True):
                if key and smiles and to_connectivity(key) not in forbidden and len(drawn) < wanted:
                    drawn.setdefault(key, smiles)
            if len(drawn) >= wanted:
                break
    keys = [list(drawn)[i] for i in rng.permutation(len(drawn))]
    return Pool([drawn[key] for key in keys], keys)


def read_pool(work: Path) -> Pool:
    """Read what this script wrote."""
    table = pd.read_csv(work / POOL_FILE)
    return Pool(table["smiles"].tolist(), table["key"].tolist())


if __name__ == "__main__":
    main()
