"""The nearest molecule that the models of a profile have learned from."""

from collections.abc import Sequence

import numpy as np

from moldesign.chem.smiles import Mol
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Term
from moldesign.predictors.bundled import load_predictor

FALLBACK_MODEL = "admet"
"""Whose training set stands for "known molecules" when no goal uses a predictor."""


def find_nearest_known(mols: Sequence[Mol], terms: Sequence[Term]) -> dict[str, list[object]]:
    """Return two columns of n cells: the nearest training molecule of the predictors used, and how near it is.

    They are called nearest_training_smiles and nearest_training_similarity (Tanimoto, Morgan radius 2).

    Args:
        mols: n standardised molecules.
        terms: those of the profile.
    """
    used = sorted({term.property.model.name for term in terms if isinstance(term.property, EndpointProperty)})
    names: list[object] = [None] * len(mols)
    similarity = np.full(len(mols), -1.0)
    for model in used or [FALLBACK_MODEL]:
        measured = load_predictor(model).domain.measure(mols)
        for row in np.flatnonzero(measured.similarity > similarity):
            names[row], similarity[row] = measured.nearest[row], measured.similarity[row]
    return {"nearest_training_smiles": names, "nearest_training_similarity": similarity.tolist()}
