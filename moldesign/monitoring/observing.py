"""What is looked at to see whether molecules are still like those that a model has learned from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.descriptors import compute_descriptors
from moldesign.chem.fingerprints import morgan_bits, nearest, tanimoto
from moldesign.chem.smiles import parse_smiles
from moldesign.chem.standardize import standardize_smiles
from moldesign.graphs import featurize_smiles
from moldesign.monitoring.features import DESCRIPTOR_NAMES, FEATURES
from moldesign.predictors.domain import N_BITS
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.latent import apply_ensemble

N_REFERENCES = 1_000
_BLOCK = 100

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reference:
    """Training molecules of a model, seen as served ones are."""

    features: Floats
    """[R, F]; the similarity is that to the nearest other training molecule"""
    values: Floats
    """[R, T], predicted"""
    in_domain: NDArray[np.bool_]
    """[R, T]"""


def hash_molecules(smiles: Sequence[str]) -> list[str | None]:
    """Return a name of each molecule, the same however it is written and whatever salt it is in; None for what is none.

    >>> hash_molecules(["OCC", "C(C)O", "C("])[0] == hash_molecules(["CCO"])[0]
    True
    """
    standardized = standardize_smiles(smiles).smiles
    return [None if text is None else hashlib.sha256(text.encode()).hexdigest()[:32] for text in standardized]


def observe(predictor: Predictor, smiles: Sequence[str]) -> Floats:
    """Return the features of molecules, float32 [N, F]; NaN for what is no molecule, or without a latent space."""
    standardized = standardize_smiles(smiles)
    similarity = nearest(morgan_bits(standardized.mols, n_bits=N_BITS), predictor.domain.fingerprints).similarity
    features = _describe(predictor, standardized.smiles)
    is_present = np.array([mol is not None for mol in standardized.mols], dtype=bool)
    features[:, 0] = np.where(is_present, similarity, np.nan)
    return features


def make_reference(predictor: Predictor, rng: np.random.Generator, n: int = N_REFERENCES) -> Reference:
    """Return what training molecules look like.

    Args:
        predictor: whose.
        rng: chooses them.
        n: how many at most.
    """
    domain = predictor.domain
    rows = rng.permutation(len(domain.smiles))[:n]
    smiles = [domain.smiles[row] for row in rows.tolist()]
    features = _describe(predictor, smiles)
    for start in range(0, len(rows), _BLOCK):
        chosen = rows[start : start + _BLOCK]
        similarity = tanimoto(domain.fingerprints[chosen], domain.fingerprints)
        similarity[np.arange(len(chosen)), chosen] = 0.0
        features[start : start + _BLOCK, 0] = similarity.max(axis=1)
    predictions = predictor.predict(smiles)
    return Reference(features, predictions.values, predictions.in_domain)


def _describe(predictor: Predictor, smiles: Sequence[str | None]) -> Floats:
    """Return all features but the similarity, whose column is NaN."""
    features = np.full((len(smiles), len(FEATURES)), np.nan, dtype=np.float32)
    n_before = 1 + len(DESCRIPTOR_NAMES)
    features[:, 1:n_before] = compute_descriptors(parse_smiles(smiles).mols, DESCRIPTOR_NAMES)
    latent = predictor.domain.latent
    if latent is not None:
        featurized = featurize_smiles(list(smiles))
        states = apply_ensemble(predictor.networks[:1], featurized.graphs).states
        places = (states - latent.center) @ latent.projection
        features[featurized.rows, n_before : n_before + places.shape[1]] = places
    return features
