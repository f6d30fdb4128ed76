"""What a chemist needs to judge a hit, besides its score: uncertainty, domain, scaffold, nearest known molecule."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import canonicalize
from moldesign.objectives.known import find_nearest_known
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Term
from moldesign.screening.likeness import NEAREST_QUERY, find_likeness, name_nearest_queries
from moldesign.screening.marking import TOGETHER, MarkedMols, Marker
from moldesign.screening.molecules import Molecule

if TYPE_CHECKING:
    from moldesign.predictors.predictions import Predictions

Columns = dict[str, list[Any]]


def describe_molecules(molecules: Sequence[Molecule | None], terms: Sequence[Term], mark: Marker) -> Columns:
    """Return the columns that describe molecules; None stands in each of them where there is no molecule.

    Columns: standardized_smiles; of a similarity search nearest_query; per predicted term `<term>_std`, where the model
    has intervals `<term>_low` and `<term>_high`, which hold 90 % of measured values, and `<term>_in_domain`; in_domain
    (all of them); scaffold (Murcko); nearest_training_smiles and nearest_training_similarity (Tanimoto, Morgan radius
    2) over the training sets of the predictors used.
    """
    rows = [row for row, molecule in enumerate(molecules) if molecule is not None]
    present = [molecule for molecule in molecules if molecule is not None]
    mols = [molecule.mol for molecule in present]
    columns: Columns = {"standardized_smiles": [canonicalize(mol) for mol in MarkedMols(mols, rows, mark)]}
    scaffolds = [murcko_scaffold(mol) for mol in MarkedMols(mols, rows, mark)]
    mark(TOGETHER, is_limited=False)  # training sets are loaded and arranged, which may take its time
    columns |= _describe_predictions([molecule.smiles for molecule in present], present, terms)
    if (likeness := find_likeness(terms)) is not None:
        columns[NEAREST_QUERY] = name_nearest_queries(mols, likeness)
    columns |= {"scaffold": scaffolds} | find_nearest_known(mols, terms)
    return {name: _spread(values, rows, len(molecules)) for name, values in columns.items()}


def _describe_predictions(smiles: list[str], molecules: Sequence[Molecule], terms: Sequence[Term]) -> Columns:
    predictions: dict[str, Predictions] = {}
    columns: Columns = {}
    is_inside = np.ones(len(smiles), dtype=bool)
    is_mixed = np.array([molecule.is_mixed for molecule in molecules], dtype=bool)
    for term in terms:
        about = term.property
        if not isinstance(about, EndpointProperty):
            continue
        if about.model.name not in predictions:
            predictions[about.model.name] = about.model.predictor.predict(smiles)
        one = predictions[about.model.name]
        columns[f"{term.name}_std"] = one.std[:, about.column].astype(float).tolist()
        if about.endpoint.name in one.with_interval:
            columns[f"{term.name}_low"] = one.low[:, about.column].astype(float).tolist()
            columns[f"{term.name}_high"] = one.high[:, about.column].astype(float).tolist()
        inside = one.in_domain[:, about.column] & ~is_mixed
        columns[f"{term.name}_in_domain"] = inside.tolist()
        is_inside &= inside
    return columns | ({"in_domain": is_inside.tolist()} if predictions else {})


def _spread(values: list[Any], rows: Sequence[int], n: int) -> list[Any]:
    spread: list[Any] = [None] * n
    for row, value in zip(rows, values, strict=True):
        spread[row] = value
    return spread
