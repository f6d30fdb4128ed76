"""The predictor that users hold: an ensemble of networks, its endpoints, its domain, its card."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.checkpoint import Card, load_model, save_model
from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import ModelFormatError
from moldesign.graphs import FEATURES_VERSION, featurize_smiles
from moldesign.predictors.domain import DomainMeasure, TrainingDomain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import apply_network

_CHUNK = 4096


@dataclass(frozen=True)
class Predictions:
    """What a predictor says of N molecules, one row each, in the order of the input."""

    smiles: list[Any]
    endpoints: tuple[Endpoint, ...]
    values: NDArray[np.float32]
    """[N, T] in the unit of each endpoint; NaN where `is_valid` is False"""
    std: NDArray[np.float32]
    """[N, T], epistemic standard deviation (spread of the ensemble) in the same unit"""
    in_domain: NDArray[np.bool_]
    """[N, T], whether a similar molecule was measured"""
    is_valid: NDArray[np.bool_]
    """[N]"""
    errors: list[str | None]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per molecule: smiles, each endpoint, its `_std` and `_in_domain`, error."""
        columns: dict[str, Any] = {"smiles": self.smiles}
        for t, endpoint in enumerate(self.endpoints):
            columns[endpoint.name] = self.values[:, t]
            columns[f"{endpoint.name}_std"] = self.std[:, t]
        for t, endpoint in enumerate(self.endpoints):
            columns[f"{endpoint.name}_in_domain"] = self.in_domain[:, t]
        columns["in_domain"] = self.in_domain.all(axis=1)
        columns["error"] = self.errors
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class Predictor:
    """An ensemble of networks with the same endpoints."""

    name: str
    endpoints: tuple[Endpoint, ...]
    networks: tuple[PropertyNetwork, ...]
    domain: TrainingDomain
    card: Card = field(repr=False)

    def predict(
        self, smiles: Sequence[Any], *, standardize: bool = True, with_domain: bool = True, first_row: int = 0
    ) -> Predictions:
        """Predict every endpoint; rows stay 1:1 with the input.

        Args:
            smiles: N SMILES; what cannot be read keeps its row, with NaN values and an error.
            standardize: predict the neutral form of the largest fragment, as the training data were prepared.
            with_domain: also compare with the training set; without it `in_domain` is all False.
            first_row: the number of the first row, for the error messages.

        Raises:
            TypeError: `smiles` is a str, not a list of them.
        """
        pieces = [
            self._predict_chunk(smiles[i : i + _CHUNK], standardize, with_domain, first_row + i)
            for i in range(0, max(len(smiles), 1), _CHUNK)
        ]
        return _join(pieces)

    def measure_domain(self, smiles: Sequence[str | None]) -> DomainMeasure:
        """Say how near each molecule, standardised, is to the training set, and to which training molecule.

        Raises:
            TypeError: `smiles` is a str, not a list of them.
        """
        return self.domain.measure(standardize_smiles(smiles).mols)

    def _predict_chunk(
        self, smiles: Sequence[Any], standardize: bool, with_domain: bool, first_row: int
    ) -> Predictions:
        shape = (len(smiles), len(self.endpoints))
        prepared = standardize_smiles(smiles, enabled=standardize, first_row=first_row)
        featurized = featurize_smiles(prepared.smiles, first_row=first_row)
        errors = [early or late for early, late in zip(prepared.errors, featurized.errors, strict=True)]
        members = np.stack([self._to_values(network, featurized.graphs) for network in self.networks])
        values, std = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        values[featurized.rows], std[featurized.rows] = members.mean(axis=0), members.std(axis=0)
        in_domain = np.zeros(shape, dtype=bool)
        if with_domain:
            in_domain[featurized.rows] = self.domain.contains([prepared.mols[row] for row in featurized.rows.tolist()])
        return Predictions(list(smiles), self.endpoints, values, std, in_domain, featurized.is_valid, errors)

    def _to_values(self, network: PropertyNetwork, graphs: Any) -> NDArray[np.float32]:
        outputs = apply_network(network, graphs)
        return np.column_stack([e.to_values(outputs[:, t]) for t, e in enumerate(self.endpoints)])

    def to(self, device: str) -> "Predictor":
        """Move the networks to a device, in place; return the predictor."""
        for network in self.networks:
            network.to(device)
        return self

    def save(self, folder: Path) -> None:
        """Write the model folder."""
        tensors = self.domain.to_tensors()
        for member, network in enumerate(self.networks):
            tensors |= {f"network.{member}.{name}": t for name, t in network.state_dict().items()}
        card = {
            "kind": "predictor",
            "name": self.name,
            "features_version": FEATURES_VERSION,
            "endpoints": [endpoint.to_dict() for endpoint in self.endpoints],
            "network": self.networks[0].settings.to_dict(),
            "n_networks": len(self.networks),
        }
        save_model(folder, tensors, card | self.card | card)  # of a loaded predictor the card may say otherwise


def _join(pieces: Sequence[Predictions]) -> Predictions:
    return Predictions(
        [text for piece in pieces for text in piece.smiles],
        pieces[0].endpoints,
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate([piece.std for piece in pieces]),
        np.concatenate([piece.in_domain for piece in pieces]),
        np.concatenate([piece.is_valid for piece in pieces]),
        [error for piece in pieces for error in piece.errors],
    )


def load_model_folder(folder: Path) -> Predictor:
    """Load a predictor from the folder that `Predictor.save` or `moldesign train` wrote.

    Raises:
        ModelFormatError: a file is missing or changed, or the format or the features are of another version.
    """
    tensors, card = load_model(folder, kind="predictor")
    if card.get("features_version") != FEATURES_VERSION:
        raise ModelFormatError(
            f"{folder} was trained on features version {card.get('features_version')!r}; "
            f"this moldesign computes version {FEATURES_VERSION}: retrain the model"
        )
    try:
        settings = NetworkSettings(**card["network"])
        networks = tuple(_load_network(tensors, member, settings) for member in range(card["n_networks"]))
        endpoints = tuple(Endpoint.from_dict(fields) for fields in card["endpoints"])
        domain = TrainingDomain.from_tensors(tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ModelFormatError(f"{folder} does not fit its own card: {error}") from error
    return Predictor(str(card.get("name", folder.name)), endpoints, networks, domain, card)


def _load_network(tensors: dict[str, Any], member: int, settings: NetworkSettings) -> PropertyNetwork:
    prefix = f"network.{member}."
    network = PropertyNetwork(settings)
    network.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
    return network.eval()
