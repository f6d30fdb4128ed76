"""Hits within a number of calls, of which a molecule that cannot be a hit costs none."""

import numpy as np

from benchmarks.dear_goals import DEAR_GOALS, WAYS, bind_drd3, list_goals, look, resemble_imatinib
from benchmarks.strategies import Course
from moldesign.objectives.functions import import_function
from moldesign.objectives.profile import parse_goals

IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
GOOD, HOPELESS = "CC(=O)Nc1ccc(O)cc1", "O=[N+]([O-])N=NC#CC#CC(Br)(Br)I"


def test_both_functions_give_scores() -> None:
    assert resemble_imatinib([IMATINIB, "CCO"]) == [1.0, 0.0]
    low, high = bind_drd3(["CCO", "COc1ccccc1N1CCN(CCCCNC(=O)c2ccc3ccccc3c2)CC1"])
    assert 0 <= low < 0.5 < high <= 1


def test_every_way_has_goals_that_can_be_read() -> None:
    for dear in DEAR_GOALS:
        for way in WAYS.values():
            profile = parse_goals(way.make_goals(dear))
            assert profile.has_own_scorers
            assert profile.is_partly_cheap == (way.make_goals is list_goals)


def test_the_whole_score_is_that_of_all_goals() -> None:
    profile = parse_goals(list_goals("resemble_imatinib"))
    [whole] = WAYS["thrifty, nothing known"].make_goals("resemble_imatinib")
    function = import_function(whole.split()[0])
    np.testing.assert_allclose(function([IMATINIB, GOOD]), profile.score([IMATINIB, GOOD]).total)


def test_what_cannot_be_a_hit_costs_no_call() -> None:
    profile = parse_goals(list_goals("resemble_imatinib"))
    assert (profile.bound([GOOD, HOPELESS]) >= profile.threshold).tolist() == [True, False]
    smiles = [HOPELESS] * 50 + [GOOD] * 101
    course = Course(np.arange(151.0), np.array([0.9] * 50 + [0.6] * 101), smiles)
    row = look(profile, course)
    assert (row["calls"], row["hits, 100 calls"], row["scaffolds, 100 calls"]) == (101, 150, 2)
    assert row["seconds per call"] == round(150 / 101, 2)
