"""How accurate are the models on MoleculeNet's sets under its deterministic scaffold split?

    python -m benchmarks.moleculenet_accuracy --data DATA --threads 2 --chemprop ENVIRONMENT/bin/chemprop

The split is DeepChem's: 80/10/10, the largest Bemis-Murcko scaffolds in training, so that the same rows are test rows
in every run. The figure of a set with several targets is the mean over its targets. The teacher is the mean of its two
models, the trees and a network that starts from the encoder. The predictor that ships is not compared: it was trained
on some of these molecules.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy.baselines import RUNNERS
from benchmarks.accuracy.runs import make_context, parse_options, run_benchmark, run_missing
from benchmarks.accuracy.summary import Anchors
from moldesign.datasets.catalog import load_dataset
from moldesign.datasets.splits import Split, group_by_scaffold
from scripts.teacher.stack import blend, choose_scale
from scripts.teacher.store import StoredPrediction, digest, load_prediction, locate_prediction, save_prediction
from scripts.teacher.tasks import BenchmarkTask, drop_molecules, read_rows

TOX21_TARGETS = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip
FOLDER = "moleculenet"
HALVES = ("trees", "finetuned")
CHEMPROP_TASKS = ("esol", "freesolv", "lipophilicity", "bbbp", "bace", "clintox")
PROTOCOL = (
    "MoleculeNet, deterministic scaffold split 80/10/10 as in DeepChem (largest scaffolds in training); trained on the "
    "80 %, of which molecules that are also test molecules were left out; mean ± standard deviation over the seeds"
)


class MoleculeSet(NamedTuple):
    """One data set of MoleculeNet (arXiv:1703.00564)."""

    dataset: str
    kind: Literal["regression", "classification"]
    targets: tuple[str, ...]
    smiles_column: str = "smiles"


SETS = {
    "esol": MoleculeSet("moleculenet/esol_grover", "regression", ("logSolubility",)),
    "freesolv": MoleculeSet("moleculenet/freesolv_grover", "regression", ("freesolv",)),
    "lipophilicity": MoleculeSet("moleculenet/lipo_grover", "regression", ("lipo",)),
    "bbbp": MoleculeSet("moleculenet/bbbp_grover", "classification", ("p_np",)),
    "bace": MoleculeSet("moleculenet/bace_grover", "classification", ("Class",), "mol"),
    "tox21": MoleculeSet("moleculenet/tox21_grover", "classification", TOX21_TARGETS),
    "clintox": MoleculeSet("moleculenet/clintox_grover", "classification", ("FDA_APPROVED", "CT_TOX")),
    "hiv": MoleculeSet("moleculenet/HIV", "classification", ("HIV_active",)),
}


def main() -> None:
    models = [model for model in RUNNERS if model not in ("bundled", "open_trees")]
    options = parse_options(__doc__, list(SETS), CHEMPROP_TASKS, models)
    tasks = [load_task(name, options.data, options.work / "molecules") for name in options.tasks]
    folder, nothing_published = options.work / FOLDER, Anchors({}, {}, {})
    run_missing(folder, tasks, options, make_context(options))
    for task in tasks:
        for seed in options.seeds:
            join_halves(folder, task, seed)
    run_benchmark("moleculenet_accuracy", folder, tasks, options, nothing_published, {"protocol": PROTOCOL})


def join_halves(folder: Path, task: BenchmarkTask, seed: int) -> None:
    """Write the teacher's predictions, if there are those of both its models: their mean on the scale of the stack."""
    paths = {model: locate_prediction(folder, model, task.name, seed) for model in HALVES}
    if not all(path.is_file() for path in paths.values()):
        return
    halves = {model: load_prediction(path, task.test.smiles).values for model, path in paths.items()}
    mean = blend(halves, dict.fromkeys(HALVES, 0.5), choose_scale(task.kind, log_scale=task.log_scale))
    joined = StoredPrediction(mean, float("nan"), digest(*halves.values()))
    save_prediction(locate_prediction(folder, "teacher", task.name, seed), task.test.smiles, joined)


def load_task(name: str, data: Path | None, cache: Path) -> BenchmarkTask:
    """Return the rows of a set, split by scaffold."""
    known = SETS[name]
    table = load_dataset(known.dataset, data).rename(columns={known.smiles_column: "smiles"})
    return split_table(name, known, table, cache)


def split_table(name: str, known: MoleculeSet, table: pd.DataFrame, cache: Path) -> BenchmarkTask:
    """Return the parts of a table; rows whose SMILES cannot be read are left out before."""
    rows = read_rows(table, known.targets, cache, name)
    train, valid, test = map(rows.select, split_by_scaffold(rows.smiles))
    kept, chosen_on = (drop_molecules(part, set(test.keys)) for part in (train, valid))
    metric = "RMSE" if known.kind == "regression" else "AUROC"
    n_left_out = len(train.smiles) - len(kept.smiles)
    return BenchmarkTask(name, known.kind, metric, known.targets, kept, test, chosen_on, n_left_out=n_left_out)


def split_by_scaffold(smiles: Sequence[str]) -> Split:
    """Split 80/10/10 as DeepChem does: largest scaffolds first, of equally large ones the one that begins last.

    A scaffold goes to training while it fits there, else to validation while both together have room for it, else to
    the test part (deepchem.splits.ScaffoldSplitter).
    """
    groups = sorted(group_by_scaffold(smiles), key=lambda rows: (len(rows), rows[0]), reverse=True)
    train_end, valid_end = 0.8 * len(smiles), 0.9 * len(smiles)
    parts: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
    sizes = [0, 0, 0]
    for rows in groups:
        fits = (sizes[0] + len(rows) <= train_end, sizes[0] + sizes[1] + len(rows) <= valid_end, True)
        part = fits.index(True)
        parts[part].append(rows)
        sizes[part] += len(rows)
    return Split(*(np.sort(np.concatenate([*part, np.empty(0, np.int64)])) for part in parts))


if __name__ == "__main__":
    main()
