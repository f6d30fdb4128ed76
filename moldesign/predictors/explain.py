"""Why a predictor says what it says of one molecule: the atoms that it rests on, and the nearest measured molecules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import require_mols
from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import InvalidSmilesError
from moldesign.graphs import featurize_smiles
from moldesign.predictors.attribution import N_STEPS, attribute_atoms
from moldesign.predictors.domain import Neighbour
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.forest import ForestBlend
from moldesign.predictors.gnn import PropertyNetwork
from moldesign.predictors.kernel import KernelBlend


class Explainable(Protocol):
    """What is asked of a predictor; each part is as `ensemble.Predictor` has it."""

    @property
    def name(self) -> str:
        """How users call it."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """T endpoints."""

    @property
    def networks(self) -> tuple[PropertyNetwork, ...]:
        """Of the ensemble, each with T outputs."""

    @property
    def forest(self) -> ForestBlend | None:
        """What is mixed into the networks' outputs first."""

    @property
    def kernel(self) -> KernelBlend | None:
        """What is mixed into them then."""

    def predict(self, smiles: Sequence[Any]) -> Any:
        """Return `values`, `std` and `in_domain`, each [N, T]."""

    def neighbours(self, smiles: Sequence[str | None], endpoint: str, k: int) -> list[list[Neighbour]]:
        """Return the k nearest training molecules of each molecule."""

    def find_column(self, endpoint: str) -> int:
        """Return the number of an endpoint."""


@dataclass(frozen=True)
class Explanation:
    """What one prediction of one molecule rests on."""

    smiles: str
    """Standardised, as it was predicted"""
    endpoint: Endpoint
    value: float
    """Predicted, in the unit of the endpoint"""
    std: float
    """Epistemic standard deviation of the value, in the same unit"""
    in_domain: bool
    """Whether similar molecules were measured; a mixture of substances is outside"""
    atom_weights: NDArray[np.float32]
    """[n_atoms], in the order of RDKit's atoms of `smiles`, in `unit`; positive where the atom pushes the value up"""
    unit: str
    """Of the weights: what the networks learn, which is the logit of a classification and may be a logarithm"""
    neighbours: tuple[Neighbour, ...]
    """The most similar training molecules with a label of the endpoint, the nearest first"""


def explain(predictor: Explainable, smiles: str, endpoint: str | None = None, *, n_neighbours: int = 3) -> Explanation:
    """Explain what the predictor says of one molecule; its networks' reasons are averaged.

    Args:
        predictor: any.
        smiles: the molecule; its parent is explained, as it is the parent that is predicted.
        endpoint: name or alias; may be left out where the predictor has only one.
        n_neighbours: how many training molecules to name.

    Raises:
        UnknownNameError: no such endpoint.
        InvalidSmilesError: the text is no molecule.
        ValueError: no endpoint is named, and there are several.
    """
    if endpoint is None and len(predictor.endpoints) > 1:
        names = ", ".join(one.name for one in predictor.endpoints)
        raise ValueError(f"{predictor.name} predicts several endpoints; name the one to explain: {names}")
    column = 0 if endpoint is None else predictor.find_column(endpoint)
    explained, parent = predictor.endpoints[column], _require_parent(smiles)
    prediction = predictor.predict([smiles])  # which tells a mixture from its parent
    [neighbours] = predictor.neighbours([parent], explained.name, n_neighbours)
    [weights] = weigh_atoms(predictor, [parent], column)
    return Explanation(
        smiles=parent,
        endpoint=explained,
        value=float(prediction.values[0, column]),
        std=float(prediction.std[0, column]),
        in_domain=bool(prediction.in_domain[0, column]),
        atom_weights=weights,
        unit=name_learned_unit(explained),
        neighbours=tuple(neighbours),
    )


def weigh_atoms(
    predictor: Explainable, parents: Sequence[str], column: int, *, n_steps: int = N_STEPS
) -> list[NDArray[np.float32]]:
    """Return what each atom brings to a prediction, float32 [n_atoms] per molecule, in the unit that is learned.

    Networks and kernel regression have their shares of it; what a forest says rests on no atoms.

    Args:
        predictor: any; its networks' reasons are averaged.
        parents: N standardised SMILES.
        column: number of the endpoint.
        n_steps: of the integration; with 24, weights of drug-sized molecules are off by at most 6 % of the largest.
    """
    graphs = featurize_smiles(list(parents)).graphs
    members = [attribute_atoms(network, graphs, column, n_steps=n_steps) for network in predictor.networks]
    weights = [np.mean([one.weights for one in of_networks], axis=0) for of_networks in zip(*members, strict=True)]
    if predictor.forest is not None:
        weights = [own * (1 - predictor.forest.shares[column]) for own in weights]
    if predictor.kernel is not None:
        share, mols = predictor.kernel.shares[column], require_mols(parents)
        by_kernel = [predictor.kernel.weigh_atoms(mol, column) for mol in mols]
        weights = [(1 - share) * own + share * other for own, other in zip(weights, by_kernel, strict=True)]
    return [own * np.float32(predictor.endpoints[column].spread) for own in weights]


def name_learned_unit(endpoint: Endpoint) -> str:
    """Return the unit of what the networks learn.

    >>> name_learned_unit(Endpoint("half_life", "regression", "h", "", log_scale=True))
    'log10 h'
    """
    if endpoint.task == "classification":
        return "logit"
    return f"log10 {endpoint.unit}".rstrip() if endpoint.log_scale else endpoint.unit


def _require_parent(smiles: str) -> str:
    prepared = standardize_smiles([smiles])
    [parent], [error] = prepared.smiles, prepared.errors
    if parent is None:
        raise InvalidSmilesError(str(error).partition(": ")[2])
    return parent
