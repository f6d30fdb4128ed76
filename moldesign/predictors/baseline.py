"""The baseline that a network must beat: a random forest on Morgan fingerprints."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from moldesign.chem.fingerprints import morgan_counts
from moldesign.chem.smiles import parse_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.evaluation import EVEN_THRESHOLD, choose_threshold

BASELINE_NAME = "random forest on Morgan fingerprints"

N_TREES = 200
MAX_TRAINING_ROWS = 20_000
"""More are sampled: the forest would take longer than the networks."""

_BLOCK = 4096


class BaselinePrediction(NamedTuple):
    """What the forest says of the test molecules of one endpoint."""

    values: NDArray[np.float64]
    """[N] in the unit of the endpoint"""
    threshold: float
    """The probability from which a molecule is called positive, chosen on the out-of-bag predictions"""


def predict_by_forest(
    endpoint: Endpoint,
    train: Sequence[str],
    labels: NDArray[np.float64],
    test: Sequence[str],
    *,
    seed: int,
) -> BaselinePrediction:
    """Train a forest and predict.

    Args:
        endpoint: what is predicted; a log scale is learned by the forest, too.
        train: M molecules.
        labels: of each, in the unit of the endpoint, [M].
        test: N molecules.
        seed: of the trees, and of the sample of a large training set.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(train))[:MAX_TRAINING_ROWS])
    features = _count_fragments([train[row] for row in chosen.tolist()])
    targets = endpoint.to_targets(labels[chosen])
    shared: dict[str, Any] = {"n_estimators": N_TREES, "random_state": seed, "n_jobs": torch.get_num_threads()}
    if endpoint.task == "classification":
        classifier = RandomForestClassifier(**shared, oob_score=True).fit(features, targets > 0.5)
        threshold = _choose_out_of_bag(targets > 0.5, classifier.oob_decision_function_)
        return BaselinePrediction(_in_blocks(test, lambda counts: _take_positive(classifier, counts)), threshold)
    regressor = RandomForestRegressor(**shared, max_features=0.3).fit(features, targets)
    outputs = _in_blocks(test, regressor.predict).astype(np.float32)
    return BaselinePrediction(endpoint.to_values(outputs).astype(np.float64), EVEN_THRESHOLD)


def _choose_out_of_bag(truth: NDArray[np.bool_], decision: NDArray[np.float64]) -> float:
    if decision.shape[1] < 2:
        return EVEN_THRESHOLD
    known = np.isfinite(decision[:, 1])
    return choose_threshold(truth[known], decision[known, 1])


def _take_positive(classifier: RandomForestClassifier, counts: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the probability of the positive class, also where training knew one class alone."""
    columns = classifier.predict_proba(counts)
    is_positive = classifier.classes_.astype(bool)
    probability: NDArray[np.float64] = columns[:, is_positive].sum(axis=1)
    return probability


def _in_blocks(smiles: Sequence[str], predict: Any) -> NDArray[np.float64]:
    pieces = [np.zeros(0)]
    for start in range(0, len(smiles), _BLOCK):
        pieces.append(predict(_count_fragments(smiles[start : start + _BLOCK])))
    return np.concatenate(pieces)


def _count_fragments(smiles: Sequence[str]) -> NDArray[np.uint8]:
    pieces = [np.zeros((0, 2048), dtype=np.uint8)]
    for start in range(0, len(smiles), _BLOCK):
        pieces.append(morgan_counts(parse_smiles(smiles[start : start + _BLOCK]).mols, radius=2))
    return np.concatenate(pieces)
