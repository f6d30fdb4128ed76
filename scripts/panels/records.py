"""What is known of one endpoint before any model is trained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.predictors.endpoints import Direction, Endpoint, TaskType, fit_endpoint


class Task(NamedTuple):
    """Tables of one endpoint, with columns `smiles` and `label`."""

    train: pd.DataFrame
    test: pd.DataFrame
    """Empty where the source has no split of its own and none was made yet."""

    @property
    def measured(self) -> pd.DataFrame:
        """Every row: what a predictor that ships is trained on, once its recipe was measured."""
        return pd.concat([self.train, self.test], ignore_index=True)


class Source(NamedTuple):
    """Where labels were published."""

    text: str
    doi: str
    licence: str

    def cite(self) -> str:
        """Return text and address for a model card.

        >>> Source("ExCAPE-DB", "10.1186/s13321-017-0203-5", "CC BY-SA 4.0").cite()
        'ExCAPE-DB, https://doi.org/10.1186/s13321-017-0203-5'
        """
        return f"{self.text}, https://doi.org/{self.doi}"


@dataclass(frozen=True)
class EndpointRecord:
    """One endpoint of a panel."""

    name: str
    kind: TaskType
    unit: str
    direction: Direction
    reference_range: str
    """In words and numbers."""
    description: str
    """One sentence; of a classification, what class 1 means."""
    source: Source
    read: Callable[[Path | None], Task]
    """Returns the labels as published, given the data folder."""
    split: str
    """How the test molecules are chosen."""
    aliases: tuple[str, ...] = ()
    log_scale: bool = False
    """Whether log10 of the label is learned."""
    max_inactives: int | None = None
    """Training keeps a sample of so many molecules of class 0."""
    positive_wins: bool = False
    """Whether class 1 holds for a molecule with both classes; otherwise it is left out."""

    def describe(self, labels: NDArray[np.float64]) -> Endpoint:
        """Return the endpoint for a model card, with the range, centre and spread of the training labels."""
        fitted = fit_endpoint(
            self.name,
            self.kind,
            labels,
            unit=self.unit,
            description=self.description,
            aliases=self.aliases,
            log_scale=self.log_scale,
        )
        return replace(
            fitted,
            direction=self.direction,
            reference_range=self.reference_range,
            source=self.source.cite(),
            licence=self.source.licence,
        )
