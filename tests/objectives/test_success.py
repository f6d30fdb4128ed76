import pytest

from moldesign.errors import ObjectiveError
from moldesign.objectives.success import SuccessRecord


def take(record: SuccessRecord, outcomes: str) -> None:
    """Take in a batch: + for a score, - for none."""
    record.require_half(list(outcomes), [None if outcome == "+" else "no" for outcome in outcomes])


def test_half_of_a_batch_is_enough() -> None:
    take(SuccessRecord("it"), "+-+-+-+-+-+-")
    with pytest.raises(ObjectiveError, match=r"it gave a score for 5 of 12 molecules, .* first failure: '-': no"):
        take(SuccessRecord("it"), "+-+-+-+-+---")


def test_a_batch_is_judged_by_itself_if_it_is_large() -> None:
    record = SuccessRecord("it")
    take(record, "+" * 100)
    with pytest.raises(ObjectiveError):
        take(record, "-" * 6 + "+" * 4)


def test_one_failure_alone_in_its_batch_does_not_stop_what_went_well() -> None:
    record = SuccessRecord("it")
    take(record, "+++++")
    for _ in range(5):
        take(record, "-")
    with pytest.raises(ObjectiveError, match="4 of 10"):
        take(record, "-")


def test_few_molecules_are_no_judgement() -> None:
    record = SuccessRecord("it", few=4)
    take(record, "---")
    with pytest.raises(ObjectiveError, match="0 of 4"):
        take(record, "-")


def test_after_a_stop_everything_is_forgotten() -> None:
    record = SuccessRecord("it")
    with pytest.raises(ObjectiveError):
        take(record, "-" * 9)
    take(record, "+")
