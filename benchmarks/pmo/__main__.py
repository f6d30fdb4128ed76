"""How good are the best molecules within 10,000 calls of an oracle?

PMO (arXiv:2206.12411): 20 tasks on RDKit alone, and three activities. Each run is one file in WORK/pmo, independent of
the others: a table is filled bit by bit, also by several processes at once, and shows which runs are done. A run of
`moldesign` that was killed or paused goes on from its last checkpoint; one of another method begins anew. A run ends
early when its ten best have the score 1.

    python -m benchmarks.pmo --work WORK --data DATA                                  # everything that is missing
    python -m benchmarks.pmo --work WORK --data DATA --methods graph_ga --tasks qed median1 --seeds 0
    python -m benchmarks.pmo --work WORK --data DATA --tasks qed --seeds 0 --budget 300   # a short look
    python -m benchmarks.pmo --work WORK --data DATA --methods moldesign --pause-at 2000  # the beginnings of all runs
    python -m benchmarks.pmo --work WORK --table                                      # run nothing
"""

import argparse
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from benchmarks.harness import ROOT, write_result
from benchmarks.pmo.cells import Cell, Protocol, locate_cell, save_record
from benchmarks.pmo.library import Library, load_library
from benchmarks.pmo.methods.catalog import METHODS
from benchmarks.pmo.methods.method import Start
from benchmarks.pmo.oracles import ORACLES, load_oracle
from benchmarks.pmo.running import Run
from benchmarks.pmo.table import ANCHOR_BUDGET, assemble, load_current, read_anchors
from moldesign.errors import RunFolderError
from moldesign.generation.folder import CHECKPOINT
from moldesign.generation.lock import hold_lock
from scripts.render_readme import render_pmo

SEEDS = (0, 1, 2)
ANCHORS = ROOT / "benchmarks" / "anchors" / "pmo.json"


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
    protocol = Protocol(options.budget, options.require_clean)
    torch.set_num_threads(options.threads)
    if not options.table:
        with threadpool_limits(options.threads):
            run_missing(list_cells(options), protocol, options)
    result = assemble(options.work, protocol, METHODS, ORACLES, SEEDS, read_anchors(ANCHORS))
    print(render_pmo(result))
    if options.budget == ANCHOR_BUDGET and result["extra"]["done"]:
        name = "pmo_clean" if options.require_clean else "pmo"
        print(write_result(name, result["figures"], seed=SEEDS[0], extra=result["extra"]))


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--tasks", nargs="+", choices=ORACLES, default=list(ORACLES), metavar="TASK")
    parser.add_argument("--seeds", nargs="+", type=int, choices=SEEDS, default=list(SEEDS), metavar="SEED")
    parser.add_argument("--budget", type=int, default=ANCHOR_BUDGET, help="unique valid molecules that a run may score")
    parser.add_argument("--pause-at", type=int, metavar="CALLS", help="go on from there another time")
    parser.add_argument(
        "--require-clean",
        action="store_true",
        help="another table, in which molecules with alerts or an SA score above 4 score 0",
    )
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--table", action="store_true", help="run nothing, show what is there")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.budget < 1:
        parser.error(f"--budget {options.budget}: at least one call is needed")
    options.pause_at = options.budget if options.pause_at is None else options.pause_at
    if options.data is None and not options.table:
        parser.error("ZINC250k is needed; pass --data or set MOLDESIGN_DATA to the folder of the data sets")
    return options


def list_cells(options: argparse.Namespace) -> list[Cell]:
    """Return the runs asked for: the first seed of every task first."""
    return [Cell(method, task, seed) for seed in options.seeds for task in options.tasks for method in options.methods]


def run_missing(cells: Sequence[Cell], protocol: Protocol, options: argparse.Namespace) -> None:
    """Make every run that is not on disk, except those that another process is making."""
    library = load_library(options.data)
    for number, cell in enumerate(cells, start=1):
        folder = locate_cell(options.work, protocol, cell)
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(hold_lock(folder))
            except RunFolderError:
                print(f"[{number}/{len(cells)}] {cell}: another process makes it", flush=True)
                continue
            record = load_current(options.work, protocol, cell, METHODS[cell.method])
            if record is None or not (record.ended or len(record.scores) >= options.pause_at):
                make_run(cell, folder, library, protocol, options)


def make_run(cell: Cell, folder: Path, library: Library, protocol: Protocol, options: argparse.Namespace) -> None:
    """Make a run or a part of it, and put it away."""
    start = Start(library, cell.seed, protocol.budget, options.device)
    run = Run(METHODS[cell.method], load_oracle(cell.task), start, protocol, folder)
    record = run.play(options.pause_at, report_progress(cell))
    save_record(folder, record)
    if record.ended:
        shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    area, minutes = record.figures["auc_top10"], record.seconds / 60
    print(f"{cell}: {len(record.scores)} calls, AUC top-10 {area:.3f}, {minutes:.1f} min", flush=True)


def report_progress(cell: Cell, *, every: float = 60.0) -> Callable[[int], None]:
    """Return what says, at most once in `every` seconds, how far a run is."""
    said = time.monotonic()

    def report(n_calls: int) -> None:
        nonlocal said
        if time.monotonic() - said > every:
            said = time.monotonic()
            print(f"{cell}: {n_calls} calls", flush=True)

    return report


if __name__ == "__main__":
    main()
