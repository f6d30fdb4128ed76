"""The command `moldesign`: puts the verbs together and explains errors.

Exit code 0: fine; 1: a problem, said in one line; 2: wrong usage; 130: interrupted.
"""

import logging
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
from moldesign.cli.monitor import monitor
from moldesign.cli.predict import predict
from moldesign.cli.pretrain import pretrain
from moldesign.cli.report import report
from moldesign.cli.screen import screen
from moldesign.cli.serve import serve
from moldesign.cli.task_group import TaskGroup
from moldesign.cli.train import train
from moldesign.errors import MoldesignError

DESIGN, SCREEN, PREDICT, TEACH, CHECK = (
    "Design molecules",
    "Screen libraries",
    "Predict and explain",
    "Teach your own models",
    "Check and look up",
)
"""Tasks, the headings of the help in this order."""

# Plain help: drawing it with rich would double the time that `--help` takes.
app = typer.Typer(
    cls=TaskGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="First time here? `moldesign doctor` tests the installation, `moldesign generate --budget 500 --out first` "
    "designs drug-like molecules in a minute or two, and `moldesign --install-completion` lets the shell complete "
    "verbs, options, and the names of properties and models. `moldesign VERB --help` explains each verb.",
)
app.command(rich_help_panel=DESIGN)(generate)
app.command(rich_help_panel=DESIGN)(report)
app.command(rich_help_panel=DESIGN)(evaluate)
app.command(rich_help_panel=SCREEN)(screen)
app.command(rich_help_panel=SCREEN)(merge)
app.command(rich_help_panel=PREDICT)(predict)
app.command(rich_help_panel=PREDICT)(explain)
app.command(rich_help_panel=PREDICT)(serve)
app.add_typer(monitor, name="monitor", rich_help_panel=PREDICT)
app.command(rich_help_panel=TEACH)(train)
app.command(rich_help_panel=TEACH)(pretrain)
app.add_typer(models, name="models", rich_help_panel=CHECK)
app.command(rich_help_panel=CHECK)(doctor)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: what stands behind `moldesign`; without it, what the shell passed.
    """
    # Threads that wait actively for each other slow a busy machine down three times; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.addLevelName(logging.WARNING, "warning")
    logging.basicConfig(format="%(levelname)s: %(message)s")
    try:
        app(arguments, prog_name="moldesign")
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
    """State what a molecule must be; moldesign learns to write such molecules and shows why it believes in them."""
