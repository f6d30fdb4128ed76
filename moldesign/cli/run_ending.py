"""What `moldesign generate` says when a run has ended: the best hits, why it ended, and how to go on."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.cli.text import count_molecules, draw_table, format_number, format_seconds

if TYPE_CHECKING:
    from moldesign.generation.audit import Audit
    from moldesign.generation.loop import GenerationResult
    from moldesign.objectives.profile import Profile

N_SHOWN = 5
"""Hits in the summary."""


def describe_result(result: "GenerationResult", profile: "Profile") -> str:
    """Return the summary of a run and its best hits."""
    frame, folder = result.frame, result.run_dir
    summary = (
        f"{len(frame)} hits with a score of at least {profile.threshold:g}, of {result.n_scored:,} molecules "
        f"scored, in {format_seconds(result.seconds)}"
    )
    summary = "; ".join([summary, *list_remarks(result, profile)])
    if frame.empty:
        front = f"; {folder / 'pareto.csv'} has the best compromises" if profile.pareto else ""
        return f"{summary}; {folder / 'hits.csv'} has its header alone, {folder / 'hits.sdf'} is empty{front}"
    columns = ["rank", "score", *profile.term_names, "smiles"]
    best = frame.head(N_SHOWN)[columns].astype(object).values.tolist()
    table = draw_table(columns, [[format_number(value) for value in row] for row in best])
    names = ["hits.csv", "hits.sdf", *(["pareto.csv"] if profile.pareto else [])]
    checked = [describe_audit(result.audit)] if result.audit else []
    return "\n\n".join([summary, table, *checked, ", ".join(str(folder / name) for name in names)])


def describe_audit(audit: "Audit") -> str:
    """Return what a control model says of the hits, in one line."""
    if audit.reward is None or audit.control is None or audit.ratio is None:
        return f"control: {explain_missing_control(audit)}"
    others = (
        f" ({'; '.join(f'{goal} has none: {why}' for goal, why in audit.without.items())})" if audit.without else ""
    )
    return (
        f"control: for {', '.join(audit.goals)} the hits score {audit.reward:.2f} by the model that was optimised and "
        f"{audit.control:.2f} ({audit.ratio:.0%}) by another one, which the run has never seen; "
        f"{audit.in_domain or 0:.0%} of them are in the domain{others}"
    )


def explain_missing_control(audit: "Audit") -> str:
    """Say why nothing was compared."""
    if not audit.without:
        return "no goal is a prediction, so that there is none to check"
    reasons = "; ".join(f"{goal}: {why}" for goal, why in audit.without.items())
    return f"none of the predicted goals has a control model that could check it ({reasons})"


def warn_of_audit(audit: "Audit") -> str:
    """Say what it means that the control model gives the hits much less, and what to do."""
    doubted = min(audit.goals, key=lambda goal: audit.goals[goal].control / max(audit.goals[goal].reward, 1e-9))
    attainable = min((audit.attainable or 0) / max(audit.reward or 0, 1e-9), 1.0)
    return (
        f"warning: a control model that learned from other molecules gives the hits {audit.ratio:.0%} of their score "
        f"({doubted} least). If every prediction were right, it would give about {attainable:.0%}. The more is "
        "missing, the more the run may have exploited errors of its model: measure a few hits before you trust their "
        "ranking, ask for less of that goal, or raise caution under [guards]"
    )


def list_remarks(result: "GenerationResult", profile: "Profile") -> list[str]:
    """Return what is unusual about a run and its hits."""
    n_alike = int((result.frame["cluster"] != result.frame["rank"]).sum())
    n_resets, similarity = result.n_resets, profile.diversity.hit_similarity
    strategy = result.choice and f"{result.choice.strategy} strategy: {result.choice.reason}"
    remarks = {
        strategy: result.choice is not None,
        f"{n_alike} of the hits resemble a better one (Tanimoto similarity of {similarity:g} or more)": n_alike,
        f"the policy repeated itself and was moved back towards its prior ({n_resets} times)": n_resets,
        describe_reason(result, profile): result.stopped not in ("budget", "interrupted"),
    }
    return [text for text, applies in remarks.items() if text and applies]


def describe_reason(result: "GenerationResult", profile: "Profile") -> str:
    """Return why the run has ended."""
    budget, kept = profile.budget, " that keep the limits" if profile.constraints.goals else ""
    reasons = {
        "budget": f"the budget of {budget.calls:,} molecules is spent",
        "time": f"the time limit of {budget.max_time} is over",
        "converged": f"the last {budget.converged_after} molecules have not improved the mean of the best 100",
        "exhausted": f"the policy writes no new molecules{kept} any more",
        "interrupted": "interrupted",
    }
    return reasons[result.stopped]


def describe_unscored(result: "GenerationResult") -> str:
    """Say how many molecules have no score, and where the reasons are."""
    not_run = f"programs were not run for {count_molecules(result.n_not_run)} that could not become hits any more"
    where = f"see {result.run_dir / 'unscored.csv'}"
    failed = f"warning: a scorer failed on {count_molecules(result.n_failed)}, so that there is no score; {where}"
    return "\n".join(text for text, n in ((not_run, result.n_not_run), (failed, result.n_failed)) if n)


def describe_resumption(folder: Path, n: int) -> str:
    """Return the command that goes on with the run.

    >>> describe_resumption(Path("my run"), n=100)
    "moldesign generate --resume --out 'my run' --n 100"
    """
    return shlex.join(["moldesign", "generate", "--resume", "--out", str(folder), "--n", str(n)])


def explain_shortfall(result: "GenerationResult", n: int, profile: "Profile") -> str:
    """Say why there are fewer hits than asked for, or that the run was interrupted, and what to do."""
    found = f"{len(result.frame)} of {n} hits" if len(result.frame) else describe_best(result, profile)
    resumption = describe_resumption(result.run_dir, n)
    if result.interrupted:
        return f"interrupted with {found}; everything scored is kept; go on with: {resumption}"
    relax = f"relax a goal or lower the threshold ({profile.threshold:g}) in a profile with another --out"
    if result.frame.empty and profile.warnings:  # more of the same finds nothing where goals exclude each other
        return f"warning: {found}: {describe_reason(result, profile)}; {relax}"
    more = {
        "budget": f"go on with: {resumption} --budget {2 * profile.budget.calls};",
        "time": f"go on for as long again with: {resumption};",
        "converged": f"go on with: {resumption} --converged-after {2 * (profile.budget.converged_after or 0)};",
        "exhausted": f"{'relax a limit, ' if profile.constraints.goals else ''}try another --seed or --prior,",
    }
    return f"warning: {found}: {describe_reason(result, profile)}; {more[result.stopped]} or {relax}"


def describe_best(result: "GenerationResult", profile: "Profile") -> str:
    """Say how near the best molecule of a run without hits came, and which goal it meets least."""
    if result.best is None:
        return (
            f"no hits, because {'none of the molecules has a score' if result.n_scored else 'no molecule was scored'}"
        )
    scores = zip(result.best.terms, (term.text for term in profile.terms), strict=True)
    value, goal = min((value, goal) for value, goal in scores if value == value)  # noqa: PLR0124  NaN was not run
    return f"no hits (the best score is {result.best.total:.3f}; that molecule meets {goal!r} least, with {value:.3f})"
