"""The highest similarity per endpoint: always what comparing everything with everything gives."""

import numpy as np
import pytest

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import require_mols
from moldesign.predictors import similarity as similarity_module
from moldesign.predictors.similarity import LabelledFingerprints
from tests.conftest import NAMED_DRUGS

RNG_SEED = 3


def draw_fingerprints(rng, n, *, n_bytes=8, density=0.3):
    return np.packbits(rng.random((n, n_bytes * 8)) < density, axis=1, bitorder="little")


def compare_one_by_one(queries, fingerprints, has_label):
    """Return float32 [N, T] by the definition."""
    similarity = tanimoto(queries, fingerprints)
    return np.column_stack([similarity[:, labelled].max(axis=1, initial=0) for labelled in has_label.T])


@pytest.mark.parametrize(("n_training", "n_endpoints", "share"), [(1, 1, 1.0), (40, 3, 0.5), (400, 6, 0.1), (60, 2, 0)])
def test_equal_to_the_definition(n_training, n_endpoints, share):
    rng = np.random.default_rng(RNG_SEED)
    fingerprints, queries = draw_fingerprints(rng, n_training), draw_fingerprints(rng, 50)
    fingerprints[0], queries[0] = 0, 0
    has_label = rng.random((n_training, n_endpoints)) < share
    found = LabelledFingerprints(fingerprints, has_label).find_highest(queries)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, compare_one_by_one(queries, fingerprints, has_label))


def test_equal_to_the_definition_for_drugs():
    fingerprints = morgan_bits(require_mols(list(NAMED_DRUGS.values())))
    has_label = np.random.default_rng(RNG_SEED).random((len(fingerprints), 4)) < 0.5
    found = LabelledFingerprints(fingerprints, has_label).find_highest(fingerprints)
    np.testing.assert_array_equal(found, compare_one_by_one(fingerprints, fingerprints, has_label))
    assert (found[has_label] == 1).all()


def test_more_shared_bits_than_a_byte_can_count():
    rng = np.random.default_rng(RNG_SEED)
    fingerprints = draw_fingerprints(rng, 20, n_bytes=128, density=0.9)
    has_label = np.ones((20, 1), dtype=bool)
    training = LabelledFingerprints(fingerprints, has_label)
    np.testing.assert_array_equal(training.find_highest(fingerprints), np.ones((20, 1)))
    queries = np.concatenate([draw_fingerprints(rng, 7, n_bytes=128, density=0.05), fingerprints[:3]])
    np.testing.assert_array_equal(training.find_highest(queries), compare_one_by_one(queries, fingerprints, has_label))


@pytest.mark.parametrize("density", [0.3, 0.9])
def test_all_similarities_are_those_of_the_definition(density, monkeypatch):
    rng = np.random.default_rng(RNG_SEED)
    fingerprints = draw_fingerprints(rng, 50, n_bytes=128, density=density)
    queries = np.concatenate([draw_fingerprints(rng, 10, n_bytes=128, density=density), fingerprints[:1] * 0])
    training = LabelledFingerprints(fingerprints, rng.random((50, 3)) < 0.5)
    monkeypatch.setattr(similarity_module, "COMPARED", 20)
    blocks = list(training.compare(queries))
    assert [len(block) for block in blocks] == [20, 20, 10]
    found = np.concatenate(blocks)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, tanimoto(fingerprints[training.order], queries))
    assert [block.shape for block in training.compare(queries[:0])] == [(20, 0), (20, 0), (10, 0)]


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(RNG_SEED)
    training = LabelledFingerprints(draw_fingerprints(rng, 30), rng.random((30, 3)) < 0.5)
    queries = draw_fingerprints(rng, 11)
    whole = training.find_highest(queries)
    monkeypatch.setattr(similarity_module, "_NARROW_BLOCK", 4)
    np.testing.assert_array_equal(training.find_highest(queries), whole)


def test_no_query_has_no_row():
    training = LabelledFingerprints(np.ones((3, 8), dtype=np.uint8), np.ones((3, 2), dtype=bool))
    assert training.find_highest(np.zeros((0, 8), dtype=np.uint8)).shape == (0, 2)


def find_one_by_one(query, fingerprints, labelled, k):
    """Return rows and similarities by the definition."""
    similarity = tanimoto(query[None], fingerprints)[0]
    rows = sorted(np.flatnonzero(labelled).tolist(), key=lambda row: (-similarity[row], row))[:k]
    return rows, similarity[rows].tolist()


def test_the_nearest_are_found_by_the_definition(monkeypatch):
    monkeypatch.setattr(similarity_module, "_BLOCK", 4)
    rng = np.random.default_rng(RNG_SEED)
    fingerprints, queries = draw_fingerprints(rng, 60, n_bytes=2), draw_fingerprints(rng, 9, n_bytes=2)
    has_label = rng.random((60, 3)) < 0.4
    training = LabelledFingerprints(fingerprints, has_label)
    for endpoint in range(3):
        rows, similarity = training.find_nearest(queries, endpoint, 5)
        for query, own_rows, own_similarity in zip(queries, rows.tolist(), similarity.tolist(), strict=True):
            expected = find_one_by_one(query, fingerprints, has_label[:, endpoint], 5)
            assert (own_rows, own_similarity) == expected


def test_no_more_are_found_than_have_a_label():
    rng = np.random.default_rng(RNG_SEED)
    has_label = np.zeros((10, 2), dtype=bool)
    has_label[4, 0] = True
    training = LabelledFingerprints(draw_fingerprints(rng, 10), has_label)
    queries = draw_fingerprints(rng, 3)
    assert training.find_nearest(queries, 0, 5)[0].tolist() == [[4], [4], [4]]
    assert training.find_nearest(queries, 1, 5)[0].shape == (3, 0)
    assert training.find_nearest(queries[:0], 0, 5)[0].shape == (0, 1)
