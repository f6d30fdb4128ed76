"""How good are the best molecules within 10,000 calls of an oracle?

PMO (arXiv:2206.12411): 20 tasks on RDKit alone, and three activities. Each run is one file in WORK/pmo, independent of
the others: a table is filled bit by bit, also by several processes at once, and shows which runs are done. A run of
`moldesign` that was killed or paused goes on from its last checkpoint, as do its parts; another begins anew. A run ends
early when its ten best have the score 1. The table also has the runs of its result file, as long as their method has
the settings of today: it is filled on several machines, each with a WORK of its own.

    python -m benchmarks.pmo --work WORK --data DATA                                  # everything that is missing
    python -m benchmarks.pmo --work WORK --data DATA --methods graph_ga --tasks qed median1 --seeds 0
    python -m benchmarks.pmo --work WORK --data DATA --tasks qed --seeds 0 --budget 300   # a short look
    python -m benchmarks.pmo --work WORK --data DATA --methods moldesign --pause-at 2000  # the beginnings of all runs
    python -m benchmarks.pmo --work WORK --table                                      # run nothing
"""

import argparse
from collections.abc import Sequence

import torch
from threadpoolctl import threadpool_limits

from benchmarks.harness import ROOT, locate_result, write_result
from benchmarks.pmo.cells import Protocol
from benchmarks.pmo.filling import SEEDS, add_run_options, list_cells, require_data, run_missing
from benchmarks.pmo.methods.catalog import METHODS
from benchmarks.pmo.oracles import ORACLES
from benchmarks.pmo.table import ANCHOR_BUDGET, assemble, read_anchors, read_earlier
from scripts.render_readme import render_pmo

ANCHORS = ROOT / "benchmarks" / "anchors" / "pmo.json"


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
    protocol = Protocol(options.budget, options.require_clean)
    torch.set_num_threads(options.threads)
    if not options.table:
        with threadpool_limits(options.threads):
            cells = list_cells(options.methods, options.tasks, options.seeds)
            run_missing(cells, METHODS, protocol, options)
    name = "pmo_clean" if options.require_clean else "pmo"
    earlier = read_earlier(locate_result(name), protocol, METHODS)
    result = assemble(options.work, protocol, METHODS, ORACLES, SEEDS, read_anchors(ANCHORS), earlier)
    print(render_pmo(result))
    if options.budget == ANCHOR_BUDGET and result["extra"]["done"]:
        print(write_result(name, result["figures"], seed=SEEDS[0], extra=result["extra"]))


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--budget", type=int, default=ANCHOR_BUDGET, help="unique valid molecules that a run may score")
    parser.add_argument("--pause-at", type=int, metavar="CALLS", help="go on from there another time")
    parser.add_argument(
        "--require-clean",
        action="store_true",
        help="another table, in which molecules with alerts or an SA score above 4 score 0",
    )
    add_run_options(parser, list(ORACLES))
    options = parser.parse_args(arguments)
    if options.budget < 1:
        parser.error(f"--budget {options.budget}: at least one call is needed")
    options.pause_at = options.budget if options.pause_at is None else options.pause_at
    require_data(parser, options)
    return options


if __name__ == "__main__":
    main()
