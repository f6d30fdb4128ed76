"""Features: every block in its place, bad molecules as NaN, and a cache that gives the same numbers."""

import numpy as np
import pytest
from rdkit.Chem import Crippen

from moldesign.chem.fingerprints import morgan_counts
from moldesign.chem.smiles import require_mols
from scripts.teacher import features
from scripts.teacher.features import N_AVALON, N_ERG, N_MORGAN, count_features, describe_molecules, list_descriptors

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_blocks_stand_side_by_side():
    table = describe_molecules([ASPIRIN])
    assert table.shape == (1, count_features()) == (1, 1024 + 1024 + 315 + 200)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table[:, :N_MORGAN], morgan_counts(require_mols([ASPIRIN]), radius=2, n_bits=1024))
    avalon, erg, descriptors = np.split(table[0, N_MORGAN:], [N_AVALON, N_AVALON + N_ERG])
    assert avalon.max() > 1  # counts, not bits
    assert 0 < np.count_nonzero(erg) < N_ERG
    logp = descriptors[list_descriptors().index("MolLogP")]
    assert logp == pytest.approx(Crippen.MolLogP(require_mols([ASPIRIN])[0]), abs=1e-5)


def test_rows_that_cannot_be_read_are_nan():
    table = describe_molecules(["CCO", "C(C", ""])
    assert np.isnan(table[1:]).all()
    np.testing.assert_array_equal(table[0], describe_molecules(["CCO"])[0])


@pytest.mark.parametrize("smiles", ["[Na+].[Cl-]", "*CC*", "[H][H]", "C" * 300, "[Fe]", "[2H]C([2H])([2H])O"])
def test_unusual_molecules_have_no_infinite_feature(smiles):
    table = describe_molecules([smiles])
    assert not np.isinf(table).any()
    assert np.isfinite(table[0, : N_MORGAN + N_AVALON + N_ERG]).all()


def test_numbers_beyond_float32_become_its_end(monkeypatch):
    monkeypatch.setattr(features, "_compute_descriptors", lambda mol: np.array([1e300, -1e300, np.inf, 1.5] * 50))
    end = np.finfo(np.float32).max
    np.testing.assert_array_equal(describe_molecules(["CCO"])[0, -4:], [end, -end, np.nan, 1.5])


def test_a_descriptor_that_fails_is_nan():
    def fail(mol):
        raise RuntimeError(mol)

    assert np.isnan(features._compute_one(fail, require_mols(["CCO"])[0]))


def test_cache_is_used_and_kept_apart_by_content(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 2)
    smiles = ["CCO", "CCN", "c1ccccc1"]
    first = features.load_features(smiles, tmp_path)
    np.testing.assert_array_equal(first, describe_molecules(smiles))
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(features, "describe_molecules", lambda chunk: pytest.fail(f"described again: {chunk}"))
    np.testing.assert_array_equal(features.load_features(smiles, tmp_path), first)
    with pytest.raises(pytest.fail.Exception, match="described again: \\['CCC'\\]"):
        features.load_features([*smiles[:2], "CCC"], tmp_path)


def test_no_molecules_are_no_rows(tmp_path):
    assert features.load_features([], tmp_path).shape == (0, count_features())


@pytest.mark.slow
def test_several_processes_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 1)
    smiles = ["CCO", ASPIRIN]
    np.testing.assert_array_equal(features.load_features(smiles, tmp_path, n_processes=2), describe_molecules(smiles))
