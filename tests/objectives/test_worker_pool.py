import json
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from moldesign.objectives.worker_pool import WorkerPool
from tests.objectives.toy_program import make_command, score_carbons

# Answers only after as many programs as told have been asked at the same time.
MEET = """
import json, pathlib, sys, time, os
folder, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
for line in sys.stdin:
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < n:
        time.sleep(0.01)
    print(json.dumps({"id": json.loads(line)["id"], "score": os.getpid()}), flush=True)
"""


def test_every_row_gets_its_own_answer() -> None:
    smiles = ["C" * n for n in range(1, 10)] + ["CF"]
    pool = WorkerPool(make_command(), n_workers=3, timeout=30)
    answers = dict(pool.ask_all(smiles))
    pool.close()
    assert [answers[row].score for row in range(9)] == [score_carbons(text) for text in smiles[:9]]
    assert answers[9].error == "no conformer found"


def test_molecules_are_scored_at_the_same_time(tmp_path: Path) -> None:
    pool = WorkerPool([sys.executable, "-c", MEET, str(tmp_path), "3"], n_workers=3, timeout=30)
    scores = {answer.score for _, answer in pool.ask_all(["C", "CC", "CCC"])}
    again = {answer.score for _, answer in pool.ask_all(["C"])}
    pool.close()
    assert len(scores) == 3
    assert again <= scores, "the programs stay for the next batch"


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    pool = WorkerPool(make_command(), n_workers=2, timeout=30)
    list(pool.ask_all(["C", "CC"]))
    assert threading.active_count() == before
    pool.close()
    assert list(pool.ask_all([])) == []


def test_ending_early_kills_what_still_runs() -> None:
    pool = WorkerPool(make_command(), n_workers=2, timeout=60)
    began = time.monotonic()
    with closing(pool.ask_all(["CC", "C[Si]C", "CCC", "CCCC", "C[Si]"])) as answers:
        row, answer = next(answers)
    assert (row, answer.score) == (0, 0.2)
    assert time.monotonic() - began < 20
    assert [answer.score for _, answer in pool.ask_all(["CCC"])] == [0.3]
    pool.close()


def test_ctrl_c_ends_the_wait() -> None:
    pool = WorkerPool(make_command(), n_workers=1, timeout=60)
    began = time.monotonic()

    def score() -> None:
        for _, answer in pool.ask_all(["CC", "C[Si]C"]):
            assert answer.score == 0.2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score()
    assert time.monotonic() - began < 20


def test_a_forgotten_pool_ends_its_programs() -> None:
    pool = WorkerPool(make_command(), n_workers=1, timeout=30)
    list(pool.ask_all(["C"]))
    process = pool._workers[0]._process
    assert process is not None
    del pool
    assert process.returncode is not None


def test_a_programs_environment_can_be_given() -> None:
    code = "import os, sys; print(sys.stdin.readline()[:8] + ', \"score\": ' + os.environ['SCORE'] + '}', flush=True)"
    pool = WorkerPool([sys.executable, "-c", code], n_workers=1, timeout=30, environment={"SCORE": "7"})
    assert json.dumps([answer.score for _, answer in pool.ask_all(["C"])]) == "[7.0]"
    pool.close()
