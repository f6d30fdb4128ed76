"""The predictor that users hold: an ensemble of networks, its endpoints, its calibration, its domain, its card."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from moldesign.checkpoint import Card, load_model, save_model
from moldesign.chem.mixtures import is_mixture
from moldesign.chem.smiles import Mol, canonicalize, list_texts, parse_smiles
from moldesign.chem.standardize import standardize_mol, standardize_smiles
from moldesign.errors import ModelFormatError
from moldesign.graphs import FEATURES_VERSION, GraphTable, featurize_smiles
from moldesign.predictors.calibration import DEFAULT_LEVEL, Calibration, fit_calibration, summarize_outputs
from moldesign.predictors.domain import DomainMeasure, Neighbour, TrainingDomain
from moldesign.predictors.endpoints import Endpoint, find_column, read_endpoints
from moldesign.predictors.error_model import ErrorModel
from moldesign.predictors.explain import Explanation, explain
from moldesign.predictors.forest import ForestBlend
from moldesign.predictors.forking import survive_forks
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.kernel import KernelBlend
from moldesign.predictors.latent import apply_ensemble
from moldesign.predictors.parallel import can_fork, map_forked
from moldesign.predictors.predictions import Predictions, join_predictions

logger = logging.getLogger(__name__)

_CHUNK = 512
"""Molecules predicted at once: their RDKit objects and graphs stay in the cache of a core."""
_WORTH_FORKING = 4096
"""Molecules from which on the work is shared among all cores."""


@dataclass(frozen=True)
class Predictor:
    """An ensemble of networks with the same endpoints.

    It may predict in several threads at once, and in a process that was forked from one in which it has predicted.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    networks: tuple[PropertyNetwork, ...]
    domain: TrainingDomain
    card: Card = field(repr=False)
    calibration: Calibration = field(default_factory=Calibration, repr=False)
    error_model: ErrorModel | None = field(default=None, repr=False)
    forest: ForestBlend | None = field(default=None, repr=False)
    kernel: KernelBlend | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        survive_forks()

    def predict(
        self,
        smiles: Sequence[Any],
        *,
        standardize: bool = True,
        with_domain: bool = True,
        first_row: int = 0,
        level: float = DEFAULT_LEVEL,
        on_rows: Callable[[int], None] | None = None,
    ) -> Predictions:
        """Predict every endpoint; rows stay 1:1 with the input.

        Processes forked from this one share the work on thousands of molecules, one for each thread that PyTorch may
        use: on a CPU, and where no other thread of Python is running (see `parallel`).

        Args:
            smiles: N SMILES; what cannot be read keeps its row, with NaN values and an error.
            standardize: predict the neutral form of the largest fragment, as the training data were prepared.
            with_domain: also compare with the training set; without it `in_domain` is all False, `margin` and
                `distance` are all NaN.
            first_row: the number of the first row, for the error messages.
            level: how many of the measured values the intervals shall hold, between 0 and 1.
            on_rows: called with the number of rows that are done, every few hundred.

        Raises:
            TypeError: `smiles` is a str, or a table, not a list of them.
            ValueError: the level is not between 0 and 1.
        """
        smiles = list_texts(smiles)

        def predict_from(i: int) -> Predictions:
            chunk = smiles[i : i + _CHUNK]
            run = self._apply(chunk, standardize=standardize, first_row=first_row + i)
            return self._summarize(chunk, run, with_domain, level)

        starts = range(0, max(len(smiles), 1), _CHUNK)
        if len(smiles) < _WORTH_FORKING or self._device.type != "cpu" or not can_fork():
            return join_predictions(list(_count_off(map(predict_from, starts), on_rows)))
        predict_from(len(smiles) - 1)  # caches that the processes share
        return join_predictions(list(_count_off(map_forked(predict_from, starts), on_rows)))

    def predict_standardized(
        self, smiles: Sequence[str], columns: Sequence[int], graphs: GraphTable | None = None
    ) -> "DistantPredictions":
        """Predict molecules that are known to be valid and in their standard form; see `TrainingDomain` for the rest.

        Args:
            smiles: N SMILES.
            columns: endpoints whose latent distances are measured; those of others are NaN.
            graphs: of the N molecules, where they are at hand.
        """
        starts = range(0, max(len(smiles), 1), _CHUNK)
        if graphs is None or self._blends:  # which ask for fingerprints of the molecules
            runs = [self._run(smiles[i : i + _CHUNK]) for i in starts]
        else:
            ends = [min(i + _CHUNK, len(graphs)) for i in starts]
            runs = [self._run_graphs(graphs.select(np.arange(i, end))) for i, end in zip(starts, ends, strict=True)]
        pieces = [
            self._summarize(smiles[i * _CHUNK : (i + 1) * _CHUNK], run, False, DEFAULT_LEVEL)
            for i, run in enumerate(runs)
        ]
        distance = np.concatenate([self.domain.measure_distance(run.states, columns) for run in runs])
        return DistantPredictions(join_predictions(pieces), distance)

    def measure_domain(self, smiles: Sequence[str | None]) -> DomainMeasure:
        """Say how near each molecule, standardised, is to the training set, and to which training molecule.

        Raises:
            TypeError: `smiles` is a str, or a table, not a list of them.
        """
        smiles = list_texts(smiles)
        run = self._apply(smiles)
        distance = np.full((len(smiles), len(self.endpoints)), np.nan, dtype=np.float32)
        distance[run.rows] = self.domain.measure_distance(run.states)
        measured = self.domain.measure(run.mols, distance)
        return replace(measured, in_domain=measured.in_domain & ~run.is_mixed[:, None])

    def neighbours(self, smiles: Sequence[str | None], endpoint: str, k: int = 3) -> list[list[Neighbour]]:
        """Return for each molecule, standardised, the k most similar training molecules that have a measured value.

        Most similar first; none for what cannot be read.

        Args:
            smiles: N SMILES.
            endpoint: name or alias of an endpoint.
            k: how many.

        Raises:
            UnknownNameError: no such endpoint.
            TypeError: `smiles` is a str, or a table, not a list of them.
            ValueError: k is below 0.
        """
        if k < 0:
            raise ValueError(f"k={k}: give how many neighbours to name, 0 or more")
        return self.domain.neighbours(standardize_smiles(list_texts(smiles)).mols, self.find_column(endpoint), k)

    def explain(self, smiles: str, endpoint: str | None = None, *, n_neighbours: int = 3) -> Explanation:
        """Say on which atoms a prediction rests, and what is nearest: see `explain.explain`.

        Raises:
            UnknownNameError: no such endpoint.
            InvalidSmilesError: the SMILES is no molecule.
        """
        return explain(self, smiles, endpoint, n_neighbours=n_neighbours)

    def find_column(self, endpoint: str) -> int:
        """Return the number of an endpoint, by its name or an alias.

        Raises:
            UnknownNameError: no such endpoint; lists the nearest.
        """
        return find_column(self.endpoints, endpoint, self.name)

    def recalibrate(self, smiles: Sequence[Any], labels: ArrayLike) -> "Predictor":
        """Return a predictor with the same networks, whose calibration is fitted on newly measured molecules.

        Labels that the networks were trained on are left out: errors there say nothing of new molecules. An endpoint
        with too few labels keeps the calibration that it has.

        Args:
            smiles: N SMILES; what cannot be read is left out.
            labels: [N, T] in the unit of each endpoint, NaN where not measured.

        Raises:
            TypeError: `smiles` is a str, or a table, not a list of them.
            ValueError: the labels have another shape, or one of a classification is neither 0 nor 1.
        """
        smiles = list_texts(smiles)
        measured = np.array(labels, dtype=np.float64)
        shape = (len(smiles), len(self.endpoints))
        if measured.shape != shape:
            raise ValueError(f"labels need a row per molecule and a column per endpoint, {shape}, not {measured.shape}")
        _require_classes(self.endpoints, measured)
        mean, std = np.full(shape, np.nan, dtype=np.float32), np.full(shape, np.nan, dtype=np.float32)
        for start in range(0, len(smiles), _CHUNK):
            run = self._apply(smiles[start : start + _CHUNK])
            rows = start + run.rows
            mean[rows] = run.outputs.mean(axis=0)
            std[rows] = run.outputs.std(axis=0) if run.expected is None else run.expected
            canonical = [None if mol is None else canonicalize(mol) for mol in run.mols]
            mean[start : start + _CHUNK][self.domain.find_trained(canonical)] = np.nan
        if n_trained := int((np.isfinite(measured) & np.isnan(mean)).sum()):
            logger.warning("%d labels left out: trained on already, or of molecules that cannot be read", n_trained)
        asked = np.flatnonzero(np.isfinite(measured).any(axis=0))
        newer = fit_calibration([self.endpoints[t] for t in asked], measured[:, asked], mean[:, asked], std[:, asked])
        return replace(self, calibration=self.calibration | newer)

    def _apply(self, smiles: Sequence[Any], *, standardize: bool = True, first_row: int = 0) -> "_Run":
        parsed = parse_smiles(smiles, first_row=first_row)
        mols = [standardize_mol(mol) if standardize and mol is not None else mol for mol in parsed.mols]
        # What stays as it was written needs no canonical SMILES: the graph is the same.
        rows = zip(smiles, parsed.mols, mols, strict=True)
        texts = [None if new is None else text if new is old else canonicalize(new) for text, old, new in rows]
        is_mixed = [
            mol is not None and "." in text and is_mixture(mol, parent if standardize else None)
            for text, mol, parent in zip(smiles, parsed.mols, texts, strict=True)
        ]
        run = self._run(texts, mols, first_row=first_row)
        errors = [early or late for early, late in zip(parsed.errors, run.errors, strict=True)]
        return run._replace(mols=mols, errors=errors, is_mixed=np.array(is_mixed, dtype=bool))

    def _run(self, texts: Sequence[Any], mols: Sequence[Mol | None] | None = None, *, first_row: int = 0) -> "_Run":
        featurized = featurize_smiles(texts, first_row=first_row)
        known: list[Mol | None] = []
        if self._blends:
            every = parse_smiles(texts).mols if mols is None else mols
            known = [every[row] for row in featurized.rows.tolist()]
        run, is_mixed = self._run_graphs(featurized.graphs, known), np.zeros(len(texts), dtype=bool)
        nothing: list[Mol | None] = [None] * len(texts)
        return run._replace(mols=nothing, rows=featurized.rows, errors=featurized.errors, is_mixed=is_mixed)

    def _run_graphs(self, graphs: GraphTable, mols: Sequence[Mol | None] = ()) -> "_Run":
        n = len(graphs)
        outputs, states = apply_ensemble(self.networks, graphs)
        for blend in self._blends:
            outputs = blend.mix(outputs, mols)
        expected = self.error_model.expect(outputs.mean(axis=0), states) if self.error_model else None
        return _Run([None] * n, np.arange(n), outputs, states, expected, [None] * n, np.zeros(n, dtype=bool))

    @property
    def _blends(self) -> list[ForestBlend | KernelBlend]:
        return [blend for blend in (self.forest, self.kernel) if blend is not None]

    @property
    def _device(self) -> torch.device:
        return next(self.networks[0].parameters()).device

    def _summarize(self, smiles: Sequence[Any], run: "_Run", with_domain: bool, level: float) -> Predictions:
        shape = (len(smiles), len(self.endpoints))
        figures = [np.full(shape, np.nan, np.float32) for _ in range(4)]
        summary = summarize_outputs(self.endpoints, run.outputs, self.calibration, level, expected=run.expected)
        for whole, part in zip(figures, summary, strict=True):
            whole[run.rows] = part
        distance, margin = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        if with_domain:
            distance[run.rows] = self.domain.measure_distance(run.states)
            mols = [run.mols[row] for row in run.rows.tolist()]
            margin[run.rows] = self.domain.measure_margin(mols, distance[run.rows])
            margin[run.is_mixed] = 0
        is_valid = np.array([error is None for error in run.errors], dtype=bool)
        with_interval = tuple(one.name for one in self.endpoints if self.calibration.has_interval(one))
        return Predictions(
            smiles=list(smiles),
            endpoints=self.endpoints,
            values=figures[0],
            std=figures[1],
            low=figures[2],
            high=figures[3],
            in_domain=margin >= 1,
            margin=margin,
            distance=distance,
            is_valid=is_valid,
            errors=run.errors,
            with_interval=with_interval,
        )

    def to(self, device: str) -> "Predictor":
        """Move the networks to a device, in place; return the predictor."""
        for network in self.networks:
            network.to(device)
        return self

    def save(self, folder: str | Path, *, before_card: Callable[[str], None] | None = None) -> None:
        """Write the model folder; `before_card` as in `save_model`."""
        tensors = self.domain.to_tensors() | self.calibration.to_tensors()
        tensors |= self.error_model.to_tensors() if self.error_model else {}
        for blend in self._blends:
            tensors |= blend.to_tensors()
        for member, network in enumerate(self.networks):
            tensors |= {f"network.{member}.{name}": t for name, t in network.state_dict().items()}
        card = {
            "kind": "predictor",
            "name": self.name,
            "features_version": FEATURES_VERSION,
            "endpoints": [endpoint.to_dict() for endpoint in self.endpoints],
            "network": self.networks[0].settings.to_dict(),
            "n_networks": len(self.networks),
            "calibration": self.calibration.to_card(),
        }
        complete = card | self.card | card  # of a loaded predictor the card may say otherwise
        save_model(Path(folder), tensors, complete, before_card=before_card)


class DistantPredictions(NamedTuple):
    """Predictions without domain, and what it takes to find that out of some of them."""

    predictions: Predictions
    distance: NDArray[np.float32]
    """[N, T], in the latent space: an argument of `TrainingDomain.measure_margin`"""


class _Run(NamedTuple):
    """What the networks make of N texts, n of them readable."""

    mols: list[Mol | None]
    """Standardised"""
    rows: NDArray[np.int64]
    """[n], the readable ones"""
    outputs: NDArray[np.float32]
    """[K, n, T], of each network"""
    states: NDArray[np.float32]
    """[n, D], in the first network"""
    expected: NDArray[np.float32] | None
    """[n, T], the error to expect, if the predictor has an error model"""
    errors: list[str | None]
    is_mixed: NDArray[np.bool_]
    """[N], whether the text held more than a molecule and its salt formers: the figures are those of one part"""


def _count_off(pieces: Iterable[Predictions], on_rows: Callable[[int], None] | None) -> Iterator[Predictions]:
    n_rows = 0
    for piece in pieces:
        yield piece
        n_rows += len(piece.smiles)
        if on_rows:
            on_rows(n_rows)


def _require_classes(endpoints: Sequence[Endpoint], labels: NDArray[np.float64]) -> None:
    for endpoint, column in zip(endpoints, labels.T, strict=True):
        odd = column[~np.isnan(column) & ~np.isin(column, (0, 1))]
        if endpoint.task == "classification" and odd.size:
            raise ValueError(f"labels of {endpoint.name} are 0 or 1, or NaN where not measured, not {odd[0]:g}")


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
        endpoints = read_endpoints(card)
        domain = TrainingDomain.from_tensors(tensors)
        if not len(endpoints) == settings.n_endpoints == len(domain.thresholds):
            outputs = f"networks with {settings.n_endpoints} outputs and a domain of {len(domain.thresholds)}"
            raise ValueError(f"it lists {len(endpoints)} endpoints, beside {outputs}")
        calibration = Calibration.from_model(card.get("calibration", {}), tensors)
        error_model = ErrorModel.from_tensors(tensors)
        is_class = [endpoint.task == "classification" for endpoint in endpoints]
        forest = ForestBlend.from_tensors(tensors, is_class)
        kernel = KernelBlend.from_tensors(tensors, domain, is_class)
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ModelFormatError(f"{folder} does not fit its own card: {error}") from error
    name = str(card.get("name", folder.name))
    return Predictor(name, endpoints, networks, domain, card, calibration, error_model, forest, kernel)


def _load_network(tensors: dict[str, Any], member: int, settings: NetworkSettings) -> PropertyNetwork:
    prefix = f"network.{member}."
    network = PropertyNetwork(settings)
    network.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
    return network.eval()
