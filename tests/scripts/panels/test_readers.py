"""Labels as published: units converted, censored values and foreign rows left out, columns that are missing named."""

from functools import partial

import pytest

from moldesign.errors import TableError
from scripts.panels.readers import read_drd2, read_labels, read_potencies
from scripts.panels.targets import EXACT_IC50, TARGETS
from tests.scripts.panels.data_folder import write_dataset

IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
CDK2 = "targets/CDK2_TeamSKI"


def test_labels_of_several_files_follow_one_another_without_empty_cells(tmp_path):
    write_dataset(tmp_path, "targets/ycu_ABL", {"smiles": [IMATINIB, ASPIRIN], "value": [7.5, None]})
    write_dataset(tmp_path, "targets/ycu_SRC", {"smiles": [CAFFEINE], "value": [4.0]})
    task = read_labels(["targets/ycu_ABL", "targets/ycu_SRC"], "value", tmp_path)
    assert task.train.to_dict("list") == {"smiles": [IMATINIB, CAFFEINE], "label": [7.5, 4.0]}
    assert len(task.test) == 0
    assert task.measured.equals(task.train)


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    write_dataset(tmp_path, "targets/ycu_ABL", {"smiles": [IMATINIB], "value": [7.5]})
    with pytest.raises(TableError, match=r"targets/ycu_ABL has no column pIC50; its columns are smiles, value"):
        read_labels(["targets/ycu_ABL"], "pIC50", tmp_path)


def write_cdk2(folder, rows):
    names = ("CANONICAL_SMILES", "STANDARD_TYPE", "RELATION", "STANDARD_UNITS", "STANDARD_VALUE")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    write_dataset(folder, CDK2, {**columns, "smiles": [row[0] for row in rows]})


def test_exact_concentrations_become_potencies(tmp_path):
    write_cdk2(
        tmp_path,
        [
            (IMATINIB, "IC50", "=", "nM", 10.0),
            (ASPIRIN, "IC50", ">", "nM", 10_000.0),  # censored
            (ASPIRIN, "Ki", "=", "nM", 10.0),
            (ASPIRIN, "IC50", "=", "ug/mL", 10.0),
            (CAFFEINE, "IC50", "=", "nM", 2_000.0),
        ],
    )
    task = read_potencies(CDK2, "STANDARD_VALUE", EXACT_IC50, tmp_path)
    assert task.train["smiles"].tolist() == [IMATINIB, CAFFEINE]
    assert task.train["label"].tolist() == pytest.approx([8.0, 5.69897])


@pytest.mark.parametrize("value", [0.0, -5.0, 1e-7, 5e9])
def test_what_cannot_be_a_concentration_is_left_out(tmp_path, value):
    write_cdk2(tmp_path, [(IMATINIB, "IC50", "=", "nM", 10.0), (ASPIRIN, "IC50", "=", "nM", value)])
    assert read_potencies(CDK2, "STANDARD_VALUE", EXACT_IC50, tmp_path).train["smiles"].tolist() == [IMATINIB]


def test_rows_that_their_source_doubts_are_left_out(tmp_path):
    rows = {
        "Smiles": [ASPIRIN, CAFFEINE],
        "Standard Type": ["IC50", "IC50"],
        "Standard Relation": ["'='", "'='"],
        "Standard Units": ["nM", "nM"],
        "Standard Value": [100.0, 100.0],
        "Data Validity Comment": [None, "Outside typical range"],
    }
    write_dataset(tmp_path, "oracles/seh_chembl", rows)
    [seh] = [record for record in TARGETS if record.name == "seh"]
    assert seh.read(tmp_path).train.to_dict("list") == {"smiles": [ASPIRIN], "label": [7.0]}


def test_a_serotonin_receptor_gets_its_own_rows(tmp_path):
    rows = {
        "canonical_smiles": [ASPIRIN, CAFFEINE, IMATINIB],
        "standard_type": ["Ki"] * 3,
        "standard_relation": ["=", "=", ">"],
        "target_chembl_id": ["CHEMBL1833", "CHEMBL214", "CHEMBL1833"],
        "standard_value": [1.0, 10.0, 100.0],
    }
    write_dataset(tmp_path, "targets/5HT_chembl", rows)
    read = {record.name: partial(record.read, tmp_path) for record in TARGETS if record.name.startswith("htr")}
    assert read["htr2b"]().train.to_dict("list") == {"smiles": [ASPIRIN], "label": [9.0]}
    assert read["htr1a"]().train.to_dict("list") == {"smiles": [CAFFEINE], "label": [8.0]}


def test_the_actives_of_drd2_follow_its_inactives(tmp_path):
    for part, smiles in (("train", "CCO"), ("valid", "CCN"), ("test", "CCC")):
        write_dataset(tmp_path, f"oracles/drd2_actives_graphinvent_{part}", {"0": [smiles], "1": ["id"]})
    write_dataset(tmp_path, "oracles/drd2_reinvent_test", {"canonical": [ASPIRIN], "activity": [0]})
    assert read_drd2(tmp_path).train.to_dict("list") == {
        "smiles": [ASPIRIN, "CCO", "CCN", "CCC"],
        "label": [0, 1, 1, 1],
    }
