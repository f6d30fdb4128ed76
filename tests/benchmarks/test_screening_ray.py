"""Ratios are those of neighbouring turns, and only work that was done is timed."""

from collections.abc import Iterator

import pytest

from benchmarks.screening_ray import make_figures, make_profile, time_tasks
from moldesign.objectives.profile import dump_profile
from moldesign.screening.executor import Outcome, Task
from moldesign.screening.screener import Screener


class Here:
    """Works in this process."""

    def __init__(self, *, loses: bool = False) -> None:
        self._screener, self._loses = Screener(dump_profile(make_profile())), loses

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        yield from () if self._loses else map(self._screener.run, tasks)

    def close(self) -> None:
        self._screener.close()


def test_a_turn_that_was_disturbed_moves_no_median() -> None:
    assert make_figures({1: [8.0, 80.0, 9.0], 2: [4.0, 50.0, 6.0]}, 4_500) == {
        "rows_per_s_with_1": 500,
        "rows_per_s_with_2": 750,
        "ratio": 1.6,
        "lowest_ratio": 1.5,
        "highest_ratio": 2.0,
    }


def test_lost_work_is_not_timed() -> None:
    tasks = [Task("one", ["CCO"]), Task("two", ["CCN"])]
    assert time_tasks(Here(), tasks) > 0
    with pytest.raises(RuntimeError, match="0 of 2 tasks were done"):
        time_tasks(Here(loses=True), tasks)
