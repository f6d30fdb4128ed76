"""How a model is made of a table of measurements."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch

from moldesign.datasets.folds import SplitKind
from moldesign.errors import TableError
from moldesign.predictors.assay import LogChoice
from moldesign.predictors.training import LossKind
from moldesign.predictors.tuning import require_optuna

DEFAULT_START = "admet"

_LEAST = {"n_networks": 1, "n_epochs": 1, "patience": 1, "n_folds": 0, "n_trials": 0, "seed": 0}
_CHOICES = {"split": get_args(SplitKind), "loss": get_args(LossKind), "log": get_args(LogChoice)}


@dataclass(frozen=True)
class TrainOptions:
    """How a model is made of a table; the defaults are meant to be kept."""

    smiles_column: str | None = None
    """By default the column whose name says so."""
    split: SplitKind = "scaffold"
    time_column: str | None = None
    """Numbers or ISO dates, for a split by time."""
    n_folds: int = 0
    """Cross-validate in so many folds, and train the final model on every molecule; 0 measures on one test part."""
    start: str | Path | None = DEFAULT_START
    """Bundled model or model folder whose encoder the networks start from; None starts from nothing."""
    n_networks: int = 3
    n_epochs: int = 60
    """At most."""
    patience: int = 20
    """Epochs without a better validation loss after which a network is finished."""
    loss: LossKind = "weighted"
    """Of classifications."""
    forest: bool = True
    """Mix a random forest and a kernel regression over fingerprints into what the networks say."""
    log: LogChoice = "auto"
    """Whether regressions are learned as log10."""
    n_trials: int = 0
    """Search for better settings with so many trials."""
    skip_bad: bool = False
    """Leave out cells that hold no number."""
    device: str = "cpu"
    seed: int = 0
    command: str = ""
    """What the model card says of how it was made."""

    def check(self) -> None:
        """Refuse what is not to be had, or contradicts itself.

        Raises:
            ValueError: a number is too small, or a choice unknown.
            TableError: names the option.
            MoldesignError: a search is asked for and Optuna is not installed.
        """
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        for name, kinds in _CHOICES.items():
            if (value := getattr(self, name)) not in kinds:
                raise ValueError(f"{name}={value!r} is unknown; it is one of {', '.join(map(repr, kinds))}")
        if self.split == "time" and not self.time_column:
            raise TableError("a split by time needs the column of the times: add --time-column NAME")
        if self.n_folds == 1:
            raise TableError("one fold cannot be both trained and tested on: ask for 2 or more with --folds")
        if self.n_trials:
            require_optuna()
        _check_device(self.device)


def _check_device(name: str) -> None:
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter where torch was built without it
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device={name!r} cannot be computed on ({reason}); use 'cpu', or 'cuda' where it is"
        ) from error
