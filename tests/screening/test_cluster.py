"""Ray leaves threads behind, with which nothing can be forked any more: its cases run in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("ray_cases.py")


@pytest.mark.slow
def test_screening_on_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    done = subprocess.run(command, cwd=CASES.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
