"""Chemprop (doi:10.1021/acs.jcim.9b00237) through its command line, from an environment of its own.

    python -m venv bench-chemprop
    bench-chemprop/bin/pip install torch==2.13.0 && bench-chemprop/bin/pip install chemprop

The command is then bench-chemprop/bin/chemprop.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from scripts.teacher.tasks import BenchmarkTask, Rows

CHEMPROP_EPOCHS = 50
"""Chemprop's default."""

VALID_SHARE = 0.1
"""Of the training rows, where the task has no validation rows: chemprop keeps the epoch that is best on them."""


class ChempropError(Exception):
    """Chemprop ended with an error, or without its output."""


def run_chemprop(
    command: Path, task: BenchmarkTask, seed: int, logs: Path, *, epochs: int = CHEMPROP_EPOCHS, threads: int = 1
) -> NDArray[np.float64]:
    """Train chemprop with its default settings and return its predictions of the test rows, float64 [N, T].

    Labels that span decades are given as log10, as to every other model. Test labels are not given to it.

    Args:
        command: path of the `chemprop` command.
        task: with one or several targets.
        seed: of the weights and of the validation rows.
        logs: folder for what the command says.
        epochs: of the training.
        threads: of the computation.

    Raises:
        ChempropError: names the log that says why.
    """
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{task.name}_seed{seed}.log"
    scales = [fit_endpoint("label", task.kind, labels, log_scale=task.log_scale) for labels in task.train.labels.T]
    with tempfile.TemporaryDirectory(dir=logs) as folder:
        train, test, out = Path(folder) / "train.csv", Path(folder) / "test.csv", Path(folder) / "predicted.csv"
        columns = [f"target_{t}" for t in range(len(task.targets))]
        tabulate_training(task, scales, columns, seed).to_csv(train, index=False)
        pd.DataFrame({"smiles": task.test.smiles}).to_csv(test, index=False)
        shared = [str(command), "train", "-i", str(train), "-s", "smiles", "--target-columns", *columns]
        options = ["--splits-column", "split", "-t", task.kind, "--epochs", str(epochs), "-o", f"{folder}/model"]
        seeds = ["--pytorch-seed", str(seed), "--data-seed", str(seed)]
        _run([*shared, *options, *seeds], log, threads)
        model = f"{folder}/model/model_0/best.pt"
        _run(
            [str(command), "predict", "-i", str(test), "-s", "smiles", "--model-paths", model, "-o", str(out)],
            log,
            threads,
        )
        return read_predictions(out, task, scales, columns)


def read_version(command: Path) -> str:
    """Return what the command says of its version, for example "chemprop 2.3.1".

    Raises:
        ChempropError: the command does not work.
    """
    try:
        answer = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ChempropError(
            f"{command} does not work ({error}); name the chemprop command of its environment"
        ) from error
    return answer.stdout.strip()


def tabulate_training(
    task: BenchmarkTask, scales: Sequence[Endpoint], columns: Sequence[str], seed: int
) -> pd.DataFrame:
    """Return the training and validation rows with the columns smiles, one per target, and split."""
    if task.valid is not None:
        parts = [(task.train, "train"), (task.valid, "val")]
    else:
        is_valid = np.random.default_rng(seed).random(len(task.train.smiles)) < VALID_SHARE
        parts = [
            (task.train.select(np.flatnonzero(mask)), name) for mask, name in ((~is_valid, "train"), (is_valid, "val"))
        ]
    return pd.concat([_tabulate_part(task, rows, scales, columns).assign(split=name) for rows, name in parts])


def read_predictions(
    path: Path, task: BenchmarkTask, scales: Sequence[Endpoint], columns: Sequence[str]
) -> NDArray[np.float64]:
    """Read chemprop's output, in the unit of the task.

    Raises:
        ChempropError: there is not one row per test molecule.
    """
    values = pd.read_csv(path)[list(columns)].to_numpy(dtype=np.float64)
    if len(values) != len(task.test.smiles):
        raise ChempropError(f"chemprop predicted {len(values)} of the {len(task.test.smiles)} test molecules")
    if task.kind == "classification":
        return values
    scaled = [scale.to_values(values[:, t].astype(np.float32)) for t, scale in enumerate(scales)]
    return np.column_stack(scaled).astype(np.float64)


def _tabulate_part(task: BenchmarkTask, rows: Rows, scales: Sequence[Endpoint], columns: Sequence[str]) -> pd.DataFrame:
    is_class = task.kind == "classification"
    labels = [rows.labels[:, t] if is_class else scale.to_targets(rows.labels[:, t]) for t, scale in enumerate(scales)]
    return pd.DataFrame({"smiles": rows.smiles, **dict(zip(columns, labels, strict=True))})


def _run(command: Sequence[str], log: Path, threads: int) -> None:
    with log.open("a", encoding="utf-8") as handle:
        # Its own threads, so that it takes no more of the machine than the other models.
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        code = subprocess.run(command, stdout=handle, stderr=handle, env=environment, check=False).returncode
    if code:
        raise ChempropError(f"{command[0]} {command[1]} ended with code {code}; {log} says why")
