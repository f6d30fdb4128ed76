"""Teach the controls of the bundled predictors on the molecules that these have not seen: their test splits.

    python -m scripts.train_controls --data DATA

Run it after a bundled predictor was trained again: a control belongs to the weights that it was made for. It writes
control.safetensors into the folder of each predictor. Before anything is learned, every molecule that the predictor has
learned from, by InChIKey, is taken out of the test split; how many is printed.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.checkpoint import read_card
from moldesign.chem.smiles import parse_smiles, quiet_rdkit
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.control import Control, save_control
from moldesign.predictors.control_fit import MeasuredMolecules, fit_control
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.fitting import LabelTable, merge_labels
from scripts.panels.panel import read_panel
from scripts.panels.records import Task
from scripts.train_predictors import CACHE, READERS, WEIGHTS

PANELS: Mapping[str, Callable[[Path], dict[str, Task]]] = {
    **READERS,
    "admet": lambda data: read_panel("admet", data, CACHE),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[[], *PANELS], default=[], help="by default all of them")
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    for name in options.models or PANELS:
        control = make_control(load_predictor(WEIGHTS / name), PANELS[name](options.data), WEIGHTS / name)
        save_control(WEIGHTS / name, control)
        print_control(name, control)


def make_control(predictor: Predictor, tasks: Mapping[str, Task], folder: Path) -> Control:
    """Return the control of a predictor, taught on the test molecules of its tasks."""
    names = [endpoint.name for endpoint in predictor.endpoints]
    is_class = [endpoint.task == "classification" for endpoint in predictor.endpoints]
    test = leave_out_learned(merge_labels([tasks[name].test for name in names], names, is_class), predictor)
    return fit_control(
        predictor.endpoints,
        MeasuredMolecules(test.smiles, test.labels),
        MeasuredMolecules(predictor.domain.smiles, recall_labels(predictor, tasks)),
        sha256=str(read_card(folder)["sha256"]),
    )


def recall_labels(predictor: Predictor, tasks: Mapping[str, Task]) -> NDArray[np.float64]:
    """Return the labels that a predictor was trained on, float64 [M, T]; where it does not hold them, of its tasks."""
    domain = predictor.domain
    if domain.labels is not None:
        return domain.labels.astype(np.float64)
    tables = [tasks[endpoint.name].train for endpoint in predictor.endpoints]
    known = [table.groupby("smiles")["label"].mean().reindex(list(domain.smiles)) for table in tables]
    labels = np.column_stack([column.to_numpy(dtype=np.float64) for column in known])
    return np.where(domain.has_label, labels, np.nan)


def leave_out_learned(test: LabelTable, predictor: Predictor) -> LabelTable:
    """Return the molecules that the predictor has not learned from."""
    with quiet_rdkit():
        learned = {Chem.MolToInchiKey(mol) for mol in parse_smiles(predictor.domain.smiles).mols if mol is not None}
    kept = np.array([key not in learned for key in test.keys], dtype=bool)
    print(f"{predictor.name}: {kept.sum()} test molecules, and {(~kept).sum()} that were learned from", flush=True)
    return test.select(np.flatnonzero(kept))


def print_control(name: str, control: Control) -> None:
    for one in control.endpoints:
        print(f"{name} {one.name}: {one.figure} {one.quality:.3f} on {one.n_measured}, taught on {one.n_molecules}")
    for endpoint, reason in control.left_out.items():
        print(f"{name} {endpoint}: no control, because {reason}")


if __name__ == "__main__":
    main()
