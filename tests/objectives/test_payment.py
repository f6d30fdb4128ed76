import json
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.payment import Payment
from moldesign.objectives.reward import Rewards
from moldesign.objectives.terms import Term
from moldesign.objectives.transforms import Maximize

NAN = float("nan")
CHEAP = Term("cheap", "cheap max", SimpleNamespace(name="cheap"), Maximize(0, 1), weight=1.0)  # type: ignore[arg-type]
DEAR = Term("dear", "dear max", CallableProperty("dear", lambda smiles: [1.0]), Maximize(0, 1), weight=3.0)


def make_rewards(terms: Sequence[tuple[float, float]], *, valid: bool = True, discount: float = 1.0) -> Rewards:
    values = np.array(terms, dtype=np.float64).reshape(-1, 2)
    n = len(values)
    left = np.full(n, discount)
    total = combine_terms(values, [1.0, 3.0]) * left
    missing = ["why" if np.isnan(row).any() else None for row in values]
    flags = np.full(n, valid)
    return Rewards(("cheap", "dear"), total, values, values, values, flags[:, None], flags, [None] * n, left, missing)


def test_what_has_a_total_is_paid_it_and_what_is_no_molecule_nothing() -> None:
    payment = Payment([CHEAP, DEAR], 0.5)
    assert payment.pay(make_rewards([(1, 1), (1, 0), (0, NAN)])).tolist() == [1, 0, 0]
    assert payment.pay(make_rewards([(NAN, NAN)], valid=False)).tolist() == [0]


def test_a_molecule_that_might_be_a_hit_is_not_learned_from() -> None:
    assert np.isnan(Payment([CHEAP, DEAR], 0.5).pay(make_rewards([(0.9, NAN)])))[0]


def test_a_molecule_that_cannot_be_a_hit_is_paid_by_its_known_terms_and_the_usual_of_the_others() -> None:
    payment = Payment([CHEAP, DEAR], 0.9)
    payment.pay(make_rewards([(1, score) for score in (0.4, 0.8, 0.5, 0.6, 0.7)]))
    low, lower = payment.pay(make_rewards([(0.5, NAN), (0.1, NAN)])).tolist()
    assert low == pytest.approx(0.5**0.25 * 0.5**0.75)
    assert lower == pytest.approx(0.1**0.25 * 0.5**0.75)


def test_what_the_guards_take_is_not_paid() -> None:
    """Met entirely the cheap goal might make a hit; outside the domain of its predictor it cannot."""
    payment = Payment([CHEAP, DEAR], 0.9)
    assert np.isnan(payment.pay(make_rewards([(1, NAN)])))[0]
    assert payment.pay(make_rewards([(1, NAN)], discount=0.5)).tolist() == [pytest.approx(0.5 * 0.5**0.75)]


def test_escaping_the_dear_goal_does_not_pay() -> None:
    """Just below the gate there is less to earn than an ordinary molecule earns just above it."""
    payment = Payment([CHEAP, DEAR], 0.8)
    gate = 0.8**4
    above = payment.pay(make_rewards([(gate + 1e-6, score) for score in np.linspace(0.2, 0.8, 9).tolist()]))
    (below,) = payment.pay(make_rewards([(gate - 1e-6, NAN)])).tolist()
    assert below < np.median(above)
    assert below > 0


def test_a_program_that_gives_only_zeros_does_not_hide_the_cheap_goals() -> None:
    payment = Payment([CHEAP, DEAR], 0.9)
    paid = payment.pay(make_rewards([(1, 0), (1, 0), (0.5, NAN), (0.2, NAN)])).tolist()
    assert paid[2] > paid[3] > 0


def test_a_restored_payment_pays_the_same() -> None:
    payment, again = Payment([CHEAP, DEAR], 0.9), Payment([CHEAP, DEAR], 0.9)
    payment.pay(make_rewards([(1, 0.3), (1, 0.9)]))
    again.load_state_dict(json.loads(json.dumps(payment.state_dict())))
    rewards = make_rewards([(0.5, NAN)])
    assert again.pay(rewards).tolist() == payment.pay(rewards).tolist()
    assert Payment([CHEAP, DEAR], 0.9).pay(rewards).tolist() != again.pay(rewards).tolist()
