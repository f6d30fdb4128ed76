"""Children are made in the way that pays."""

import json

import pytest

from moldesign.search.credit import CROSSING, MUTATION, OperatorCredit, Record


@pytest.mark.parametrize(("better", "worse", "bound"), [(MUTATION, CROSSING, 0.7), (CROSSING, MUTATION, 0.15)])
def test_the_share_follows_success_within_bounds(better: str, worse: str, bound: float) -> None:
    credit = OperatorCredit()
    assert credit.mutation_share == 0.5
    shares = []
    for _ in range(40):
        credit.add([(better, True), (worse, False), (better, True), (worse, False)])
        shares.append(credit.mutation_share)
    assert shares == sorted(shares, reverse=better == CROSSING)
    assert shares[-1] == bound


def test_who_succeeds_with_few_children_gets_more_of_them() -> None:
    credit = OperatorCredit(
        records={MUTATION: Record((1.0, 10.0), 3.0, 10.0), CROSSING: Record((1.0, 10.0), 0.0, 50.0)}
    )
    before = credit.mutation_share
    assert before == 0.7
    for _ in range(30):
        # Of ten chosen children one of each kind succeeds, though there are more than twice as many mutants.
        credit.add([(MUTATION, True), (CROSSING, True), *[(MUTATION, False)] * 8])
    assert credit.mutation_share == pytest.approx(0.5, abs=0.01)


def test_what_is_forgotten_counts_no_more() -> None:
    record = Record((0.5, 1.0), 1.0, 10.0)
    record.add(2.0, 4.0, memory=0.5)
    assert (record.successes, record.calls) == (2.0625, 4.625)
    assert record.rate == 2.5625 / 5.625


def test_where_nobody_succeeds_any_more_it_is_as_at_the_beginning() -> None:
    credit = OperatorCredit()
    for _ in range(20):
        credit.add([(MUTATION, True), (CROSSING, False)])
    assert credit.mutation_share == 0.7
    for _ in range(300):
        credit.add([(MUTATION, False), (CROSSING, False)])
    assert credit.mutation_share == pytest.approx(0.5, abs=0.01)


def test_it_goes_on_from_its_state() -> None:
    credit, other = OperatorCredit(), OperatorCredit()
    credit.add([(MUTATION, True), (CROSSING, False)])
    other.load_state_dict(json.loads(json.dumps(credit.state_dict())))
    assert other.records == credit.records
