"""From what cost of a call on does it pay to think long before each?

    python -m benchmarks.strategies

Both strategies of `moldesign generate` work on two profiles whose calls take milliseconds: perindopril_mpo of PMO
(arXiv:2206.12411), which few molecules come near, and the default goals, which many can meet. Each call is then charged
a cost, added to the time that the search itself took: what did the best ten molecules of the first score on average,
and how many scaffolds had the hits of the second, when the time was over? A run that ended before keeps what it had.
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
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import generate
from moldesign.generation.strategy import judge_cost
from moldesign.objectives.profile import Profile, default_profile, parse_goals

TASK = "perindopril_mpo"
CALLS = {"fast": 3_000, "thrifty": 800}
COSTS = {0.0001: (30, 120), 0.03: (60, 300), 0.1: (60, 300), 0.3: (120, 300), 10.0: (1_000, 4_000)}
"""Seconds per call, and after how many seconds the strategies are compared."""


class Course(NamedTuple):
    """A run, call by call."""

    seconds: NDArray[np.float64]
    """[N], since its beginning, as measured"""
    totals: NDArray[np.float64]
    """[N]"""
    smiles: list[str]
    """N molecules"""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    profiles = {
        "task": (parse_goals([f"{__spec__.name}:score_task max"]), "zinc"),
        "default": (default_profile(), "chembl"),
    }
    courses = {
        (goal, strategy): run(profile, prior, strategy, calls, options.seed)
        for goal, (profile, prior) in profiles.items()
        for strategy, calls in CALLS.items()
    }
    figures = {f"{cost:g} s per call, after {limit:,} s": look(courses, cost, limit) for cost, limit in list_times()}
    for name, row in figures.items():
        print(name, row)
    thinking = {f"{strategy}, {goal}": per_call(course) for (goal, strategy), course in courses.items()}
    extra = {"task": TASK, "calls": CALLS, "search_seconds_per_call": thinking}
    print(write_result("strategies", figures, seed=options.seed, extra=extra))


def list_times() -> list[tuple[float, float]]:
    """Return each cost of a call with each time."""
    return [(cost, limit) for cost, limits in COSTS.items() for limit in limits]


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


def run(profile: Profile, prior: str, strategy: str, calls: int, seed: int) -> Course:
    """Return the course of a run; its time counts from the first call."""
    with tempfile.TemporaryDirectory() as folder:
        generate(profile, budget=calls, out=folder, strategy=strategy, seed=seed, prior=prior)
        with RunArchive(Path(folder), profile.term_names) as archive:
            molecules = list(archive.read())
    times = np.array([molecule.time for molecule in molecules])
    totals = np.array([molecule.total for molecule in molecules])
    return Course(times - times[0], totals, [molecule.smiles for molecule in molecules])


def look(courses: dict[tuple[str, str], Course], cost: float, limit: float) -> dict[str, float | int | str]:
    """Return what the strategies had reached when the time was over."""
    row: dict[str, float | int | str] = {}
    for strategy in CALLS:
        row[f"top 10 of {TASK}, {strategy}"] = round(average_best(courses["task", strategy], cost, limit), 3)
    for strategy in CALLS:
        row[f"scaffolds of hits, {strategy}"] = count_scaffolds(courses["default", strategy], cost, limit)
    return row | {"auto takes": judge_cost(cost).strategy}


def average_best(course: Course, cost: float, limit: float) -> float:
    """Return the mean of the ten best molecules that were scored within the limit; 0 for those that are missing."""
    best = np.sort(course.totals[: count(course, cost, limit)])[-10:]
    return float(best.sum() / 10)


def count_scaffolds(course: Course, cost: float, limit: float) -> int:
    """Return how many Murcko scaffolds the hits have that were scored within the limit."""
    n = count(course, cost, limit)
    hits = [
        text
        for text, total in zip(course.smiles[:n], course.totals[:n], strict=True)
        if total >= default_profile().threshold
    ]
    return len({murcko_scaffold(mol) for mol in require_mols(hits)})


def count(course: Course, cost: float, limit: float) -> int:
    """Return the number of calls that fit into the time."""
    charged = course.seconds + cost * np.arange(1, len(course.seconds) + 1)
    return int((charged <= limit).sum())


def per_call(course: Course) -> float:
    """Return the seconds that the search took per call."""
    return round(float(course.seconds[-1] / len(course.seconds)), 4)


if __name__ == "__main__":
    main()
