"""From what cost of a call on does it pay to think long before each?

    python -m benchmarks.strategies

Both strategies of `moldesign generate` maximise perindopril_mpo of PMO (arXiv:2206.12411), whose calls take a
millisecond at most. Each call is then charged a cost, added to the time that the search itself took: what did the best
ten molecules score, on average, when the time was over? A run that ended before keeps what it had.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness import write_result
from benchmarks.pmo.oracles import Oracle, load_oracle
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import generate
from moldesign.generation.strategy import judge_cost
from moldesign.objectives.profile import parse_goals

TASK = "perindopril_mpo"
CALLS = {"fast": 5_000, "thrifty": 500}
COSTS = {0.0001: (30, 120), 0.1: (60, 300), 10.0: (1_000, 4_000)}
"""Seconds per call, and after how many seconds the strategies are compared."""


class Course(NamedTuple):
    """A run, call by call."""

    seconds: NDArray[np.float64]
    """[N], since its beginning, as measured"""
    totals: NDArray[np.float64]
    """[N]"""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    courses = {strategy: run(strategy, calls, options.seed) for strategy, calls in CALLS.items()}
    figures = {
        f"{cost:g} s per call, after {limit:,} s": {
            **{strategy: round(look(course, cost, limit), 3) for strategy, course in courses.items()},
            "calls, fast": count(courses["fast"], cost, limit),
            "calls, thrifty": count(courses["thrifty"], cost, limit),
            "auto takes": judge_cost(cost).strategy,
        }
        for cost, limits in COSTS.items()
        for limit in limits
    }
    for name, row in figures.items():
        print(name, row)
    extra = {"task": TASK, "calls": CALLS, "search_seconds_per_call": {s: per_call(c) for s, c in courses.items()}}
    print(write_result("strategies", figures, seed=options.seed, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


@cache
def open_oracle() -> Oracle:
    return load_oracle(TASK)


def score_task(smiles: Sequence[str]) -> list[float]:
    """Return the scores of molecules: the goal of the runs."""
    return [float(score) for score in open_oracle()(smiles)]


def run(strategy: str, calls: int, seed: int) -> Course:
    """Return the course of a run; its time counts from the first call."""
    profile = parse_goals([f"{__spec__.name}:score_task max"])
    with tempfile.TemporaryDirectory() as folder:
        generate(profile, budget=calls, out=folder, strategy=strategy, seed=seed, prior="zinc")
        with RunArchive(Path(folder), profile.term_names) as archive:
            molecules = list(archive.read())
    times = np.array([molecule.time for molecule in molecules])
    return Course(times - times[0], np.array([molecule.total for molecule in molecules]))


def look(course: Course, cost: float, limit: float) -> float:
    """Return the mean of the ten best molecules that were scored within the limit; 0 for those that are missing."""
    best = np.sort(course.totals[: count(course, cost, limit)])[-10:]
    return float(best.sum() / 10)


def count(course: Course, cost: float, limit: float) -> int:
    """Return the number of calls that fit into the time."""
    charged = course.seconds + cost * np.arange(1, len(course.seconds) + 1)
    return int((charged <= limit).sum())


def per_call(course: Course) -> float:
    """Return the seconds that the search took per call."""
    return round(float(course.seconds[-1] / len(course.seconds)), 4)


if __name__ == "__main__":
    main()
