"""What two strategies had reached when a time was over, if calls had cost more."""

import numpy as np
import pytest

from benchmarks.strategies import Course, average_best, count, count_scaffolds, look, per_call

COURSE = Course(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.1, 0.9, 0.4, 0.8]), ["C", "CC", "c1ccccc1", "Cc1ccccc1"])


@pytest.mark.parametrize(("cost", "limit", "n_calls"), [(0.0, 2.5, 3), (1.0, 2.9, 1), (1.0, 3.0, 2), (10.0, 9.0, 0)])
def test_calls_are_charged(cost: float, limit: float, n_calls: int) -> None:
    assert count(COURSE, cost, limit) == n_calls


def test_the_best_ten_are_averaged_and_missing_ones_are_zero() -> None:
    assert average_best(COURSE, 0.0, 10.0) == pytest.approx(0.22)
    assert average_best(COURSE, 1.0, 3.0) == pytest.approx(0.1)
    assert average_best(COURSE, 10.0, 9.0) == 0
    many = Course(np.arange(20.0), np.linspace(0, 0.95, 20), ["C"] * 20)
    assert average_best(many, 0.0, 100.0) == pytest.approx(np.linspace(0, 0.95, 20)[10:].mean())


def test_scaffolds_of_hits_are_counted() -> None:
    assert [count_scaffolds(COURSE, 0.0, limit) for limit in (0.5, 1.5, 10.0)] == [0, 1, 2]


def test_a_row_says_what_both_had_and_what_would_be_chosen() -> None:
    courses = {(goal, strategy): COURSE for goal in ("task", "default") for strategy in ("fast", "thrifty")}
    row = look(courses, 10.0, 35.0)
    assert list(row.values()) == [pytest.approx(0.14), pytest.approx(0.14), 1, 1, "thrifty"]


def test_the_search_is_timed_per_call() -> None:
    assert per_call(COURSE) == 0.75
