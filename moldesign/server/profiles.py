"""From what a client asks to a profile: the only way, on which nothing is run and no file is opened.

A goal on the command line may name a Python function, a program, a docking receptor or a file. Whoever can reach the
server could have code run by these, so that only properties that the package computes itself pass.
"""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

from moldesign.errors import MoldesignError, ProfileError
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.functions import names_function
from moldesign.objectives.goals import Goal, parse_goal
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.objectives.terms import Property

_PLAIN_NAME = re.compile(r"[\w-]+")
_CALL = re.compile(r"([a-z]+)\(.*\)", re.DOTALL)
_HARMLESS_CALLS = {"similarity", "substructure", "nearest", "scaffold", "linked", "only"}


class FieldError(MoldesignError):
    """A field of a request that cannot be used; the message says why."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def make_profile(values: Mapping[str, Any], models: Sequence[str] = ()) -> Profile:
    """Return the profile that a request asks for.

    Args:
        values: the fields of a `ProfileRequest`, or of a request with more of them.
        models: folders of further models, chosen by whoever started the server.

    Raises:
        FieldError: a field cannot be used, or asks for what is only for the command line.
    """
    known = PropertyCatalog.of_models(models).plain
    for field in ("goals", "must"):
        for row, text in enumerate(values.get(field, ())):
            read_goal(text, f"{field}.{row}", known)
            _blame(f"{field}.{row}", parse_goals, [text], models=models)
    profile: Profile = _blame("goals", parse_goals, values["goals"], models=models)
    for field, changes in _list_limits(values):
        profile = _blame(field, profile.with_constraints, **changes)
    threshold = values.get("threshold")
    return profile if threshold is None else profile.with_changes(threshold=threshold)


def read_goal(text: str, field: str, known: Container[str] = ()) -> Goal:
    """Return the goal, if it is one that a client may ask for.

    Args:
        text: of the goal.
        field: that holds it.
        known: names of properties that need no argument.

    Raises:
        FieldError: it is not in the grammar, or names a function, a program or a file.
    """
    goal: Goal = _blame(field, parse_goal, text)
    name = goal.property_name
    call = _CALL.fullmatch(name)
    if _PLAIN_NAME.fullmatch(name) or (call and call[1] in _HARMLESS_CALLS):
        return goal
    if name in known and "(" not in name and not names_function(name):
        return goal
    raise FieldError(
        field,
        f"the goal {text!r} is not allowed here: functions, programs, docking and files would be run or opened on the "
        "server; use it with `moldesign generate` on the command line",
    )


def name_in_goals(about: Property, known: Mapping[str, Property]) -> str | None:
    """Return how a goal of a client names a property: by its name, or by an alias; None where neither can be written.

    Args:
        about: the property.
        known: the properties that need no argument, by name and alias.
    """
    names = [about.name, *sorted(name for name, other in known.items() if other is about)]
    return next((name for name in names if known.get(name) is about and _can_be_written(name, known)), None)


def _can_be_written(name: str, known: Mapping[str, Property]) -> bool:
    try:
        return read_goal(f"{name} max", "", known).property_name == name
    except FieldError:
        return False


def _list_limits(values: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the constraints that each field stands for."""
    plain = [
        (key, {key: values[key]}) for key in ("must", "required", "forbidden", "scaffold", "link") if values.get(key)
    ]
    ends = [values.get("min_similarity"), values.get("max_similarity")]
    if ends == [None, None]:
        return plain
    low, high = 0.0 if ends[0] is None else ends[0], 1.0 if ends[1] is None else ends[1]
    return [*plain, ("start", {"similar_to": values["start"], "similarity": (low, high)})]


def _blame(field: str, function: Any, *args: Any, **options: Any) -> Any:
    """Call a function; its complaint is one about the field."""
    try:
        return function(*args, **options)
    except MoldesignError as error:
        raise FieldError(field, str(error)) from error
    except ValueError as error:
        raise FieldError(field, str(ProfileError(error))) from error
