"""Desirability curves: from a property's value to a wish fulfilled between 0 (not at all) and 1 (fully).

The bounded wishes (`AtLeast`, `AtMost`, `InRange`) give exactly 1 when met, and the score halves with every
`scale` that is missing. Two reasons for this curve. It never becomes flat on the wrong side, so a policy that
is far from the goal still sees which of two molecules is nearer. And because the terms of a reward are
multiplied (a geometric mean), the logarithm of the reward is a plain weighted sum of what is missing, which
does not vanish close to the goal: it pays to go all the way, not only to come near.

Every curve takes a number or an array, keeps NaN as NaN, and has a value at plus and minus infinity.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = TypeVar("Values", float, NDArray[np.float64])

SCALES_PER_RANGE = 10.0
"""A bounded wish is half fulfilled when a tenth of the property's usual range is missing."""


class Transform(Protocol):
    """A desirability curve; `values` may be one number or an array, the result lies in [0, 1]."""

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        ...


def default_scale(low: float, high: float) -> float:
    """Return the `scale` of a bounded wish about a property whose usual range is `low` to `high`.

    >>> default_scale(0, 1)
    0.1
    """
    return (high - low) / SCALES_PER_RANGE


@dataclass(frozen=True)
class AtLeast:
    """1 from `x` upwards; below, the score halves with every `scale` that is missing.

    ::

        1 |           ________    1                    where value >= x
          |         /
      0.5 |       /               2 ** -((x - value) / scale)   elsewhere
          | ___--
        0 +------|---|--------
          x - scale  x

    >>> wish = AtLeast(0.6, scale=0.1)
    >>> wish(0.6), wish(5.0), round(wish(0.5), 6), wish(float("-inf"))
    (1.0, 1.0, 0.5, 0.0)
    """

    x: float
    scale: float

    def __post_init__(self) -> None:
        _require_positive_scale(self.scale)

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        return _halve_per_scale(self.x - values, self.scale)


@dataclass(frozen=True)
class AtMost:
    """1 up to `x`; above, the score halves with every `scale` that is too much.

    ::

        1 | ________              1                    where value <= x
          |          \\
      0.5 |            \\          2 ** -((value - x) / scale)   elsewhere
          |              --___
        0 +--------|---|------
                   x   x + scale

    >>> wish = AtMost(3.5, scale=1.0)
    >>> wish(float("-inf")), wish(3.5), wish(5.5), wish(float("inf"))
    (1.0, 1.0, 0.25, 0.0)
    """

    x: float
    scale: float

    def __post_init__(self) -> None:
        _require_positive_scale(self.scale)

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        return _halve_per_scale(values - self.x, self.scale)


@dataclass(frozen=True)
class InRange:
    """1 from `low` to `high`, both included; outside, the score halves with every `scale` of distance.

    ::

        1 |       ________        1                    where low <= value <= high
          |     /          \\
      0.5 |   /              \\    2 ** -(distance to the nearer end / scale)   elsewhere
          | --                --
        0 +------|------|-----
                low    high

    >>> wish = InRange(200, 500, scale=50)
    >>> wish(150.0), wish(200.0), wish(500.0), wish(600.0), wish(float("inf"))
    (0.5, 1.0, 1.0, 0.25, 0.0)
    """

    low: float
    high: float
    scale: float

    def __post_init__(self) -> None:
        _require_positive_scale(self.scale)
        if not self.low <= self.high:
            raise ValueError(f"the range {self.low:g}..{self.high:g} is empty; write the lower end first")

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        distance: Values = np.maximum(self.low - values, values - self.high)
        return _halve_per_scale(distance, self.scale)


@dataclass(frozen=True)
class Maximize:
    """A straight line from 0 at `low` to 1 at `high`, flat outside.

    ::

        1 |            ______
          |          /            (value - low) / (high - low), clipped to [0, 1]
          |        /
        0 +_______/__________
                 low   high

    >>> wish = Maximize(0, 10)
    >>> wish(-1.0), wish(0.0), wish(2.5), wish(10.0), wish(float("inf"))
    (0.0, 0.0, 0.25, 1.0, 1.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _require_rising(self.low, self.high)

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        return _clip_to_unit((values - self.low) / (self.high - self.low))


@dataclass(frozen=True)
class Minimize:
    """A straight line from 1 at `low` to 0 at `high`, flat outside.

    ::

        1 |_______
          |        \\              (high - value) / (high - low), clipped to [0, 1]
          |          \\
        0 +------------\\______
                 low   high

    >>> wish = Minimize(1, 5)
    >>> wish(float("-inf")), wish(1.0), wish(4.0), wish(5.0), wish(7.0)
    (1.0, 1.0, 0.25, 0.0, 0.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _require_rising(self.low, self.high)

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        return _clip_to_unit((self.high - values) / (self.high - self.low))


@dataclass(frozen=True)
class MustBeWithin:
    """A hard limit: 1 from `low` to `high`, both included, and 0 outside.

    ::

        1 |      |''''''|         1 where low <= value <= high
          |      |      |
        0 +______|______|_____    0 elsewhere
                low    high

    >>> rule = MustBeWithin(-float("inf"), 0)
    >>> rule(-3.0), rule(0.0), rule(1.0)
    (1.0, 1.0, 0.0)
    """

    low: float
    high: float

    def __call__(self, values: Values, /) -> Values:
        """Return the curve at `values`."""
        inside = (np.asarray(values) >= self.low) & (np.asarray(values) <= self.high)
        return _as_given(values, np.where(np.isnan(values), np.nan, inside.astype(np.float64)))


def _halve_per_scale(missing: Values, scale: float) -> Values:
    return _as_given(missing, np.exp2(-np.maximum(missing, 0.0) / scale))


def _clip_to_unit(values: Values) -> Values:
    return _as_given(values, np.clip(values, 0.0, 1.0))


def _as_given(like: Values, result: NDArray[np.float64]) -> Values:
    """Return `result` as a Python float where `like` is a single number."""
    return result if isinstance(like, np.ndarray) else float(result)


def _require_positive_scale(scale: float) -> None:
    if not 0 < scale < np.inf:
        raise ValueError(f"the scale of a wish must be a positive number, not {scale:g}")


def _require_rising(low: float, high: float) -> None:
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"the range {low:g}..{high:g} must be finite, the lower end first")
