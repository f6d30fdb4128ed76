"""What no molecule of ChEMBL has is counted; what drugs have is not."""

from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.chem.unseen import KnownParts, count_unseen, load_known_parts
from moldesign.datasets.catalog import load_dataset
from scripts.list_known_parts import write_known_parts
from tests.conftest import NAMED_DRUGS

STRANGE_RING = "C1CC2CCCCNC2CCN1"
STRANGE_ATOM = "CCS(F)(F)(C)N=S"


def test_nothing_in_known_drugs_is_unseen() -> None:
    unseen = count_unseen(require_mols([*NAMED_DRUGS.values(), "CCN.Cl", "CCN.OS(=O)(=O)O"]))
    assert not unseen.ring_systems.any()
    assert not unseen.atoms.any()


def test_strange_rings_and_strange_atoms_are_counted() -> None:
    unseen = count_unseen(require_mols([STRANGE_RING, f"{STRANGE_RING}C(=O)c1ccccc1", "CCO"]))
    assert unseen.ring_systems.tolist() == [1, 1, 0]
    assert not unseen.atoms.any()
    assert count_unseen(require_mols([STRANGE_ATOM])).atoms.tolist()[0] > 0
    assert count_unseen(require_mols([STRANGE_ATOM])).ring_systems.tolist() == [0]


def test_what_is_known_besides_is_not_unseen() -> None:
    mols = require_mols([STRANGE_RING, STRANGE_ATOM])
    more = load_known_parts() | KnownParts.of(mols)
    unseen = count_unseen(mols, more)
    assert not unseen.ring_systems.any()
    assert not unseen.atoms.any()
    assert count_unseen(mols, KnownParts.of([])).ring_systems.tolist() == [1, 0]


def test_large_and_many_molecules_are_counted_in_blocks() -> None:
    peptide = "NCC(=O)" * 200 + "O"
    texts = ["CCO", peptide, STRANGE_RING, *["CCO"] * 700, STRANGE_RING]
    unseen = count_unseen(require_mols(texts))
    assert np.flatnonzero(unseen.ring_systems).tolist() == [2, 703]
    assert unseen.atoms.shape == (704,)
    assert count_unseen([]).atoms.shape == (0,)


def test_the_list_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownParts.of(require_mols(list(NAMED_DRUGS.values())))
    write_known_parts(tmp_path / "known_parts.npz", known)
    with np.load(tmp_path / "known_parts.npz") as steps:
        for name, codes in known._asdict().items():
            assert np.cumsum(steps[name], dtype=np.uint32).tolist() == codes.tolist()
    for codes in load_known_parts():
        assert (np.diff(codes.astype(np.int64)) > 0).all()


@pytest.mark.data
def test_ring_systems_of_chembl_are_known(data_folder: Path) -> None:
    smiles = load_dataset("chembl/chembl_union", data_folder)["smiles"].sample(300, random_state=0)
    unseen = count_unseen(require_mols(smiles.tolist()))
    assert not unseen.ring_systems.any()
    assert not unseen.atoms.any()
