"""Ways to rank the test molecules of a target: each takes what was split off, and returns a score per molecule."""

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from benchmarks.enrichment.targets import EnrichmentTask
from moldesign.chem.descriptors import compute_descriptors
from moldesign.chem.fingerprints import morgan_bits, nearest
from moldesign.chem.smiles import require_mols
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.modelling import train_predictor
from moldesign.predictors.train_options import TrainOptions

Scores = NDArray[np.float64]

N_TREES = 300
PROPERTIES = ("mw", "logp", "tpsa", "hbd", "hba", "rotatable_bonds", "rings", "formal_charge")
OURS = "moldesign"
TARGET = "active"
OPTIONS = TrainOptions(n_networks=1, n_epochs=20)
COMMAND = "--networks 1 --epochs 20"
"""One network instead of three, 20 passes instead of 60: a model per target has to cost seconds here."""


class Method(NamedTuple):
    """How a method ranks."""

    rank: Callable[[EnrichmentTask, int], Scores]
    """(task, seed) -> score of each test molecule, [N]; higher is more likely active"""
    says: str
    """What it is, for the reader of the table."""
    recipe: str
    """Names what the scores depend on beside the molecules and the seed: another one makes stored scores stale."""


class Training:
    """`moldesign train`, as a user calls it, on a table of the training part.

    Args:
        options: of the command.
    """

    def __init__(self, options: TrainOptions) -> None:
        self.options = options
        self._last: tuple[EnrichmentTask, int, Predictor] | None = None

    def rank(self, task: EnrichmentTask, seed: int) -> Scores:
        """Score by the model folder that was made."""
        return _predict(self._train(task, seed), task)

    def rank_by_networks(self, task: EnrichmentTask, seed: int) -> Scores:
        """Score by the networks of that model without the models of fingerprints that stand beside them."""
        return _predict(replace(self._train(task, seed), forest=None, kernel=None), task)

    def _train(self, task: EnrichmentTask, seed: int) -> Predictor:
        if self._last is None or self._last[0] is not task or self._last[1] != seed:
            self._last = (task, seed, train_on(task, replace(self.options, seed=seed)))
        return self._last[2]


def train_on(task: EnrichmentTask, options: TrainOptions) -> Predictor:
    """Write the training part as a table, make a model folder of it, and load that."""
    with tempfile.TemporaryDirectory() as folder:
        table, model = Path(folder, "train.csv"), Path(folder, "model")
        with table.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(["smiles", TARGET])
            writer.writerows(zip(task.train.smiles, task.train.is_active.astype(int).tolist(), strict=True))
        train_predictor(table, [TARGET], model, options)
        return load_predictor(model)


def rank_by_nearest(task: EnrichmentTask, seed: int) -> Scores:
    """Score by the Tanimoto similarity (ECFP4) to the most similar training active."""
    actives = task.train.select(np.flatnonzero(task.train.is_active)).smiles
    return nearest(_fold(task.test.smiles), _fold(actives)).similarity.astype(np.float64)


def rank_by_forest(task: EnrichmentTask, seed: int) -> Scores:
    """Score by a random forest on Morgan bits."""
    train, test = (_fold(part.smiles) for part in (task.train, task.test))
    train, test = (np.unpackbits(bits, axis=1, bitorder="little") for bits in (train, test))
    return _grow(train, task.train.is_active, test, seed)


def rank_by_properties(task: EnrichmentTask, seed: int) -> Scores:
    """Score by a random forest that sees nothing but simple properties of whole molecules."""
    train, test = (compute_descriptors(require_mols(part.smiles), PROPERTIES) for part in (task.train, task.test))
    return _grow(train, task.train.is_active, test, seed)


def rank_at_random(task: EnrichmentTask, seed: int) -> Scores:
    """Score all alike: the figures of ties are the expected ones over all orders."""
    return np.zeros(len(task.test.smiles))


OUR_TRAINING = Training(OPTIONS)

METHODS: Mapping[str, Method] = {
    OURS: Method(OUR_TRAINING.rank, f"`moldesign train --target {TARGET} {COMMAND}`", f"forest and kernel {OPTIONS}"),
    "networks": Method(
        OUR_TRAINING.rank_by_networks,
        "the same model without its models of fingerprints",
        f"forest and kernel {OPTIONS}",
    ),
    "nearest": Method(rank_by_nearest, "Tanimoto similarity (ECFP4) to the nearest training active", "morgan 2 2048"),
    "forest": Method(rank_by_forest, f"random forest of {N_TREES} trees on Morgan bits", f"{N_TREES} trees 2 2048"),
    "properties": Method(
        rank_by_properties,
        f"random forest of {N_TREES} trees on {', '.join(PROPERTIES)} alone",
        f"{N_TREES} trees {PROPERTIES}",
    ),
    "random": Method(rank_at_random, "a random order, expected values", "ties"),
}


def _predict(predictor: Predictor, task: EnrichmentTask) -> Scores:
    values: Scores = predictor.predict(task.test.smiles, with_domain=False).values[:, 0].astype(np.float64)
    return values


def _grow(train: NDArray[np.generic], is_active: NDArray[np.bool_], test: NDArray[np.generic], seed: int) -> Scores:
    forest = RandomForestClassifier(N_TREES, random_state=seed, n_jobs=1).fit(train, is_active)
    probability: Scores = forest.predict_proba(test)[:, 1]
    return probability


def _fold(smiles: Sequence[str]) -> NDArray[np.uint8]:
    return morgan_bits(require_mols(smiles))
