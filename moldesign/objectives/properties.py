"""What a goal can be about: descriptors, endpoints, similarity, substructures, alerts, novelty."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.alerts import count_alerts
from moldesign.chem.descriptors import DESCRIPTORS, compute_descriptors
from moldesign.chem.fingerprints import morgan_bits, tanimoto, to_decimals
from moldesign.chem.smiles import Mol, canonicalize, quiet_rdkit, require_mols
from moldesign.chem.standardize import standardize_mol, standardize_smiles
from moldesign.chem.unseen import Unseen
from moldesign.datasets.tables import read_smiles, read_table
from moldesign.errors import InvalidSmilesError, ProfileError
from moldesign.objectives.terms import MORGAN_BITS, Batch, Evaluation, Term
from moldesign.predictors.bundled import load_predictor, read_model_card
from moldesign.predictors.endpoints import Endpoint

if TYPE_CHECKING:
    from moldesign.predictors.ensemble import Predictor
    from moldesign.predictors.predictions import Predictions

_ROW = re.compile(r"^row \d+: ")


@dataclass(frozen=True)
class DescriptorProperty:
    """One of the descriptors of `moldesign.chem.descriptors`."""

    name: str

    @property
    def low(self) -> float:
        """Lower end of the descriptor's usual range."""
        return DESCRIPTORS[self.name].low

    @property
    def high(self) -> float:
        """Upper end of the descriptor's usual range."""
        return DESCRIPTORS[self.name].high

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return the descriptor of every molecule, in its own unit."""
        return Evaluation(compute_descriptors(batch.mols, [self.name])[:, 0])


@dataclass(frozen=True)
class SimilarityProperty:
    """Tanimoto similarity (Morgan, radius 2, 2048 bits) to one molecule, in its standard form as all others are."""

    name: str
    target: Mol
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def to(cls, smiles: str) -> "SimilarityProperty":
        """Return the similarity to `smiles`.

        Raises:
            ProfileError: it is not a valid SMILES.
        """
        name = f"similarity({smiles})"
        try:
            return cls(name, standardize_mol(require_mols([smiles])[0]))
        except InvalidSmilesError as error:
            reason = _ROW.sub("", str(error))
            raise ProfileError(f"{name} needs a molecule to compare with: {reason}") from error

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return similarities between 0 and 1."""
        bits = batch.share(MORGAN_BITS, lambda: morgan_bits(batch.mols))
        return Evaluation(to_decimals(tanimoto(bits, morgan_bits([self.target]))[:, 0]))


@dataclass(frozen=True)
class SubstructureProperty:
    """1 for molecules that contain a SMARTS pattern, 0 for the others."""

    name: str
    pattern: Mol
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, smarts: str) -> "SubstructureProperty":
        """Return the presence of `smarts`.

        Raises:
            ProfileError: it is not a valid SMARTS.
        """
        with quiet_rdkit():
            pattern = Chem.MolFromSmarts(smarts) if smarts.strip() else None
        if pattern is None:
            raise ProfileError(f"substructure({smarts}): {smarts!r} is not a valid SMARTS pattern")
        return cls(f"substructure({smarts})", pattern)

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return 1.0 where the pattern is found, 0.0 elsewhere."""
        found = [mol.HasSubstructMatch(self.pattern, useChirality=True) for mol in batch.mols]
        return Evaluation(np.array(found, dtype=np.float64))


@dataclass(frozen=True)
class AlertProperty:
    """Number of structural alerts (PAINS, BRENK, NIH)."""

    name: str = "alerts"
    low: float = 0.0
    high: float = 5.0

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return counts."""
        return Evaluation(count_alerts(batch.mols).astype(np.float64))


@dataclass(frozen=True)
class UnseenProperty:
    """Number of ring systems, or of atoms in surroundings, that no molecule of ChEMBL has; or of unstable groups."""

    name: str
    select: Callable[[Unseen], NDArray[np.int64]]
    low: float = 0.0
    high: float = 3.0

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return counts."""
        return Evaluation(self.select(batch.count_unseen()).astype(np.float64))


UNSEEN_RINGS = UnseenProperty("unseen_rings", attrgetter("ring_systems"))
UNSEEN_ATOMS = UnseenProperty("unseen_atoms", attrgetter("atoms"))
UNSTABLE = UnseenProperty("unstable", attrgetter("groups"))


@dataclass(frozen=True)
class NoveltyProperty:
    """1 for molecules that are not among the known ones, 0 for those that are, as standardised."""

    name: str
    read_known: Callable[[], frozenset[str]]
    """Gives canonical SMILES; called when the first molecules are evaluated."""
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def against_file(cls, path: str) -> "NoveltyProperty":
        """Return novelty with respect to the molecules in a file; its unreadable rows are left out.

        Here only the first row is read, to see that it can be; the rest when molecules are evaluated.

        Raises:
            TableError: the file cannot be read.
        """
        next(read_table(path, chunk_size=1), None)
        return cls(f"novelty({path})", partial(_read_standardized, path))

    @classmethod
    def against_training(cls, models: Sequence["PredictorHandle"]) -> "NoveltyProperty":
        """Return novelty with respect to the molecules that these predictors have learned from."""
        return cls("novelty", lambda: frozenset().union(*(model.predictor.domain.smiles for model in models)))

    @cached_property
    def _known(self) -> frozenset[str]:
        return self.read_known()

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return 1.0 for what is new, 0.0 for what is known."""
        new = [canonicalize(standardize_mol(mol)) not in self._known for mol in batch.mols]
        return Evaluation(np.array(new, dtype=np.float64))


@dataclass(frozen=True)
class PredictorHandle:
    """A predictor that is loaded when its first endpoint is evaluated; its endpoints share it."""

    name: str

    @cached_property
    def predictor(self) -> "Predictor":
        """The loaded predictor."""
        return load_predictor(self.name)

    def predict(self, batch: Batch) -> "Predictions":
        """Return the predictions for `batch`, made once however many endpoints ask."""
        return batch.share(("predictions", self.name), lambda: self.predictor.predict(batch.smiles))


@dataclass(frozen=True)
class EndpointProperty:
    """One endpoint of a predictor, with its uncertainty and its applicability domain."""

    endpoint: Endpoint
    column: int
    model: PredictorHandle

    @property
    def name(self) -> str:
        """The endpoint's own name, also where the goal used an alias."""
        return self.endpoint.name

    @property
    def low(self) -> float:
        """0 for a probability, else the first percentile of the training labels."""
        return self.endpoint.low

    @property
    def high(self) -> float:
        """1 for a probability, else the ninety-ninth percentile of the training labels."""
        return self.endpoint.high

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return predictions in the unit of the endpoint; what the predictor refuses has an error."""
        predictions = self.model.predict(batch)
        is_pure = True if batch.is_mixed is None else ~batch.is_mixed
        return Evaluation(
            predictions.values[:, self.column].astype(np.float64),
            predictions.std[:, self.column].astype(np.float64),
            predictions.in_domain[:, self.column] & is_pure,
            np.where(is_pure, predictions.margin[:, self.column], 0.0).astype(np.float64),
            [error and f"{self.model.name}: {_ROW.sub('', error)}" for error in predictions.errors],
        )


def hash_models(terms: Iterable[Term]) -> dict[str, str | None]:
    """Return the SHA-256 of each predictor that terms are about, by its name; None where its card states none."""
    names = {term.property.model.name for term in terms if isinstance(term.property, EndpointProperty)}
    return {name: read_model_card(name).get("sha256") for name in sorted(names)}


def _read_standardized(path: str) -> frozenset[str]:
    standardized = standardize_smiles(read_smiles(path)).smiles
    return frozenset(smiles for smiles in standardized if smiles is not None)
