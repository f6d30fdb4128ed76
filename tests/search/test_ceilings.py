"""What is known of a score before it is asked for."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from moldesign.search.ceilings import Ceilings


class Counter:
    """Gives each molecule a ceiling by its length, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        self.asked.append(list(smiles))
        return np.array([(len(text) - 2) / 4 for text in smiles])


def test_each_molecule_is_asked_for_once() -> None:
    counter = Counter()
    ceilings = Ceilings(counter)
    assert ceilings.find(["CCO", "CO", "CCO"]).tolist() == [0.25, 0.0, 0.25]
    assert ceilings.find(["CO", "CCCC"]).tolist() == [0.0, 0.5]
    assert ceilings.find([]).tolist() == []
    assert counter.asked == [["CCO", "CO"], ["CCCC"]]


def test_a_score_is_its_ceiling_times_the_part_that_a_call_tells() -> None:
    parts = Ceilings(Counter()).find_parts(["CCO", "CCCC", "CCCCCC", "CO"], [0.125, 0.5, float("nan"), 0.0])
    np.testing.assert_array_equal(parts, [0.5, 1.0, np.nan, np.nan])


def test_a_score_above_its_ceiling_is_all_of_it() -> None:
    assert Ceilings(Counter()).find_parts(["CCO"], [0.25000001]).tolist() == [1.0]


def test_the_highest_ceiling_comes_first() -> None:
    assert Ceilings(Counter()).rank(["CO", "CCO", "CCCC", "CCN"]) == ["CCCC", "CCO", "CCN", "CO"]


def test_where_nothing_is_known_all_is_left_as_it_is() -> None:
    ceilings = Ceilings()
    assert not ceilings.are_known
    assert ceilings.find(["CO", "CCO"]).tolist() == [1.0, 1.0]
    assert ceilings.find_parts(["CO", "CCO"], [0.3, 0.0]).tolist() == [0.3, 0.0]
    assert ceilings.rank(["CO", "CCO"]) == ["CO", "CCO"]


def test_what_is_put_away_is_not_asked_for_again() -> None:
    first, counter = Ceilings(Counter()), Counter()
    first.find(["CCO", "CCCC"])
    first.keep(["CCCC", "CCN"])
    second = Ceilings(counter)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.find(["CCCC", "CCO"]).tolist() == [0.5, 0.25]
    assert counter.asked == [["CCO"]]


def test_every_molecule_needs_a_ceiling() -> None:
    with pytest.raises(ValueError, match="zip"):
        Ceilings(lambda smiles: np.zeros(0)).find(["CCO"])
