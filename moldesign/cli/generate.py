"""`moldesign generate`: design molecules that meet a profile."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moldesign.cli.completion import complete_priors
from moldesign.cli.display import open_display
from moldesign.cli.options import AddressOption, GoalOption, ModelOption, QuietOption
from moldesign.cli.report import ReportOption, make_report
from moldesign.cli.run_ending import describe_result, describe_unscored, explain_shortfall, warn_of_audit
from moldesign.cli.run_plan import describe_beginning, describe_plan, describe_progress
from moldesign.errors import MoldesignError

if TYPE_CHECKING:
    from moldesign.generation.settings import GenerationSettings
    from moldesign.objectives.profile import Profile


N_HITS = 100
"""Hits to write where nobody says how many."""


class Strategy(StrEnum):
    """How the calls of a run are spent."""

    AUTO = "auto"
    THRIFTY = "thrifty"
    FAST = "fast"


class Engine(StrEnum):
    """Where dear scores are computed."""

    LOCAL = "local"
    RAY = "ray"


class Device(StrEnum):
    """Where the policy computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def generate(
    profile: Annotated[Path | None, typer.Argument(metavar="PROFILE.toml", help="What the molecules must be.")] = None,
    *,
    goal: GoalOption = None,
    model: ModelOption = None,
    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", min=1, show_default="100", help="How many hits to write at most."),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many molecules to score; by default what the profile says."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder; by default moldesign-run-1, -2, ...")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, show_default="0", help="The same seed gives the same molecules (on a CPU)."),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(metavar="SMILES", help="A molecule to begin with. Repeat it for more."),
    ] = None,
    min_similarity: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=0,
            max=1,
            help="Hits resemble the nearest --start molecule at least so much (Tanimoto, Morgan radius 2; 0.4 keeps to "
            "its series).",
        ),
    ] = None,
    max_similarity: Annotated[
        float | None,
        typer.Option(metavar="X", min=0, max=1, help="Hits resemble no --start molecule more than this."),
    ] = None,
    scaffold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="Keep this scaffold and grow it at each '*' and nowhere else, as in 'O=C(N*)c1ccc(*)cc1'. "
            "Repeated, each molecule keeps one of them.",
        ),
    ] = None,
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A*.B*",
            help="Keep these two pieces and join them by a linker from '*' to '*', as in 'c1ccccc1*.C1COCCN1*'. "
            "Repeated, each molecule joins one of the pairs.",
        ),
    ] = None,
    prior: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|DIR",
            show_default="chembl",
            autocompletion=complete_priors,
            help="What the policy starts from; see `moldesign models`.",
        ),
    ] = None,
    strategy: Annotated[
        Strategy | None,
        typer.Option(
            show_default="auto",
            help="How to spend the calls: 'fast' writes and breeds many molecules, 'thrifty' thinks long about a few, "
            "for docking and assays; 'auto' measures what a call costs.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the policy computes.")] = Device.AUTO,
    engine: Annotated[
        Engine,
        typer.Option(help="Where programs, docking and expensive functions run: here, or on a Ray cluster."),
    ] = Engine.LOCAL,
    address: AddressOption = "auto",
    max_time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="End the run after so long (90s, 10m, 2h) and write the hits; by default what the profile says. It is "
            "looked at after each batch, and counts anew with --resume.",
        ),
    ] = None,
    converged_after: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="End the run when N calls have not improved the mean of the best 100; by default never, unless the "
            "profile says so.",
        ),
    ] = None,
    hit_similarity: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=0.01,
            max=1,
            show_default="0.65",
            help="Leave out hits that resemble a better one at least so much (Tanimoto, Morgan radius 2), as long as "
            "--n different ones are found; 1 takes the best, however similar.",
        ),
    ] = None,
    pareto: Annotated[
        bool,
        typer.Option(
            "--pareto",
            help="Also write pareto.csv, the molecules that no other one surpasses in every goal, and follow their "
            "hypervolume in metrics.jsonl.",
        ),
    ] = False,
    no_guards: Annotated[
        bool,
        typer.Option(
            "--no-guards",
            help="Believe predictions also where they are uncertain, or the molecule resembles no measured one or has "
            "ring systems that nobody has reported: there a search finds where its models are wrong.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, with its goals, --n, seed, prior and device.")
    ] = False,
    report: ReportOption = True,
    quiet: QuietOption = False,
) -> None:
    """Design molecules that meet a target profile, and rank them.

    Say what the molecules must be in PROFILE.toml or by --goal. A PROPERTY is an endpoint that `moldesign models`
    lists, a descriptor (qed, logp, mw, tpsa, sa, ...), alerts, novelty, similarity(SMILES), substructure(SMARTS),
    your own module:function or program(COMMAND); see docs/scorers.md for these two, and for docking. Without a
    profile and goals, the aim is oral drug-likeness: no hERG block, not mutagenic, soluble, absorbed, easy
    to make, no structural alert.

    Three options say where a molecule may change: --scaffold decorates, --link joins two pieces, --start with
    --min-similarity stays near known molecules. What they ask for is a hard limit: every hit keeps it. Further limits
    (required or forbidden substructures, elements, charge, size, stereochemistry) stand under [constraints] in
    PROFILE.toml.

    The run folder receives hits.csv and hits.sdf (the ranked hits and why each one is believed in), audit.json (what a
    model that the run has never seen says of them), report.html (all of it as a page to forward), profile.toml and
    run.sqlite (every molecule that was scored).
    Ctrl-C keeps everything; --resume goes on. docs/runs.md says how hits are chosen, when a run ends, and what --pareto
    shows.

    \b
    Examples:
      moldesign generate --goal "drd2 max" --goal "qed >= 0.6" --goal "sa <= 3.5" --out drd2
      moldesign generate
      moldesign generate --model my_model --goal "pIC50 >= 8" --goal "herg <= 0.3"
      moldesign generate --goal "qed >= 0.6" --goal "program(python dock.py) min"
      moldesign generate kinase.toml --budget 20000 --seed 1
      moldesign generate --scaffold "O=C(N*)c1ccc(*)cc1" --goal "qed >= 0.6" --goal "herg <= 0.3"
      moldesign generate --link "c1ccccc1*.C1COCCN1*" --goal "logp in 1..3" --goal "sa <= 3"
      moldesign generate --goal "program(python dock.py) min" --strategy thrifty --budget 500
      moldesign generate docking.toml --engine ray --address auto
      moldesign generate --start "CC(=O)Nc1ccc(O)cc1" --min-similarity 0.4 --goal "solubility >= -2"
      moldesign generate kinase.toml --max-time 2h --converged-after 5000
      moldesign generate kinase.toml --n 50 --hit-similarity 0.4
      moldesign generate --goal "drd2 max" --goal "herg min" --pareto --out trade_off
      moldesign generate --resume --out drd2
    """
    if resume and out is None:
        raise typer.BadParameter("--resume needs the folder of the run: add --out DIR")
    from moldesign.generation.folder import choose_new_folder, require_free_or_resumed  # noqa: PLC0415
    from moldesign.policies.bundled import read_prior_card  # noqa: PLC0415

    folder = out or choose_new_folder()
    require_free_or_resumed(folder, resume=resume)
    limits = choose_limits(scaffold or [], link or [], start or [], min_similarity, max_similarity)
    changes = choose_changes(budget, max_time, converged_after, hit_similarity, pareto=pareto, no_guards=no_guards)
    wanted = choose_profile(profile, goal or [], folder if resume else None, changes, model or (), limits)
    for warning in wanted.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if prior is not None:
        read_prior_card(prior)
    from moldesign.generation.ending import recall_n  # noqa: PLC0415  PyTorch takes seconds: checks come first
    from moldesign.generation.loop import generate as run_generation  # noqa: PLC0415

    n = n or (recall_n(folder) if resume else None) or N_HITS
    settings = choose_settings(folder if resume else None, prior, seed, device, strategy)
    with open_display(describe_plan(wanted, settings, folder), quiet=quiet) as show:
        show(describe_beginning(wanted), 0.0)
        result = run_generation(
            wanted,
            n=n,
            out=folder,
            start=start or (),
            resume=resume,
            on_progress=lambda p: show(describe_progress(p), p.n_calls / p.budget),
            settings=settings,
            cluster=address if engine is Engine.RAY else None,
        )
    pages = report_run(folder, quiet=quiet) if report else []
    typer.echo("\n".join([str(folder / "hits.csv") if quiet else describe_result(result, wanted), *pages]))
    if result.n_failed or result.n_not_run:
        typer.echo(describe_unscored(result), err=True)
    if result.audit and result.audit.is_suspect:
        typer.echo(warn_of_audit(result.audit), err=True)
    if len(result.frame) < n or result.interrupted:
        typer.echo(explain_shortfall(result, n, wanted), err=True)
    if result.interrupted:
        raise typer.Exit(130)


def report_run(folder: Path, *, quiet: bool) -> list[str]:
    """Make the report of a run, and return what to say of it."""
    from moldesign.reporting.run_report import write_run_report  # noqa: PLC0415

    return make_report(folder, lambda path, tell: write_run_report(path, on_progress=tell), quiet=quiet)


def choose_limits(
    scaffold: list[str], link: list[str], start: list[str], at_least: float | None, at_most: float | None
) -> dict[str, Any]:
    """Return the constraints that options stand for, by the keys of `[constraints]`.

    Raises:
        typer.BadParameter: a similarity is asked for, and there is nothing to compare with.
    """
    limits: dict[str, Any] = {key: texts for key, texts in (("scaffold", scaffold), ("link", link)) if texts}
    if at_least is None and at_most is None:
        return limits
    if not start:
        raise typer.BadParameter("similar to what? add --start SMILES", param_hint="--min-similarity, --max-similarity")
    ends = (0.0 if at_least is None else at_least, 1.0 if at_most is None else at_most)
    if ends[0] > ends[1]:
        raise typer.BadParameter(f"{ends[0]:g} is above --max-similarity {ends[1]:g}", param_hint="--min-similarity")
    return limits | {"similar_to": start, "similarity": ends}


def choose_changes(
    budget: int | None,
    max_time: str | None,
    converged_after: int | None,
    hit_similarity: float | None,
    *,
    pareto: bool = False,
    no_guards: bool = False,
) -> dict[str, Any]:
    """Return what the options change in a profile, by its keys and sections."""
    spend = {"calls": budget, "max_time": max_time, "converged_after": converged_after}
    sections: dict[str, dict[str, Any]] = {"budget": spend, "diversity": {"hit_similarity": hit_similarity}}
    stated = {name: {key: x for key, x in section.items() if x is not None} for name, section in sections.items()}
    changes: dict[str, Any] = {name: section for name, section in stated.items() if section}
    if no_guards:
        from moldesign.objectives.guards import Guards  # noqa: PLC0415

        changes["guards"] = Guards.off().model_dump()
    return changes | {"pareto": True} if pareto else changes


def choose_profile(
    path: Path | None,
    goals: list[str],
    resumed: Path | None,
    changes: Mapping[str, Any],
    models: Sequence[str] = (),
    limits: Mapping[str, Any] | None = None,
) -> "Profile":
    """Return what the command line asks for: file and goals, those of the resumed run, or the default.

    Raises:
        MoldesignError: a file or goal cannot be understood.
        typer.BadParameter: models are given, and no goals.
    """
    if models and not goals:
        raise typer.BadParameter("a --goal must name an endpoint of the model", param_hint="--model")
    from moldesign.generation.folder import PROFILE_FILE  # noqa: PLC0415
    from moldesign.objectives.profile import default_profile, load_profile, parse_goals  # noqa: PLC0415

    if path is not None:
        profile = load_profile(path).with_goals(goals, models)
    elif goals:
        profile = parse_goals(goals, models=models)
    elif resumed is not None and (resumed / PROFILE_FILE).exists():
        profile = load_profile(resumed / PROFILE_FILE)
    else:
        profile = default_profile()
    if limits:
        profile = profile.with_constraints(**limits)
    return profile.with_changes(**changes) if changes else profile


def choose_settings(
    resumed: Path | None, prior: str | None, seed: int | None, device: Device, strategy: Strategy | None = None
) -> "GenerationSettings":
    """Return the settings: what the command line states, else those of the resumed run, or the defaults.

    Raises:
        MoldesignError: CUDA is asked for and there is none, or the resumed run cannot be read.
    """
    from moldesign.generation.session import recall_settings  # noqa: PLC0415
    from moldesign.generation.settings import GenerationSettings  # noqa: PLC0415

    known = None if resumed is None else recall_settings(resumed)
    options = {"prior": prior, "seed": seed, "strategy": strategy and strategy.value}
    stated = {name: value for name, value in options.items() if value is not None}
    if known is None or device is not Device.AUTO:
        return (known or GenerationSettings()).with_overrides(stated | {"device": choose_device(device)})
    if known.device != "cpu":
        require_cuda(f"{resumed} was run on {known.device}", "resume it where there is one, or choose another --out")
    return known.with_overrides(stated)


def choose_device(device: Device) -> str:
    """Return the device to compute on.

    Raises:
        MoldesignError: CUDA is asked for and there is none.
    """
    import torch  # noqa: PLC0415

    if device is Device.CUDA:
        require_cuda("--device cuda", "install a CUDA build of torch, or use --device cpu")
    return "cuda" if torch.cuda.is_available() and device is not Device.CPU else "cpu"


def require_cuda(who: str, remedy: str) -> None:
    """Do nothing if there is a CUDA device.

    Raises:
        MoldesignError: there is none; says who needs it and what to do.
    """
    import torch  # noqa: PLC0415

    if not torch.cuda.is_available():
        raise MoldesignError(f"{who}: PyTorch finds no CUDA device; {remedy}")
