"""Scores that are all tiny, made readable: raised to the power that brings the best one to a fair level.

A product of several narrow wishes is 1e-9 for a molecule that meets one of them and 1e-6 for one that meets two. To a
process whose prior is 0, with a standard deviation of 1, both are nothing, and the search would stay where it began;
yet their logarithms tell the way.
"""

import math


def find_power(best: float, level: float) -> float:
    """Return the exponent that lifts the best of all scores to `level`; 1 where it is there, or where all are 0.

    >>> find_power(0.5, level=0.1), find_power(0.0, level=0.1)
    (1.0, 1.0)
    >>> round(1e-6 ** find_power(1e-6, level=0.1), 9)
    0.1
    """
    return math.log(level) / math.log(best) if 0 < best < level else 1.0
