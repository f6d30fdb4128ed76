"""What is each part of the engine good for? The beginnings of runs with one of them taken out.

    python -m benchmarks.pmo.ablation --work WORK --data DATA      # everything that is missing
    python -m benchmarks.pmo.ablation --work WORK --table          # run nothing

The whole engine's runs are those of `python -m benchmarks.pmo`, as far as they are there. All figures are areas under
the curve of the best ten over the first calls alone.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.harness import write_result
from benchmarks.pmo.cells import Cell, Protocol
from benchmarks.pmo.figures import compute_auc
from benchmarks.pmo.filling import add_run_options, list_cells, require_data, run_missing
from benchmarks.pmo.methods.catalog import ABLATIONS
from benchmarks.pmo.table import ANCHOR_BUDGET, load_current

TASKS = ("perindopril_mpo", "zaleplon_mpo", "mestranol_similarity", "sitagliptin_mpo")
CALLS = 500


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
    torch.set_num_threads(options.threads)
    protocol = Protocol(ANCHOR_BUDGET)
    if not options.table:
        with threadpool_limits(options.threads):
            run_missing(list_cells(ABLATIONS, options.tasks, options.seeds), ABLATIONS, protocol, options)
    figures = {task: measure_task(options, protocol, task) for task in options.tasks}
    for task, row in figures.items():
        print(task, row)
    if tuple(options.tasks) == TASKS and all(len(row) == len(ABLATIONS) for row in figures.values()):
        notes = {name: entry.note for name, entry in ABLATIONS.items()}
        extra = {"calls": options.pause_at, "seeds": options.seeds, "methods": notes}
        print(write_result("pmo_ablation", figures, seed=options.seeds[0], extra=extra))


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause-at", type=int, default=CALLS, metavar="CALLS", help="calls that are compared")
    add_run_options(parser, TASKS)
    options = parser.parse_args(arguments)
    require_data(parser, options)
    return options


def measure_task(options: argparse.Namespace, protocol: Protocol, task: str) -> dict[str, float]:
    """Return the mean area of each variant over the seeds; without those of which a run has not come so far."""
    row = {}
    for name, entry in ABLATIONS.items():
        runs = [load_current(options.work, protocol, Cell(name, task, seed), entry) for seed in options.seeds]
        known = [run.scores for run in runs if run and (run.ended or len(run.scores) >= options.pause_at)]
        if len(known) == len(options.seeds):
            row[name] = round(float(np.mean([compute_auc(scores, options.pause_at) for scores in known])), 3)
    return row


if __name__ == "__main__":
    main()
