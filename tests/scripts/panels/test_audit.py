"""What is wrong in labels is counted as it was published."""

from dataclasses import replace

import pandas as pd

from scripts.panels import audit, panel
from scripts.panels.admet import ADMET
from scripts.panels.audit import count_forbidden, examine, tabulate
from scripts.panels.records import Task

RECORDS = {record.name: record for record in ADMET}
CLASSES = Task(
    pd.DataFrame({"smiles": ["CCO", "OCC", "C(C", "CCN", "CCN"], "label": [1.0, 0.0, 1.0, 0.0, 0.0]}),
    pd.DataFrame({"smiles": ["CCN", "CCC"], "label": [0.0, 1.0]}),
)


def frame(smiles, labels):
    return pd.DataFrame({"smiles": smiles, "label": labels})


def test_classes():
    found = examine(RECORDS["herg"], CLASSES)
    assert found == audit.Findings(7, n_unreadable=1, n_molecules=3, n_repeated=2, n_contradicting=1, n_in_both=1)


def test_values_contradict_when_they_are_far_apart():
    table = frame(["CCO", "OCC", "CCN", "NCC", "CCC", "CCCC"], [1.0, 1.2, 1.0, 5.0, 3.0, 2.0])
    found = examine(RECORDS["solubility"], Task(table, table.iloc[:0]))
    assert (found.n_repeated, found.n_contradicting, found.n_in_both) == (2, 1, 0)


def test_values_of_a_log_scale_contradict_by_their_logarithm():
    table = frame(["CCO", "OCC", "CCC", "CCCC"], [1.0, 20.0, 1000.0, 0.01])
    assert examine(RECORDS["half_life"], Task(table, table.iloc[:0])).n_contradicting == 0
    assert examine(RECORDS["half_life"], Task(table.assign(label=[1.0, 500.0, 10.0, 10.0]), table.iloc[:0]))[4] == 1


def test_rows_that_no_endpoint_may_train_on_are_counted():
    other = Task(frame(["CCC", "CCO"], [1.0, 0.0]), frame(["CC"], [1.0]))
    assert count_forbidden({"a": CLASSES, "b": other}).to_dict() == {"a": 2, "b": 1}


def test_a_table_has_a_row_per_endpoint(monkeypatch):
    monkeypatch.setattr(panel, "PANELS", {"admet": (replace(RECORDS["herg"], read=lambda data: CLASSES),)})
    table = tabulate("admet", None)
    assert table.index.tolist() == ["herg"]
    row = table.loc["herg"]
    assert (row["n train"], row["n test"], row["positives"], row["contradicting"]) == (5, 2, "3", 1)
    assert row["source"] == "Wang et al. 2016, by TDC"
