"""Drift is seen where there is some, and not where there is none."""

import numpy as np
import pytest

from moldesign.monitoring.drift import MUCH_PSI, compute_psi, measure_drift


def draw(mean: float, n: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, n).astype(np.float32)


def test_psi_by_hand() -> None:
    """Two bins, half and half before, a quarter and three quarters after."""
    reference = np.array([0] * 50 + [1] * 50, dtype=np.float32)
    current = np.array([0] * 25 + [1] * 75, dtype=np.float32)
    expected = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    assert compute_psi(reference, current) == pytest.approx(expected)


def test_an_empty_bin_is_no_infinity() -> None:
    assert MUCH_PSI < compute_psi(draw(0), draw(100)) < 100


def test_the_same_distribution() -> None:
    drift = measure_drift(draw(0), draw(0, seed=1))
    assert drift is not None
    assert drift.verdict == "none"
    assert drift.psi < 0.05


@pytest.mark.parametrize(("shift", "verdict"), [(0.4, "some"), (1.5, "much")])
def test_a_shift(shift: float, verdict: str) -> None:
    drift = measure_drift(draw(0), draw(shift, seed=1))
    assert drift is not None
    assert drift.verdict == verdict
    assert drift.p_value < 1e-6
    assert 0 < drift.ks < 1


def test_nan_is_left_out_and_few_values_say_nothing() -> None:
    current = draw(0, 100)
    current[:40] = np.nan
    drift = measure_drift(draw(0), current)
    assert drift is not None
    assert drift.n == 60
    assert measure_drift(draw(0), draw(0, 49)) is None
