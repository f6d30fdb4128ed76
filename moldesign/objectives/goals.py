"""One goal of a profile: its grammar, its TOML keys, and the curve it stands for."""

import json
import math
import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from moldesign.errors import ProfileError
from moldesign.objectives.functions import names_function
from moldesign.objectives.terms import Property
from moldesign.objectives.transforms import (
    AtLeast,
    AtMost,
    InRange,
    Maximize,
    Minimize,
    MustBeWithin,
    Transform,
    default_scale,
)

GOAL_GRAMMAR = "PROPERTY max | min | >= X | <= X | in A..B, with * WEIGHT optional"

_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
# An argument may hold brackets and blanks (a SMARTS), so it ends at the last bracket before the aim.
_GOAL = re.compile(
    rf"""\s*(?P<property>[^\s()<>=*]+(?:\(.*\))?)
    (?:\s+(?P<max>max) | \s+(?P<min>min) | \s*>=\s*(?P<at_least>{_NUMBER}) | \s*<=\s*(?P<at_most>{_NUMBER})
      | \s+in\s+(?P<from>{_NUMBER})\s*\.\.\s*(?P<to>{_NUMBER}))
    (?:\s*\*\s*(?P<weight>{_NUMBER}))?\s*""",
    re.VERBOSE,
)
_OWN_NAME = re.compile(r"[\w.+-]+")

RUNNING_KEYS = ("timeout", "workers", "cache")
"""How a program is run; nothing here changes its scores."""


class Goal(BaseModel):
    """One wish: a property and exactly one of `max`, `min`, `at_least`, `at_most`, `range`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True)

    property_name: str = Field(alias="property", min_length=1)
    max: Literal[True] | None = None
    min: Literal[True] | None = None
    at_least: float | None = None
    at_most: float | None = None
    range: tuple[float, float] | None = None
    weight: float = Field(default=1.0, gt=0)
    """Exponent in the geometric mean of all goals."""
    scale: float | None = Field(default=None, gt=0)
    """How much has to be missing for half the score; a tenth of the property's usual range by default."""
    low: float | None = None
    """Where `max` starts at 0 (`min` ends at 1); the lower end of the property's usual range by default."""
    high: float | None = None
    """Where `max` ends at 1 (`min` starts at 0); the upper end of the property's usual range by default."""
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Program and arguments that give the property, whose name is then free."""
    expensive: Literal[True] | None = None
    """A function is run after the cheap goals, molecule by molecule, in processes of its own, as programs are."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds that a program has for a molecule, or a function for a call."""
    workers: int | None = Field(default=None, gt=0)
    """Processes of a program at the same time; one per core by default."""
    cache: str | None = Field(default=None, min_length=1)
    """A file that keeps a program's scores for other runs."""

    @field_validator("command", mode="before")
    @classmethod
    def _refuse_command_line(cls, command: Any) -> Any:
        if isinstance(command, str):
            raise ValueError(f"a command is a list; write command = {json.dumps(command.split())}")
        return command

    @model_validator(mode="after")
    def _check_scorer(self) -> Self:
        stated = [key for key in ("expensive", *RUNNING_KEYS) if getattr(self, key) is not None]
        if self.command is not None and _OWN_NAME.fullmatch(self.property_name) is None:
            raise ValueError(
                f"the property of a command is a name of your own, in one word, not {self.property_name!r}"
            )
        if stated and not self.names_own_scorer:
            raise ValueError(f"{stated[0]} is for programs and functions; {self.property_name!r} is neither")
        is_called = names_function(self.property_name) and not self.expensive
        if is_called and (several := [key for key in stated if key != "timeout"]):
            raise ValueError(f"{several[0]} is for functions in processes of their own; add expensive = true")
        return self

    @model_validator(mode="after")
    def _check_aim(self) -> Self:
        aims = (self.max, self.min, self.at_least, self.at_most, self.range)
        if sum(aim is not None for aim in aims) != 1:
            raise ValueError("a goal has exactly one of max = true, min = true, at_least, at_most, range = [A, B]")
        if self.range is not None and self.range[0] > self.range[1]:
            raise ValueError(f"the range {self._aim_text} is empty; write the lower end first")
        if self.scale is not None and not self.is_bounded:
            raise ValueError("scale is for at_least, at_most and range; max and min take low and high")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be smaller than high")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """The values that fulfil the goal, for `max` and `min` everything."""
        if self.range is not None:
            return self.range
        return (
            -math.inf if self.at_least is None else self.at_least,
            math.inf if self.at_most is None else self.at_most,
        )

    @property
    def is_bounded(self) -> bool:
        """Whether there are values that do not fulfil the goal."""
        return self.bounds != (-math.inf, math.inf)

    @property
    def names_own_scorer(self) -> bool:
        """Whether the property is a program or function of the user's."""
        is_program = self.command is not None or self.property_name.startswith("program(")
        return is_program or names_function(self.property_name)

    @property
    def text(self) -> str:
        """The goal in the grammar of the command line, without its weight."""
        return f"{self.property_name} {self._aim_text}"

    @property
    def _aim_text(self) -> str:
        if self.range is not None:
            return f"in {self.range[0]:.12g}..{self.range[1]:.12g}"
        if self.at_least is not None:
            return f">= {self.at_least:.12g}"
        if self.at_most is not None:
            return f"<= {self.at_most:.12g}"
        return "max" if self.max else "min"

    def make_transform(self, low: float, high: float) -> Transform:
        """Return the goal's curve for a property whose usual range is `low` to `high`.

        >>> parse_goal("sa <= 3.5").make_transform(1, 6)
        AtMost(x=3.5, scale=0.5)
        """
        low = low if self.low is None else self.low
        high = high if self.high is None else self.high
        if self.max:
            return Maximize(low, high)
        if self.min:
            return Minimize(low, high)
        if self.scale is None and low >= high:
            raise ValueError(f"its usual range, low {low:g} and high {high:g}, is empty: state the lower end as low")
        scale = self.scale or default_scale(low, high)
        if self.range is not None:
            return InRange(*self.range, scale)
        return AtMost(self.at_most, scale) if self.at_most is not None else AtLeast(self.bounds[0], scale)

    def warn_of_range(self, about: Property) -> str | None:
        """Return a warning if the goal asks for more, or less, than the usual range of the property."""
        low, high = self.bounds
        usual_low = about.low if self.low is None else self.low
        usual_high = about.high if self.high is None else self.high
        if low <= usual_high and high >= usual_low:
            return None
        usual = f"{usual_low:.4g}..{usual_high:.4g}"
        if self.names_own_scorer and (self.low is None or self.high is None):
            return (
                f"the goal {self.text!r} may be out of reach: the scores of {about.name} are taken to lie in {usual}; "
                "state low and high in a profile"
            )
        return f"the goal {self.text!r} may be out of reach: {about.name} usually lies in {usual}"

    def about(self, property_name: str) -> "Goal":
        """Return the same aim for the property of another name, such as the one that an alias stands for."""
        return self.model_copy(update={"property_name": property_name})

    def make_limit(self) -> MustBeWithin:
        """Return the goal as a hard limit."""
        return MustBeWithin(*self.bounds)


def parse_goal(text: str) -> Goal:
    """Return the goal that `text` states.

    Raises:
        ProfileError: the text is not in the grammar.

    >>> parse_goal("similarity(CC(=O)Nc1ccc(O)cc1) in 0.4..0.8 * 2").text
    'similarity(CC(=O)Nc1ccc(O)cc1) in 0.4..0.8'
    """
    match = _GOAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ProfileError(f"the goal {text!r} is not understood; write {GOAL_GRAMMAR}")
    parts: dict[str, Any] = {key: value for key, value in match.groupdict().items() if value is not None}
    if "from" in parts:
        parts["range"] = (parts.pop("from"), parts.pop("to"))
    parts |= {key: True for key in ("max", "min") if key in parts}
    try:
        return Goal.model_validate(parts)
    except ValidationError as error:
        first = error.errors()[0]
        reason = " ".join([*map(str, first["loc"]), first["msg"].removeprefix("Value error, ")])
        raise ProfileError(f"the goal {text!r} makes no sense: {reason}") from error


def find_contradictions(goals: Sequence[tuple[str, Goal]]) -> list[str]:
    """Return a warning for each pair of goals about one property that no molecule can meet together.

    Args:
        goals: the name of the property, and the goal.

    >>> find_contradictions([("mw", parse_goal("mw >= 600")), ("mw", parse_goal("MW <= 300"))])
    ["the goals 'mw >= 600' and 'MW <= 300' contradict each other: no molecule can meet both"]
    """
    return [
        f"the goals {a.text!r} and {b.text!r} contradict each other: no molecule can meet both"
        for (name_a, a), (name_b, b) in combinations(goals, 2)
        if name_a == name_b and _exclude(a, b)
    ]


def _exclude(a: Goal, b: Goal) -> bool:
    disjoint = max(a.bounds[0], b.bounds[0]) > min(a.bounds[1], b.bounds[1])
    return disjoint or bool(a.max and b.min) or bool(a.min and b.max)
