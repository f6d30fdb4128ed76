import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moldesign.objectives.worker import MAX_LINE_BYTES, Worker, join_lines
from tests.objectives.toy_program import make_command


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(make_command(), timeout=20)
    yield worker
    worker.close(patience=5)


def test_one_process_answers_molecule_after_molecule(worker: Worker) -> None:
    assert worker.ask("CCO") == (0.2, None)
    first = worker._process
    assert worker.ask("c1ccccc1") == (0.6, None)
    assert worker._process is first


def test_a_time_limit_beyond_all_clocks_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    worker = Worker(make_command(), timeout=1e12)
    try:
        assert worker.ask("CCO") == (0.2, None)
    finally:
        worker.close(patience=5)
    assert failures == []


def test_reasons_can_be_written_to_files() -> None:
    assert join_lines("no file \ud800 of\nthis name") == "no file ? of this name"


@pytest.mark.parametrize(
    ("smiles", "error"),
    [
        ("CF", "no conformer found"),
        ("CBr", "it answered for 3 instead of id 2, and was stopped"),
        ("CP", "it answered 'docking finished: -7.1' instead of a line of JSON; what else it says belongs on stderr"),
        ("CI", "it ended with exit code 3: fatal: no licence"),
        ("C[Se]C", "it was killed by signal 6 (Aborted)"),
        ("C[As]C", "it answered '{\"id\": 1' and ended; an answer is a whole line"),
        ("CB", "it gave '\"high\"' instead of a finite number"),
        ("C[Te]C", "it gave 'null' instead of a finite number"),
    ],
)
def test_a_failure_is_the_error_of_its_molecule_and_the_next_is_scored(worker: Worker, smiles: str, error: str) -> None:
    assert worker.ask("CCO").score == 0.2
    failed = worker.ask(smiles)
    assert failed.error == error
    assert failed.score != failed.score
    assert worker.ask("CCC") == (0.3, None)


def test_what_never_answers_is_killed_with_its_children() -> None:
    worker = Worker(make_command(), timeout=0.8)
    began = time.monotonic()
    assert worker.ask("C[Si]").error == "it gave no answer within 0.8 s, and was stopped"
    assert time.monotonic() - began < 10
    assert worker.ask("CCC").score == 0.3
    worker.close(patience=5)


def test_its_children_do_not_live_on(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    worker = Worker([sys.executable, "-c", code], timeout=1.5)
    assert worker.ask("C").error is not None
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text()], capture_output=True, text=True, check=False
    )
    assert state.stdout.strip()[:1] in ("", "Z")


@pytest.mark.parametrize(
    ("printed", "error"),
    [
        ("'x' * 3_000_000", f"it answered with a line of more than {MAX_LINE_BYTES} bytes, and was stopped"),
        ("'[' * 100_000 + '\\n'", "it answered '" + "[" * 57 + "...' instead of a line of JSON"),
        ("'[1, 2]\\n'", "it answered '[1, 2]' instead of a line of JSON"),
        ("'{\"score\": 1}\\n'", "it answered for no id instead of id 1, and was stopped"),
        ('\'{"id": 1, "score": true}\\n\'', "it gave 'true' instead of a finite number"),
        ('\'{"id": 1, "score": NaN}\\n\'', "it gave 'NaN' instead of a finite number"),
        ('\'{"id": 1, "score": 1e999}\\n\'', "it gave 'Infinity' instead of a finite number"),
        ("b'\\xff\\xfe\\n'.decode('latin-1')", "instead of a line of JSON"),
    ],
)
def test_rubbish_is_told(printed: str, error: str) -> None:
    code = f"import sys; sys.stdin.readline(); sys.stdout.write({printed}); sys.stdout.flush(); sys.stdin.readline()"
    worker = Worker([sys.executable, "-c", code], timeout=20)
    answer = worker.ask("C")
    worker.close(patience=0)
    assert error in (answer.error or "")
    assert "\n" not in (answer.error or "")


def test_a_program_that_died_in_between_is_started_again(worker: Worker) -> None:
    assert worker.ask("CCO").error is None
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert worker.ask("CCC") == (0.3, None)


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("no interpreter line")
    script.chmod(0o755)
    assert Worker([str(script)], timeout=5).ask("C").error == "it cannot be started: Exec format error"
    assert Worker([str(tmp_path / "absent")], timeout=5).ask("C").error == (
        "it cannot be started: No such file or directory"
    )


def test_the_command_is_no_shell_text(tmp_path: Path) -> None:
    worker = Worker(
        [sys.executable, "-c", "import sys; sys.exit(sys.argv[1])", f"$(touch {tmp_path}/x); `id`"], timeout=20
    )
    assert worker.ask("C").error == f"it ended with exit code 1: $(touch {tmp_path}/x); `id`"
    assert list(tmp_path.iterdir()) == []


def test_closing_lets_a_program_end_by_itself(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        'for line in sys.stdin: print(\'{"id": 1, "score": 2}\', flush=True)\n'
        f"pathlib.Path({str(tmp_path / 'tidy')!r}).touch()"
    )
    worker = Worker([sys.executable, "-c", code], timeout=20)
    assert worker.ask("C").score == 2
    worker.close(patience=20)
    assert (tmp_path / "tidy").exists()
