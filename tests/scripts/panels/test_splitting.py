"""Copies merged, contradicting classes dropped, one set of held-out molecules for every table of a panel."""

import pandas as pd
import pytest

from moldesign.datasets.splits import group_by_scaffold
from scripts.panels import splitting
from scripts.panels.splitting import deal_scaffolds, key_rows, merge_copies, sample_inactives

RINGS = ["c1ccccc1", "c1ccncc1", "C1CCCCC1", "c1ccoc1", "c1ccsc1", "C1CCNCC1", "c1ccc2ccccc2c1", "c1ccc2[nH]ccc2c1"]
SERIES = [f"{tail}{ring}" for ring in RINGS for tail in ("", "C", "CC", "CCC", "CCCC")]


def rows(*labelled):
    return pd.DataFrame(labelled, columns=["key", "smiles", "label"])


def keyed(smiles, label=1.0):
    return pd.DataFrame({"key": smiles, "smiles": smiles, "label": label})


def test_rows_get_the_key_and_smiles_of_their_parent():
    table = pd.DataFrame({"smiles": ["OCC", "not a molecule", "CC(=O)[O-].[Na+]"], "label": [1.0, 2.0, 3.0]})
    read = key_rows(table)
    assert read["smiles"].tolist() == ["CCO", "CC(=O)O"]
    assert read["key"].tolist() == ["LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "QTBSBXVTEAMEQO-UHFFFAOYSA-N"]
    assert read["label"].tolist() == [1.0, 3.0]


def test_a_parent_that_is_no_molecule_is_left_out():
    assert key_rows(pd.DataFrame({"smiles": ["[SbH6+3]", "CCO"], "label": [1.0, 0.0]}))["smiles"].tolist() == ["CCO"]


def test_molecules_are_standardised_once(tmp_path, monkeypatch):
    table = pd.DataFrame({"smiles": ["OCC", "not a molecule"], "label": [1.0, 2.0]})
    first = key_rows(table, tmp_path)
    monkeypatch.setattr(splitting, "key_molecules", lambda smiles: pytest.fail("standardised again"))
    pd.testing.assert_frame_equal(key_rows(table, tmp_path), first)


def test_copies_of_a_measurement_give_its_median():
    merged = merge_copies(rows(("a", "C", 1.0), ("b", "N", 2.0), ("a", "C", 9.0), ("a", "C", 2.0)), "regression")
    assert merged.to_dict("list") == {"key": ["a", "b"], "smiles": ["C", "N"], "label": [2.0, 2.0]}


def test_a_single_dissenting_class_drops_the_molecule():
    merged = merge_copies(
        rows(("a", "C", 1.0), ("a", "C", 1.0), ("a", "C", 0.0), ("b", "N", 0.0), ("b", "N", 0.0)), "classification"
    )
    assert merged.to_dict("list") == {"key": ["b"], "smiles": ["N"], "label": [0.0]}


def test_class_1_can_win():
    table = rows(("a", "C", 0.0), ("a", "C", 1.0), ("b", "N", 0.0))
    assert merge_copies(table, "classification", positive_wins=True)["label"].tolist() == [1.0, 0.0]


def test_tables_share_their_held_out_scaffolds():
    first, second = deal_scaffolds({"a": keyed(SERIES[:30]), "b": keyed(SERIES[10:], 0.0)}).values()
    test, train = ({*first[part]["smiles"], *second[part]["smiles"]} for part in (1, 0))
    assert not test & train
    assert train | test == set(SERIES)
    assert 0.05 * len(SERIES) <= len(test) <= 0.3 * len(SERIES)
    scaffolds = [{SERIES[row] for row in group} for group in group_by_scaffold(SERIES)]
    assert all(scaffold <= test or scaffold <= train for scaffold in scaffolds)


def test_the_same_rows_are_held_out_every_time():
    tasks = [deal_scaffolds({"a": keyed(SERIES)})["a"] for _ in range(2)]
    pd.testing.assert_frame_equal(tasks[0].test, tasks[1].test)


def test_molecules_of_other_tests_are_held_out_and_other_training_molecules_are_not():
    known_test, known_train = SERIES[:3], SERIES[2:30]
    task = deal_scaffolds({"a": keyed(SERIES)}, known_train, known_test)["a"]
    assert set(task.test["smiles"]) >= set(known_test)
    assert set(task.train["smiles"]) >= set(known_train) - set(known_test)


def test_tables_of_known_molecules_alone_are_dealt_too():
    task = deal_scaffolds({"a": keyed(["CCO", "CCN"])}, ["CCO"], ["CCN"])["a"]
    assert (task.train["smiles"].tolist(), task.test["smiles"].tolist()) == (["CCO"], ["CCN"])


def test_all_actives_and_a_sample_of_the_inactives_are_kept():
    table = pd.DataFrame({"smiles": [f"{n}" for n in range(100)], "label": [1.0] * 10 + [0.0] * 90})
    sample = sample_inactives(table, 30)
    assert sample["label"].value_counts().to_dict() == {0.0: 30, 1.0: 10}
    assert sample.equals(sample_inactives(table, 30))
    assert len(sample_inactives(table, 1000)) == 100
