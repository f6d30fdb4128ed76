"""The Gaussian process against a dense textbook one, and growing against starting afresh."""

import numpy as np
import pytest

from moldesign.search import cholesky
from moldesign.search.cholesky import GrowingCholesky
from moldesign.search.gaussian_process import TanimotoProcess
from moldesign.search.kernels import ReferenceSet, encode_counts

NOISE = 1e-4


@pytest.fixture(scope="module")
def features(crowd):
    return encode_counts(list(crowd.values()))


@pytest.fixture(scope="module")
def scores(features):
    return np.random.default_rng(0).random(len(features))


def compute_kernel(first, second):
    used = np.union1d(first.rows.indices, second.rows.indices)
    a, b = (molecules.rows[:, used].toarray().astype(float) for molecules in (first, second))
    shared = a @ b.T
    return shared / (a.sum(1)[:, None] + b.sum(1) - shared)


def predict_densely(known, scores, queries):
    """Rasmussen and Williams, equations 2.25 and 2.26."""
    inverse = np.linalg.inv(compute_kernel(known, known) + NOISE * np.eye(len(known)))
    cross = compute_kernel(queries, known)
    return cross @ inverse @ scores, np.sqrt(1 - np.einsum("ij,jk,ik->i", cross, inverse, cross))


def fit(features, scores, batches, **options):
    process, start = TanimotoProcess(noise=NOISE, **options), 0
    for n in batches:
        process.observe(features.take(slice(start, start + n)), scores[start : start + n])
        start += n
    return process


def test_the_posterior_is_the_textbooks(features, scores):
    known, queries = features.take(slice(0, 150)), features.take(slice(100, 300))
    mean, std = predict_densely(known, scores[:150], queries)
    belief = fit(features, scores, [150]).predict(queries)
    np.testing.assert_allclose(belief.mean, mean, atol=1e-9)
    np.testing.assert_allclose(belief.std, std, atol=1e-7)
    np.testing.assert_allclose(belief.mean[:50], scores[100:150], atol=0.02)  # known molecules, little noise
    assert belief.std[:50].max() < 0.011


@pytest.mark.parametrize("batches", [[1] * 30 + [170], [3, 100, 6, 91], [200]])
def test_growing_is_refitting(features, scores, batches, monkeypatch):
    monkeypatch.setattr(cholesky, "_BLOCK", 64)
    queries = features.take(slice(150, 300))
    grown, fresh = fit(features, scores, batches).predict(queries), fit(features, scores, [200]).predict(queries)
    np.testing.assert_allclose(grown.mean, fresh.mean, atol=1e-9)
    np.testing.assert_allclose(grown.std, fresh.std, atol=1e-7)


def test_nothing_known_is_all_uncertain(features):
    belief = TanimotoProcess().predict(features.take([0, 1]))
    assert belief.mean.tolist() == [0, 0]
    assert belief.std.tolist() == [1, 1]


def test_the_same_molecule_twice_is_no_failure(features, scores):
    process = TanimotoProcess(noise=NOISE)
    for score in (0.4, 0.6):
        process.observe(features.take([0]), np.array([score]))
    assert process.predict(features.take([0])).mean[0] == pytest.approx(0.5, abs=1e-3)


def test_fewer_observations_never_make_the_variance_smaller(features, scores):
    queries = features.take(slice(0, 300))
    exact = fit(features, scores, [10] * 25).predict(queries)
    limited_process = fit(features, scores, [10] * 25, variance_limit=60)
    limited = limited_process.predict(queries)
    np.testing.assert_allclose(limited.mean, exact.mean, atol=1e-9)
    assert (limited.std >= exact.std - 1e-9).all()
    assert 60 <= len(limited_process._subset) <= 75 + 10
    best, latest = np.argsort(-scores[:200])[:20], np.arange(245, 250)
    assert limited.std[best].max() < 0.011
    assert limited.std[latest].max() < 0.011


def make_positive(n):
    a = np.random.default_rng(0).normal(size=(n, n))
    return a @ a.T + np.eye(n)


@pytest.mark.parametrize("steps", [[7], [1] * 7, [3, 4], [5, 1, 1], [2, 2, 2, 1]])
def test_the_factor_grows_across_strips(steps, monkeypatch):
    monkeypatch.setattr(cholesky, "_BLOCK", 3)
    matrix, factor, n = make_positive(7), GrowingCholesky(), 0
    for step in steps:
        factor.append(matrix[:n, n : n + step], matrix[n : n + step, n : n + step])
        n += step
    assert len(factor) == 7
    np.testing.assert_allclose(factor.to_dense(), np.linalg.cholesky(matrix), atol=1e-12)
    right = np.random.default_rng(1).normal(size=(7, 2))
    np.testing.assert_allclose(factor.solve_upper(factor.solve_lower(right)), np.linalg.solve(matrix, right))
    np.testing.assert_allclose(
        factor.solve_upper(factor.solve_lower(right[:, 0])), np.linalg.solve(matrix, right[:, 0])
    )


def test_what_is_not_positive_definite_is_refused_and_changes_nothing():
    factor = GrowingCholesky()
    factor.append(np.zeros((0, 2)), np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        factor.append(np.ones((2, 1)), np.ones((1, 1)))
    np.testing.assert_array_equal(factor.to_dense(), np.eye(2))


def test_one_similarity_is_what_the_reference_set_says(features):
    reference = ReferenceSet()
    reference.add(features.take(slice(0, 5)))
    np.testing.assert_allclose(
        reference.compare(features.take([7])), compute_kernel(features.take([7]), features.take(slice(0, 5)))
    )
