"""What is written down of a training: JSON that any reader takes, and plain words on what was measured."""

import json
from dataclasses import replace

import numpy as np
import pytest

from moldesign.datasets.splits import Split
from moldesign.graphs import count_features
from moldesign.predictors.assay import Assay
from moldesign.predictors.cells import Finding
from moldesign.predictors.encoder import Encoder
from moldesign.predictors.ensemble_fit import EnsemblePlan, SplitFit
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training import TrainingSettings
from moldesign.predictors.training_record import Training, describe_caveat, describe_split, write_record

PLAN = EnsemblePlan(NetworkSettings(*count_features(), 1), TrainingSettings(), 3, 0, None)
SMILES = ["C" * n for n in range(1, 101)]
NOTHING = np.zeros((3, 0, 1), dtype=np.float32)


def make_training(*sizes, split="scaffold"):
    fits = [SplitFit(Split(*(np.arange(size) for size in parts)), [], NOTHING, NOTHING) for parts in sizes]
    return Training(TrainOptions(split=split), PLAN, [], fits, [], np.arange(100))


def test_a_single_split_is_measured_on_its_test_part():
    assert describe_split(make_training((80, 9, 11))) == (
        "11 test molecules of a scaffold split, which this model has not seen; it was trained on 80 and stopped and "
        "calibrated on 9 others"
    )


def test_folds_are_measured_on_all_molecules_and_the_model_on_none():
    assert describe_split(make_training((40, 10, 50), (40, 10, 50), split="random")) == (
        "2 random folds, 100 molecules, each predicted by networks that had not seen it; this model was then trained "
        "on all 100 molecules, and was not tested itself"
    )


def test_test_molecules_that_the_start_knew_are_a_caveat():
    encoder = Encoder("admet", PLAN.shape, ({},), frozenset(SMILES[90:95]) | {"CCO"})
    assay = Assay("x.csv", LabelTable(SMILES, np.zeros((100, 1)), SMILES), (), None, 100, Finding())
    training = make_training((80, 9, 100))
    knowing = training._replace(plan=replace(PLAN, encoder=encoder))
    assert describe_caveat(assay, knowing).startswith(
        "admet, from which the networks start, had learned from 5 of the 100 test molecules."
    )
    assert describe_caveat(assay, training) == ""
    assert describe_caveat(assay, make_training((80, 9, 11))._replace(plan=replace(PLAN, encoder=encoder))) == ""


def test_the_record_is_strict_json(tmp_path):
    write_record(tmp_path, {"name": "Clearance µL/min", "values": [1.0]})
    assert json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))["name"] == "Clearance µL/min"
    with pytest.raises(ValueError, match="JSON"):
        write_record(tmp_path, {"loss": float("nan")})
