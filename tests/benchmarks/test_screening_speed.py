"""Rates are those of the further rows, and every endpoint gets a goal that can be read."""

import pytest

from benchmarks.screening_speed import N_SHORT, Course, list_goals
from benchmarks.speed.processes import Finished, ProcessError
from moldesign.objectives.profile import parse_goals
from moldesign.predictors.bundled import load_predictor


def test_start_up_is_left_out_of_the_rate() -> None:
    rate = Course(Finished(3.0, "", 1.0), Finished(8.0, "", 1.0), Finished(13.0, "", 1.0), N_SHORT + 10_000).rate
    assert rate.molecules_per_s == 2_000
    assert rate.startup_s == 3.0
    assert rate.molecules == 10_000


def test_too_few_rows_have_no_rate() -> None:
    with pytest.raises(ProcessError, match="give more rows"):
        _ = Course(*[Finished(8.0, "", 1.0)] * 3, N_SHORT + 1).rate


def test_every_endpoint_has_a_goal_in_its_better_direction() -> None:
    goals = list_goals(None)
    assert len(goals) == len(load_predictor("admet").endpoints)
    assert "herg min" in goals
    assert "solubility max" in goals
    assert list_goals(("herg",)) == ["herg min"]
    assert len(parse_goals(goals).terms) == len(goals)
