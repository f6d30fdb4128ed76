import csv
import gzip
from pathlib import Path

import pytest

from moldesign.chem.smiles import Mol, require_mols


@pytest.fixture(scope="session")
def drug_mols(named_drugs: dict[str, str]) -> dict[str, Mol]:
    return dict(zip(named_drugs, require_mols(list(named_drugs.values())), strict=True))


@pytest.fixture(scope="session")
def measured_smiles(data_folder: Path) -> list[str]:
    """400 compounds as published, salts and charges included."""
    with gzip.open(data_folder / "moleculenet" / "HIV.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["smiles"] for row in rows[:: len(rows) // 400]]
