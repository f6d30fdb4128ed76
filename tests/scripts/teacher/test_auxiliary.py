"""Auxiliary measurements: benchmark molecules stay out whatever their stereochemistry, duplicates are averaged."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from moldesign.chem.smiles import require_mols
from scripts.teacher import auxiliary
from scripts.teacher.auxiliary import AuxiliaryTable, list_connectivities, read_auxiliary

SETS = {
    "logd": pd.DataFrame({"SMILES": ["CCO", "OCC", "C[C@H](N)O", "CCC", None], "value": [1.0, 3.0, 5.0, "text", 2.0]}),
    "toxic": pd.DataFrame({"smiles": ["CCO", "CCN", "NCC"], "a": [1, 0, 1], "b": [np.nan, 1, 1]}),
}
TABLES = (
    AuxiliaryTable("logd", "SMILES", ("value",)),
    AuxiliaryTable("toxic", "smiles", ("a", "b"), "classification"),
)


@pytest.fixture(autouse=True)
def small_sets(monkeypatch):
    monkeypatch.setattr(auxiliary, "MIN_LABELS", 1)
    monkeypatch.setattr(auxiliary, "load_dataset", lambda name, folder: SETS[name])


def connectivity(smiles):
    return list_connectivities(Chem.MolToInchiKey(mol) for mol in require_mols([smiles]))


def test_labels_of_one_molecule_are_averaged_and_contradicting_classes_left_out(tmp_path):
    read = read_auxiliary(None, set(), tmp_path, TABLES)
    assert read.smiles == ["CCO", "C[C@H](N)O", "CCN"]
    assert [endpoint.name for endpoint in read.endpoints] == ["logd:value", "toxic:a", "toxic:b"]
    assert [endpoint.task for endpoint in read.endpoints] == ["regression", "classification", "classification"]
    nan = np.nan
    np.testing.assert_array_equal(read.labels, [[2.0, 1.0, nan], [5.0, nan, nan], [nan, nan, 1.0]])


def test_a_forbidden_molecule_stays_out_with_its_other_enantiomer(tmp_path):
    read = read_auxiliary(None, connectivity("C[C@@H](N)O"), tmp_path, TABLES)
    assert read.smiles == ["CCO", "CCN"]


def test_endpoints_with_few_labels_stay_out(tmp_path, monkeypatch):
    monkeypatch.setattr(auxiliary, "MIN_LABELS", 2)
    assert [endpoint.name for endpoint in read_auxiliary(None, set(), tmp_path, TABLES).endpoints] == ["logd:value"]
