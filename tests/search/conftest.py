"""A small world of molecules to search in."""

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.search.genetic import Breeder
from tests.search.odd_molecules import DRUGS


@pytest.fixture(scope="session")
def crowd():
    """300 drug-like molecules by canonical SMILES: children of drugs."""
    return Breeder().breed(DRUGS, 300, np.random.default_rng(0))


@pytest.fixture(scope="session")
def drug_mols():
    return require_mols(DRUGS)
