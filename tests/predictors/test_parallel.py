"""Work in forked processes: the same results in the same order, and only where a fork is safe."""

import os
import threading
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.predictors import ensemble as ensemble_module
from moldesign.predictors import parallel
from moldesign.predictors.parallel import can_fork, map_forked
from tests.conftest import NAMED_DRUGS

MIXED = [*NAMED_DRUGS.values(), "C(C", None, "[Na+].CC(=O)[O-]"]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@needs_fork
def test_results_come_in_order_from_other_processes(two_threads):
    def compute(piece):
        return piece**2, os.getpid(), torch.get_num_threads()

    results = list(map_forked(compute, range(10)))
    assert [square for square, _, _ in results] == [piece**2 for piece in range(10)]
    pids = {pid for _, pid, _ in results}
    assert os.getpid() not in pids
    assert len(pids) <= 2
    assert {n_threads for _, _, n_threads in results} == {1}
    assert parallel._adopted == []


@needs_fork
def test_errors_reach_the_caller(two_threads):
    def refuse(piece):
        raise ValueError(f"piece {piece}")

    with pytest.raises(ValueError, match="piece 0"):
        list(map_forked(refuse, range(3)))


@needs_fork
def test_a_killed_process_is_an_error_and_not_a_wait(two_threads):
    with pytest.raises(BrokenProcessPool):
        list(map_forked(lambda piece: os._exit(1), range(3)))


def test_one_thread_forks_nothing():
    assert torch.get_num_threads() == 1
    assert not can_fork()


@needs_fork
def test_another_thread_forbids_the_fork(two_threads, monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert can_fork()
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert not can_fork()


@needs_fork
@pytest.mark.parametrize("with_domain", [True, False])
def test_predictions_are_the_same_on_all_cores(tiny_predictor, monkeypatch, two_threads, with_domain):
    monkeypatch.setattr(ensemble_module, "_CHUNK", 5)
    alone = tiny_predictor.predict(MIXED, with_domain=with_domain, first_row=3)
    n_forks = []
    monkeypatch.setattr(ensemble_module, "_WORTH_FORKING", 6)
    monkeypatch.setattr(ensemble_module, "can_fork", lambda: True)
    monkeypatch.setattr(ensemble_module, "map_forked", lambda *arguments: n_forks.append(1) or map_forked(*arguments))
    n_done: list[int] = []
    shared = replace(tiny_predictor).predict(MIXED, with_domain=with_domain, first_row=3, on_rows=n_done.append)
    assert n_forks == [1]
    assert n_done == [*range(5, len(MIXED), 5), len(MIXED)]
    assert shared.smiles == alone.smiles
    assert shared.errors == alone.errors
    for name in ("values", "std", "low", "high", "in_domain", "distance", "is_valid"):
        np.testing.assert_allclose(getattr(shared, name), getattr(alone, name), rtol=1e-5, err_msg=name)
