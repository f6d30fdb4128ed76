"""Rows of a task: the strict rule holds for every set, salts included, and the official order is kept."""

import numpy as np
import pandas as pd
import pytest

from moldesign.datasets.catalog import AdmetSplit
from moldesign.metrics import METRICS
from scripts.teacher import tasks
from scripts.teacher.tasks import load_admet_tasks, read_rows


def frame(*smiles):
    return pd.DataFrame({"smiles": smiles, "label": np.arange(len(smiles), dtype=float)})


@pytest.fixture
def small_sets(monkeypatch):
    """Two of the benchmark's sets, made up; a salt of the test molecule of one is a training row of the other."""
    splits = {
        "herg": AdmetSplit(frame("CCO", "CCN", "CCCC"), frame("CC(=O)O", "CCC")),
        "vdss": AdmetSplit(frame("CC(=O)[O-].[Na+]", "OCC", "c1ccccc1"), frame("CCN")),
    }
    monkeypatch.setattr(tasks, "TDC_ADMET", {name: tasks.TDC_ADMET[name] for name in splits})
    monkeypatch.setattr(tasks, "load_tdc_admet", lambda name, folder: splits[name])


@pytest.mark.usefixtures("small_sets")
def test_no_test_molecule_of_any_set_is_trained_on(tmp_path):
    herg, vdss = load_admet_tasks(["herg", "vdss"], None, tmp_path)
    assert herg.train.smiles == ["CCO", "CCCC"]  # CCN is a test molecule of vdss
    assert vdss.train.smiles == ["OCC", "c1ccccc1"]  # acetate is the salt of a test molecule of herg
    assert (herg.n_left_out, vdss.n_left_out) == (1, 1)
    np.testing.assert_array_equal(herg.train.labels, [[0], [2]])
    assert herg.test.smiles == ["CC(=O)O", "CCC"]
    for task in (herg, vdss):
        assert not set(task.train.keys) & {*herg.test.keys, *vdss.test.keys}


@pytest.mark.usefixtures("small_sets")
def test_rule_does_not_depend_on_the_tasks_asked_for(tmp_path):
    [alone] = load_admet_tasks(["herg"], None, tmp_path)
    assert alone.train.smiles == ["CCO", "CCCC"]


@pytest.mark.usefixtures("small_sets")
def test_tasks_know_metric_and_scale(tmp_path):
    herg, vdss = load_admet_tasks(["herg", "vdss"], None, tmp_path)
    assert (herg.kind, herg.metric, herg.log_scale) == ("classification", "AUROC", False)
    assert (vdss.kind, vdss.metric, vdss.log_scale) == ("regression", "Spearman", True)
    assert {herg.metric, vdss.metric} <= METRICS.keys()


def test_rows_are_read_from_the_cache_the_second_time(tmp_path, monkeypatch):
    table = frame("OCC", "CC(=O)[O-].[Na+]")
    first = read_rows(table, ["label"], tmp_path, "toy")
    assert first.parents == ["CCO", "CC(=O)O"]
    assert first.smiles == ["OCC", "CC(=O)[O-].[Na+]"]
    monkeypatch.setattr(tasks, "key_molecules", lambda smiles: pytest.fail("standardised again"))
    again = read_rows(table, ["label"], tmp_path, "toy")
    assert (again.keys, again.parents) == (first.keys, first.parents)


def test_row_without_a_molecule_is_left_out_and_named(tmp_path, caplog):
    rows = read_rows(frame("CCO", "C(C", "CCN"), ["label"], tmp_path, "toy")
    assert (rows.smiles, rows.labels[:, 0].tolist()) == (["CCO", "CCN"], [0, 2])
    assert caplog.messages == ["toy, row 1: 'C(C' is not a valid SMILES and is left out"]


@pytest.mark.usefixtures("small_sets")
def test_unreadable_test_rows_are_counted(tmp_path, monkeypatch):
    split = AdmetSplit(frame("CCO"), frame("CCC", "C(C"))
    monkeypatch.setattr(tasks, "TDC_ADMET", {"herg": tasks.TDC_ADMET["herg"]})
    monkeypatch.setattr(tasks, "load_tdc_admet", lambda name, folder: split)
    [task] = load_admet_tasks(["herg"], None, tmp_path)
    assert (task.test.smiles, task.n_unreadable) == (["CCC"], 1)
