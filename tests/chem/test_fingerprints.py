import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.fingerprints import list_atom_bits, morgan_bits, morgan_counts, nearest, tanimoto
from moldesign.chem.smiles import Mol, randomize_smiles, require_mols

DENSE = arrays(np.uint8, st.tuples(st.integers(1, 6), st.just(40)))
MORE_THAN_A_BLOCK = 2500


@pytest.mark.parametrize(("radius", "n_bits"), [(2, 2048), (3, 512)])
def test_bits_are_rdkits(radius: int, n_bits: int, drug_mols: dict[str, Mol]):
    mols = list(drug_mols.values())
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=n_bits)
    packed = morgan_bits(mols, radius=radius, n_bits=n_bits)
    assert packed.dtype == np.uint8
    assert packed.shape == (len(mols), n_bits // 8)
    unpacked = np.unpackbits(packed, axis=1, bitorder="little")
    np.testing.assert_array_equal(unpacked, [generator.GetFingerprintAsNumPy(mol) for mol in mols])


def test_counts_are_rdkits_up_to_255():
    paracetamol, polymer = require_mols(["CC(=O)Nc1ccc(O)cc1", "C" * 400])
    counts = morgan_counts([paracetamol, None, polymer], radius=1, n_bits=1024)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=1, fpSize=1024)
    np.testing.assert_array_equal(counts[0], generator.GetCountFingerprintAsNumPy(paracetamol))
    assert not counts[1].any()
    assert counts[2].max() == 255


def test_a_row_without_molecule_is_zero(drug_mols: dict[str, Mol]):
    packed = morgan_bits([None, drug_mols["aspirin"]])
    assert not packed[0].any()
    assert packed[1].any()
    assert morgan_bits([]).shape == (0, 256)


@pytest.mark.parametrize("n_bits", [0, -8, 100])
def test_width_must_fill_bytes(n_bits: int):
    with pytest.raises(ValueError, match=f"multiple of 8, not {n_bits}"):
        morgan_bits([], n_bits=n_bits)


def test_bits_do_not_depend_on_the_atom_order(drug_mols: dict[str, Mol]):
    rng = np.random.default_rng(0)
    mols = list(drug_mols.values())
    shuffled = require_mols([randomize_smiles(mol, rng) for mol in mols])
    np.testing.assert_array_equal(morgan_bits(mols), morgan_bits(shuffled))
    np.testing.assert_array_equal(morgan_counts(mols), morgan_counts(shuffled))


def test_tanimoto_is_rdkits(drug_mols: dict[str, Mol]):
    packed = morgan_bits(list(drug_mols.values()))
    vectors = [DataStructs.CreateFromBinaryText(row.tobytes()) for row in packed]
    expected = [DataStructs.BulkTanimotoSimilarity(vector, vectors) for vector in vectors]
    similarity = tanimoto(packed, packed)
    assert similarity.dtype == np.float32
    np.testing.assert_allclose(similarity, expected, atol=1e-7)


@given(DENSE, DENSE)
def test_tanimoto_of_any_bits(a: np.ndarray, b: np.ndarray):
    shared = np.bitwise_count(a[:, None] & b).sum(axis=2, dtype=int)
    union = np.bitwise_count(a[:, None] | b).sum(axis=2, dtype=int)
    expected = np.where(union > 0, shared / np.maximum(union, 1), 0)
    np.testing.assert_allclose(tanimoto(a, b), expected, atol=1e-6)


def test_many_shared_bits_do_not_overflow():
    full = np.full((2, 256), 255, dtype=np.uint8)
    assert tanimoto(full, full).tolist() == [[1, 1], [1, 1]]


def test_an_empty_fingerprint_resembles_nothing(drug_mols: dict[str, Mol]):
    packed = morgan_bits([None, drug_mols["aspirin"]])
    assert tanimoto(packed, packed).tolist() == [[0, 0], [0, 1]]
    assert tanimoto(packed[:1], packed[:1]).tolist() == [[0]]
    assert tanimoto(packed[:0], packed).shape == (0, 2)
    assert tanimoto(packed, packed[:0]).shape == (2, 0)


def test_different_widths_are_refused():
    with pytest.raises(ValueError, match="same n_bits"):
        tanimoto(np.zeros((1, 256), np.uint8), np.zeros((1, 128), np.uint8))
    with pytest.raises(ValueError, match="two-dimensional"):
        nearest(np.zeros(256, np.uint8), np.zeros((1, 256), np.uint8))


def test_nearest_agrees_with_the_whole_matrix_across_blocks():
    rng = np.random.default_rng(0)
    a, b = (rng.integers(256, size=(n, 16), dtype=np.uint8) for n in (MORE_THAN_A_BLOCK, 2 * MORE_THAN_A_BLOCK))
    found = nearest(a, b)
    matrix = tanimoto(a, b)
    np.testing.assert_array_equal(found.index, matrix.argmax(axis=1))
    np.testing.assert_array_equal(found.similarity, matrix.max(axis=1))


def test_nearest_takes_the_first_of_equals():
    b = np.zeros((2 * MORE_THAN_A_BLOCK, 8), dtype=np.uint8)
    b[[7, 9, -1], 0] = 1
    found = nearest(np.array([[1, *[0] * 7], [0] * 8], np.uint8), b)
    assert found.index.tolist() == [7, 0]
    assert found.similarity.tolist() == [1, 0]


def test_nearest_needs_a_reference():
    empty = np.zeros((0, 256), dtype=np.uint8)
    assert nearest(empty, np.zeros((1, 256), np.uint8)).index.shape == (0,)
    with pytest.raises(ValueError, match="at least one"):
        nearest(np.zeros((1, 256), np.uint8), empty)


def test_similar_drugs_are_near(drug_mols: dict[str, Mol]):
    close, far = tanimoto(
        morgan_bits([drug_mols["terfenadine"]]),
        morgan_bits(require_mols(["CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN1CCC(CC1)C(O)(c1ccccc1)c1ccccc1", "CCO"])),
    )[0]
    assert close > 0.6
    assert far < 0.1


def test_the_bits_of_an_atom_are_those_of_environments_that_hold_it():
    amine, alkane = require_mols(["OCCCCCCCN", "CCCCCCCCC"])
    bits_of, others = (list_atom_bits(mol, radius=1, n_bits=4096) for mol in (amine, alkane))
    packed = morgan_bits([amine], radius=1, n_bits=4096)[0]
    assert sorted(set(np.concatenate(bits_of))) == np.flatnonzero(np.unpackbits(packed, bitorder="little")).tolist()
    assert bits_of[4].tolist() == others[4].tolist()
    assert not set(bits_of[0].tolist()) & set(bits_of[4].tolist())
    assert set(bits_of[1].tolist()) & set(bits_of[0].tolist())
    assert set(bits_of[1].tolist()) & set(bits_of[2].tolist())
