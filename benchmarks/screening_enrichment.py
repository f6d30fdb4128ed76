"""Does a model of the known actives of a target find its other actives among decoys?

    python -m benchmarks.screening_enrichment --data DATA [--targets dude/ada muv/466] [--methods moldesign forest]

DATA/vs has the targets of DUD-E, DUD and MUV. `moldesign train` makes a model of half the actives and some decoys, and
ranks all others, as do the methods beside it. What was scored is kept in the work folder, and a target that is in the
result already is not measured again: an interrupted benchmark goes on. `TUNING` names the targets on which the budget
of `moldesign train` and the share of its forest were chosen; they are not measured.
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.enrichment.cells import Cell, make_cell, name_recipe
from benchmarks.enrichment.methods import METHODS, OURS
from benchmarks.enrichment.summary import summarize
from benchmarks.enrichment.targets import (
    DECOYS_PER_ACTIVE,
    FEWEST_DECOYS,
    MAX_DECOYS,
    MOST_DECOYS,
    NEAR_COPY,
    TooSmallError,
    list_targets,
    load_task,
)
from benchmarks.harness import locate_result, write_result

NAME = "screening_enrichment"
TUNING = (
    "dude/rock1",
    "muv/548",
    "muv/600",
    "dude/fabp4",
    "muv/652",
    "dude/fak1",
    "dud/fgfr1",
    "dude_plus/andr",
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
    torch.set_num_threads(options.threads)
    folder = options.data / "vs"
    cells, too_small = read_cells(options.seed, options.methods)
    for name in options.targets or [name for name in list_targets(folder) if name not in TUNING]:
        if name in cells or name in too_small:
            continue
        try:
            task = load_task(folder, name, options.seed)
        except TooSmallError as error:
            too_small[name] = str(error)
            continue
        cells[name] = make_cell(task, options.work / NAME, options.seed, options.methods)
        print(name, {method: one["EF 1 %"][0] for method, one in cells[name]["figures"].items()}, flush=True)
        write_cells(cells, too_small, options)


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of the scores")
    parser.add_argument("--targets", nargs="+", help="names such as dude/ada; without it all but those for tuning")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("name the folder of the data sets with --data, or in MOLDESIGN_DATA")
    if tuned := set(options.targets or ()) & set(TUNING):
        parser.error(f"settings were chosen on {', '.join(sorted(tuned))}; measure others")
    return options


def read_cells(seed: int, methods: Sequence[str]) -> tuple[dict[str, Cell], dict[str, str]]:
    """Return the targets of the result that were measured in the same way, and those that are too small."""
    path = locate_result(NAME)
    if not path.is_file():
        return {}, {}
    extra: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["extra"]
    recipe = name_recipe(seed, methods)
    current = {name: cell for name, cell in extra["cells"].items() if cell["recipe"] == recipe}
    return current, extra["too_small"] if current else {}


def write_cells(cells: dict[str, Cell], too_small: dict[str, str], options: argparse.Namespace) -> None:
    folder = options.data / "vs"
    summary = summarize(cells, options.methods, options.seed, OURS)
    figures = {
        method: {metric: round(one.value, 4) for metric, one in row.items()} for method, row in summary["means"].items()
    }
    missing = [name for name in list_targets(folder) if name not in {*cells, *too_small, *TUNING}]
    extra = {
        "methods": {method: METHODS[method].says for method in options.methods},
        "split": {
            "most_decoys": MAX_DECOYS,
            "near_copy": NEAR_COPY,
            "training_decoys": {"per_active": DECOYS_PER_ACTIVE, "fewest": FEWEST_DECOYS, "most": MOST_DECOYS},
        },
        "tuning": TUNING,
        "not_measured_yet": missing,
        "too_small": too_small,
        "summary": summary,
        "cells": cells,
    }
    write_result(NAME, figures, seed=options.seed, extra=extra)


if __name__ == "__main__":
    main()
