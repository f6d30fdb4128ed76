"""A goal about the user's own Python function, called in this process with a whole batch."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from moldesign.errors import ObjectiveError
from moldesign.objectives.functions import MismatchError, Numbers, ScoringFunction, import_function, read_numbers
from moldesign.objectives.success import SuccessRecord, is_lost
from moldesign.objectives.terms import Batch, Evaluation
from moldesign.objectives.time_limit import OutOfTimeError, limit_time
from moldesign.objectives.worker import join_lines

DEFAULT_TIMEOUT = 300.0
"""Seconds that a scorer has: a program for one molecule, a function in this process for one call."""


class _Failure(NamedTuple):
    """Why a call gave nothing."""

    reason: str
    is_mismatch: bool = False
    """Whether the function did return, but not one value per molecule."""


@dataclass(frozen=True)
class CallableProperty:
    """The user's own function: a list of SMILES in, one number per molecule out."""

    name: str
    function: ScoringFunction
    low: float = 0.0
    high: float = 1.0
    timeout: float = DEFAULT_TIMEOUT
    """Seconds for one call; see `limit_time` for where it holds."""

    @classmethod
    def imported(cls, name: str, timeout: float = DEFAULT_TIMEOUT) -> "CallableProperty":
        """Return the property of the function that `module:function` names.

        Raises:
            ProfileError: there is no such module or function.
        """
        return cls(name, import_function(name), timeout=timeout)

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return what the function gives; a molecule without a number is missing, with the reason.

        Raises:
            ObjectiveError: fewer than half of the molecules have a number, or the function takes too long.
        """
        numbers = self._call_for_all(batch.smiles)
        self._record.require_half(batch.smiles[: len(numbers.errors)], numbers.errors)
        return Evaluation(numbers.values, missing=[error and f"{self.name}: {error}" for error in numbers.errors])

    @cached_property
    def _record(self) -> SuccessRecord:
        return SuccessRecord(self.name)

    def _call_for_all(self, smiles: list[str]) -> Numbers:
        """Call the function once; if it fails, for one molecule after the other, to find those that it fails on."""
        together = self._call(smiles)
        if isinstance(together, Numbers):
            return together
        if len(smiles) == 1:
            return Numbers(np.array([np.nan]), [together.reason])
        values, errors = np.full(len(smiles), np.nan), list[str | None]()
        for row, text in enumerate(smiles):
            alone = self._call([text])
            if isinstance(alone, Numbers):
                values[row] = alone.values[0]
            errors.append(alone.errors[0] if isinstance(alone, Numbers) else alone.reason)
            if is_lost(len(errors) - errors.count(None), len(smiles)):
                break
        if together.is_mismatch and None not in errors:  # no molecule is to blame: how many it gave for all says more
            errors = [together.reason] * len(errors)
        return Numbers(values, errors)

    def _call(self, smiles: list[str]) -> Numbers | _Failure:
        """Return the numbers, or why there are none."""
        try:
            with limit_time(self.timeout), _keep_surroundings():
                # What it returns may be computed only when it is read.
                return read_numbers(self.function(list(smiles)), len(smiles))
        except OutOfTimeError as error:
            raise ObjectiveError(
                f"{self.name} gave no answer for {len(smiles)} molecules within {self.timeout:g} s; raise its timeout "
                "in the profile; or mark the goal expensive = true, so that each molecule is scored on its own, which "
                "is another profile and needs another --out"
            ) from error
        except MismatchError as error:
            return _Failure(str(error), is_mismatch=True)
        except (Exception, SystemExit) as error:  # a foreign function may raise anything; the message names it
            return _Failure(join_lines(f"{type(error).__name__}: {error}"))


@contextmanager
def _keep_surroundings() -> Iterator[None]:
    """Undo what foreign code does to the working folder, and to whether torch computes gradients."""
    folder, torch = Path.cwd(), sys.modules.get("torch")
    computes_gradients = torch is None or torch.is_grad_enabled()
    try:
        yield
    finally:
        os.chdir(folder)
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_grad_enabled(computes_gradients)
