"""Ray leaves threads behind, with which nothing can be forked any more: its cases run in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("ray_cases.py")
EAGER = {"RAY_worker_niceness": "0"}
"""Else workers wait behind everything else that a busy machine does."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_screening_on_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(CASES)]
    here, environment = CASES.parents[2], os.environ | EAGER
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
