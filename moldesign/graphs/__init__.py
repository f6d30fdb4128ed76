"""SMILES -> molecular graphs for the network."""

from moldesign.graphs.batch import (
    FeaturizedSmiles,
    GraphTable,
    count_features,
    featurize_smiles,
    find_charged,
    join_graphs,
)
from moldesign.graphs.features import FEATURES_VERSION

__all__ = [
    "FEATURES_VERSION",
    "FeaturizedSmiles",
    "GraphTable",
    "count_features",
    "featurize_smiles",
    "find_charged",
    "join_graphs",
]
