"""Share and remaining time of a training, also of one that was interrupted before."""

import pytest

from moldesign.predictors import workload as workload_module
from moldesign.predictors.training import TrainingProgress
from moldesign.predictors.workload import Workload


def epoch(number):
    return TrainingProgress(number, 10, 0.5, 100.0)


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(workload_module.time, "monotonic", lambda: now[0])
    return now


def test_the_rest_takes_as_long_per_epoch_as_what_is_done(clock):
    seen = []
    workload = Workload(2, 10, seen.append)
    workload.begin_stage("training", 2)
    clock[0] = 6.0
    workload.note_epoch(epoch(3))
    assert (seen[-1].stage, seen[-1].network, seen[-1].n_networks) == ("training", 1, 2)
    assert seen[-1].share == pytest.approx(3 / 20)
    assert seen[-1].seconds_left == pytest.approx(2.0 * 17)
    workload.finish_network()  # stopped early: its other epochs are done, too
    clock[0] = 8.0
    workload.note_epoch(epoch(1))
    assert seen[-1].network == 2
    assert seen[-1].share == pytest.approx(11 / 20)


def test_networks_of_an_earlier_call_count_as_done_and_not_as_fast(clock):
    seen = []
    workload = Workload(4, 10, seen.append)
    workload.begin_stage("fold 1 of 2", 2)
    workload.finish_network()
    workload.finish_network()
    workload.begin_stage("fold 2 of 2", 2)
    clock[0] = 5.0
    workload.note_epoch(epoch(5))
    assert seen[-1].share == pytest.approx(25 / 40)
    assert seen[-1].seconds_left == pytest.approx(15.0)


def test_what_happens_between_the_stages_is_announced():
    seen = []
    workload = Workload(1, 10, seen.append)
    workload.announce("testing")
    assert (seen[0].stage, seen[0].epoch, seen[0].share) == ("testing", None, 0.0)


def test_nobody_needs_to_listen():
    workload = Workload(1, 10, None)
    workload.begin_stage("training", 1)
    workload.note_epoch(epoch(1))
    workload.announce("testing")
    workload.finish_network()
