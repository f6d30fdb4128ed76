"""`moldesign screen`: rank a library of molecules by a profile."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moldesign.cli.completion import complete_goals
from moldesign.cli.display import open_display
from moldesign.cli.generate import Engine, choose_profile
from moldesign.cli.options import AddressOption, GoalOption, ModelOption, QuietOption
from moldesign.cli.report import ReportOption, make_report
from moldesign.cli.screening_text import describe_plan, describe_progress, describe_result
from moldesign.errors import RunFolderError

if TYPE_CHECKING:
    from moldesign.objectives.profile import Profile
    from moldesign.screening.executor import Executor
    from moldesign.screening.screener import Screener
    from moldesign.screening.settings import ScreeningSettings, Shard

PROFILE_ENDING = ".toml"


def screen(
    context: typer.Context,
    library: Annotated[
        list[str],
        typer.Argument(
            metavar="LIBRARY",
            help="Files of molecules: .csv .tsv .smi .sdf .parquet, text also .gz or .zst; patterns such as "
            "'part-*.smi.gz'; - reads standard input. A file that ends in .toml is the profile.",
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The hits: .csv, .tsv, .parquet or .sdf.")],
    goal: GoalOption = None,
    must: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIMIT",
            autocompletion=complete_goals,
            help="A hard limit: PROPERTY >= X | <= X | in A..B. What breaks it is rejected. Repeat it for more.",
        ),
    ] = None,
    model: ModelOption = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="Look for molecules like this one (Tanimoto, Morgan radius 2); the nearest of several counts. "
            "It is one goal more, or the only one.",
        ),
    ] = None,
    min_similarity: Annotated[
        float | None, typer.Option(metavar="X", min=0, max=1, help="A hard limit: how similar to the nearest --like.")
    ] = None,
    fingerprints: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Keep the fingerprints for --like there; the next search is many times faster."
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            show_default="1000, or all with --threshold",
            help="How many molecules to keep, best first.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="X", min=0, max=1, help="Keep what scores at least X (above 0, up to 1)."),
    ] = None,
    keep_all: Annotated[
        bool, typer.Option("--all", help="Keep every molecule that no filter rejects, in the order of the library.")
    ] = False,
    diverse: Annotated[
        bool,
        typer.Option("--diverse", help="Hits that differ: none is like a better one (Tanimoto, Morgan radius 2)."),
    ] = False,
    similarity: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0.05,
            max=1,
            help="From which similarity on two hits are alike, for --diverse and the column cluster.",
        ),
    ] = 0.6,
    top_per_scaffold: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Keep at most N molecules of each Murcko scaffold.")
    ] = None,
    pool: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            show_default="10 times --top",
            help="From how many of the best molecules --diverse and --top-per-scaffold choose.",
        ),
    ] = None,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Let the same molecule be a hit more than once.")
    ] = False,
    sdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the hits as SDF.")] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also draw the first 100 hits, with their figures: .svg, or .html as a page of its own.",
        ),
    ] = None,
    smiles_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the SMILES, where its name does not tell.")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Screen only the I-th of N parts; `moldesign merge` joins them."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted screening; begin where there is none.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, show_default="one per core", help="Processes, here or on the cluster."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Where rows are worked on: here, or on a Ray cluster, with the same result.")
    ] = Engine.LOCAL,
    address: AddressOption = "auto",
    chunk_size: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Rows between two checkpoints, and the unit of --shard; another N may change the 8th decimal.",
        ),
    ] = 1000,
    report: ReportOption = True,
    quiet: QuietOption = False,
) -> None:
    """Rank a library of any size by a target profile, and write the best molecules.

    Say what the molecules must be in PROFILE.toml or by --goal, as for `moldesign generate`; --must adds hard limits.
    Cheap filters come first (unreadable rows, limits on descriptors, substructures and alerts); only what passes them
    is predicted. Every column of the library stays; hits get their rank, score, the value of each goal, uncertainty and
    domain of predictions, scaffold, and the nearest molecule that the models have learned from.

    Beside the hits stand OUT.rejected.csv (every rejected row, with the filter and the reason) and OUT.manifest.json
    (what was read, with SHA-256, and how many rows fell at which filter), and OUT.report.html (the best hits and the
    funnel as a page to forward). A row that takes RDKit more than ten seconds, or crashes it, is rejected, and the rest
    goes on.

    Progress is kept in OUT.progress. Ctrl-C, a crash or a full disk lose nothing: the same command with --resume goes
    on, and gives the same result, byte for byte. With --engine ray the rows are worked on by a Ray cluster, and the
    result is that same one; a machine that dies loses nothing. docs/scaling.md plans libraries of billions.

    \b
    Examples:
      moldesign screen library.smi.gz --goal "herg min" --out hits.csv
      moldesign screen 'REAL-*.cxsmiles.zst' kinase.toml --top 5000 --diverse --out hits.csv --sdf hits.sdf
      moldesign screen stock.csv --goal "qed max" --top 100 --out best.csv --pictures best.html
      moldesign screen vendor.sdf --must "mw in 200..500" --must "alerts <= 0" --goal "solubility max" --out best.csv
      moldesign screen stock.csv --like "CC(=O)Nc1ccc(O)cc1" --min-similarity 0.4 --fingerprints prints --out alike.csv
      moldesign screen stock.csv --goal "herg <= 0.3" --threshold 0.9 --out safe.parquet
      moldesign screen stock.csv --goal "herg <= 0.3" --all --out scored.csv
      moldesign screen library.smi.gz kinase.toml --out hits.csv --shard 3/100 --resume
      moldesign screen library.smi.gz kinase.toml --out hits.csv --engine ray --address auto
    """
    settings = choose_settings(
        top=choose_top(top, threshold, keep_all),
        threshold=threshold,
        in_input_order=keep_all,
        diverse=diverse,
        similarity=similarity,
        per_scaffold=top_per_scaffold,
        pool=pool,
        keep_duplicates=keep_duplicates,
        smiles_column=smiles_column,
        shard=shard,
        workers=workers,
        chunk_size=chunk_size,
        fingerprints=None if fingerprints is None else str(fingerprints),
    )
    check_likeness(like, min_similarity, fingerprints)
    files, profile = split_profile(library, goal or [], must or [], model or [], like or [], min_similarity)
    check_files(pictures, files, out, sdf, settings.shard)
    for warning in profile.warnings:
        typer.echo(f"warning: {warning}", err=True)
    from moldesign.screening.engine import screen as run_screening  # noqa: PLC0415  takes seconds: checks come first

    try:
        with open_display(describe_plan(profile, files, out), quiet=quiet) as show:
            result = run_screening(
                files,
                profile,
                out=out,
                settings=settings,
                resume=resume,
                sdf=sdf,
                on_progress=lambda now: show(describe_progress(now), now.step.share if now.step else now.share),
                make_executor=choose_executor(engine, address),
            )
    except KeyboardInterrupt:
        typer.echo(describe_interruption(context, out, settings.shard), err=True)
        raise typer.Exit(130) from None
    if pictures is not None:
        from moldesign.reporting.hit_pictures import write_pictures  # noqa: PLC0415

        write_pictures(result.out, pictures)
    pages = report_screening(out, quiet=quiet) if report and result.out == out else []  # a shard is no result yet
    others = [one for one in (sdf, pictures) if one]
    typer.echo("\n".join([str(result.out) if quiet else describe_result(result, others), *pages]))


def report_screening(out: Path, *, quiet: bool) -> list[str]:
    """Make the report of a screening, and return what to say of it."""
    from moldesign.reporting.screening_report import write_screening_report  # noqa: PLC0415

    return make_report(out, lambda path, tell: write_screening_report(path, on_progress=tell), quiet=quiet)


def check_files(pictures: Path | None, library: Sequence[str], out: Path, sdf: Path | None, shard: "Shard") -> None:
    """Refuse a library that is not there, and files that could not be written.

    Raises:
        TableError: there is no such file, or an ending is unknown.
        RunFolderError: a folder is missing, or something else has the name of what is written.
        typer.BadParameter: a part of the library is screened, which has no hits yet.
    """
    if pictures is not None and shard.n > 1:
        raise typer.BadParameter("a shard has no hits to draw before `moldesign merge`", param_hint="--pictures")
    from moldesign.screening.progress import ScreeningFiles  # noqa: PLC0415
    from moldesign.screening.sources import find_files  # noqa: PLC0415
    from moldesign.screening.targets import Target, check_targets  # noqa: PLC0415

    drawn = []
    if pictures is not None:
        from moldesign.reporting.hit_pictures import check_ending  # noqa: PLC0415

        check_ending(pictures)
        drawn.append(Target(pictures, "--pictures"))
    check_targets(ScreeningFiles(out, shard), sdf, find_files(library), drawn)


def choose_top(top: int | None, threshold: float | None, keep_all: bool) -> int | None:
    """Return how many molecules are kept, None for all that pass.

    Raises:
        typer.BadParameter: all and some are asked for.
    """
    from moldesign.screening.settings import DEFAULT_TOP  # noqa: PLC0415

    if keep_all and top is not None:
        raise typer.BadParameter("all molecules, or the best N? give one of --all and --top", param_hint="--all")
    return top if top is not None or threshold is not None or keep_all else DEFAULT_TOP


def choose_settings(*, shard: str | None, **values: Any) -> "ScreeningSettings":
    """Return what the options say.

    Raises:
        typer.BadParameter: they contradict each other.
    """
    from moldesign.screening.settings import WHOLE, ScreeningSettings, Shard  # noqa: PLC0415

    try:
        return ScreeningSettings(shard=WHOLE if shard is None else Shard.parse(shard), **values)
    except (ValueError, RunFolderError) as error:
        raise typer.BadParameter(str(error)) from error


def choose_executor(engine: Engine, address: str) -> "Callable[[Screener, ScreeningSettings], Executor] | None":
    """Return what starts the engine; None for that of this machine."""
    if engine is Engine.LOCAL:
        return None
    from moldesign.screening.cluster import start_on_cluster  # noqa: PLC0415

    return partial(start_on_cluster, address=address)


def check_likeness(like: list[str] | None, least: float | None, fingerprints: Path | None) -> None:
    """Refuse options that have no meaning without a query.

    Raises:
        typer.BadParameter: there is one.
    """
    for value, name in ((least, "--min-similarity"), (fingerprints, "--fingerprints")):
        if value is not None and not like:
            raise typer.BadParameter("similar to what? give the SMILES by --like", param_hint=name)


def split_profile(
    names: list[str],
    goals: list[str],
    limits: list[str],
    models: list[str],
    like: Sequence[str] = (),
    least: float | None = None,
) -> "tuple[list[str], Profile]":
    """Return the files of the library, and the profile: that of the .toml file among them, goals and limits.

    Raises:
        MoldesignError: a file, goal or limit cannot be understood.
        typer.BadParameter: there is no library, or more than one profile.
    """
    tomls = [name for name in names if name.lower().endswith(PROFILE_ENDING)]
    files = [name for name in names if name not in tomls]
    if not files:
        raise typer.BadParameter("there is no library: name a file of molecules", param_hint="LIBRARY")
    if len(tomls) > 1:
        raise typer.BadParameter(f"{tomls[0]} and {tomls[1]}: give one profile", param_hint="PROFILE.toml")
    path = Path(tomls[0]) if tomls else None
    if like:
        from moldesign.screening.likeness import add_queries  # noqa: PLC0415

        own = choose_profile(path, goals, None, {}, models if goals else ()) if goals or path else None
        profile = add_queries(own, like, least, models)
    else:
        profile = choose_profile(path, goals, None, {}, models)
    return files, profile.with_constraints(must=(*profile.constraints.must, *limits)) if limits else profile


def describe_interruption(context: typer.Context, out: Path, shard: "Shard") -> str:
    """Return what to do after Ctrl-C."""
    from moldesign.screening.progress import ScreeningFiles  # noqa: PLC0415

    look = shlex.join(["moldesign", "report", str(ScreeningFiles(out, shard).result)])
    return (
        f"interrupted; every finished chunk is kept; go on with: {describe_resumption(context)}\n"
        f"see what there is so far with: {look}"
    )


def describe_resumption(context: typer.Context) -> str:
    """Return the command that goes on with the screening."""
    words = ["moldesign", "screen", *context.params["library"]]
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if option.param_type_name != "option" or name == "resume" or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        for one in value if isinstance(value, list | tuple) else [value]:
            flag = (option.opts if one is not False else option.secondary_opts)[0]
            words += [flag] if isinstance(one, bool) else [flag, str(one)]
    return shlex.join([*words, "--resume"])
