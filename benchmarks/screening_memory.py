"""Does the memory of `moldesign screen` stay what it is while two million rows go by?

    python -m benchmarks.screening_memory --data DATA

Rows are those of ZINC250k, each eight times: as it is, and with an atom or two put before it, which mostly makes
another molecule, and sometimes none. A limit on weight comes first, then an endpoint of `admet` and logP, or logP
alone. Memory is that of all processes together (proportional set sizes, so that a page that several share counts once),
looked at again and again while rows are screened.
"""

import argparse
import os
import tempfile
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path

from benchmarks.featurization_speed import LIBRARY
from benchmarks.harness import write_result
from benchmarks.speed.processes import measure_tree
from moldesign.datasets.catalog import locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.objectives.profile import parse_goals
from moldesign.screening import ScreeningSettings, screen
from moldesign.screening.progress import ScreeningProgress

PREFIXES = ("", "C", "CC", "F", "Cl", "CO", "N", "CCC")
EARLY = 250_000
LOOK_EVERY = 10
"""Chunks"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=2_000_000, help="rows")
    parser.add_argument("--workers", type=int, default=2, help="processes besides the one that reads")
    parser.add_argument("--no-network", action="store_true", help="leave the endpoint out")
    options = parser.parse_args()
    goals = ["logp max"] if options.no_network else ["logp max", "herg min"]
    smiles = read_smiles(locate_dataset(LIBRARY, options.data))
    with tempfile.TemporaryDirectory() as folder:
        library = write_variants(Path(folder, "library.smi"), smiles, options.n)
        trace = watch(library, goals, options.workers)
    figures = summarize(trace, options.n)
    print(figures)
    extra = {"library": LIBRARY, "n": options.n, "workers": options.workers, "goals": goals, "looks": len(trace)}
    print(write_result("screening_memory", figures, extra=extra))


def write_variants(path: Path, smiles: Iterable[str], n: int) -> Path:
    """Write n rows: all molecules as they are, then all with the first prefix, and so on."""
    texts = list(smiles)
    rows = (prefix + text for prefix in cycle(PREFIXES) for text in texts)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{text} row{row}\n" for row, text in enumerate(islice(rows, n)))
    return path


def watch(library: Path, goals: list[str], n_workers: int) -> list[tuple[int, float]]:
    """Screen a library; return how many rows were done and the memory in MiB, look for look."""
    trace: list[tuple[int, float]] = []
    n_chunks = 0

    def look(progress: ScreeningProgress) -> None:
        nonlocal n_chunks
        n_chunks += 1
        if n_chunks % LOOK_EVERY == 0:
            trace.append((progress.n_rows, measure_tree(os.getpid())))

    profile = parse_goals(goals).with_constraints(must=("mw in 200..450",))
    settings = ScreeningSettings(workers=n_workers)
    screen(library, profile, out=library.with_suffix(".csv"), settings=settings, on_progress=look)
    return trace


def summarize(trace: list[tuple[int, float]], n: int) -> dict[str, float]:
    """Return the largest memory within the first rows, and within all.

    Raises:
        ValueError: nothing was looked at so early.
    """
    early = [mib for rows, mib in trace if rows <= EARLY]
    if not early:
        raise ValueError(f"the first look came after {EARLY} rows: look more often")
    whole = max(mib for _, mib in trace)
    return {
        f"peak_mib_up_to_{EARLY}_rows": round(max(early)),
        f"peak_mib_up_to_{n}_rows": round(whole),
        "ratio": round(whole / max(early), 3),
    }


if __name__ == "__main__":
    main()
