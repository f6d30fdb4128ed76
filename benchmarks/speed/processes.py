"""Fresh Python processes: how long they take, and how much memory they and their children hold at the most."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.harness import ROOT

SAMPLE_SECONDS = 0.02
PROC = Path("/proc")


class Finished(NamedTuple):
    """A process that has ended well."""

    seconds: float
    output: str
    peak_mib: float
    """Largest sum of the proportional set sizes of the process and its descendants, sampled; a page that several of
    them share counts once. 0 where the system does not tell"""


class ProcessError(Exception):
    """A measured process ended with an error."""


def time_python(code: str, runs: int) -> float:
    """Return the median of the seconds that a fresh Python takes from its start to its end, after a run to warm up."""
    seconds = [run_measured([sys.executable, "-c", code]).seconds for _ in range(runs + 1)]
    return median(seconds[1:])


def run_measured(command: Sequence[str], *, sample_memory: bool = False) -> Finished:
    """Run a command from the top of the checkout.

    Args:
        command: program and arguments.
        sample_memory: look at the memory while it runs, which takes a little of a core.

    Raises:
        ProcessError: it ended with another code than 0; holds what it said.
    """
    start, peak = time.perf_counter(), 0.0
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        while sample_memory and process.poll() is None:
            peak = max(peak, measure_tree(process.pid))
            time.sleep(SAMPLE_SECONDS)
        output, errors = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        raise ProcessError(f"{command[0]} ended with code {process.returncode}: {errors.strip()[-2000:]}")
    return Finished(seconds, output, peak)


def measure_tree(pid: int) -> float:
    """Return the memory of a process and its descendants in MiB: proportional set sizes, added up."""
    return sum(_read_pss(member) for member in [pid, *find_descendants(pid)])


def find_descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    found = []
    for listing in PROC.glob(f"{pid}/task/*/children"):
        for child in _read(listing).split():
            found += [int(child), *find_descendants(int(child))]
    return found


def _read_pss(pid: int) -> float:
    lines = _read(PROC / str(pid) / "smaps_rollup").splitlines()
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # it has ended meanwhile
        return ""
