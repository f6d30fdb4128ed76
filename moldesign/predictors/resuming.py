"""The state of a training that is under way, on disk and back, so that an interrupted one can be gone on with."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from moldesign.checkpoint import CARD_FILE, NEXT_FILE, TENSORS_FILE, load_model, save_model

logger = logging.getLogger(__name__)

_KIND = "training"
_SCHEDULED = ("lr", "betas")
"""What the schedule changes in the optimizer."""


class MovingParts(NamedTuple):
    """What changes in the course of a training, beside random numbers."""

    network: nn.Module
    optimizer: Optimizer
    schedule: OneCycleLR


@dataclass
class TrainingCheckpoint:
    """A folder that holds the latest state of one training."""

    folder: Path
    recipe: Mapping[str, str]
    """Names all that decides what the network becomes: the state of another training is not taken up."""
    every_seconds: float = 120.0
    _saved: float = field(default_factory=time.monotonic)

    def offer(self, parts: MovingParts, notes: Mapping[str, Any]) -> None:
        """Save the state, unless that was done a short while ago.

        Args:
            parts: of the training.
            notes: numbers and texts that come back from `restore`.
        """
        if time.monotonic() - self._saved < self.every_seconds:
            return
        groups = [{name: group[name] for name in _SCHEDULED} for group in parts.optimizer.param_groups]
        steps = {"step": parts.schedule.last_epoch, "groups": groups}
        save_model(
            self.folder, _to_tensors(parts), {"kind": _KIND, "recipe": self.recipe, "notes": notes, "schedule": steps}
        )
        self._saved = time.monotonic()

    def restore(self, parts: MovingParts) -> dict[str, Any] | None:
        """Put a training back where it was, and return its notes; None where there is nothing to go on from.

        Raises:
            ModelFormatError: the folder is damaged.
        """
        if not (self.folder / CARD_FILE).is_file():
            return None
        tensors, card = load_model(self.folder, kind=_KIND)
        if card["recipe"] != self.recipe:
            logger.warning("the training in %s is begun again: it was another one", self.folder)
            return None
        _from_tensors(parts, tensors)
        parts.schedule.last_epoch = card["schedule"]["step"]
        for group, stored in zip(parts.optimizer.param_groups, card["schedule"]["groups"], strict=True):
            group.update({"lr": stored["lr"], "betas": tuple(stored["betas"])})
        notes: dict[str, Any] = card["notes"]
        return notes

    def clear(self) -> None:
        """Remove the state of a training that has ended."""
        for name in (CARD_FILE, TENSORS_FILE, NEXT_FILE):
            (self.folder / name).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def _to_tensors(parts: MovingParts) -> dict[str, Tensor]:
    tensors = {f"network.{name}": tensor for name, tensor in parts.network.state_dict().items()}
    for number, parameter in enumerate(parts.network.parameters()):
        state = parts.optimizer.state.get(parameter, {})
        tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
    return tensors | {"random": torch.get_rng_state()}


def _from_tensors(parts: MovingParts, tensors: Mapping[str, Tensor]) -> None:
    parts.network.load_state_dict(_strip("network.", tensors))
    for number, parameter in enumerate(parts.network.parameters()):
        parts.optimizer.state[parameter] = {
            # Adam keeps its step count on the CPU, whatever the device of the parameter.
            name: tensor if name == "step" else tensor.to(parameter.device)
            for name, tensor in _strip(f"optimizer.{number}.", tensors).items()
        }
    torch.set_rng_state(tensors["random"])


def _strip(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
