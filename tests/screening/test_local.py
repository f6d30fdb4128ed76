"""Workers that hang, crash or are killed are replaced, and the row that is to blame is named."""

import gc
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import pytest

from moldesign.errors import ObjectiveError
from moldesign.graphs import featurize_smiles
from moldesign.objectives import properties
from moldesign.objectives.profile import dump_profile, parse_goals
from moldesign.screening import local, reading
from moldesign.screening.executor import Described, Fall, Outcome, Place, Screened, Task
from moldesign.screening.local import LocalExecutor
from moldesign.screening.molecules import Molecule, read_molecule
from moldesign.screening.screener import Screener

TEXTS = ["CCO", "CCCO", "CCCCO", "CCCCCO", "CCCCCCO", "c1ccccc1"]


def run(tasks: list[Task], *goals: str, n_workers: int = 2, row_seconds: float = 10.0) -> list[Outcome]:
    profile = dump_profile(parse_goals(goals or ["mw min"]))
    executor = LocalExecutor(Screener(profile), n_workers, row_seconds=row_seconds)
    try:
        return list(executor.map(iter(tasks)))
    finally:
        executor.close()


def take(outcome: Outcome) -> Screened:
    assert isinstance(outcome, Screened)
    return outcome


def compute(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def misbehave(text: str, kind: str) -> None:
    if text == "CCCCO" and kind == "hang":
        compute(60)
    if text == "CCCCO" and kind == "sleep":
        time.sleep(60)
    if text == "CCCCO" and kind == "crash":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("hang", "takes RDKit too long"), ("sleep", "takes RDKit too long"), ("crash", "ends the process")],
)
def test_one_row_is_rejected_and_the_rest_goes_on(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(text: str, *, is_block: bool) -> Molecule | Fall:
        misbehave(text, kind)
        return read_molecule(text, is_block=is_block)

    monkeypatch.setattr(reading, "read_molecule", read)
    outcomes = run([Task("one", TEXTS), Task("two", ["C"]), Task("three", ["CCCCO", "N"])], row_seconds=0.1)
    first, second, third = map(take, outcomes)
    assert first.falls[2].filter == name
    assert (first.rows, second.rows, third.rows) == ([0, 1, 3, 4, 5], [0], [1])
    assert third.falls[0].filter == name


def test_a_hit_that_cannot_be_described_stays_a_hit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read(text: str, *, is_block: bool) -> Molecule | Fall:
        misbehave(text, "hang")
        return read_molecule(text, is_block=is_block)

    monkeypatch.setattr(reading, "read_molecule", read)
    names = ["a.smi row 1", "b.smi row 7"]
    [outcome] = run([Task("the hits", ["CCO", "CCCCO"], describes=True, row_names=names)], row_seconds=0.1)
    assert isinstance(outcome, Described)
    assert outcome.columns["standardized_smiles"] == ["CCO", None]
    assert caplog.messages == [
        "b.smi row 7, which begins with 'CCCCO': RDKit spent more than 0.1 s on it; it stays a hit, but is not "
        "described: columns such as standardized_smiles and scaffold are left empty"
    ]


@pytest.mark.parametrize("is_rows_fault", [True, False])
def test_what_the_featuriser_dies_of_is_looked_for_row_by_row(
    is_rows_fault: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def featurize(texts: list[str]) -> object:
        for text in texts:
            misbehave(text, "crash")
        return featurize_smiles(texts)

    def read(text: str, *, is_block: bool) -> Molecule | Fall:
        misbehave(text, "crash" if is_rows_fault else "nothing")
        return read_molecule(text, is_block=is_block)

    monkeypatch.setattr(reading, "featurize_smiles", featurize)
    monkeypatch.setattr(reading, "read_molecule", read)
    [outcome] = map(take, run([Task("one", TEXTS)], "herg min"))
    assert outcome.rows == [0, 1, 3, 4, 5] if is_rows_fault else [0, 1, 2, 3, 4, 5]
    assert [fall.filter for fall in outcome.falls.values()] == (["ends the process"] if is_rows_fault else [])


def test_a_slow_filter_names_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    count = properties.count_alerts

    def count_slowly(mols: list[object]) -> object:
        for mol in mols:
            if mol.GetNumAtoms() == 5:  # type: ignore[attr-defined]
                compute(60)
        return count(mols)  # type: ignore[arg-type]

    monkeypatch.setattr(properties, "count_alerts", count_slowly)
    [outcome] = map(take, run([Task("one", TEXTS)], "alerts <= 0", row_seconds=0.5))
    assert outcome.falls[2].reason == "RDKit spent more than 0.5 s on it"
    assert outcome.rows == [0, 1, 3, 4, 5]


def test_a_crash_among_many_rows_is_traced_to_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashing.py").write_text(
        "import os\ndef score(smiles):\n    if 'CCCCO' in smiles:\n        os._exit(1)\n    return [1] * len(smiles)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    first, second = map(take, run([Task("one", TEXTS), Task("two", ["CC"])], "crashing:score max"))
    assert first.falls == {2: Fall("ends the process", "the process that worked on it ended")}
    assert (first.rows, second.rows) == ([0, 1, 3, 4, 5], [0])


def test_crashes_that_no_row_is_to_blame_for_end_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crowded.py").write_text(
        "import os\n\ndef score(smiles):\n    if len(smiles) > 1:\n        os._exit(1)\n    return [1] * len(smiles)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ObjectiveError, match=r"library rows: the worker process ended 3 times .* fewer --workers"):
        run([Task("library rows", TEXTS)], "crowded:score max")


def test_suspended_workers_lose_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(text: str, *, is_block: bool) -> Molecule | Fall:
        if text == "CCCCO":
            os.kill(os.getpid(), signal.SIGSTOP)
        return read_molecule(text, is_block=is_block)

    monkeypatch.setattr(reading, "read_molecule", read)
    executor = LocalExecutor(Screener(dump_profile(parse_goals(["mw min"]))), 1, row_seconds=0.4)
    try:
        executor._hand_out(queue := deque([Place(0, Task("one", TEXTS))]))
        [worker] = executor._workers
        began = time.monotonic()
        while time.monotonic() - began < 2:
            assert not list(executor._collect(queue))
        os.kill(worker.process.pid, signal.SIGCONT)
        assert not queue
        while not (done := list(executor._collect(queue))):
            pass
        assert take(done[0][1]).falls == {}
    finally:
        executor.close()


def test_outcomes_come_in_order_and_tasks_are_taken_slowly() -> None:
    n_taken = 0

    def make_tasks() -> Iterator[Task]:
        nonlocal n_taken
        for n in range(40):
            n_taken += 1
            yield Task(str(n), ["C" * (n + 1)] * (1 + 50 * (n % 2)))

    executor = LocalExecutor(Screener(dump_profile(parse_goals(["heavy_atoms min"]))), 2)
    try:
        for n, outcome in enumerate(executor.map(make_tasks())):
            assert take(outcome).raw[0] == [n + 1]
            assert n_taken <= n + 1 + 6
    finally:
        executor.close()
    assert n_taken == 40


def test_an_error_of_a_goal_is_raised_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.py").write_text("def score(smiles):\n    raise ValueError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ObjectiveError, match="no licence"):
        run([Task("one", TEXTS)], "broken:score max")


def test_workers_are_gone_after_close() -> None:
    executor = LocalExecutor(Screener(dump_profile(parse_goals(["mw min"]))), 2)
    list(executor.map(iter([Task("one", TEXTS), Task("two", TEXTS)])))
    processes = [worker.process for worker in executor._workers]
    executor.close()
    assert processes
    assert not any(process.is_alive() for process in processes)


def test_the_garbage_collector_is_spared_the_models_until_the_end() -> None:
    executor = LocalExecutor(Screener(dump_profile(parse_goals(["mw min"]))), 1)
    list(executor.map(iter([Task("one", TEXTS)])))
    n_spared = gc.get_freeze_count()
    executor.close()
    assert n_spared > 0
    assert gc.get_freeze_count() == 0


def test_models_are_not_sent_to_other_processes() -> None:
    used = Screener(dump_profile(parse_goals(["novelty max", "herg min"])), 0.5, with_keys=False)
    used.warm_up()
    sent = bytes(ForkingPickler.dumps(used))
    assert len(sent) < 2_000
    assert ForkingPickler.loads(sent) == Screener(used.profile_toml, 0.5, with_keys=False)


@pytest.mark.slow
def test_started_processes_do_what_forked_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [Task("one", [*TEXTS, "C(C"]), Task("two", TEXTS, describes=False)]
    forked = run(tasks, "qed max", "alerts <= 0")
    monkeypatch.setattr(local, "choose_context", lambda *_: multiprocessing.get_context("spawn"))
    assert run(tasks, "qed max", "alerts <= 0") == forked
