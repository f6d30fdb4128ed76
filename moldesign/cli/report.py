"""`moldesign report`: make the page of a run, a screening or a training again."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from moldesign.cli.display import open_display

ReportOption = Annotated[bool, typer.Option("--report/--no-report", help="Make the report page at the end.")]


def report(
    path: Annotated[
        Path,
        typer.Argument(metavar="RUN_DIR", help="A run folder, the hits of a screening, or a model of your own."),
    ],
    *,
    hits: Annotated[int, typer.Option(metavar="N", min=1, help="How many hits to draw at most.")] = 100,
    heat_maps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="For how many of them to compute atom heat maps; by default 30, and fewer with many predicted goals.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the path of the page and problems, nothing else.")
    ] = False,
) -> None:
    """Make the report of a run, a screening or a training (again): one page that opens anywhere, without a network.

    generate, screen, merge and train make it by themselves. Make it again after a run or a screening was interrupted,
    to see what there is, while a run is still going on, or with more hits and heat maps. Each hit adds about 13 kB, and
    each heat map 0.02 s per predicted goal.

    The page has the hits as a grid that can be sorted, filtered, searched by SMARTS, and exported; beside each hit the
    nearest known molecule; the learning curves, a map of chemical space, what a control model says, what was rejected
    and why, and the command that repeats the run.

    \b
    Examples:
      moldesign report moldesign-run-1
      moldesign report moldesign-run-1 --heat-maps 100
      moldesign report hits.csv
      moldesign report my_model
    """
    from moldesign.reporting.report import write_report  # noqa: PLC0415

    with open_display(f"making the report of {path}", quiet=quiet) as show:
        page = write_report(path, max_hits=hits, max_maps=heat_maps, on_progress=lambda text: show(text, None))
    typer.echo(page)


def make_report(path: Path, write: Callable[[Path, Callable[[str], None]], Path], *, quiet: bool) -> list[str]:
    """Make the report of something that has just ended; if that fails, say so, and leave everything else as it is.

    Args:
        path: of the run or screening.
        write: makes the page; gets the path, and a function that is told what is being done.
        quiet: show nothing but problems.

    Returns:
        What to say of the page: a line, or nothing where there is none, or nobody wants to hear of it.
    """
    try:
        with open_display("making the report", quiet=quiet) as show:
            page = write(path, lambda text: show(text, None))
    except Exception as error:  # whatever the page maker stumbles on, the results are there and stay
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        typer.echo(
            f"warning: the report could not be made ({reason}); everything else is written; try again with: "
            f"{shlex.join(['moldesign', 'report', str(path)])}",
            err=True,
        )
        return []
    return [] if quiet else [f"report: {page}"]
