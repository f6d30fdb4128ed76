"""`moldesign merge`: join the shards of a screening."""

from pathlib import Path
from typing import Annotated

import typer

from moldesign.cli.display import open_display
from moldesign.cli.options import QuietOption
from moldesign.cli.report import ReportOption
from moldesign.cli.screen import report_screening
from moldesign.cli.screening_text import describe_result, describe_step


def merge(
    shards: Annotated[
        list[str],
        typer.Argument(metavar="SHARD...", help="What `moldesign screen --shard` wrote, all of them; patterns, too."),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The hits: .csv, .tsv, .parquet or .sdf.")],
    sdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the hits as SDF.")] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, show_default="one per core", help="Processes.")
    ] = None,
    report: ReportOption = True,
    quiet: QuietOption = False,
) -> None:
    """Join the shards of a screened library into the result that the whole library would have given.

    Each shard is screened by the same command, with --shard 1/N to --shard N/N, on any machine that sees the library.
    The merged hits, rejected rows and manifest are, byte for byte, those of a screening without --shard: of a molecule
    that several shards hold, the best row stays. OUT.report.html shows the best hits and the funnel.

    \b
    Examples:
      moldesign merge hits.csv.shard-*-of-8 --out hits.csv
      moldesign merge hits.csv.shard-*-of-8 --out hits.csv --sdf hits.sdf
    """
    from moldesign.screening.sources import find_files  # noqa: PLC0415

    find_files(shards)
    from moldesign.screening.merging import merge_shards  # noqa: PLC0415  PyTorch takes seconds

    with open_display(f"merging {', '.join(shards[:3])} into {out}", quiet=quiet) as show:
        result = merge_shards(
            shards,
            out=out,
            sdf=sdf,
            workers=workers,
            on_progress=lambda step: show(describe_step(step), step.share),
        )
    pages = report_screening(out, quiet=quiet) if report else []
    typer.echo("\n".join([str(result.out) if quiet else describe_result(result, [sdf] if sdf else []), *pages]))
