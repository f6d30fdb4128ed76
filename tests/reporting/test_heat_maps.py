"""Heat maps of the best hits: as many as a chemist waits for."""

import pytest

from moldesign.objectives.profile import parse_goals
from moldesign.reporting.heat_maps import MAX_MAPPED, MAX_MAPS, count_mapped
from moldesign.reporting.wishes import find_wishes

ENDPOINTS = ("herg", "ames", "dili", "solubility", "caco2", "hia", "pgp", "bioavailability", "lipophilicity", "bbb")


@pytest.mark.parametrize("n_predicted", [0, 1, 4, 10])
def test_the_more_predictions_the_fewer_hits_have_maps(n_predicted: int) -> None:
    names = ["qed", *ENDPOINTS[:n_predicted]]
    columns = [column for name in names for column in (name, f"{name}_score")]
    n_hits = count_mapped(find_wishes(parse_goals([f"{name} min" for name in names]), columns))
    assert 1 <= n_hits <= MAX_MAPPED
    assert n_hits * n_predicted <= MAX_MAPS
    assert n_hits == MAX_MAPPED or (n_hits + 1) * n_predicted > MAX_MAPS
