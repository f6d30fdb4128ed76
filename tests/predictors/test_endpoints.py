"""Between the unit of a property and what the network learns."""

from dataclasses import replace

import numpy as np
import pytest

from moldesign.errors import TableError, UnknownNameError
from moldesign.predictors.endpoints import Endpoint, find_column, fit_endpoint

LOGP = Endpoint("logp", "regression", "log10", "octanol/water", center=2.0, spread=0.5)
HALF_LIFE = Endpoint("half_life", "regression", "h", "", log_scale=True, center=1.0, spread=2.0, floor=0.1)


def test_a_regression_is_centred_and_scaled():
    assert LOGP.to_targets(np.array([2.0, 3.0])).tolist() == [0.0, 2.0]
    assert LOGP.to_values(np.array([0.0, 2.0], dtype=np.float32)).tolist() == [2.0, 3.0]


def test_a_log_scale_learns_powers_of_ten_above_its_floor():
    assert HALF_LIFE.to_targets(np.array([10.0, 1000.0, 0.0])).tolist() == [0.0, 1.0, -1.0]
    assert HALF_LIFE.to_values(np.array([0.0, 1.0], dtype=np.float32)).tolist() == pytest.approx([10.0, 1000.0])


def test_a_log_scale_makes_room_for_smaller_labels_and_changes_nothing_else():
    lower = HALF_LIFE.lower_floor(np.array([5.0, 0.001, 0.0, np.nan]))
    assert lower == replace(HALF_LIFE, floor=0.001)
    assert lower.to_targets(np.array([0.001, 0.0, 10.0])).tolist() == [-2.0, -2.0, 0.0]
    for labels in ([0.5, 3.0], [0.0, np.nan]):
        assert HALF_LIFE.lower_floor(np.array(labels)) == HALF_LIFE
    assert LOGP.lower_floor(np.array([1e-6])) == LOGP


@pytest.mark.parametrize("endpoint", [LOGP, HALF_LIFE], ids=lambda endpoint: endpoint.name)
def test_targets_turn_back_into_values(endpoint):
    values = np.array([0.25, 1.0, 40.0])
    assert endpoint.to_values(endpoint.to_targets(values)).tolist() == pytest.approx(values.tolist(), rel=1e-5)
    assert np.isnan(endpoint.to_targets(np.array([np.nan]))).all()


def test_logits_turn_into_probabilities():
    herg = Endpoint("herg", "classification", "probability", "")
    logits = np.array([0.0, np.log(3), -200.0, 200.0], dtype=np.float32)
    assert herg.to_values(logits).tolist() == pytest.approx([0.5, 0.75, 0.0, 1.0])


def test_a_card_tells_the_whole_endpoint():
    assert Endpoint.from_dict(HALF_LIFE.to_dict()) == HALF_LIFE
    aliased = Endpoint("bbb", "classification", "probability", "", aliases=("bbb_martins",))
    assert Endpoint.from_dict(aliased.to_dict() | {"aliases": ["bbb_martins"]}) == aliased


def test_a_card_holds_what_is_known_of_the_endpoint_and_nothing_else():
    known = {"direction": "lower is better", "reference_range": "below 0.3", "source": "a paper", "licence": "CC0"}
    herg = Endpoint("herg", "classification", "probability", "blocks the hERG channel", **known)
    assert herg.to_dict().items() >= known.items()
    assert Endpoint.from_dict(herg.to_dict()) == herg
    assert not HALF_LIFE.to_dict().keys() & known.keys()


def test_a_card_of_before_these_fields_is_read_unchanged():
    fields = {"name": "ames", "task": "classification", "unit": "probability", "description": "mutagenic"}
    old = {**fields, "low": 0.0, "high": 1.0, "aliases": [], "log_scale": False, "center": 0.0, "spread": 1.0}
    endpoint = Endpoint.from_dict({**old, "floor": 0.001})
    assert (endpoint.direction, endpoint.reference_range) == (None, "")
    assert endpoint.to_dict() == {**old, "floor": 0.001, "aliases": ()}


def test_range_centre_and_spread_come_from_the_labels():
    labels = np.append(np.arange(101.0), np.nan)
    endpoint = fit_endpoint("clearance", "regression", labels, unit="mL/min/g")
    assert (endpoint.low, endpoint.high, endpoint.center) == (1.0, 99.0, 50.0)
    assert endpoint.spread == pytest.approx(np.arange(101.0).std())


def test_a_log_scale_has_its_floor_at_the_smallest_positive_label():
    endpoint = fit_endpoint("vdss", "regression", np.array([0.0, 0.01, 1.0, 100.0]), log_scale=True)
    assert endpoint.floor == 0.01
    assert endpoint.center == pytest.approx((-2 - 2 + 0 + 2) / 4)
    assert np.isfinite(endpoint.to_targets(np.array([0.0]))).all()


def test_labels_that_are_all_equal_do_not_divide_by_zero():
    assert fit_endpoint("x", "regression", np.full(5, 3.0)).spread == 1.0


@pytest.mark.parametrize(
    ("labels", "log_scale", "said"),
    [([np.nan], False, "no row has a label of x"), ([np.nan, 0.0], True, "no row has a label of x above 0")],
)
def test_without_labels_there_is_no_endpoint(labels, log_scale, said):
    with pytest.raises(TableError, match=said):
        fit_endpoint("x", "regression", np.array(labels), log_scale=log_scale)


def test_a_classification_is_a_probability():
    endpoint = fit_endpoint("ames", "classification", np.array([0.0, 1.0]))
    assert (endpoint.low, endpoint.high, endpoint.unit) == (0.0, 1.0, "probability")


def test_an_alias_that_could_mean_two_endpoints_means_none():
    names = [
        Endpoint(name, "regression", "", "", aliases=aliases) for name, aliases in [("A", ("c", "b")), ("b", ("c",))]
    ]
    assert [find_column(names, name, "mine") for name in ("A", "b")] == [0, 1]
    with pytest.raises(UnknownNameError, match="unknown endpoint of mine 'c'"):
        find_column(names, "c", "mine")
