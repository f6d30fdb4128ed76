"""How far a training of many networks has come: which stage, what share is done, how long it will take."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from moldesign.predictors.training import TrainingProgress


@dataclass(frozen=True)
class Progress:
    """The state of a training."""

    stage: str
    """What is going on, such as "fold 2 of 5"."""
    n_rows: int = 0
    """Rows of the table read so far."""
    network: int = 0
    """Number of the network within the stage, from 1; 0 before the first."""
    n_networks: int = 0
    epoch: TrainingProgress | None = None
    share: float | None = None
    """Of all networks of all stages, 0 to 1; None before the first."""
    seconds_left: float = float("inf")
    """At most: early stopping may end it sooner."""


class Workload:
    """Counts the epochs of all networks that a training plans.

    Args:
        n_networks: in all stages together.
        n_epochs: of each, at most.
        notify: is told of every change.
    """

    def __init__(self, n_networks: int, n_epochs: int, notify: Callable[[Progress], None] | None) -> None:
        self._total, self._n_epochs, self._notify = n_networks * n_epochs, n_epochs, notify
        self._n_done = self._n_free = self._network = self._n_in_stage = 0
        self._stage = ""
        self._has_begun = False
        self._began = time.monotonic()

    def announce(self, stage: str) -> None:
        """Say what is done between two stages."""
        if self._notify:
            self._notify(Progress(stage, share=self._n_done / self._total))

    def begin_stage(self, stage: str, n_networks: int) -> None:
        """Say what the next networks are for."""
        self._stage, self._n_in_stage, self._network = stage, n_networks, 0

    def note_epoch(self, epoch: TrainingProgress) -> None:
        """Take in the progress of the network that is being trained."""
        self._has_begun = True
        self._tell(epoch, self._n_done + epoch.epoch)

    def finish_network(self) -> None:
        """Count a network as done; one that no epoch was noted of had been trained before, and cost no time."""
        self._network += 1
        self._n_done += self._n_epochs
        if not self._has_begun:
            self._n_free += self._n_epochs
        self._has_begun = False

    def _tell(self, epoch: TrainingProgress, n_done: int) -> None:
        if self._notify is None:
            return
        per_epoch = (time.monotonic() - self._began) / max(n_done - self._n_free, 1)
        self._notify(
            Progress(
                stage=self._stage,
                network=self._network + 1,
                n_networks=self._n_in_stage,
                epoch=epoch,
                share=n_done / self._total,
                seconds_left=per_epoch * (self._total - n_done),
            )
        )
