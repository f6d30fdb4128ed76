"""How many library rows per second does `moldesign screen` rank, and in how much memory?

    python -m benchmarks.screening_speed --data DATA --cores 2 \\
        --chemprop ENVIRONMENT/bin/chemprop --admet-ai ENVIRONMENT/bin/python

* rdkit_parse: RDKit's bare parse of the same SMILES, in a process per core: no program that reads SMILES is faster.
* one endpoint: the best 1,000 by one endpoint of `admet`; all endpoints: by all of them, QED and structural alerts.
* chemprop: one default model with one target, with and without cuik-molmaker; ADMET-AI: its 41 endpoints.

Commands run from file to file, ours without its report, which no peer makes and which takes some seconds more. What a
long library takes longer than a short one is the time of its further rows, so that start-up is left out of every rate;
it is given beside it: ours is all the time that a library of ten rows takes. Memory is that of all processes of a run
together.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.featurization_speed import LIBRARY, SEED, choose_smiles
from benchmarks.harness import write_result
from benchmarks.prediction_speed import add_ratios, measure_peers, time_parse, use_cores
from benchmarks.speed.peers import PeerRate
from benchmarks.speed.processes import Finished, ProcessError, run_measured
from moldesign.predictors.bundled import load_predictor

N_FEW, N_SHORT = 10, 5_000
ONE = ("herg",)


class Course(NamedTuple):
    """Three runs of the same screen: of a few rows, of a short and of a long library."""

    few: Finished
    short: Finished
    long: Finished
    n_rows: int
    """Of the long run."""

    @property
    def rate(self) -> PeerRate:
        """Rows per second beyond those of the short run.

        Raises:
            ProcessError: more rows took no longer, so that there is no rate.
        """
        seconds = self.long.seconds - self.short.seconds
        if seconds <= 0:
            raise ProcessError(f"{self.n_rows} rows took no longer than {N_SHORT}: give more rows")
        per_row = seconds / (self.n_rows - N_SHORT)
        return PeerRate(1 / per_row, self.few.seconds, self.n_rows - N_SHORT)


def main() -> None:
    options = parse_options()
    use_cores(options.cores)
    smiles = choose_smiles(options.data, options.n)
    with tempfile.TemporaryDirectory() as folder:
        libraries = [write_library(Path(folder, f"{n}.smi"), smiles[:n]) for n in (N_FEW, N_SHORT, options.n)]
        courses = {
            "one endpoint": screen(libraries, list_goals(ONE), options),
            "all endpoints, QED, alerts": screen(libraries, [*list_goals(None), "qed max", "alerts <= 0"], options),
        }
    rates = {"rdkit_parse": PeerRate(options.n / time_parse(options.cores, smiles), 0.0, options.n)}
    rates |= {f"moldesign screen, {name}": course.rate for name, course in courses.items()}
    rates |= measure_peers(options, smiles[: options.n_peers])
    memory = {
        name: {f"{N_SHORT}_rows": round(course.short.peak_mib), f"{options.n}_rows": round(course.long.peak_mib)}
        for name, course in courses.items()
    }
    figures = {"rates": add_ratios(rates), "memory_mib": memory}
    print(figures)
    extra = {"library": LIBRARY, "n": options.n, "cores": options.cores}
    print(write_result("screening_speed", figures, seed=SEED, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=50_000, help="rows of the long library")
    parser.add_argument("--n-peers", type=int, default=10_000, help="rows that the peers are given")
    parser.add_argument("--cores", type=int, default=2, help="that everything runs on")
    parser.add_argument("--chemprop", type=Path, help="the chemprop command of its environment")
    parser.add_argument("--admet-ai", type=Path, help="the python of an environment with admet-ai")
    options = parser.parse_args()
    if options.n <= N_SHORT:
        parser.error(f"--n {options.n}: more than {N_SHORT} rows are needed")
    return options


def write_library(path: Path, smiles: Sequence[str]) -> Path:
    """Write a file with a SMILES and a name per line."""
    path.write_text("".join(f"{text} row{row}\n" for row, text in enumerate(smiles)), encoding="utf-8")
    return path


def list_goals(names: Sequence[str] | None) -> list[str]:
    """Return a goal for each of these endpoints, or for all of the bundled model."""
    endpoints = load_predictor("admet").endpoints
    return [
        f"{endpoint.name} {'min' if endpoint.direction == 'lower is better' else 'max'}"
        for endpoint in endpoints
        if names is None or endpoint.name in names
    ]


def screen(libraries: Sequence[Path], goals: Sequence[str], options: argparse.Namespace) -> Course:
    """Screen each library for the best 1,000 molecules."""
    wanted = [word for goal in goals for word in ("--goal", goal)]

    def run(library: Path) -> Finished:
        out = library.with_name(f"hits-{len(goals)}-{library.stem}.csv")
        command: list[Any] = [
            sys.executable,
            "-m",
            "moldesign",
            "screen",
            library,
            *wanted,
            "--out",
            out,
            "--quiet",
            "--no-report",
        ]
        return run_measured([str(word) for word in command], sample_memory=True)

    return Course(*map(run, libraries), options.n)


if __name__ == "__main__":
    main()
