"""A target profile: what the molecules must be, from TOML or goals on the command line, and back."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field, PrivateAttr, ValidationError, field_validator

from moldesign.chem.smiles import require_mols
from moldesign.chem.unseen import KnownParts, accept
from moldesign.errors import ProfileError, UnknownNameError
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.combination import FloatArray, bound_total
from moldesign.objectives.constraints import Constraints
from moldesign.objectives.docking import Docking
from moldesign.objectives.goals import GOAL_GRAMMAR, RUNNING_KEYS, Goal, find_contradictions, parse_goal
from moldesign.objectives.guards import Guards
from moldesign.objectives.payment import is_own_scorer
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.reward import Rewards, score_terms
from moldesign.objectives.scorers import collect_scorers, refuse_column_names
from moldesign.objectives.section import Section
from moldesign.objectives.sections import Budget, Diversity
from moldesign.objectives.terms import Term
from moldesign.objectives.toml_text import KeyPath, format_toml, locate_key

DEFAULT_GOALS = (
    "herg <= 0.3",
    "ames <= 0.3",
    "solubility >= -4",
    "caco2 >= -5.15",
    "qed >= 0.6",
    "sa <= 3.5",
    "alerts <= 0",
    "mw in 250..500",
)
"""Oral drug-likeness: no liability in the first toxicity assays, soluble, absorbed, easy to make, no alert."""


class Profile(Section):
    """What the molecules must be. Make one by `load_profile`, `parse_goals` or `default_profile`."""

    name: str = "profile"
    threshold: float = Field(default=0.5, gt=0, le=1)
    """The total from which a molecule counts as a hit; above 0, because 0 is what breaks a hard limit."""
    pareto: bool = False
    """Whether a run also keeps the molecules that no other one surpasses in every goal, and their hypervolume."""
    models: tuple[str, ...] = ()
    """Model folders whose endpoints goals may use, besides the bundled ones."""
    goals: tuple[Goal, ...] = Field(alias="goal", min_length=1)
    docking: tuple[Docking, ...] = ()
    """Receptors that goals may be about, by name."""
    budget: Budget = Budget()
    diversity: Diversity = Diversity()
    guards: Guards = Guards()
    constraints: Constraints = Constraints()
    _own: tuple[str, ...] = PrivateAttr(())
    """SMILES; see `knowing`."""

    @field_validator("goals")
    @classmethod
    def _refuse_repetition(cls, goals: tuple[Goal, ...]) -> tuple[Goal, ...]:
        text, count = Counter(goal.text for goal in goals).most_common(1)[0]
        if count > 1:
            raise ProfileError(f"the goal {text!r} is stated {count} times; use its weight instead")
        return goals

    @field_validator("docking")
    @classmethod
    def _refuse_same_name(cls, docking: tuple[Docking, ...]) -> tuple[Docking, ...]:
        names = Counter(section.name for section in docking)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ProfileError(f"two [[docking]] sections are called {twice[0]!r}; give each a name of its own")
        return docking

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """One term per goal, then one per hard limit, however often it is stated.

        Raises:
            UnknownNameError: a goal is about a property that does not exist.
            ProfileError: the argument of a property cannot be read, or its name is that of a column of the results.
        """
        catalog = self.make_catalog()
        wishes = [_make_term(goal, catalog) for goal in self.goals]
        names = Counter(term.name for term in wishes)
        distinct = [term if names[term.name] == 1 else replace(term, name=term.text) for term in wishes]
        limits = (_make_limit(goal, catalog) for goal in self.constraints.goals)
        return (*distinct, *{limit.name: limit for limit in limits}.values())

    @property
    def term_names(self) -> tuple[str, ...]:
        """The column names of the terms."""
        return tuple(term.name for term in self.terms)

    @property
    def warnings(self) -> list[str]:
        """What looks like a mistake: goals that exclude each other, repeated limits, goals beyond the usual range."""
        catalog = self.make_catalog()
        aims = [(catalog.find(goal.property_name), goal) for goal in (*self.goals, *self.constraints.goals)]
        contradictions = find_contradictions([(about.name, goal) for about, goal in aims])
        counts = Counter(_make_limit(goal, catalog).text for goal in self.constraints.goals)
        repeated = [f"the limit {text!r} is stated {n} times; it counts once" for text, n in counts.items() if n > 1]
        ranges = [goal.warn_of_range(about) for about, goal in aims]
        return list(dict.fromkeys([*contradictions, *repeated, *(text for text in ranges if text is not None)]))

    def make_catalog(self) -> PropertyCatalog:
        """Return every property that goals may be about: those of the package, of the models, and the profile's own."""
        scorers = collect_scorers(self.goals, self.docking)
        refuse_column_names([*scorers, *(goal.property_name for goal in (*self.goals, *self.constraints.goals))])
        return PropertyCatalog.of_models(self.models, scorers)

    def has_same_aim(self, other: "Profile") -> bool:
        """Return whether a run for the other profile takes the same course.

        They may differ in the budget, in how scorers are run, and in what is reported of the molecules found.
        """
        return self._without_means() == other._without_means()

    def _without_means(self) -> "Profile":
        goals = tuple(goal.model_copy(update=dict.fromkeys(RUNNING_KEYS)) for goal in self.goals)
        docking = tuple(section.without_means() for section in self.docking)
        diversity = self.diversity.model_copy(update={"hit_similarity": 1.0})
        means = {"goals": goals, "docking": docking, "budget": Budget(), "diversity": diversity, "pareto": False}
        return self.model_copy(update=means).knowing(())

    def score(self, smiles: Sequence[str], /, *, first_row: int = 0, standardize: bool = False) -> Rewards:
        """Score each SMILES; rows stay 1:1 with the input.

        A molecule is described as it is written, as `generate` does it: of a salt, descriptors count all fragments and
        charges; predictions alone are those of the parent. `screen` takes the parent for every goal.

        Predictions count as far as the guards believe them. Programs are run only for molecules that can reach the
        threshold; see `evaluate_terms`.

        Args:
            smiles: N texts; what is no molecule keeps its row, with NaN and an error.
            first_row: row number of the first, for messages about chunks of a longer table.
            standardize: whether the parent of each molecule is scored, as `screen` does it.

        Raises:
            ObjectiveError: a property gave no number for a valid molecule, or gave one too rarely.
        """
        return score_terms(
            self.terms,
            smiles,
            first_row=first_row,
            standardize=standardize,
            threshold=self.threshold,
            guards=self.guards,
            known=self.known_parts,
        )

    @property
    def has_own_scorers(self) -> bool:
        """Whether a goal is about the user's own function or program, docking included."""
        return any(is_own_scorer(term.property) for term in self.terms)

    @property
    def is_partly_cheap(self) -> bool:
        """Whether some goals are about own scorers and others are not."""
        return self.has_own_scorers and not all(is_own_scorer(term.property) for term in self.terms)

    @property
    def n_parallel(self) -> int:
        """Molecules that programs score at the same time; 1 where no goal is about a program."""
        return max(
            (term.property.n_workers for term in self.terms if isinstance(term.property, ProgramProperty)), default=1
        )

    def bound(self, smiles: Sequence[str], /) -> FloatArray:
        """Return the most that each total can be, float64 [N]: were every goal about an own scorer fully met.

        No own scorer is asked. What is no molecule, or is refused by a property, can reach 0.

        Args:
            smiles: N texts.
        """
        cheap = [column for column, term in enumerate(self.terms) if not is_own_scorer(term.property)]
        rewards = score_terms([self.terms[row] for row in cheap], smiles, guards=self.guards, known=self.known_parts)
        terms = np.full((len(smiles), len(self.terms)), np.nan)
        terms[:, cheap] = rewards.terms
        bounds = bound_total(terms, [term.weight for term in self.terms]) * rewards.discount
        return np.where(rewards.is_valid, bounds, 0.0)

    @property
    def known_parts(self) -> KnownParts | None:
        """Parts of molecules in which the guards find nothing odd; None for those of ChEMBL alone."""
        return _join_known_parts((*self.constraints.kept_molecules, *self._own))

    def knowing(self, smiles: Sequence[str]) -> "Profile":
        """Return this profile with guards that find nothing odd in what these molecules have: the user's own."""
        profile = self.model_copy()
        profile._own = tuple(smiles)
        return profile

    def with_goals(self, texts: Sequence[str], models: Sequence[str] = ()) -> "Profile":
        """Return this profile with more goals, which may be about endpoints of more models.

        Raises:
            ProfileError: a goal is not in the grammar, or is stated already.
            UnknownNameError: a goal is about a property that does not exist.
        """
        goals = (*self.goals, *(parse_goal(text) for text in texts))
        known = tuple(dict.fromkeys((*self.models, *models)))
        return _build(self.model_dump() | {"goals": [goal.model_dump() for goal in goals], "models": known}, "")

    def with_constraints(self, **changes: Any) -> "Profile":
        """Return this profile with some keys of its `[constraints]` replaced; see `Constraints` for all of them.

        Raises:
            ProfileError: a key is unknown, or its value cannot be used.

        >>> parse_goals(["qed max"]).with_constraints(scaffold=["c1ccc(*)cc1"], charge=0).term_names[1:]
        ('must formal_charge in 0..0', 'must scaffold(c1ccc(*)cc1) >= 1')
        """
        return self.with_changes(constraints=changes)

    def with_changes(self, **changes: Any) -> "Profile":
        """Return this profile with other values; of a section, with those of the keys that are given.

        Raises:
            ProfileError: a key is unknown, or its value cannot be used.

        >>> profile = parse_goals(["qed max"]).with_changes(pareto=True, budget={"max_time": "2h"})
        >>> profile.pareto, profile.budget.max_seconds, profile.budget.calls
        (True, 7200.0, 10000)
        """
        values = self.model_dump()
        for key, new in changes.items():
            values[key] = values.get(key, {}) | dict(new) if isinstance(new, Mapping) else new
        return _build(values, "")


_SECTIONS: dict[str | int, type[BaseModel]] = {
    "goal": Goal,
    "docking": Docking,
    "budget": Budget,
    "diversity": Diversity,
    "guards": Guards,
    "constraints": Constraints,
}


def parse_goals(texts: Iterable[str], *, name: str = "profile", models: Sequence[str] = ()) -> Profile:
    """Return a profile of goals in the grammar `PROPERTY max | min | >= X | <= X | in A..B [* WEIGHT]`.

    Raises:
        ProfileError: a goal is not in the grammar, or is stated twice.
        UnknownNameError: a goal is about a property that does not exist.

    >>> profile = parse_goals(["qed max", "mw in 200..500 * 2"])
    >>> profile.term_names
    ('qed', 'mw')
    >>> profile.score(["CCO", "C("]).is_valid.tolist()
    [True, False]
    """
    if isinstance(texts, str):
        raise ProfileError(f"{texts!r} is one text, not a list of goals; pass a list: [{texts!r}]")
    texts = list(texts)
    if not texts:
        raise ProfileError(f"a profile needs at least one goal; write {GOAL_GRAMMAR}")
    goals = [parse_goal(text).model_dump() for text in texts]
    return _build({"name": name, "models": tuple(models), "goals": goals}, "")


def load_profile(path: str | Path) -> Profile:
    """Read a profile from a TOML file.

    Raises:
        ProfileError: the file cannot be read, or a key is wrong; names the key and its line.
        UnknownNameError: a goal is about a property that does not exist; names the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is not a text file in UTF-8: {error.reason}; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path} is not valid TOML: {error}") from error
    return _build(data, text, path)


def dump_profile(profile: Profile) -> str:
    """Return the profile as TOML, with every default written out, that `load_profile` reads back as equal."""
    return format_toml(profile.model_dump(mode="json", by_alias=True, exclude_none=True))


def default_profile() -> Profile:
    """Return the profile of a run that is given none: `DEFAULT_GOALS`, which a hit must nearly meet."""
    goals = [parse_goal(text).model_dump() for text in DEFAULT_GOALS]
    return _build({"name": "oral drug-likeness", "threshold": 0.8, "goals": goals}, "")


@lru_cache(maxsize=8)
def _join_known_parts(smiles: tuple[str, ...]) -> KnownParts | None:
    """Return the parts of the molecules of ChEMBL and of these; None for the former alone."""
    return accept(require_mols(smiles)) if smiles else None


def _make_term(goal: Goal, catalog: PropertyCatalog) -> Term:
    found = catalog.find(goal.property_name)
    return Term(found.name, goal.text, found, goal.make_transform(found.low, found.high), goal.weight)


def _make_limit(goal: Goal, catalog: PropertyCatalog) -> Term:
    found = catalog.find(goal.property_name)
    text = goal.about(found.name).text
    return Term(f"must {text}", text, found, goal.make_limit(), weight=0.0)


def _build(data: dict[str, Any], text: str, path: str | Path = "") -> Profile:
    """Validate `data`; errors name the line of the key in `text`, which came from `path`."""
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        reason = _explain(first["type"], first["loc"], first["msg"])
        raise ProfileError(_locate(text, path, first["loc"]) + reason) from error
    _resolve_goals(profile, text, path)
    return profile


def require_profile(given: object) -> None:
    """Refuse what is no profile, such as a list of goals or the name of a file.

    Raises:
        ProfileError: says how to make one.
    """
    if not isinstance(given, Profile):
        made = 'make one, such as parse_goals(["qed max"]) or load_profile("profile.toml")'
        raise ProfileError(f"a {type(given).__name__} is no profile; {made}")


def _resolve_goals(profile: Profile, text: str, path: str | Path) -> None:
    """Make every term once, so that a wrong name is reported with its line before anything is scored."""
    catalog = profile.make_catalog()
    goals = [(("goal", row, "property"), goal) for row, goal in enumerate(profile.goals)]
    limits = [(("constraints", key), goal) for key, goal in profile.constraints.keyed_goals]
    for key, goal in (*goals, *limits):
        try:
            _make_term(goal, catalog)
        except UnknownNameError as error:
            place = _locate(text, path, key).removesuffix(": ")
            raise UnknownNameError(f"property in {place}:" if place else "property", error.name, error.known) from error
        except ValueError as error:
            raise ProfileError(f"{_locate(text, path, key)}the goal {goal.text!r}: {error}") from error
    stated: dict[str, str] = {}
    for key, goal in goals:
        about = goal.about(catalog.find(goal.property_name).name).text
        if (same := stated.setdefault(about, goal.text)) != goal.text:
            raise ProfileError(
                f"{_locate(text, path, key)}the goal {goal.text!r} says the same as {same!r}; use its weight instead"
            )


def _locate(text: str, path: str | Path, key: KeyPath) -> str:
    line = locate_key(text, key)
    return "" if not (text or path) else f"{path}: " if line is None else f"{path}, line {line}: "


def _explain(kind: str, key: KeyPath, message: str) -> str:
    if (key == ("goal",) and kind != "value_error") or (key[:1] == ("goal",) and kind == "model_type"):
        return "a profile states its goals as [[goal]] tables, at least one, each with a property"
    name = ".".join(str(part) for part in key)
    if kind == "extra_forbidden":
        section = _SECTIONS.get(key[0], Profile) if len(key) > 1 else Profile
        fields = (field.alias or known for known, field in section.model_fields.items())
        return f"unknown key {key[-1]!r}; known keys: {', '.join(fields)}"
    if key == ("docking",) and kind == "tuple_type":
        return "a profile states each receptor as a table of its own: write [[docking]]"
    if kind == "tuple_type":
        return f"{name}: Input should be a list; write {key[-1]} = [...]"
    return f"{name}: {message.removeprefix('Value error, ')}"
