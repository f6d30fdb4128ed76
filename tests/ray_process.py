"""Ray leaves threads behind, with which nothing can be forked any more: its cases run in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

_EAGER = {"RAY_worker_niceness": "0"}
"""Else workers wait behind everything else that a busy machine does."""


def run_cases(cases: Path) -> str:
    """Run a file of tests, all of which must pass; return what pytest said."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(cases)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | _EAGER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
