"""`moldesign train`: a model of the user's own measurements."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moldesign.cli.display import open_display
from moldesign.cli.generate import Device, choose_device
from moldesign.cli.text import format_seconds, format_table

if TYPE_CHECKING:
    from moldesign.predictors.modelling import TrainingResult
    from moldesign.predictors.workload import Progress

SCRATCH = "scratch"
N_EXAMPLES = 3
"""Odd rows of each kind that are shown; the report has more."""

SMALL_TEST = 50
"""With fewer test molecules the user is told that the figures are uncertain."""


class Split(StrEnum):
    """What keeps training and test molecules apart."""

    SCAFFOLD = "scaffold"
    RANDOM = "random"
    CLUSTER = "cluster"
    TIME = "time"


class Loss(StrEnum):
    """What a classification minimises."""

    WEIGHTED = "weighted"
    FOCAL = "focal"
    PLAIN = "plain"


class Log(StrEnum):
    """Whether values are learned as logarithms."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


def train(
    table: Annotated[
        str,
        typer.Argument(metavar="TABLE", help="Measurements (.csv .tsv .smi .sdf .parquet, each also .gz), a row each."),
    ],
    *,
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="Column of values to learn. Repeat it for more; gaps are fine.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model folder to make.")],
    smiles_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the SMILES, where its name does not tell.")
    ] = None,
    split: Annotated[
        Split,
        typer.Option(
            help="How molecules are kept for testing: other ring systems than in training (scaffold), dissimilar "
            "molecules (cluster), the newest ones (time), or any (random, which flatters the model)."
        ),
    ] = Split.SCAFFOLD,
    time_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of years or dates (2021-03-31), for --split time.")
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            metavar="K",
            min=0,
            help="Cross-validate: test K times, on other molecules each time, then train the model on all of them. "
            "Best for a few hundred molecules; takes K + 1 times as long. 0 keeps one tenth for the test.",
        ),
    ] = 0,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME|DIR|scratch",
            help="Model whose knowledge of molecules the networks start from; scratch starts from nothing.",
        ),
    ] = "admet",
    networks: Annotated[
        int, typer.Option(metavar="N", min=1, help="Networks in the ensemble; their disagreement is the std.")
    ] = 3,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="Passes over the molecules, at most.")] = 60,
    patience: Annotated[
        int, typer.Option(metavar="N", min=1, help="Stop after so many epochs without progress on validation.")
    ] = 20,
    loss: Annotated[
        Loss,
        typer.Option(
            help="Of yes/no values, when one class is rare: weighted gives both classes the same say, focal looks at "
            "the molecules that are still wrong, plain does neither."
        ),
    ] = Loss.WEIGHTED,
    log: Annotated[
        Log, typer.Option(help="Learn values as log10; auto does so where positive values span three decades.")
    ] = Log.AUTO,
    search: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Try N settings on the validation molecules first; needs moldesign[search]."
        ),
    ] = 0,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out cells that hold no number, instead of stopping.")
    ] = False,
    device: Annotated[Device, typer.Option(help="Where the networks are trained.")] = Device.AUTO,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The same seed gives the same model (on a CPU).")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the model folder and problems, nothing else.")] = False,
) -> None:
    """Train a model on your own measurements.

    TABLE has a SMILES column and one column per property: numbers (regression), or 0 and 1, or words such as active
    and inactive (classification). Molecules are standardised, copies of one molecule are merged, measurements that
    contradict each other are left out and listed. One tenth of the molecules is kept for the test and never learned;
    on these the model is compared with a plain baseline, and you are told when the baseline is better.

    DIR receives the model, report.html (figures, plots, the worst predictions) and training.json (every number). It
    works wherever a model is asked for. Ctrl-C keeps the networks that are finished; the same command goes on.

    \b
    Examples:
      moldesign train assay.csv --target pIC50 --out my_model
      moldesign train assay.csv --target pIC50 --target logD --folds 5 --out my_model
      moldesign train screen.sdf.gz --target active --loss focal --split cluster --out hits
      moldesign predict library.csv --model my_model
    """
    from moldesign.predictors.modelling import train_predictor  # noqa: PLC0415
    from moldesign.predictors.train_options import TrainOptions  # noqa: PLC0415
    from moldesign.reporting.training_report import write_training_report  # noqa: PLC0415

    options = TrainOptions(
        smiles_column=smiles_column,
        split=split.value,
        time_column=time_column,
        n_folds=folds,
        start=None if start == SCRATCH else start,
        n_networks=networks,
        n_epochs=epochs,
        patience=patience,
        loss=loss.value,
        log=log.value,
        n_trials=search,
        skip_bad=skip_bad,
        device=choose_device(device),
        seed=seed,
        command=shlex.join(["moldesign", *sys.argv[1:]]),
    )
    first = f"training on {', '.join(target)} of {table}, into {out}; Ctrl-C keeps finished networks"
    try:
        with open_display(first, quiet=quiet) as show:
            result = train_predictor(
                table,
                target,
                out,
                options,
                on_progress=lambda progress: show(describe_progress(progress), progress.share),
            )
            show("writing the report", 1.0)
            write_training_report(out)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the networks that are finished are in {out}; the same command goes on", err=True)
        raise typer.Exit(130) from None
    typer.echo(out if quiet else describe_result(result))


def describe_progress(progress: "Progress") -> str:
    """Return the state of a training in a line or two.

    >>> from moldesign.predictors.workload import Progress
    >>> describe_progress(Progress("reading the table", n_rows=2000))
    'reading the table: 2,000 rows'
    """
    if progress.n_rows:
        return f"{progress.stage}: {progress.n_rows:,} rows"
    if progress.epoch is None:
        return progress.stage
    epoch = progress.epoch
    valid = "" if epoch.valid_loss is None else f", validation {epoch.valid_loss:.3f}"
    return (
        f"{progress.stage}, network {progress.network} of {progress.n_networks}, "
        f"epoch {epoch.epoch} of {epoch.n_epochs}: loss {epoch.loss:.3f}{valid}\n"
        f"{epoch.molecules_per_second:,.0f} molecules/s, at most {format_seconds(progress.seconds_left)} left"
    )


def describe_result(result: "TrainingResult") -> str:
    """Return what the table held, how good the model is beside its baseline, and what to do with it."""
    record = result.record
    blocks = [*describe_table(record), f"\nMeasured on {record['split']['measured_on']}."]
    for name, target in record["targets"].items():
        blocks += ["", describe_figures(name, target), *describe_verdict(name, target, record["baseline"])]
    predict = shlex.join(["moldesign", "predict", "library.csv", "--model", str(result.folder)])
    blocks += ["", f"model and report.html in {result.folder}; next: {predict}"]
    return "\n".join(blocks)


def describe_table(record: dict[str, Any]) -> list[str]:
    """Return lines on what was read, left out and merged."""
    table = record["table"]
    lines = [f"{table['source']}: {table['n_rows']:,} rows, {table['n_molecules']:,} different molecules"]
    lines += _describe_finding("row", "left out", table["left_out"])
    for name, target in record["targets"].items():
        kind = target["task"] + (", learned as log10" if target["log_scale"] else "")
        repeated = f" ({target['n_repeated']:,} measured several times, and averaged)" if target["n_repeated"] else ""
        lines.append(f"{name}: {kind}, {target['n_labels']:,} molecules with a value{repeated}")
        lines += _describe_finding("cell", "without a number, left out", target["bad_cells"])
        lines += _describe_finding("molecule", "with values that contradict each other, left out", target["conflicts"])
    return lines


def describe_figures(name: str, target: dict[str, Any]) -> str:
    """Return the figures of a target, those of the model above those of the baseline."""
    figures = list(dict.fromkeys(figure for figure in (*target["test"], *target["baseline"]) if figure != "n"))
    rows = [
        [title, *(_format_figure(target[kind].get(figure), target[f"{kind}_std"].get(figure)) for figure in figures)]
        for title, kind in (("this model", "test"), ("baseline", "baseline"))
    ]
    return format_table([f"{name}, {target['test']['n']:,} test molecules", *figures], rows)


def describe_verdict(name: str, target: dict[str, Any], baseline: str) -> list[str]:
    """Return whether the baseline is better, and what makes the figures uncertain."""
    lines, verdict = [], target["verdict"]
    if verdict is None:
        lines.append(f"{name}: the test molecules are too few or too alike to compare model and baseline")
    elif verdict["baseline_is_better"]:
        lines.append(
            f"WARNING: for {name} the baseline ({baseline}) is better than this model: {verdict['figure']} "
            f"{verdict['baseline']:.3f} against {verdict['model']:.3f}; measure more, or try --search 20 --networks 5"
        )
    else:
        lines.append(f"{name}: the baseline ({baseline}) is not better")
    if target["test"]["n"] < SMALL_TEST:
        lines.append(f"{name}: so few test molecules leave the figures uncertain; --folds 5 tests on all of them")
    return lines


def _describe_finding(thing: str, what: str, finding: dict[str, Any]) -> list[str]:
    if not finding["n"]:
        return []
    things = thing if finding["n"] == 1 else f"{thing}s"
    shown = [f"    {text}" for text in finding["examples"][:N_EXAMPLES]]
    more = finding["n"] - len(shown)
    rest = [f"    and {more:,} more; see report.html"] if more else []
    return [f"  {finding['n']:,} {things} {what}:", *shown, *rest]


def _format_figure(value: float | None, spread: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if spread is None else f"{value:.3f} ± {spread:.3f}"
