"""The command `moldesign`: puts the verbs together and explains errors.

Exit code 0: fine; 1: a problem, said in one line; 2: wrong usage; 130: interrupted.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from moldesign.cli.doctor import doctor
from moldesign.cli.evaluate import evaluate
from moldesign.cli.explain import explain
from moldesign.cli.generate import generate
from moldesign.cli.merge import merge
from moldesign.cli.models import models
from moldesign.cli.predict import predict
from moldesign.cli.report import report
from moldesign.cli.screen import screen
from moldesign.cli.train import train
from moldesign.errors import MoldesignError

# Plain help: drawing it with rich would double the time that `--help` takes.
app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(generate)
app.command()(predict)
app.command()(screen)
app.command()(merge)
app.command()(explain)
app.command()(train)
app.command()(report)
app.command()(evaluate)
app.add_typer(models, name="models")
app.command()(doctor)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: what stands behind `moldesign`; without it, what the shell passed.
    """
    # Threads that wait actively for each other slow a busy machine down three times; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app(arguments)
    except MoldesignError as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        import moldesign  # noqa: PLC0415  a cycle otherwise

        typer.echo(f"moldesign {moldesign.__version__}")
        raise typer.Exit


@app.callback()
def _introduce(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """State what a molecule must be; moldesign learns to write such molecules and shows why it believes in them.

    \b
    Examples:
      moldesign generate --goal "drd2 max" --goal "qed >= 0.6" --out drd2
      moldesign predict library.csv --out predicted.csv
      moldesign screen library.smi.gz --goal "herg min" --out hits.csv
      moldesign explain "CC(=O)Nc1ccc(O)cc1" --endpoint herg --out herg.svg
      moldesign train assay.csv --target pIC50 --out my_model
      moldesign report moldesign-run-1
      moldesign evaluate hits.csv --reference library.smi
      moldesign models
      moldesign doctor

    `moldesign VERB --help` explains each verb.
    """
