import errno
import logging
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moldesign.errors import RunFolderError
from moldesign.generation import lock
from moldesign.generation.lock import hold_lock
from tests.conftest import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from moldesign.generation.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def hold_in_another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_second_process_is_told_who_uses_the_folder_until_that_one_is_killed(tmp_path: Path) -> None:
    with hold_in_another_process(tmp_path) as process:
        owner = f"process {process.pid} on {platform.node()}"
        for _ in range(2):  # being refused takes nothing from the owner
            with pytest.raises(RunFolderError, match=f"is in use by {owner}; wait until it ends, or .* another --out"):
                hold_lock(tmp_path).__enter__()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with hold_lock(tmp_path):
            assert (tmp_path / "run.lock").read_text() == f"process {os.getpid()} on {platform.node()}\n"


def test_the_folder_is_free_after_the_block_and_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path):
        raise ZeroDivisionError
    with hold_lock(tmp_path), pytest.raises(RunFolderError, match="in use"), hold_lock(tmp_path):
        pytest.fail("held twice")
    with hold_lock(tmp_path):
        pass


def test_other_folders_are_not_concerned(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with hold_lock(tmp_path), hold_lock(tmp_path / "a"):
        assert (tmp_path / "a" / "run.lock").exists()


def test_an_owner_that_has_not_yet_written_its_name(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        (tmp_path / "run.lock").write_text("")
        with pytest.raises(RunFolderError, match="is in use by another process;"):
            hold_lock(tmp_path).__enter__()


def test_a_file_system_without_locks_is_no_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(handle: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", refuse)
    with caplog.at_level(logging.WARNING), hold_lock(tmp_path):
        assert "cannot be locked" in caplog.text
