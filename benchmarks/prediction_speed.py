"""How many molecules per second go from SMILES text to a table of all `admet` endpoints, beside parsing and peers?

    python -m benchmarks.prediction_speed --data DATA --cores 2 \\
        --chemprop ENVIRONMENT/bin/chemprop --admet-ai ENVIRONMENT/bin/python

* rdkit_parse: RDKit's bare parse of the same SMILES, in a process per core: no program that reads SMILES is faster.
* moldesign: `Predictor.predict(...).to_frame()`, and the same without domain and calibration.
* chemprop: one default model with one target, with and without cuik-molmaker; ADMET-AI: its 41 endpoints.

All run on the same cores. Those of this checkout take turns, and each is given its best turn, so that a busy machine
disturbs them alike. Start-up is left out of every rate and given beside it. Then come the memory of whole processes
that predict 10,000 and 100,000 rows from Python and from the command line, and the time of fresh processes: all of
them on the same cores as well.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.featurization_speed import LIBRARY, SEED, choose_smiles, parse_bare
from benchmarks.harness import write_result
from benchmarks.speed.peers import PeerRate, measure_admet_ai, measure_chemprop
from benchmarks.speed.processes import run_measured, time_python
from moldesign.chem.smiles import quiet_rdkit
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.ensemble import Predictor

N_MEMORY = (10_000, 100_000)
FRESH_RUNS = 5
PIECE = 500

IMPORT = "import moldesign"
FIRST_PREDICTION = "import moldesign; moldesign.load_predictor({model!r}).predict(['CCO']).to_frame()"
PREDICT_TABLE = """
import moldesign, pandas, torch
torch.set_num_threads({cores})
smiles = pandas.read_csv({table!r})["smiles"].tolist()
moldesign.load_predictor({model!r}).to({device!r}).predict(smiles).to_frame()
"""

Way = Callable[[Sequence[str]], object]


def main() -> None:
    options = parse_options()
    use_cores(options.cores)
    smiles = choose_smiles(options.data, max([options.n, *options.memory_rows]))
    chosen = smiles[: options.n]
    rates = measure_own(options, chosen)
    rates |= measure_peers(options, chosen)
    figures = {
        "rates": add_ratios(rates),
        "memory_mib": measure_memory(options, smiles),
        "fresh_process_s": measure_fresh(options.model),
    }
    print(figures)
    extra = {
        "library": LIBRARY,
        "n": options.n,
        "turns": options.turns,
        "cores": options.cores,
        "device": options.device,
        "model": options.model,
        "n_endpoints": len(load_predictor(options.model).endpoints),
    }
    print(write_result("prediction_speed", figures, seed=SEED, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--n", type=int, default=10_000, help="molecules of each turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2, help="that everything runs on")
    parser.add_argument("--model", default="admet", help="bundled name or model folder")
    parser.add_argument("--device", default="cpu", help="of our networks: cpu or cuda")
    parser.add_argument("--memory-rows", type=int, nargs="*", default=N_MEMORY, help="none to skip the memory")
    parser.add_argument("--chemprop", type=Path, help="the chemprop command of its environment")
    parser.add_argument("--admet-ai", type=Path, help="the python of an environment with admet-ai")
    return parser.parse_args()


def use_cores(n: int) -> None:
    """Keep this process and those it starts on the first n cores that it may use."""
    torch.set_num_threads(n)
    os.environ["OMP_NUM_THREADS"] = str(n)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n])


def measure_own(options: argparse.Namespace, smiles: Sequence[str]) -> dict[str, PeerRate]:
    """Return the rates of RDKit's parse and of our predictor, which take turns."""
    start = time.perf_counter()
    predictor = load_predictor(options.model).to(options.device)
    predictor.predict(list(smiles[:2]))
    startup = time.perf_counter() - start
    ways = list_ways(predictor)
    seconds = dict.fromkeys(("rdkit_parse", *ways), float("inf"))
    for _ in range(options.turns):
        seconds["rdkit_parse"] = min(seconds["rdkit_parse"], time_parse(options.cores, smiles))
        for name, way in ways.items():
            seconds[name] = min(seconds[name], time_way(way, smiles))
    startups = dict.fromkeys(ways, startup)
    return {name: PeerRate(len(smiles) / seconds[name], startups.get(name, 0.0), len(smiles)) for name in seconds}


def list_ways(predictor: Predictor) -> dict[str, Way]:
    bare = replace(predictor, calibration=Calibration(), error_model=None)
    return {
        "moldesign": lambda texts: predictor.predict(texts).to_frame(),
        "moldesign_without_domain_and_calibration": lambda texts: bare.predict(texts, with_domain=False).to_frame(),
    }


def time_parse(n_processes: int, smiles: Sequence[str]) -> float:
    """Return the seconds of RDKit's parse in processes that have been started before."""
    pieces = [smiles[i : i + PIECE] for i in range(0, len(smiles), PIECE)]
    with ProcessPoolExecutor(n_processes, multiprocessing.get_context("fork")) as pool:
        list(pool.map(parse_quietly, [["C"]] * 10 * n_processes))
        return time_way(lambda texts: list(pool.map(parse_quietly, texts)), pieces)


def parse_quietly(smiles: list[str]) -> None:
    with quiet_rdkit():
        parse_bare(smiles)


def time_way(way: Callable[[Any], object], argument: Any) -> float:
    start = time.perf_counter()
    way(argument)
    return time.perf_counter() - start


def measure_peers(options: argparse.Namespace, smiles: Sequence[str]) -> dict[str, PeerRate]:
    """Return the rates of the programs that were named."""
    rates = {}
    if options.chemprop:
        rates["chemprop"] = measure_chemprop(options.chemprop, smiles)
        if (options.chemprop.parent / "cuik-molmaker-mol-features").exists():
            fast = ("--use-cuikmolmaker-featurization", "--num-workers", str(options.cores))
            rates["chemprop_with_cuik_molmaker"] = measure_chemprop(options.chemprop, smiles, fast)
    if options.admet_ai:
        rates["admet_ai"] = measure_admet_ai(options.admet_ai, smiles)
    return rates


def add_ratios(rates: dict[str, PeerRate]) -> dict[str, dict[str, Any]]:
    """Return the rows of the table: each rate beside that of the parse."""
    return {
        name: {
            "molecules_per_s": round(rate.molecules_per_s),
            "ratio_to_parse": round(rate.molecules_per_s / rates["rdkit_parse"].molecules_per_s, 4),
            "molecules": rate.molecules,
            "startup_s": round(rate.startup_s, 2) if rate.startup_s else None,
        }
        for name, rate in rates.items()
    }


def measure_memory(options: argparse.Namespace, smiles: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the largest memory of processes that predict tables of several lengths."""
    peaks: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in options.memory_rows:
            table = f"{folder}/{n}.csv"
            pd.DataFrame({"smiles": smiles[:n]}).to_csv(table, index=False)
            fields = {"cores": options.cores, "table": table, "model": options.model, "device": options.device}
            command = ["-m", "moldesign", "predict", table, "--model", options.model, "--out", f"{folder}/out.csv"]
            ways = {"from_python": ["-c", PREDICT_TABLE.format(**fields)], "from_the_command_line": command}
            for name, arguments in ways.items():
                peak = run_measured([sys.executable, *arguments], sample_memory=True).peak_mib
                peaks.setdefault(name, {})[f"{n}_rows"] = round(peak)
    return peaks


def measure_fresh(model: str) -> dict[str, float]:
    """Return what fresh processes take, the start of Python included, and that start alone."""
    codes = {
        "python": "pass",
        "import_moldesign": IMPORT,
        "first_prediction": FIRST_PREDICTION.format(model=model),
    }
    return {name: round(time_python(code, FRESH_RUNS), 3) for name, code in codes.items()}


if __name__ == "__main__":
    main()
