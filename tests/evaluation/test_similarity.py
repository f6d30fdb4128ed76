"""Comparisons of many fingerprints, against the plain formula, across the borders of their blocks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from moldesign.chem.fingerprints import tanimoto
from moldesign.evaluation import similarity
from moldesign.evaluation.similarity import compare_counts, count_circles, measure_diversity, measure_nearest


@pytest.fixture
def bits() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, size=(50, 8), dtype=np.uint8)


@pytest.mark.parametrize("block", [7, 25, 4096])
def test_diversity_is_the_mean_over_all_pairs(
    bits: NDArray[np.uint8], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "_BLOCK", block)
    told: list[float] = []
    first, second = measure_diversity(bits, tell=told.append)
    pairs = tanimoto(bits, bits).astype(np.float64)
    assert first == pytest.approx(1 - pairs.mean())
    assert second == pytest.approx(1 - np.sqrt((pairs**2).mean(axis=0)).mean())
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize("block", [7, 4096])
def test_nearest_across_blocks(bits: NDArray[np.uint8], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "_BLOCK", block)
    found = measure_nearest(bits[:30], bits[20:])
    assert found == pytest.approx(tanimoto(bits[:30], bits[20:]).max(axis=1))
    assert found[20:].tolist() == [1.0] * 10


def test_circles_are_far_from_each_other_and_near_to_all_others(bits: NDArray[np.uint8]) -> None:
    distance = 1 - tanimoto(bits, bits).astype(np.float64)
    centres: list[int] = []
    for row in range(len(bits)):
        if all(distance[row, centre] > 0.75 for centre in centres):
            centres.append(row)
    assert count_circles(bits) == len(centres)
    assert count_circles(np.concatenate([bits, bits])) == len(centres)
    assert count_circles(bits[:0]) == 0


def test_empty_sets_have_no_figure() -> None:
    empty = np.zeros((0, 8), dtype=np.uint8)
    assert np.isnan(measure_diversity(empty)).all()
    assert np.isnan(compare_counts({}, {}))  # type: ignore[arg-type]
    assert len(measure_nearest(empty, np.ones((1, 8), dtype=np.uint8))) == 0
