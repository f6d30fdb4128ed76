"""How a run searches; what it searches for is the profile."""

import json
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from moldesign.errors import UnknownNameError
from moldesign.learning.learner import LearningSettings

Strategy = Literal["auto", "thrifty", "fast"]
_LEAST = {
    "seed": 0,
    "batch_size": 1,
    "replay_size": 0,
    "n_replays": 0,
    "n_children": 0,
    "patience": 1,
    "collapse_patience": 1,
}


@dataclass(frozen=True)
class GenerationSettings:
    """Everything that decides the course of a run beside the profile.

    Raises:
        ValueError: a number is not a whole one or too small, or the strategy is unknown.
    """

    prior: str = "chembl"
    """Bundled name or model folder."""
    seed: int = 0
    batch_size: int = 64
    replay_size: int = 64
    n_replays: int = 2
    """Updates from replay after each batch, each with newly randomised SMILES."""
    learning: LearningSettings = field(default_factory=LearningSettings)
    strategy: Strategy = "auto"
    """How calls are spent: with much thought before each, with little, or by what one costs (see `choose_strategy`)."""
    n_children: int = 32
    """Molecules bred from the best ones so far, beside each batch of the policy; fast strategy."""
    patience: int = 50
    """Batches in a row without a new molecule after which the run ends early."""
    collapse_share: float = 0.9
    """A batch has collapsed above this share of rows without a new molecule, or of molecules with one scaffold."""
    collapse_patience: int = 10
    """Collapsed batches in a row after which the policy is reset in part."""
    collapse_reset: float = 0.5
    """How far the weights then go back to those of the prior: 0 not at all, 1 all the way."""
    device: str = "cpu"
    checkpoint_seconds: float = 20.0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():  # those of numpy would be no JSON
            object.__setattr__(self, name, require_count(name, getattr(self, name), least))
        if self.strategy not in (known := get_args(Strategy)):
            raise ValueError(f"strategy={self.strategy!r} is unknown; it is one of {', '.join(map(repr, known))}")

    def with_overrides(self, overrides: Mapping[str, Any]) -> "GenerationSettings":
        """Return these settings with single fields replaced.

        Raises:
            UnknownNameError: there is no such setting.
            ValueError: one has a value that it cannot have.
        """
        known = {one.name for one in fields(self)}
        for name in overrides:
            if name not in known:
                raise UnknownNameError("setting", name, known)
        return replace(self, **overrides)

    def describe_course(self) -> str:
        """Return, as JSON, what a resumed run must agree with."""
        course = asdict(self)
        return json.dumps({name: course[name] for name in sorted(course) if name != "checkpoint_seconds"})

    @classmethod
    def from_course(cls, text: str) -> "GenerationSettings":
        """Return the settings that `describe_course` described.

        Raises:
            ValueError: another version of this class described them.
        """
        course = json.loads(text)
        try:
            return cls(**course | {"learning": LearningSettings(**course["learning"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"these settings are not those of this version: {error}") from error

    def list_differences(self, other: "GenerationSettings") -> dict[str, str]:
        """Return what is different about the course of a run with the other settings, by the name of the setting.

        >>> GenerationSettings(seed=3).list_differences(GenerationSettings(seed=4, checkpoint_seconds=1.0))
        {'seed': 'seed 3, not 4'}
        """
        ours, theirs = json.loads(self.describe_course()), json.loads(other.describe_course())
        return {name: f"{name} {ours[name]}, not {theirs[name]}" for name in ours if ours[name] != theirs[name]}


def require_count(name: str, value: Any, least: int) -> int:
    """Return the value of an argument as an int, be it one of numpy.

    Raises:
        ValueError: it is no whole number, or smaller than that.

    >>> require_count("budget", 0, 1)
    Traceback (most recent call last):
    ValueError: budget=0: give a whole number, 1 or more
    """
    try:
        count = operator.index(value)
    except TypeError:
        count = least - 1
    if count < least:
        raise ValueError(f"{name}={value!r}: give a whole number, {least} or more")
    return count
