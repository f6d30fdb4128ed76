"""What does a row of a library cost: in processor time, to screen, read, put away and merge, and in bytes on a disk?

    python -m benchmarks.screening_costs --data DATA

All figures are about one thread and its processor time, which is the same on a busy machine and on an idle one; on an
idle one it is the time that passes. Rows of ZINC250k are screened by profiles of different cost, without a hit found
before that would outrank a row. Then they are repeated under new names, and screened by an engine that answers at once,
so that only the process that reads, puts away and merges works: the one that cannot be had twice. Its rates are those
of the rows by which a long library exceeds a short one, so that start-up is left out. Everything is the median of some
turns.
"""

import argparse
import gzip
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch

from benchmarks.featurization_speed import LIBRARY, SEED, choose_smiles
from benchmarks.harness import write_result
from benchmarks.screening_ray import CHUNK, make_profile
from benchmarks.screening_speed import ONE, list_goals
from moldesign.objectives.profile import Profile, dump_profile, parse_goals
from moldesign.screening import ScreeningSettings, Shard, merge_shards, screen
from moldesign.screening.executor import Fall, Outcome, Screened, Task
from moldesign.screening.screener import Screener

N_SCREENED, SHORT, LONG, TURNS, N_SHARDS = 2_000, 20_000, 120_000, 3, 2
REJECTED = 0.4
"""Share of the rows that fall at a filter; about what limits on weight and alerts reject of a vendor's library."""
FALL = Fall("mw in 250..450", "mw is 471.7; it must be: mw in 250..450")
CHEAP = parse_goals(["logp max"])


class Costs(NamedTuple):
    """Processor seconds for a whole library."""

    reading: float
    """By a shard that has hardly a row to work on"""
    screening: float
    """By all shards together, each of which reads all of it"""
    merging: float
    shard_bytes: int
    """Of all shards together"""


class Instant:
    """Knows the outcome at once: some rows fall, the others score the better, the later they come."""

    def __init__(self) -> None:
        self._n_rows = 0

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Yield made-up outcomes."""
        for task in tasks:
            n = len(task.texts)
            n_fallen = round(REJECTED * n)
            rows = list(range(n_fallen, n))
            keys = [self._n_rows + row for row in rows]
            self._n_rows += n
            score = self._n_rows / (self._n_rows + LONG)
            falls = dict.fromkeys(range(n_fallen), FALL)
            yield Screened(falls, rows, [score] * len(rows), [[1.5]] * len(rows), [[score]] * len(rows), keys)

    def close(self) -> None:
        """Do nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    smiles = choose_smiles(options.data, SHORT)
    rates = {name: rate_profile(profile, smiles[:N_SCREENED]) for name, profile in list_profiles().items()}
    with tempfile.TemporaryDirectory() as folder:
        libraries = [write_packed(Path(folder, f"{n}.smi.gz"), smiles, n) for n in (SHORT, LONG)]
        turns = [tuple(measure(library) for library in libraries) for _ in range(TURNS)]
        packed = libraries[1].stat().st_size / LONG
    figures = {"screened_rows_per_cpu_s": rates} | make_figures(turns)
    figures |= {"library_gz_bytes_per_row": round(packed, 1)}
    print(figures)
    extra = {"library": LIBRARY, "screened": N_SCREENED, "short": SHORT, "long": LONG, "turns": TURNS}
    print(write_result("screening_costs", figures, seed=SEED, extra=extra | {"share_rejected": REJECTED}))


def list_profiles() -> dict[str, Profile]:
    """Return profiles from cheap to dear."""
    everything = [*list_goals(None), "qed max", "alerts <= 0"]
    return {
        "limits, QED, SA": make_profile(),
        "one endpoint": parse_goals(list_goals(ONE)),
        "all endpoints, QED, alerts": parse_goals(everything),
    }


def rate_profile(profile: Profile, smiles: Sequence[str]) -> int:
    """Return how many rows are screened in a second of processor time."""
    screener = Screener(dump_profile(profile))
    tasks = [Task("rows", list(smiles[first : first + CHUNK])) for first in range(0, len(smiles), CHUNK)]
    screener.run(tasks[0])
    seconds = [clock(lambda: [screener.run(task) for task in tasks]) for _ in range(TURNS)]
    return round(len(smiles) / median(seconds))


def make_figures(turns: Sequence[tuple[Costs, ...]]) -> dict[str, Any]:
    """Return rates, and bytes, per row by which the long library exceeds the short one.

    A shard of two works on half of the rows and reads all of them: what putting away costs is what both take together,
    less two readings.
    """

    def find_rate(seconds: Callable[[Costs], float]) -> int:
        return round((LONG - SHORT) / median(seconds(long) - seconds(short) for short, long in turns))

    n_bytes = (turns[0][1].shard_bytes - turns[0][0].shard_bytes) / (LONG - SHORT)
    return {
        "read_rows_per_cpu_s": find_rate(lambda costs: costs.reading),
        "put_away_rows_per_cpu_s": find_rate(lambda costs: costs.screening - N_SHARDS * costs.reading),
        "merged_rows_per_cpu_s": find_rate(lambda costs: costs.merging),
        "shard_bytes_per_rejected_row": round(n_bytes / REJECTED, 1),
    }


def write_packed(path: Path, smiles: Sequence[str], n: int) -> Path:
    """Write n lines, each with a SMILES and a name."""
    with gzip.open(path, "wt", compresslevel=6) as file:
        file.writelines(f"{smiles[row % len(smiles)]} row{row}\n" for row in range(n))
    return path


def measure(library: Path) -> Costs:
    """Read, screen and merge a library once."""
    out = library.with_name(f"{library.name}.csv")
    reading = clock(lambda: screen_shard(library, out, Shard(1, 1_000_000)))
    shards = [Shard(i, N_SHARDS) for i in range(1, N_SHARDS + 1)]
    screening = sum(clock(lambda shard=shard: screen_shard(library, out, shard)) for shard in shards)  # type: ignore[misc]
    pattern = f"{out}.shard-*-of-{N_SHARDS}"
    merging = clock(lambda: merge_shards([pattern], out=out, workers=1))
    parts = [path for path in out.parent.iterdir() if path.match(f"{out.name}.shard-*-of-{N_SHARDS}")]
    return Costs(reading, screening, merging, sum(path.stat().st_size for path in parts))


def screen_shard(library: Path, out: Path, shard: Shard) -> None:
    """Screen a part of the library."""
    settings = ScreeningSettings(top=100, shard=shard)
    screen(library, CHEAP, out=out, settings=settings, make_executor=lambda *_: Instant())


def clock(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that this process spends on some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
