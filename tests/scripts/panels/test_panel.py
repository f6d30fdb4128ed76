"""The panels: every endpoint fully described, and tables in which no test molecule is trained on."""

import re
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from moldesign.datasets.catalog import TDC_ADMET, load_catalog
from moldesign.errors import UnknownNameError
from moldesign.predictors.endpoints import Direction
from moldesign.predictors.fitting import key_molecules
from scripts.panels import panel
from scripts.panels.admet import ADMET
from scripts.panels.panel import PANELS, find_panel, name_splits, read_panel
from scripts.panels.records import Task
from scripts.panels.targets import TARGETS
from scripts.prepare_data import OTHER_SETS

RECORDS = [*ADMET, *TARGETS]


@pytest.fixture
def two_endpoints(monkeypatch):
    """A panel of one endpoint with a split of its own and one without."""
    official = Task(
        pd.DataFrame({"smiles": ["CCO", "CCN", "c1ccccc1"], "label": [1.0, 0.0, 1.0]}),
        pd.DataFrame({"smiles": ["CC(=O)O"], "label": [1.0]}),
    )
    smiles = ["CC(=O)[O-].[Na+]", "OCC", "C1CCCCC1", "C1CCCCC1", "C(C", "c1ccncc1", "c1ccoc1"]
    whole = pd.DataFrame({"smiles": smiles, "label": [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]})
    [herg, *_, clintox, _] = ADMET
    records = (
        replace(herg, read=lambda data: official),
        replace(clintox, read=lambda data: Task(whole, whole.iloc[:0]), max_inactives=1, positive_wins=False),
    )
    monkeypatch.setattr(panel, "PANELS", {"admet": records})
    return official


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_an_endpoint_is_fully_described(record):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", record.name)
    assert record.direction in get_args(Direction)
    assert re.search(r"\d", record.reference_range)
    assert record.description.startswith("class 1: ") == (record.kind == "classification")
    assert (record.unit == "probability") == (record.kind == "classification")
    assert re.match(r"10\.\d{4,5}/", record.source.doi)
    assert record.source.licence
    assert record.split
    assert isinstance(record.read, partial) or callable(record.read)


def test_the_panels_hold_what_they_promise():
    assert set(PANELS) == {"admet", "targets"}
    assert find_panel("admet").keys() > TDC_ADMET.keys()
    assert sum(name.startswith("tox21_") for name in find_panel("admet")) == 12
    assert find_panel("targets").keys() >= {"drd2", "gsk3b", "jnk3", "egfr"}
    assert len(TARGETS) >= 10


def test_no_two_endpoints_share_a_name_or_alias():
    names = [name for record in RECORDS for name in (record.name, *record.aliases)]
    assert len(names) == len(set(names))


def test_files_are_in_the_catalog_and_in_the_readme_of_the_data():
    named = {name for record in RECORDS if isinstance(record.read, partial) for name in list_files(record.read.args[0])}
    assert len(named) > 20
    assert named <= load_catalog().keys()
    assert {name for name in named if not name.startswith("tdc_admet/")} <= OTHER_SETS.keys()


def list_files(argument):
    """Return the data sets that the first argument of a reader names; that of a TDC task is its endpoint."""
    if isinstance(argument, str):
        return [f"tdc_admet/{TDC_ADMET[argument].dataset}/test"] if argument in TDC_ADMET else [argument]
    return argument


def test_an_unknown_panel_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean: targets"):
        find_panel("target")


def test_official_rows_stay_as_published(two_endpoints):
    herg = read_panel("admet", None)["herg"]
    assert (herg.train.equals(two_endpoints.train), herg.test.equals(two_endpoints.test)) == (True, True)


@pytest.mark.usefixtures("two_endpoints")
def test_no_molecule_of_a_test_is_trained_on():
    tasks = read_panel("admet", None)
    assert list(tasks) == ["herg", "clintox"]
    keys = [
        {key for task in tasks.values() for key in key_molecules(task[part]["smiles"].tolist()).keys} for part in (0, 1)
    ]
    assert not keys[0] & keys[1]
    assert "CC(=O)O" in tasks["clintox"].test["smiles"].tolist()  # as a salt, a test molecule of herg
    assert "CCO" in tasks["clintox"].train["smiles"].tolist()
    assert "C1CCCCC1" not in tasks["clintox"].measured["smiles"].tolist()  # its classes disagree
    assert (tasks["clintox"].train["label"] == 0).sum() == 1


def test_a_record_becomes_an_endpoint_of_a_card():
    record = find_panel("admet")["half_life"]
    endpoint = record.describe(np.array([1.0, 10.0, 100.0, np.nan]))
    assert (endpoint.name, endpoint.unit, endpoint.log_scale, endpoint.center) == ("half_life", "h", True, 1.0)
    assert endpoint.direction == "depends on the project"
    assert endpoint.reference_range == record.reference_range
    assert endpoint.source == "Obach et al. 2008, by TDC, https://doi.org/10.1124/dmd.108.020479"
    assert endpoint.licence.startswith("CC BY 4.0")
    assert endpoint.aliases == ("half_life_obach",)


def test_a_card_can_say_how_each_endpoint_was_split():
    splits = name_splits("admet")
    assert splits["herg"] == "official TDC split (scaffold)"
    assert splits["clintox"].startswith("TDC test molecules")
    assert set(name_splits("targets").values()) == {"15 % of the scaffolds, the same for all targets"}
