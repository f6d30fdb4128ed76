"""Fresh processes and their memory."""

import sys
from pathlib import Path

import pytest

from benchmarks.speed.processes import ProcessError, find_descendants, measure_tree, run_measured, time_python

HOLD = "import time; block = bytearray({mib} << 20); time.sleep({seconds})"
needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not tell")


def test_output_and_seconds_are_told():
    finished = run_measured([sys.executable, "-c", "print('done')"])
    assert finished.output == "done\n"
    assert finished.seconds > 0
    assert finished.peak_mib == 0


def test_an_error_says_why():
    with pytest.raises(ProcessError, match=r"code 3: .*broken"):
        run_measured([sys.executable, "-c", "import sys; sys.stderr.write('it is broken'); sys.exit(3)"])


@needs_proc
def test_peak_counts_the_memory_of_children():
    child = HOLD.format(mib=60, seconds=0.5)
    parent = f"import subprocess, sys; block = bytearray(40 << 20); subprocess.run([sys.executable, '-c', {child!r}])"
    peak = run_measured([sys.executable, "-c", parent], sample_memory=True).peak_mib
    assert 100 < peak < 200


@needs_proc
def test_an_ended_process_holds_nothing():
    finished = run_measured([sys.executable, "-c", "import os; print(os.getpid())"])
    pid = int(finished.output)
    assert find_descendants(pid) == []
    assert measure_tree(pid) == 0


def test_fresh_python_is_timed():
    assert 0.05 < time_python("import time; time.sleep(0.05)", runs=1) < 30
