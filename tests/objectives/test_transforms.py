import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.objectives.transforms import (
    AtLeast,
    AtMost,
    InRange,
    Maximize,
    Minimize,
    MustBeWithin,
    Transform,
    default_scale,
)

CURVES: list[Transform] = [
    AtLeast(2.0, 0.5),
    AtMost(2.0, 0.5),
    InRange(-1.0, 2.0, 0.5),
    Maximize(-1.0, 2.0),
    Minimize(-1.0, 2.0),
    MustBeWithin(-1.0, 2.0),
]
AT_INFINITIES = [(0, 1), (1, 0), (0, 0), (0, 1), (1, 0), (0, 0)]
numbers = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("curve", CURVES)
@given(value=st.floats(-1e300, 1e300))
def test_values_lie_between_0_and_1_and_numbers_agree_with_arrays(curve: Transform, value: float) -> None:
    alone = curve(value)
    assert 0 <= alone <= 1
    assert isinstance(alone, float)
    assert curve(np.array([value]))[0] == alone


@pytest.mark.parametrize(("curve", "ends"), zip(CURVES, AT_INFINITIES, strict=True))
def test_infinities_have_a_value_and_nan_stays_nan(curve: Transform, ends: tuple[int, int]) -> None:
    values = curve(np.array([-math.inf, math.inf, math.nan]))
    assert tuple(values[:2]) == ends
    assert math.isnan(values[2])
    assert math.isnan(curve(math.nan))


@given(a=numbers, b=numbers)
def test_at_least_rises_and_at_most_mirrors_it(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert AtLeast(0.3, 0.1)(low) <= AtLeast(0.3, 0.1)(high)
    assert AtMost(-0.3, 0.1)(-a) == AtLeast(0.3, 0.1)(a)


@given(value=numbers)
def test_a_range_is_the_stricter_of_its_two_ends(value: float) -> None:
    stricter = min(AtLeast(-1.0, 0.5)(value), AtMost(2.0, 0.5)(value))
    assert InRange(-1.0, 2.0, 0.5)(value) == stricter


def test_a_missed_goal_still_shows_the_way_across_the_whole_usual_range() -> None:
    curve = AtLeast(1.0, default_scale(0.0, 1.0))
    scores = curve(np.linspace(0.0, 1.0, 101))
    assert (np.diff(scores) > 0).all()
    assert np.abs(np.diff(scores)).max() < 0.07  # no step
    assert scores[0] == pytest.approx(2.0**-10)


def test_a_hard_limit_includes_its_ends() -> None:
    assert MustBeWithin(0, 5)(np.array([-0.01, 0.0, 5.0, 5.01])).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_must_be_positive(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        AtLeast(1.0, scale)


def test_empty_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match="lower end first"):
        InRange(5, 4, 1)
    with pytest.raises(ValueError, match="lower end first"):
        Maximize(1, 1)
