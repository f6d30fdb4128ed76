"""The MinMax kernel: as RDKit computes it, however the set of references grew."""

import numpy as np
import pytest
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import require_mols
from moldesign.search.kernels import MAX_COUNT, N_BITS, ReferenceSet, concatenate_counts, encode_counts


def compare_by_rdkit(first, second):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=N_BITS)
    rows, columns = ([generator.GetCountFingerprint(mol) for mol in mols] for mols in (first, second))
    return np.array([[DataStructs.TanimotoSimilarity(a, b) for b in columns] for a in rows])


@pytest.fixture(scope="module")
def mols(crowd):
    return list(crowd.values())


def test_the_kernel_is_rdkits(mols):
    reference = ReferenceSet()
    reference.add(encode_counts(mols[:100]))
    kernel = reference.compare(encode_counts(mols[80:160]))
    np.testing.assert_allclose(kernel, compare_by_rdkit(mols[80:160], mols[:100]), atol=1e-12)
    assert kernel[:20, 80:].diagonal().tolist() == [1.0] * 20


def test_growing_changes_nothing(mols):
    grown, whole = ReferenceSet(), ReferenceSet()
    for start, end in ((0, 1), (1, 4), (4, 90), (90, 200)):
        grown.add(encode_counts(mols[start:end]))
    whole.add(encode_counts(mols[:200]))
    queries = encode_counts(mols[150:])
    assert len(grown) == len(whole) == 200
    np.testing.assert_array_equal(grown.compare(queries), whole.compare(queries))


def test_counts_beyond_a_byte():
    chains = require_mols(["C" * 300, "C" * 200, "CCO"])
    reference = ReferenceSet()
    reference.add(encode_counts(chains))
    kernel = reference.compare(encode_counts(chains))
    assert kernel.diagonal().tolist() == [1.0] * 3
    assert kernel[0, 1] > 0.9  # both saturate at MAX_COUNT
    assert encode_counts(chains).rows.indices.max() < N_BITS * MAX_COUNT


def test_rows_are_taken_and_put_together(mols):
    whole = encode_counts(mols[:30])
    parts = concatenate_counts([encode_counts(mols[:10]), encode_counts(mols[10:30])])
    assert (whole.rows != parts.rows).nnz == 0
    assert (whole.take([3, 1]).rows != encode_counts([mols[3], mols[1]]).rows).nnz == 0
    np.testing.assert_array_equal(whole.sizes, np.asarray(whole.rows.sum(axis=1)).ravel())


def test_no_molecules_are_no_rows(mols):
    assert len(encode_counts([])) == 0
    assert ReferenceSet().compare(encode_counts(mols[:3])).shape == (3, 0)
