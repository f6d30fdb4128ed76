"""Other programs that predict from SMILES, each in an environment of its own: chemprop and ADMET-AI.

Their start-up is left out as ours is: a command runs once on few rows and once on all, and what the second takes longer
is the time of the further rows.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmarks.speed.processes import ProcessError, run_measured

N_FEW = 200
N_TRAINING = 500
ADMET_AI_ROWS = 500
"""It is a hundred times slower: so many rows tell its rate."""

ADMET_AI = """
import json, sys, time
begin = time.perf_counter()
from admet_ai import ADMETModel
model = ADMETModel()
smiles = json.load(open(sys.argv[1]))
model.predict(smiles=smiles[:2])
ready = time.perf_counter()
model.predict(smiles=smiles)
print(json.dumps([ready - begin, time.perf_counter() - ready]))
"""


class PeerRate(NamedTuple):
    """How fast another program is."""

    molecules_per_s: float
    startup_s: float
    molecules: int
    """That the rate was measured on"""


def measure_chemprop(command: Path, smiles: Sequence[str], options: Sequence[str] = ()) -> PeerRate:
    """Return the rate of one default model, trained for three epochs: its weights decide nothing about its speed.

    Args:
        command: path of the `chemprop` command.
        smiles: more than `N_FEW`.
        options: further ones of `chemprop predict`.

    Raises:
        ProcessError: it ended with an error.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = _train_chemprop(command, smiles[:N_TRAINING], folder)
        seconds = [_predict_chemprop(command, model, rows, folder, options) for rows in (smiles[:N_FEW], smiles)]
    return derive_rate(len(smiles), *seconds)


def measure_admet_ai(python: Path, smiles: Sequence[str]) -> PeerRate:
    """Return the rate of ADMET-AI on the first `ADMET_AI_ROWS` molecules.

    Args:
        python: of the environment that has admet-ai.
        smiles: any number.

    Raises:
        ProcessError: it ended with an error.
    """
    chosen = list(smiles[:ADMET_AI_ROWS])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "smiles.json"
        path.write_text(json.dumps(chosen), encoding="utf-8")
        output = run_measured([str(python), "-c", ADMET_AI, str(path)]).output
    startup, seconds = json.loads(output.splitlines()[-1])
    return PeerRate(len(chosen) / seconds, startup, len(chosen))


def derive_rate(n: int, seconds_few: float, seconds_all: float) -> PeerRate:
    """Return the rate from the time of `N_FEW` rows and that of n rows.

    Raises:
        ProcessError: more rows took no longer, so that there is no rate.

    >>> derive_rate(1_200, 5.0, 7.0)
    PeerRate(molecules_per_s=500.0, startup_s=4.6, molecules=1000)
    """
    if n <= N_FEW or seconds_all <= seconds_few:
        raise ProcessError(f"{n} rows took {seconds_all:.1f} s and {N_FEW} rows {seconds_few:.1f} s: give more rows")
    per_row = (seconds_all - seconds_few) / (n - N_FEW)
    return PeerRate(1 / per_row, seconds_few - N_FEW * per_row, n - N_FEW)


def _train_chemprop(command: Path, smiles: Sequence[str], folder: Path) -> Path:
    table = folder / "train.csv"
    pd.DataFrame({"smiles": smiles, "length": [len(text) for text in smiles]}).to_csv(table, index=False)
    options = ["-s", "smiles", "--target-columns", "length", "--epochs", "3", "-o", str(folder / "model")]
    run_measured([str(command), "train", "-i", str(table), *options])
    return folder / "model" / "model_0" / "best.pt"


def _predict_chemprop(command: Path, model: Path, smiles: Sequence[str], folder: Path, options: Sequence[str]) -> float:
    table = folder / f"{len(smiles)}.csv"
    pd.DataFrame({"smiles": smiles}).to_csv(table, index=False)
    files = ["-i", str(table), "-s", "smiles", "--model-paths", str(model), "-o", str(folder / "predicted.csv")]
    return run_measured([str(command), "predict", *files, *options]).seconds
