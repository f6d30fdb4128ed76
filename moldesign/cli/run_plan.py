"""What `moldesign generate` says before a run and while it works."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.cli.text import format_goals, format_seconds

if TYPE_CHECKING:
    from moldesign.generation.progress import Progress
    from moldesign.generation.settings import GenerationSettings
    from moldesign.objectives.profile import Profile


def describe_plan(profile: "Profile", settings: "GenerationSettings", folder: Path) -> str:
    """Return what is going to happen, for the user to check."""
    commands = {goal.property_name: shlex.join(goal.command) for goal in profile.goals if goal.command}
    return (
        f"goals: {format_goals(profile)}\n"
        + "".join(f"{name} is what this program says: {command}\n" for name, command in commands.items())
        + f"a hit scores at least {profile.threshold:g}; {describe_limits(profile)}\n"
        f"prior {settings.prior}, seed {settings.seed}, on {settings.device}, into {folder}; "
        "Ctrl-C stops and keeps everything"
    )


def describe_limits(profile: "Profile") -> str:
    """Return when the run ends by itself."""
    budget = profile.budget
    time = f", for at most {budget.max_time}" if budget.max_time else ""
    gain = f", until {budget.converged_after:,} of them improve nothing" if budget.converged_after else ""
    return f"up to {budget.calls:,} molecules are scored{time}{gain}"


def describe_beginning(profile: "Profile") -> str:
    """Return the state of a run that has scored nothing yet: models are loaded, and the first molecules written."""
    return f"0 of {profile.budget.calls:,} molecules, the first ones are on their way"


def describe_progress(progress: "Progress") -> str:
    """Return the state of a run in two lines."""
    volume = "" if progress.hypervolume is None else f", hypervolume: {progress.hypervolume:.3g}"
    return (
        f"{progress.n_calls:,} of {progress.budget:,} molecules, {progress.calls_per_second:.0f} calls/s, "
        f"{format_seconds(progress.seconds_left)} left\n"
        f"best 10: {progress.top_10:.3f}, best 100: {progress.top_100:.3f}, valid: {progress.validity:.0%}, "
        f"hits: {progress.n_hits:,}, scaffolds: {progress.n_scaffolds:,}{volume}"
    )
