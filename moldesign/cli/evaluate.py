"""`moldesign evaluate`: what a set of molecules is like, alone and beside a reference."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moldesign.cli.display import Show, open_display
from moldesign.cli.text import draw_table, format_number

if TYPE_CHECKING:
    from moldesign.evaluation.figures import Figure
    from moldesign.evaluation.molecule_set import MoleculeSet

CHUNK_SIZE = 2_000


def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Molecules (.csv .tsv .smi .sdf .parquet, each also .gz or .zst; - reads CSV from standard input).",
        ),
    ],
    *,
    reference: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What to compare with: a training set, a library, known actives."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON, too.")] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with figures, plots and structures, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
    smiles_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the SMILES, where its name does not tell.")
    ] = None,
    reference_column: Annotated[str | None, typer.Option(metavar="NAME", help="The same for the reference.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Measure what a set of molecules is like.

    Alone: how many rows are molecules, how many of them differ, how diverse they are, their scaffolds, alerts,
    synthetic accessibility and drug-likeness. With --reference, too: how many are new, how near the set is to the
    reference (nearest neighbours, fragments, scaffolds, properties, Fréchet ChemNet distance), and how many molecules
    have a ring system that the reference never has. A row that is no molecule counts as invalid.

    \b
    Examples:
      moldesign evaluate hits.csv --reference library.smi --page hits.html
      moldesign evaluate generated.smi --reference training.smi.gz --out figures.json
    """
    from moldesign.datasets.streams import refuse_overwriting  # noqa: PLC0415
    from moldesign.datasets.tables import check_table  # noqa: PLC0415

    for target, option in ((out, "--out"), (page, "--page")):
        if target is not None:
            refuse_overwriting(target, option, [source, *([] if reference is None else [reference])])
    if out is not None and page is not None and out.resolve() == page.resolve():
        raise typer.BadParameter(f"{page} is already what --out writes", param_hint="--page")
    check_table(source, smiles_column=smiles_column)
    if reference is not None:
        check_table(reference, smiles_column=reference_column)
    from moldesign.evaluation.figures import evaluate as find_figures  # noqa: PLC0415

    with open_display(f"evaluating {source}", quiet=quiet) as show:
        known = None if reference is None else read_set(reference, reference_column, show)
        molecules = read_set(source, smiles_column, show)
        figures = find_figures(molecules, known, report=show)
        if page is not None:
            show("drawing", None)
            write_page(page, source, figures, molecules, known, reference)
    content = describe_figures(source, reference, figures)
    if out is not None:
        write_file(out, content + "\n")
    typer.echo(content if as_json else list_figures(figures, with_reference=known is not None))


def read_set(path: str, smiles_column: str | None, show: Show) -> "MoleculeSet":
    """Return the molecules of a file.

    Raises:
        TableError: the file cannot be read.
    """
    from moldesign.datasets.tables import read_table  # noqa: PLC0415
    from moldesign.evaluation.molecule_set import gather  # noqa: PLC0415

    chunks = (chunk.smiles for chunk in read_table(path, chunk_size=CHUNK_SIZE, smiles_column=smiles_column))
    return gather(
        chunks, on_chunk=lambda n_rows, n_valid: show(f"{path}: {n_rows:,} rows, {n_valid:,} molecules", None)
    )


def list_figures(figures: "Sequence[Figure]", *, with_reference: bool) -> str:
    """Return the figures as a table."""
    header = ["figure", "value", *(["reference"] if with_reference else []), "better", "meaning"]
    rows = []
    for figure in figures:
        numbers = [figure.value, *([figure.reference] if with_reference else [])]
        cells = ["-" if number is None else format_number(number) for number in numbers]
        meaning = f"{figure.meaning} ({figure.note})" if figure.note else figure.meaning
        rows.append([figure.name, *cells, figure.better, meaning])
    return draw_table(header, rows)


def describe_figures(source: str, reference: str | None, figures: "Sequence[Figure]") -> str:
    """Return the figures as JSON."""
    rows = {one.name: {key: value for key, value in one._asdict().items() if key != "name"} for one in figures}
    return json.dumps({"file": source, "reference": reference, "figures": rows}, indent=1, ensure_ascii=False)


def write_page(
    path: Path,
    source: str,
    figures: "Sequence[Figure]",
    molecules: "MoleculeSet",
    known: "MoleculeSet | None",
    reference: str | None,
) -> None:
    """Write the page of an evaluation.

    Raises:
        TableError: the file cannot be written.
    """
    from importlib.metadata import version  # noqa: PLC0415

    from moldesign.reporting.evaluation_page import render_evaluation  # noqa: PLC0415

    text = render_evaluation(
        source, figures, molecules, reference=known, reference_name=reference or "", version=version("moldesign")
    )
    write_file(path, text)


def write_file(path: Path, content: str) -> None:
    """Write a file whole or not at all.

    Raises:
        TableError: the file cannot be written.
    """
    from moldesign.checkpoint import write_text_atomically  # noqa: PLC0415
    from moldesign.errors import TableError  # noqa: PLC0415

    try:
        write_text_atomically(path, content)
    except OSError as error:
        raise TableError(f"{path}: cannot be written ({error.strerror}); name another file") from error
