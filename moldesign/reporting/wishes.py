"""A profile in words, and which columns of a table of hits tell how far each of its goals is met.

Nothing that a goal names is imported or run: a page can be made of a folder that somebody else has sent.
"""

import tomllib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from pydantic import ValidationError

from moldesign.chem.descriptors import DESCRIPTORS
from moldesign.errors import MoldesignError, ProfileError
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.goals import Goal
from moldesign.objectives.profile import Profile
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Property
from moldesign.objectives.transforms import AtLeast, AtMost, InRange, Maximize, Minimize, Transform
from moldesign.reporting.charts import draw_curve
from moldesign.reporting.page import format_number

_CURVE_POINTS = 80

_MEANINGS = {
    "alerts": "structural alerts (PAINS, BRENK, NIH)",
    "novelty": "1 for what no predictor has learned from, 0 for what is known",
    "unseen_rings": "ring systems that no molecule of ChEMBL has",
    "unseen_atoms": "atoms in surroundings that no molecule of ChEMBL has",
    "unstable": "groups that do not last, such as carbamic acids and aminals",
}
_CALLS = {
    "similarity(": "Tanimoto similarity (Morgan, radius 2) to this molecule",
    "substructure(": "1 with this substructure, 0 without",
    "novelty(": "1 for what is not in this file, 0 for what is",
    "nearest(": "Tanimoto similarity (Morgan, radius 2) to the nearest of these molecules",
    "scaffold(": "1 with this scaffold kept, 0 without",
    "linked(": "1 with both pieces kept and joined, 0 without",
    "only(": "1 where there are no other elements, 0 elsewhere",
    "program(": "what this program says",
}


class Wish(NamedTuple):
    """A goal, and where its values stand."""

    goal: Goal
    column: str
    """Of its values; how far it is met stands in `score_column`."""
    about: Property | None
    """None for what must not be looked up: functions, programs, and the like."""

    @property
    def score_column(self) -> str:
        """Of how far it is met, 0 to 1."""
        return f"{self.column}_score"

    @property
    def endpoint(self) -> EndpointProperty | None:
        """The prediction that it is about; None for what is computed."""
        return self.about if isinstance(self.about, EndpointProperty) else None

    @property
    def transform(self) -> Transform | None:
        """Its curve; None where the usual range is not known."""
        return None if self.about is None else self.goal.make_transform(self.about.low, self.about.high)


def read_profile(text: str, where: str) -> Profile:
    """Return a profile without looking up what its goals name.

    Raises:
        ProfileError: the text is no profile.
    """
    try:
        return Profile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ProfileError(f"{where} is no profile of this version: {error}") from error


def find_wishes(profile: Profile, columns: Collection[str]) -> list[Wish]:
    """Return the goals of a profile, each with its column; goals that have none in the table are left out.

    Args:
        profile: as `read_profile` returns it.
        columns: names in the table of hits.
    """
    plain = _list_properties(profile)
    wishes = []
    for goal in profile.goals:
        found = plain.get(goal.property_name) or plain.get(goal.property_name.lower())
        if goal.command is not None:
            found = None
        names = [goal.property_name, goal.text] if found is None else [found.name, goal.text]
        column = next((name for name in names if {name, f"{name}_score"} <= set(columns)), None)
        if column is not None:
            wishes.append(Wish(goal, column, found))
    return wishes


def describe_goals(profile: Profile, wishes: Sequence[Wish], values: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return for each goal its name, aim, meaning, how it is scored, and its curve over the values of the hits.

    Args:
        profile: the profile.
        wishes: what `find_wishes` says of it.
        values: of the hits, by column.
    """
    by_text = {wish.goal.text: wish for wish in wishes}
    return [_describe(goal, by_text.get(goal.text), values) for goal in profile.goals]


def describe_rules(profile: Profile, *, is_run: bool = True) -> list[str]:
    """Return in sentences what else the profile asks for: hard limits, guards, and of a run threshold and diversity."""
    guards, diversity = profile.guards, profile.diversity
    rules = ["The score, 0 to 1, is the weighted geometric mean of how far the goals are met."]
    if is_run:
        rules.append(f"A hit scores at least {profile.threshold:g}.")
    if profile.constraints.goals:
        limits = "; ".join(goal.text for goal in profile.constraints.goals)
        rules.append(f"Hard limits, which every hit keeps: {limits}.")
    if guards.caution:
        rules.append(
            f"A predicted value counts as if it were off by {guards.caution:g} standard deviations to the worse side."
        )
    if guards.domain:
        rules.append("A molecule outside the domain of a predictor loses half of its score, or more.")
    if guards.unseen < 1:
        rules.append(
            "Each ring system, and once the atoms in surroundings, that no molecule of ChEMBL has multiplies the score "
            f"by {guards.unseen:g}."
        )
    if guards.unstable < 1:
        rules.append(f"Each kind of group that does not last multiplies the score by {guards.unstable:g}.")
    if not (guards.caution or guards.domain or guards.looks_at_parts):
        rules.append("Guards against reward hacking were switched off: predictions are taken at their word.")
    if is_run and diversity.hit_similarity < 1:
        rules.append(
            f"Of molecules that resemble each other (Tanimoto {diversity.hit_similarity:g} or more) the best one is "
            "returned first."
        )
    return rules


def describe_aim(goal: Goal) -> str:
    """Return what a goal asks for.

    >>> from moldesign.objectives.goals import parse_goal
    >>> [describe_aim(parse_goal(text)) for text in ("qed max", "herg <= 0.3", "mw in 200..500")]
    ['as high as possible', 'at most 0.3', '200 to 500']
    """
    low, high = goal.bounds
    if goal.range is not None:
        return f"{format_number(low)} to {format_number(high)}"
    if goal.at_least is not None:
        return f"at least {format_number(low)}"
    if goal.at_most is not None:
        return f"at most {format_number(high)}"
    return "as high as possible" if goal.max else "as low as possible"


def _describe(goal: Goal, wish: Wish | None, values: dict[str, list[float]]) -> dict[str, Any]:
    meaning, unit = _explain(goal, wish.about if wish else None)
    transform = wish.transform if wish else None
    known = [] if wish is None else [value for value in values[wish.column] if np.isfinite(value)]
    return {
        "name": goal.property_name,
        "aim": describe_aim(goal),
        "unit": unit,
        "meaning": meaning,
        "weight": goal.weight,
        "curve_words": "" if transform is None else _explain_curve(transform),
        "curve": None if transform is None or not known else _draw(goal, transform, known, unit),
    }


def _explain(goal: Goal, found: Property | None) -> tuple[str, str]:
    """Return what a goal's property is, and its unit."""
    if isinstance(found, EndpointProperty):
        return (
            f"predicted: {found.endpoint.description or 'an endpoint'} (model {found.model.name})",
            found.endpoint.unit,
        )
    if found is not None and found.name in DESCRIPTORS:
        return DESCRIPTORS[found.name].description, DESCRIPTORS[found.name].unit
    if goal.command is not None:
        return "what a program of the user's says", ""
    known = _MEANINGS.get(goal.property_name.lower())
    called = next((words for name, words in _CALLS.items() if goal.property_name.startswith(name)), None)
    return known or called or "what a function or docking of the user's says", ""


def _explain_curve(transform: Transform) -> str:
    match transform:
        case AtLeast(x, scale):
            return f"fully met from {x:g} up; {scale:.2g} less halves its score"
        case AtMost(x, scale):
            return f"fully met up to {x:g}; {scale:.2g} more halves its score"
        case InRange(low, high, scale):
            return f"fully met from {low:g} to {high:g}; {scale:.2g} outside halves its score"
        case Maximize(low, high):
            return f"0 at {low:.3g}, fully met at {high:.3g}, a straight line between"
        case Minimize(low, high):
            return f"fully met at {low:.3g}, 0 at {high:.3g}, a straight line between"
    return ""


def _draw(goal: Goal, transform: Transform, values: list[float], unit: str) -> Markup:
    ends = [value for value in (*goal.bounds, min(values), max(values)) if np.isfinite(value)]
    if isinstance(transform, Maximize | Minimize):
        ends += [transform.low, transform.high]
    low, high = min(ends), max(ends)
    margin = 0.15 * (high - low) or 0.5
    x = np.linspace(low - margin, high + margin, _CURVE_POINTS)
    name = f"{goal.property_name} ({unit})" if unit else goal.property_name
    label = f"score of {goal.property_name}, with a tick for the value of each hit"
    return draw_curve(x.tolist(), transform(x).tolist(), values, label=label, x_label=name)


def _list_properties(profile: Profile) -> dict[str, Property]:
    try:
        return dict(PropertyCatalog.of_models(profile.models).plain)
    except MoldesignError:  # a model folder has moved: its endpoints have no description, and everything else is there
        return dict(PropertyCatalog.of_models().plain)
