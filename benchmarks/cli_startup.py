"""How long does `moldesign --help` take? It must not wait for PyTorch or RDKit."""

import argparse
import subprocess
import sys
import time
from statistics import median

from benchmarks.harness import ROOT, write_result

COMMAND = [sys.executable, "-m", "moldesign", "--help"]


def measure_seconds() -> float:
    start = time.perf_counter()
    subprocess.run(COMMAND, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    measure_seconds()  # the first run may have to compile the modules
    seconds = [measure_seconds() for _ in range(runs)]
    figures = {"median_s": round(median(seconds), 3), "fastest_s": round(min(seconds), 3)}
    print(figures)
    write_result("cli_startup", figures, extra={"runs": runs, "command": "python -m moldesign --help"})


if __name__ == "__main__":
    main()
