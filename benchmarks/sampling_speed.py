"""How many molecules per second does each bundled prior write at temperature 1, and what are they worth?

`valid` is the share that RDKit reads, `unique` and `novel` are shares of the valid ones by canonical SMILES. `novel`
needs the library that the prior was trained on; that is compared as it is written, and less than 2 % of it is not in
canonical form. The rate is that of the sampling alone.
"""

import argparse
import os
import time
from pathlib import Path

import torch

from benchmarks.harness import write_result
from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.datasets.catalog import load_dataset, locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.policies.bundled import Prior, list_priors, load_prior
from moldesign.policies.sampling import sample_smiles

SEED, BATCH = 0, 256


def read_library(prior: str, data: Path) -> set[str]:
    """Return the SMILES that a bundled prior was trained on."""
    if prior == "chembl":
        table = load_dataset("chembl/chembl_union", data)
        return set(table.loc[table["druglike"] == 1, "smiles"])
    return set(read_smiles(locate_dataset("zinc250k/zinc250k_molopt", data)))


def measure_prior(prior: Prior, n: int, library: set[str] | None) -> dict[str, float]:
    generator = torch.Generator().manual_seed(SEED)
    start = time.perf_counter()
    smiles = [text for batch in sample_smiles(prior, n, generator, batch_size=BATCH) for text in batch]
    seconds = time.perf_counter() - start
    valid = [canonicalize(mol) for mol in parse_smiles(smiles).mols if mol is not None]
    figures = {
        "molecules_per_s": round(n / seconds),
        "valid": round(len(valid) / n, 4),
        "unique": round(len(set(valid)) / max(len(valid), 1), 4),
    }
    if library is not None:
        figures["novel"] = round(sum(text not in library for text in valid) / max(len(valid), 1), 4)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=10_000, help="molecules of each prior")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = Path(options.data) if options.data else None
    figures = {}
    for name in list_priors():
        library = read_library(name, data) if data else None
        figures[name] = measure_prior(load_prior(name), options.n, library)
        print(name, figures[name], flush=True)
    write_result("sampling_speed", figures, seed=SEED, extra={"n": options.n, "batch": BATCH, "temperature": 1.0})


if __name__ == "__main__":
    main()
