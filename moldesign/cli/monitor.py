"""`moldesign monitor`: how a served model is doing."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from moldesign.cli.completion import complete_predictors
from moldesign.cli.text import format_number, format_table

if TYPE_CHECKING:
    from moldesign.monitoring.drift import Drift
    from moldesign.monitoring.report import Report

DEFAULT_LOG = Path("moldesign-serve") / "predictions.sqlite"
SHOWN = 12
MOST_PROBLEMS = 5

_LOG = typer.Option("--log", metavar="FILE", help="The log that `moldesign serve` writes into its --runs folder.")
_MODEL = typer.Option(
    "--model", metavar="NAME|DIR", autocompletion=complete_predictors, help="Whose predictions to look at."
)


class Watched(NamedTuple):
    """Whose predictions, and where they are logged."""

    log: Path
    model: str


monitor = typer.Typer(invoke_without_command=True, subcommand_metavar="[add-labels TABLE]")


@monitor.callback()
def report(
    context: typer.Context,
    *,
    log: Annotated[Path, _LOG] = DEFAULT_LOG,
    model: Annotated[str, _MODEL] = "admet",
    days: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Only predictions of the last N days; by default all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")] = False,
) -> None:
    """Say whether a served model still sees what it has learned from, and whether it was right.

    Inputs (similarity to the training set, descriptors, place in the network's latent space) and outputs are compared
    with those of training molecules: PSI (above 0.1 some drift, above 0.25 much) and the Kolmogorov-Smirnov test. Where
    measured values were added, the intervals must hold 90 % of them. The last lines say what to do.

    \b
    Examples:
      moldesign monitor
      moldesign monitor --log runs/predictions.sqlite --days 30
      moldesign monitor add-labels results.csv
    """
    if context.invoked_subcommand is not None:
        if as_json or days is not None:
            raise typer.BadParameter(f"--json and --days are for the report, not for {context.invoked_subcommand}")
        context.obj = Watched(log, model)
        return
    from moldesign.monitoring.log import open_log  # noqa: PLC0415
    from moldesign.monitoring.report import make_report  # noqa: PLC0415
    from moldesign.predictors.bundled import load_predictor  # noqa: PLC0415

    with open_log(log) as opened:
        since = 0.0 if days is None else time.time() - 86_400 * days
        made = make_report(opened, load_predictor(model), since=since)
    if made is None:
        period = "" if days is None else f" in the last {days:g} days"
        typer.echo(f"{log}: {model} has predicted nothing{period}", err=as_json)
        if as_json:
            typer.echo(json.dumps({"model": model, "n_predictions": 0}, indent=1))
        return
    typer.echo(json.dumps(made.to_dict(), indent=1) if as_json else describe_report(made))


@monitor.command("add-labels")
def add_labels(
    context: typer.Context,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="SMILES, and a column per endpoint in its unit.")],
    *,
    log: Annotated[Path | None, _LOG] = None,
    model: Annotated[str | None, _MODEL] = None,
    smiles_column: Annotated[str | None, typer.Option(metavar="NAME", help="Where its name does not tell.")] = None,
) -> None:
    """Add measured values of molecules that were predicted; they are matched by structure, however it is written.

    \b
    Examples:
      moldesign monitor add-labels results.csv
      moldesign monitor add-labels assay.sdf --log runs/predictions.sqlite
    """
    from moldesign.monitoring.labelling import list_tasks, read_labels  # noqa: PLC0415
    from moldesign.monitoring.log import open_log  # noqa: PLC0415
    from moldesign.predictors.bundled import read_model_card  # noqa: PLC0415
    from moldesign.predictors.endpoints import read_endpoints  # noqa: PLC0415

    watched: Watched = context.obj  # what stands before the verb, unless it is said again behind it
    log, model = log or watched.log, model or watched.model
    endpoints = read_endpoints(read_model_card(model))
    with open_log(log) as opened:
        labels = read_labels(table, list_tasks(endpoints), smiles_column=smiles_column)
        n_known = opened.add_labels(labels.values, time.time())
    typer.echo(
        f"{len(labels.values):,} measured values of {', '.join(labels.endpoints)} kept; {n_known:,} of them are of "
        "molecules that were predicted"
    )
    for problem in labels.problems[:MOST_PROBLEMS]:
        typer.echo(f"left out: {problem}", err=True)
    if len(labels.problems) > MOST_PROBLEMS:
        typer.echo(f"left out: {len(labels.problems) - MOST_PROBLEMS:,} more", err=True)


def describe_report(made: "Report") -> str:
    """Return the report for reading."""
    days = (made.last - made.first) / 86_400
    dropped = f"; {made.n_dropped:,} more were not logged, because too many came at once" if made.n_dropped else ""
    parts = [
        f"{made.model}: {made.n_predictions:,} predictions of {made.n_molecules:,} molecules in {days:.1f} days"
        + dropped,
        f"outside the domain: {made.outside:.1%} (training molecules: {made.expected_outside:.1%})",
    ]
    for title, drifts in (("inputs", made.inputs), ("outputs", made.outputs)):
        if drifts:
            parts.append(f"\n{title}, the most moved first\n{describe_drifts(drifts)}")
    if made.outcomes:
        header = ["endpoint", "measured", "mean error", "on the test split", "bias", "AUROC", "inside the interval"]
        rows = [
            [one.endpoint, str(one.n), *map(_show, (one.error, one.test_error, one.bias, one.auroc, one.covered))]
            for one in made.outcomes
        ]
        parts.append(f"\npredicted and measured\n{format_table(header, rows)}")
    return "\n".join([*parts, "", *made.advice])


def describe_drifts(drifts: "dict[str, Drift]") -> str:
    """Return the quantities that have moved most."""
    most = sorted(drifts.items(), key=lambda pair: -pair[1].psi)[:SHOWN]
    rows = [[name, f"{d.shift:+.3g}", f"{d.psi:.3f}", f"{d.ks:.3f}", f"{d.p_value:.1e}", d.verdict] for name, d in most]
    return format_table(["", "mean", "PSI", "KS", "p", "drift"], rows)


def _show(figure: float | None) -> str:
    return "-" if figure is None else format_number(figure)
