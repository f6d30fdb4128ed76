"""Filling a table: every run that is not on disk is made, or taken on, one after the other."""

import argparse
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from benchmarks.pmo.cells import Cell, Protocol, locate_cell, save_record
from benchmarks.pmo.library import load_library
from benchmarks.pmo.methods.method import Entry, Start
from benchmarks.pmo.oracles import ORACLES, load_oracle
from benchmarks.pmo.running import Run
from benchmarks.pmo.table import load_current
from moldesign.errors import RunFolderError
from moldesign.generation.folder import CHECKPOINT
from moldesign.generation.lock import hold_lock

SEEDS = (0, 1, 2)


def add_run_options(parser: argparse.ArgumentParser, tasks: Sequence[str]) -> None:
    """Add what every table of runs can be told; `tasks` are those of the table."""
    parser.add_argument("--table", action="store_true", help="run nothing, show what is there")
    parser.add_argument("--tasks", nargs="+", choices=ORACLES, default=tasks, metavar="TASK")
    parser.add_argument("--seeds", nargs="+", type=int, choices=SEEDS, default=list(SEEDS), metavar="SEED")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)


def require_data(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Stop with an error where runs shall be made, and nobody knows where the library is."""
    if options.data is None and not options.table:
        parser.error("ZINC250k is needed; pass --data or set MOLDESIGN_DATA to the folder of the data sets")


def list_cells(methods: Iterable[str], tasks: Iterable[str], seeds: Iterable[int]) -> list[Cell]:
    """Return the runs of all combinations: the first seed of every task first."""
    return [Cell(method, task, seed) for seed, task, method in product(seeds, tasks, methods)]


def run_missing(
    cells: Sequence[Cell], methods: Mapping[str, Entry], protocol: Protocol, options: argparse.Namespace
) -> None:
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
            record = load_current(options.work, protocol, cell, methods[cell.method])
            if record is None or not (record.ended or len(record.scores) >= options.pause_at):
                make_run(
                    cell,
                    methods[cell.method],
                    folder,
                    Start(library, cell.seed, protocol.budget, options.device),
                    protocol,
                    options.pause_at,
                )


def make_run(cell: Cell, entry: Entry, folder: Path, start: Start, protocol: Protocol, pause_at: int) -> None:
    """Make a run or a part of it, and put it away."""
    run = Run(entry, load_oracle(cell.task), start, protocol, folder)
    record = run.play(pause_at, report_progress(cell))
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
