"""The scorers that a profile describes itself: programs, functions that are run as programs, docking."""

from collections.abc import Callable, Sequence
from functools import partial

from moldesign.errors import ProfileError
from moldesign.objectives.callables import DEFAULT_TIMEOUT, CallableProperty
from moldesign.objectives.docking import Docking
from moldesign.objectives.functions import import_function
from moldesign.objectives.goals import Goal
from moldesign.objectives.programs import ProgramProperty, RunningSettings
from moldesign.objectives.terms import Property
from moldesign.predictors.predictions import DETAILS

COLUMNS = frozenset(
    {
        *("rank", "smiles", "standardized_smiles", "score", "in_domain", "scaffold"),
        *("nearest_query", "nearest_training_smiles", "nearest_training_similarity"),
        *("cluster", "call", "source", "missing", "file", "row", "similarity", "unstable_groups"),
    }
)
"""What tables of results say of every molecule, but for properties that goals may be about as well."""
FUNCTION_WORKER = "moldesign.objectives.function_worker"


def collect_scorers(goals: Sequence[Goal], dockings: Sequence[Docking]) -> dict[str, Callable[[], Property]]:
    """Return what makes each scorer that is described here, by the name that other goals may use, too.

    Raises:
        ProfileError: one name is described twice, and not in the same way.
    """
    described: dict[str, Goal] = {}
    for goal in filter(is_described, goals):
        if describe(described.setdefault(goal.property_name, goal)) != describe(goal):
            raise ProfileError(
                f"two goals describe {goal.property_name!r} in different ways; describe it in one of them"
            )
    if twice := [docking.name for docking in dockings if docking.name in described]:
        raise ProfileError(f"a goal and a [[docking]] section both describe {twice[0]!r}; give one another name")
    makers: dict[str, Callable[[], Property]] = {name: partial(make_scorer, goal) for name, goal in described.items()}
    return makers | {docking.name: docking.make_property for docking in dockings}


def refuse_column_names(names: Sequence[str]) -> None:
    """Refuse names of terms under which results could not be told apart.

    Raises:
        ProfileError: one is a column of the results, or what stands beside another term.
    """
    beside = {f"{name}{ending}": name for name in names for ending in ("_score", *DETAILS)}
    for name in names:
        if name in COLUMNS:
            raise ProfileError(f"a goal cannot be called {name!r}, which is a column of the results; name it otherwise")
        if name in beside:
            raise ProfileError(
                f"a goal cannot be called {name!r}, which is the column of {beside[name]!r} in the results; name it "
                "otherwise"
            )


def is_described(goal: Goal) -> bool:
    """Return whether the goal says how its property is computed, and not only what it is called."""
    return any(value is not None for value in describe(goal))


def describe(goal: Goal) -> tuple[object, ...]:
    """Return all that the goal says about how its property is computed."""
    return goal.command, goal.expensive, goal.timeout, goal.workers, goal.cache


def make_scorer(goal: Goal) -> Property:
    """Return the property that the goal describes.

    Raises:
        ProfileError: there is no such program or function.
    """
    name, timeout = goal.property_name, goal.timeout or DEFAULT_TIMEOUT
    settings = RunningSettings(timeout, goal.workers, goal.cache)
    if goal.command is not None:
        return ProgramProperty.of_command(name, goal.command, settings)
    if name.startswith("program("):
        return ProgramProperty.parsed(name.removeprefix("program(").removesuffix(")"), settings)
    if goal.expensive:
        import_function(name)  # a wrong name is said before anything runs
        return ProgramProperty.of_module(name, FUNCTION_WORKER, name, settings, key=name)
    return CallableProperty.imported(name, timeout)
