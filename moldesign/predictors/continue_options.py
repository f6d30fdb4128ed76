"""How a training goes on from a model."""

from dataclasses import dataclass
from pathlib import Path

from moldesign.datasets.folds import SplitKind
from moldesign.predictors.replay import PER_NEW
from moldesign.predictors.train_options import TrainOptions
from moldesign.predictors.training import LossKind

LEARNING_RATE = 2e-3
"""The highest of the schedule, as in a training from new heads: with the old molecules replayed, a quarter of it ended
at a higher validation loss (`benchmarks/continuing.py`)."""


@dataclass(frozen=True)
class ContinueOptions:
    """How a training goes on from a model; the defaults are meant to be kept."""

    smiles_column: str | None = None
    """By default the column whose name says so."""
    split: SplitKind | None = None
    """How the new molecules are split; None: as those of the model were."""
    time_column: str | None = None
    """Numbers or ISO dates, for a split by time."""
    old_data: str | Path | None = None
    """The table that the model was trained on, where its folder does not hold the measurements."""
    n_epochs: int = 60
    """At most."""
    patience: int = 20
    """Epochs without a better validation loss after which a network is finished."""
    learning_rate: float = LEARNING_RATE
    replay: float = PER_NEW
    """Old training molecules per new one that each network sees again, where there are more than some thousands; 0
    replays none at all, and the model forgets."""
    loss: LossKind = "weighted"
    """Of classifications."""
    forest: bool | None = None
    """Mix a random forest and a kernel regression over fingerprints in; None: as the model does."""
    skip_bad: bool = False
    """Leave out cells that hold no number."""
    device: str = "cpu"
    seed: int = 0
    command: str = ""
    """What the model card says of how it was made."""

    def complete(self, start: str | None, n_networks: int, *, forest: bool) -> TrainOptions:
        """Return the options of the training, as any other has them; the split must be chosen."""
        if self.split is None:
            raise ValueError("the split is not chosen")
        return TrainOptions(
            smiles_column=self.smiles_column,
            split=self.split,
            time_column=self.time_column,
            start=start,
            n_networks=n_networks,
            n_epochs=self.n_epochs,
            patience=self.patience,
            loss=self.loss,
            forest=forest,
            skip_bad=self.skip_bad,
            device=self.device,
            seed=self.seed,
            command=self.command,
        )
