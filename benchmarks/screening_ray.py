"""Are two Ray workers faster than one, and do they find what this machine finds?

    python -m benchmarks.screening_ray --data DATA

The chemistry part of a screen: rows of ZINC250k are parsed and standardised, limits on weight and structural alerts
come first, then QED and synthetic accessibility, and no network. One worker and two, of one Ray cluster on this
machine, work on the same chunks by turns; ratios are those of neighbouring turns, so that other work on the machine
disturbs both alike. Workers are started, and warm, before any clock runs. Afterwards a library is screened by the
local engine and by the cluster, and the bytes of all results are compared.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.featurization_speed import LIBRARY, SEED, choose_smiles
from benchmarks.harness import write_result
from benchmarks.screening_speed import write_library
from moldesign.objectives.profile import Profile, dump_profile, parse_goals
from moldesign.screening import ScreeningSettings, screen
from moldesign.screening.cluster import RayExecutor, start_on_cluster
from moldesign.screening.executor import Executor, Screened, Task
from moldesign.screening.screener import Screener

CHUNK = 500
WORKERS = (1, 2)
ENDINGS = ("", ".rejected.csv", ".manifest.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=4_000, help="rows of a turn")
    parser.add_argument("--turns", type=int, default=5, help="of each number of workers")
    options = parser.parse_args()
    import ray  # noqa: PLC0415  an extra

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  else workers wait behind everything else on the machine
    ray.init("local", num_cpus=sum(WORKERS), log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    smiles = choose_smiles(options.data, options.n)
    seconds = time_turns(smiles, options.turns)
    figures = make_figures(seconds, options.n) | {"same_bytes_as_local": "yes" if compare(smiles) else "no"}
    print(figures)
    extra = {"library": LIBRARY, "n": options.n, "turns": options.turns, "profile": dump_profile(make_profile())}
    extra |= {"seconds": {str(n): times for n, times in seconds.items()}, "load": round(os.getloadavg()[0], 1)}
    print(write_result("screening_ray", figures, seed=SEED, extra=extra))


def make_figures(seconds: Mapping[int, Sequence[float]], n_rows: int) -> dict[str, Any]:
    """Return the rates, and how many times faster two workers are in the turn after that of one."""
    ratios = [one / two for one, two in zip(*(seconds[n] for n in WORKERS), strict=True)]
    rates = {f"rows_per_s_with_{n}": round(n_rows / median(times)) for n, times in seconds.items()}
    return rates | {
        "ratio": round(median(ratios), 3),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
    }


def make_profile() -> Profile:
    """Return limits and wishes that need no network."""
    return parse_goals(["qed max", "sa min"]).with_constraints(must=("mw in 200..450", "alerts <= 0"))


def time_turns(smiles: Sequence[str], n_turns: int) -> dict[int, list[float]]:
    """Return the seconds of each turn, by the number of workers."""
    tasks = [Task(f"chunk {first}", list(smiles[first : first + CHUNK])) for first in range(0, len(smiles), CHUNK)]
    screener = Screener(dump_profile(make_profile()))
    engines = {n: RayExecutor(screener, address="auto", n_workers=n) for n in WORKERS}
    try:
        for engine in engines.values():
            wait_for_all(engine, tasks)
        seconds: dict[int, list[float]] = {n: [] for n in WORKERS}
        for _ in range(n_turns):
            for n, engine in engines.items():
                seconds[n].append(time_tasks(engine, tasks))
    finally:
        for engine in engines.values():
            engine.close()
    return seconds


def wait_for_all(engine: RayExecutor, tasks: Sequence[Task]) -> None:
    """Return when each worker has done some work."""
    wanted = engine.n_workers
    while len(engine.notes) < wanted:
        time_tasks(engine, tasks[:wanted])
    time_tasks(engine, [*tasks, *tasks][: 2 * wanted])


def time_tasks(engine: Executor, tasks: Sequence[Task]) -> float:
    """Return the seconds from the first task to the last outcome.

    Raises:
        RuntimeError: not every task was done.
    """
    start = time.perf_counter()
    n_done = sum(isinstance(outcome, Screened) for outcome in engine.map(iter(tasks)))
    if n_done != len(tasks):
        raise RuntimeError(f"{n_done} of {len(tasks)} tasks were done")
    return time.perf_counter() - start


def compare(smiles: Sequence[str]) -> bool:
    """Return whether the cluster and this machine write the same bytes."""
    settings = ScreeningSettings(top=100, workers=2, chunk_size=CHUNK)
    with tempfile.TemporaryDirectory() as folder:
        library = write_library(Path(folder, "library.smi"), smiles)
        there, here = Path(folder, "there.csv"), Path(folder, "here.csv")
        on_cluster = partial(start_on_cluster, address="auto")
        screen(library, make_profile(), out=there, settings=settings, make_executor=on_cluster)
        screen(library, make_profile(), out=here, settings=settings)
        return all(Path(f"{there}{end}").read_bytes() == Path(f"{here}{end}").read_bytes() for end in ENDINGS)


if __name__ == "__main__":
    main()
