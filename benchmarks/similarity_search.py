"""How many comparisons per second does `moldesign screen --like` make, with and without kept fingerprints?

    python -m benchmarks.similarity_search --data DATA

From file to file, on one worker process; what a long library takes longer than a short one is the time of its further
rows. Seconds are those of the processor, of all processes together, so that the figures are per core. A comparison is
that of one molecule of the library with one query.

* first search: the molecules are read, and their fingerprints kept; next search: the kept fingerprints are read.
* comparison alone: the function that compares, on fingerprints in memory; the figure to hold against chemfp's.
* limit: what is published of chemfp, 130 million comparisons/s a core on ready fingerprints of 2048 bits; it orders
  fingerprints by their number of bits, and leaves out those that cannot be similar enough.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.featurization_speed import LIBRARY, SEED, choose_smiles
from benchmarks.harness import write_result
from benchmarks.screening_speed import write_library
from benchmarks.speed.processes import ProcessError
from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import parse_smiles
from moldesign.predictors.bundled import load_predictor
from moldesign.screening import ScreeningSettings, screen
from moldesign.screening.likeness import add_queries

N_SHORT = 2_000
N_QUERIES = (1, 10, 100)
CHEMFP_PER_S = 130_000_000
REPEATS = 5


def main() -> None:
    options = parse_options()
    smiles = choose_smiles(options.data, options.n + max(N_QUERIES))
    queries, smiles = smiles[options.n :], smiles[: options.n]
    figures: dict[str, Any] = {}
    load_predictor("admet").domain.measure(parse_smiles(queries[:1]).mols)  # what hits are compared with is at hand
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        libraries = [write_library(folder / f"{n}.smi", smiles[:n]) for n in (N_SHORT, options.n)]
        for search, n_queries in (("first", 1), *(("next", n) for n in N_QUERIES)):
            rate = measure_rate(libraries, queries[:n_queries], folder, options.n)
            figures[f"{search} search, {describe(n_queries)}"] = {
                "rows_per_cpu_s": round(rate),
                "comparisons_per_cpu_s": round(rate * n_queries),
            }
    figures |= measure_comparison(smiles[:N_SHORT], queries)
    figures["chemfp on ready fingerprints (published; the limit)"] = {
        "rows_per_cpu_s": None,
        "comparisons_per_cpu_s": CHEMFP_PER_S,
    }
    print(figures)
    print(write_result("similarity_search", figures, seed=SEED, extra={"library": LIBRARY, "n": options.n}))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=50_000, help="rows of the long library")
    options = parser.parse_args()
    if options.n <= N_SHORT:
        parser.error(f"--n {options.n}: more than {N_SHORT} rows are needed")
    return options


def describe(n_queries: int) -> str:
    """Return how many queries there are, in words."""
    return "1 query" if n_queries == 1 else f"{n_queries} queries"


def measure_rate(libraries: Sequence[Path], queries: Sequence[str], folder: Path, n: int) -> float:
    """Return how many rows of the long library, beyond those of the short one, are searched per processor second.

    Raises:
        ProcessError: more rows took no longer, so that there is no rate.
    """
    seconds = [time_search(library, queries, folder / f"prints-{library.stem}") for library in libraries]
    if seconds[1] <= seconds[0]:
        raise ProcessError(f"{n} rows took no longer than {N_SHORT}: give more rows")
    return (n - N_SHORT) / (seconds[1] - seconds[0])


def time_search(library: Path, queries: Sequence[str], prints: Path) -> float:
    """Return the processor seconds that a search for the best 100 takes."""
    settings = ScreeningSettings(top=100, workers=1, fingerprints=str(prints))
    before = read_seconds()
    screen(library, add_queries(None, queries), out=library.with_name("alike.csv"), settings=settings)
    return read_seconds() - before


def read_seconds() -> float:
    """Return the processor seconds of this process and of all that it has started and that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure_comparison(smiles: Sequence[str], queries: Sequence[str]) -> dict[str, Any]:
    """Return a row per number of queries: how fast fingerprints in memory are compared."""
    bits, asked = (morgan_bits(parse_smiles(texts).mols) for texts in (smiles, queries))
    rows = {}
    for n_queries in N_QUERIES:
        seconds = time_best(lambda chosen=asked[:n_queries]: tanimoto(bits, chosen))
        name = f"comparison alone, {describe(n_queries)}"
        rows[name] = {
            "rows_per_cpu_s": round(len(bits) / seconds),
            "comparisons_per_cpu_s": round(len(bits) * n_queries / seconds),
        }
    return rows


def time_best(work: Callable[[], np.ndarray]) -> float:
    """Return the fewest processor seconds that some work takes."""
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
