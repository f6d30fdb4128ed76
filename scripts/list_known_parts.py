"""List the ring systems and the surroundings of atoms that molecules of ChEMBL have: what `chem.unseen` goes by.

    python -m scripts.list_known_parts --data DATA

Ring systems come from the table of `useful_rdkit_utils`, which counted them in the whole of ChEMBL, and from the
870,000 molecules of `chembl_union`; surroundings from the latter, and from what comes with drugs as salts. Writes
moldesign/chem/known_parts.npz.
"""

import argparse
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from moldesign.checkpoint import write_bytes_atomically
from moldesign.chem.salt_formers import COUNTER_IONS, SALT_FORMERS, SOLVENTS
from moldesign.chem.smiles import parse_smiles
from moldesign.chem.unseen import KNOWN_PARTS_FILE, KnownParts
from moldesign.datasets.catalog import load_dataset

TARGET = Path(__file__).parents[1] / "moldesign" / "chem" / KNOWN_PARTS_FILE
INORGANIC = ("F", "Cl", "Br", "I", "O", "N", "OO", "OS(=O)(=O)O", "OP(=O)(O)O", "O[N+](=O)[O-]", "O[Cl](=O)(=O)=O")
"""Acids, bases and water of salts and hydrates, which the catalog of salt formers need not list."""
BLOCK = 20_000
"""Molecules that are in memory at once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    options = parser.parse_args()
    of_rings = list_parts(load_dataset("chembl/chembl_ring_systems", options.data)["SMILES"].tolist())
    of_molecules = list_parts(load_dataset("chembl/chembl_union", options.data)["smiles"].tolist())
    ions = (f"[{ion}]" for ion in COUNTER_IONS)
    of_salts = list_parts([*SALT_FORMERS.values(), *SOLVENTS.values(), *INORGANIC, *ions])
    surroundings = (of_molecules | of_salts).surroundings
    known = KnownParts((of_rings | of_molecules).ring_systems, surroundings)
    write_known_parts(TARGET, known)
    print(f"{TARGET}: {len(known.ring_systems)} ring systems, {len(known.surroundings)} surroundings")


def list_parts(smiles: Sequence[str]) -> KnownParts:
    """Return the parts of all that can be read."""
    known = KnownParts.of([])
    for start in range(0, len(smiles), BLOCK):
        mols = parse_smiles(smiles[start : start + BLOCK]).mols
        known |= KnownParts.of([mol for mol in mols if mol is not None])
        print(f"{start + len(mols)} molecules, {len(known.ring_systems)} ring systems", flush=True)
    return known


def write_known_parts(path: Path, known: KnownParts) -> None:
    """Write the steps from each code to the next, which take less space than the codes."""
    file = io.BytesIO()
    steps = {name: np.diff(codes, prepend=codes.dtype.type(0)) for name, codes in known._asdict().items()}
    np.savez_compressed(file, **steps)
    write_bytes_atomically(path, file.getvalue())


if __name__ == "__main__":
    main()
