"""The measurements in a model folder: written as they are, read as they were, and the same bytes each time."""

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from moldesign.datasets.growing import NEW, TEST, TRAIN, VALID
from moldesign.datasets.splits import Split
from moldesign.predictors.assay import read_assay
from moldesign.predictors.assay_rows import UNNUMBERED
from moldesign.predictors.measurements import (
    MEASUREMENTS_FILE,
    copy_measurements,
    read_measurements,
    write_measurements,
)
from tests.predictors.toy_assay import make_frame

TARGETS = ["balance", "aromatic"]


@pytest.fixture
def assay(tmp_path):
    """96 molecules, one measured twice, one with contradicting values, one with a single label, a row without any."""
    frame = make_frame()
    frame.loc[0, "aromatic"] = None
    more = frame.iloc[[1, 2, 3]].assign(balance=[0.1 + 0.2, 99.0, None], aromatic=["0", "1", None])
    frame = pd.concat([frame, more], ignore_index=True)
    frame.to_csv(tmp_path / "assay.csv", index=False)
    return read_assay(tmp_path / "assay.csv", TARGETS)


@pytest.fixture
def split(assay):
    rows = np.arange(assay.n_molecules)
    return Split(rows[:70], rows[70:80], rows[80:])


def test_rows_come_back_as_they_were(assay, split, tmp_path):
    write_measurements(tmp_path, assay, split)
    data = read_measurements(tmp_path, TARGETS)
    labelled = np.isfinite(assay.rows.labels).any(axis=1)
    np.testing.assert_array_equal(data.rows.labels, assay.rows.labels[labelled])
    assert data.rows.keys == [key for key, keep in zip(assay.rows.keys, labelled, strict=True) if keep]
    assert len(data.rows.keys) == 98
    assert (data.rows.numbers == UNNUMBERED).all()
    parts = [data.parts[key] for key in assay.table.keys]
    assert [parts.count(part) for part in (TRAIN, VALID, TEST)] == [len(rows) for rows in split]


def test_an_endpoint_may_have_separators_in_its_name(assay, split, tmp_path):
    names = ["Ki | human | 5-HT2A | binding | nM", "a; b; c; d"]
    named = tuple(replace(target, name=name) for target, name in zip(assay.targets, names, strict=True))
    write_measurements(tmp_path, replace(assay, targets=named), split)
    assert read_measurements(tmp_path, names).rows.labels.shape == (98, 2)


def test_a_molecule_of_contradictions_alone_has_no_part(assay, split, tmp_path):
    assert assay.n_molecules == 95
    write_measurements(tmp_path, assay, split)
    data = read_measurements(tmp_path, TARGETS)
    lost = [key for key, part in data.parts.items() if part == NEW]
    assert [data.rows.smiles[key] for key in lost] == ["NCCCl"]


def test_the_same_measurements_give_the_same_bytes(assay, split, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_measurements(tmp_path / name, assay, split)
    assert (tmp_path / "a" / MEASUREMENTS_FILE).read_bytes() == (tmp_path / "b" / MEASUREMENTS_FILE).read_bytes()
    text = gzip.decompress((tmp_path / "a" / MEASUREMENTS_FILE).read_bytes()).decode()
    assert text.startswith("smiles,moldesign_part,balance,aromatic\nCCCCl,train,0.012573022")
    assert "0.30000000000000004" in text


def test_a_folder_without_the_file_has_none(tmp_path):
    assert read_measurements(tmp_path, TARGETS) is None
    copy_measurements(tmp_path, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_assay_without_rows_cannot_be_written(assay, split, tmp_path):
    with pytest.raises(ValueError, match="does not hold the rows"):
        write_measurements(tmp_path, replace(assay, rows=None), split)


def test_a_line_end_in_the_name_of_a_target_breaks_nothing(split, tmp_path):
    names = ["IC50\r[nM]", 'a "b"\r\n,c']
    frame = make_frame().rename(columns=dict(zip(TARGETS, names, strict=True)))
    frame.to_parquet(tmp_path / "assay.parquet")
    assay = read_assay(tmp_path / "assay.parquet", names)
    write_measurements(tmp_path, assay, split)
    np.testing.assert_array_equal(read_measurements(tmp_path, names).rows.labels, assay.rows.labels)
