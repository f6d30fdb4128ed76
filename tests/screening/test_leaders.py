"""The best scores of a process: they are those of different molecules, and never more than are asked for."""

import numpy as np
import pytest

from moldesign.objectives.profile import dump_profile, parse_goals
from moldesign.screening.executor import Screened, Task
from moldesign.screening.leaders import Leaders
from moldesign.screening.screener import Screener

TEXTS = ["CCCCCC", "OCC", "CCO", "CCCC", "C(CC)CC", "CC", "CCC", "CCCCC"]
"""Hexane, pentane twice, butane; ethanol twice and propane, which have three heavy atoms each; ethane."""
PROFILE = dump_profile(parse_goals(["heavy_atoms in 6..6"]))


def run(
    texts: list[str], pool_size: int | None, *, with_keys: bool = True, screener: Screener | None = None
) -> Screened:
    used = screener or Screener(PROFILE, with_keys=with_keys, pool_size=pool_size)
    outcome = used.run(Task("a test", texts))
    assert isinstance(outcome, Screened)
    return outcome


@pytest.mark.parametrize("size", [1, 3, 10])
def test_the_floor_is_the_score_of_the_last_of_the_best(size: int) -> None:
    rng, leaders, best = np.random.default_rng(size), Leaders(size), dict[int, float]()
    for _ in range(50):
        some = [(int(rng.integers(15)), int(rng.integers(20)) / 20) for _ in range(rng.integers(5))]
        leaders.add(some)
        for key, score in some:
            best[key] = max(score, best.get(key, 0.0))
        expected = sorted(best.values(), reverse=True)
        assert leaders.floor == (expected[size - 1] if len(expected) >= size else None)


def test_without_a_size_nothing_is_outranked() -> None:
    leaders = Leaders(None)
    leaders.add([(1, 0.5), (2, 0.6)])
    assert leaders.floor is None


def test_of_a_task_as_many_different_molecules_come_back_as_can_be_hits() -> None:
    assert run(TEXTS, None).rows == list(range(8))
    assert run(TEXTS, 3).rows == [0, 3, 4, 7]  # hexane, pentane twice, butane
    assert run(TEXTS, 3, with_keys=False).rows == [0, 4, 7]


def test_what_comes_back_is_what_comes_back_of_all() -> None:
    whole, part = run(TEXTS, None), run(TEXTS, 3)
    known = dict(zip(whole.rows, zip(whole.scores, whole.raw, whole.terms, whole.keys, strict=True), strict=True))
    assert [known[row] for row in part.rows] == [*zip(part.scores, part.raw, part.terms, part.keys, strict=True)]


def test_a_later_task_is_measured_by_those_before() -> None:
    screener = Screener(PROFILE, pool_size=2)
    run(TEXTS, 2, screener=screener)  # hexane and pentane
    assert run(["CCCC", "CCCCCC", "CC(C)CC"], 2, screener=screener).rows == [1, 2]


def test_with_a_threshold_every_row_is_explained_whatever_was_found_before() -> None:
    screener = Screener(PROFILE, 0.6, pool_size=1)
    run(["CCCCCC"], 1, screener=screener)
    outcome = run(["CC", "CCCC", "CCC"], 1, screener=screener)
    assert (outcome.rows, list(outcome.falls)) == ([1], [0, 2])
