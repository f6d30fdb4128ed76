"""An ensemble for one split: trained, stopped early on the validation part, its outputs kept apart for calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.splits import Rows, Split
from moldesign.predictors.encoder import Encoder
from moldesign.predictors.fingerprint_fit import FingerprintBlend, FingerprintLearner
from moldesign.predictors.finished import FinishedNetwork, train_or_load
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.forest_fit import ForestLearner
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.replay import Replay
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, apply_network
from moldesign.predictors.workload import Workload


@dataclass(frozen=True)
class EnsemblePlan:
    """Size and training of an ensemble."""

    shape: NetworkSettings
    settings: TrainingSettings
    n_networks: int
    seed: int
    encoder: Encoder | None
    """What the networks start from; None: from nothing"""
    with_forest: bool = True
    """Whether a forest and a kernel regression over fingerprints are mixed into what the networks say"""
    replay: Replay | None = None
    """What the networks see again of molecules that they knew; None where all of the training part is new to them"""

    def plan_member(self, member: int, rows: Rows, valid: Rows | None) -> NetworkPlan:
        """Return the plan of one network, trained on `rows`."""
        start = None if self.encoder is None else self.encoder.of_member(member)
        seed = self.seed + member
        learned = rows if self.replay is None else self.replay.choose(rows, seed)
        return NetworkPlan(learned, self.shape, self.settings, seed, valid, start)


@dataclass(frozen=True)
class Bench:
    """What all ensembles of one training share."""

    table: LabelTable
    data: TrainingSet
    work: Path
    """Folder of finished networks"""
    device: str
    workload: Workload

    def train(self, plan: NetworkPlan, folder: str) -> FinishedNetwork:
        """Train one network, or take it from an interrupted training."""
        finished = train_or_load(
            self.table.smiles,
            self.data,
            plan,
            self.work / folder,
            device=self.device,
            on_epoch=self.workload.note_epoch,
        )
        self.workload.finish_network()
        return finished

    def plan_fingerprints(self, seed: int) -> FingerprintLearner:
        """Return what fits forests and kernel regressions to rows of the table."""
        return FingerprintLearner(ForestLearner(self.table.smiles, self.data.labels, self.data.endpoints, seed))

    def train_ensemble(
        self, plan: EnsemblePlan, rows: Rows, valid: Rows | None, *, stage: str, folder: str
    ) -> list[FinishedNetwork]:
        """Train every network of an ensemble."""
        self.workload.begin_stage(stage, plan.n_networks)
        return [
            self.train(plan.plan_member(member, rows, valid), f"{folder}/network_{member}")
            for member in range(plan.n_networks)
        ]


class SplitFit(NamedTuple):
    """An ensemble that was trained on one part of the molecules, and what it says of the other parts."""

    split: Split
    networks: list[FinishedNetwork]
    valid: NDArray[np.float32]
    """[K, n_valid, T], raw outputs of each network"""
    test: NDArray[np.float32]
    """[K, n_test, T]"""
    beside: FingerprintBlend | None = None
    """What is mixed into both already"""


def fit_split(bench: Bench, plan: EnsemblePlan, split: Split, *, stage: str, folder: str) -> SplitFit:
    """Train an ensemble on the training part of a split, and apply it to the other two."""
    networks = bench.train_ensemble(plan, split.train, split.valid, stage=stage, folder=folder)
    members = [finished.network for finished in networks]
    valid, test = (_apply(members, bench, rows) for rows in (split.valid, split.test))
    if not plan.with_forest:
        return SplitFit(split, networks, valid, test)
    bench.workload.announce("learning fingerprints")
    blended = bench.plan_fingerprints(plan.seed).blend_split(split, valid, test)
    return SplitFit(split, networks, blended.valid, blended.test, blended.blend)


def _apply(networks: Sequence[PropertyNetwork], bench: Bench, rows: Rows) -> NDArray[np.float32]:
    graphs = bench.data.graphs.select(rows)
    return np.stack([apply_network(network, graphs) for network in networks])
