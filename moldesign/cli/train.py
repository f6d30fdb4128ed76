"""`moldesign train`: a model of the user's own measurements."""

import shlex
import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moldesign.cli.completion import complete_predictors
from moldesign.cli.display import open_display
from moldesign.cli.generate import Device, choose_device
from moldesign.cli.text import format_seconds
from moldesign.cli.training_text import describe_result, describe_table

if TYPE_CHECKING:
    from moldesign.predictors.completing import TrainingResult
    from moldesign.predictors.continue_options import ContinueOptions
    from moldesign.predictors.recalibration import Recalibration, Refit
    from moldesign.predictors.train_options import TrainOptions
    from moldesign.predictors.workload import Progress

    OnProgress = Callable[[Progress], None]

SCRATCH = "scratch"
WITHOUT_TRAINING = frozenset({"table", "target", "out", "smiles_column", "skip_bad", "quiet", "recalibrate"})
"""Parameters that have a meaning with --recalibrate."""

OF_THE_MODEL = frozenset({"folds", "start", "networks", "log", "search", "recalibrate"})
"""Parameters that have none with --continue."""


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
    context: typer.Context,
    table: Annotated[
        str,
        typer.Argument(metavar="TABLE", help="Measurements, a row each (.csv .tsv .smi .sdf .parquet, also .gz .zst)."),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model folder to make.")],
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of values to learn. Repeat it for more; gaps are fine. Needed, but with --continue.",
        ),
    ] = None,
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
            autocompletion=complete_predictors,
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
    forest: Annotated[
        bool,
        typer.Option(
            help="Mix models of fingerprints (a random forest, a kernel regression) into what the networks say, as "
            "far as it helps on the validation molecules; without them the model can be exported to ONNX."
        ),
    ] = True,
    search: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Try N settings on the validation molecules first; needs moldesign[search]."
        ),
    ] = 0,
    recalibrate: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|DIR",
            help="Keep the networks of this model, and fit its intervals and probabilities anew on TABLE, whose "
            "columns are called like its endpoints. Nothing is trained, so only --target, --out, --smiles-column, "
            "--skip-bad and --quiet go with it.",
        ),
    ] = None,
    continue_from: Annotated[
        str | None,
        typer.Option(
            "--continue",
            metavar="DIR",
            help="Go on from this model of your own: its networks learn TABLE and see their old molecules again, so "
            "that they do not forget them. Its endpoints, scales and number of networks stay; so does its split, "
            "unless --split is given.",
        ),
    ] = None,
    old_data: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE", help="With --continue: what the model was trained on, if its folder does not hold it."
        ),
    ] = None,
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

    DIR receives the model, report.html (figures, plots, the worst predictions), training.json (every number) and
    measurements.csv.gz (what it learned from, for --continue). It works wherever a model is asked for. Ctrl-C keeps the
    networks that are finished; the same command goes on.

    \b
    Examples:
      moldesign train assay.csv --target pIC50 --out my_model
      moldesign train assay.csv --target pIC50 --target logD --folds 5 --out my_model
      moldesign train screen.sdf.gz --target active --loss focal --split cluster --out hits
      moldesign train newdata.csv --continue my_model --out my_model_2
      moldesign train newdata.csv --target pIC50 --recalibrate my_model --out my_model_2
      moldesign predict library.csv --model my_model
    """
    command = shlex.join(["moldesign", *sys.argv[1:]])
    refuse_contradictions(context, target, old_data, recalibrate=recalibrate, continue_from=continue_from)
    models = [name for name in (continue_from, recalibrate) if name is not None] or [start]
    times = [] if time_column is None else [time_column]
    check_names(out, [name for name in models if name != SCRATCH], table, smiles_column, [*(target or []), *times])
    if continue_from is not None:
        from moldesign.predictors.continue_options import ContinueOptions  # noqa: PLC0415

        continued = ContinueOptions(
            smiles_column=smiles_column,
            split=split.value if is_given(context, "split") else None,
            time_column=time_column,
            old_data=old_data,
            n_epochs=epochs,
            patience=patience,
            loss=loss.value,
            forest=forest if is_given(context, "forest") else None,
            skip_bad=skip_bad,
            device=choose_device(device),
            seed=seed,
            command=command,
        )
        _continue(continue_from, table, target, out, continued, quiet=quiet)
        return
    columns = target or []
    if recalibrate is not None:
        from moldesign.predictors.recalibration import recalibrate_model  # noqa: PLC0415

        with open_display(f"calibrating {recalibrate} on {', '.join(columns)} of {table}, into {out}", quiet=quiet):
            result = recalibrate_model(
                recalibrate, table, columns, out, smiles_column=smiles_column, skip_bad=skip_bad, command=command
            )
        typer.echo(out if quiet else describe_recalibration(result))
        return
    from moldesign.predictors.train_options import TrainOptions  # noqa: PLC0415

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
        forest=forest,
        n_trials=search,
        skip_bad=skip_bad,
        device=choose_device(device),
        seed=seed,
        command=command,
    )
    _train(table, columns, out, options, quiet=quiet)


def refuse_contradictions(
    context: typer.Context,
    target: list[str] | None,
    old_data: str | None,
    *,
    recalibrate: str | None,
    continue_from: str | None,
) -> None:
    """Refuse options that do not go together.

    Raises:
        typer.BadParameter: names the first of them.
    """
    if continue_from is not None:
        refuse_options(context, OF_THE_MODEL, "--continue keeps what the model has")
        return
    if not target:
        raise typer.BadParameter("missing; name the column of values to learn", param_hint="--target")
    if old_data is not None:
        raise typer.BadParameter("it goes with --continue alone; leave this option out", param_hint="--old-data")
    if recalibrate is not None:
        every = {option.name or "" for option in context.command.params}
        refuse_options(context, every - WITHOUT_TRAINING, "--recalibrate trains nothing")


def check_names(out: Path, models: list[str], table: str, smiles_column: str | None, columns: list[str]) -> None:
    """Refuse what is not there, or is there already, before PyTorch is loaded, which takes seconds.

    Raises:
        RunFolderError: the folder holds a model.
        UnknownNameError: there is no such model.
        TableError: there is no such table, or column.
    """
    from moldesign.datasets.tables import check_table  # noqa: PLC0415
    from moldesign.predictors.bundled import find_model_folder  # noqa: PLC0415
    from moldesign.predictors.model_folder import refuse_finished  # noqa: PLC0415

    refuse_finished(out)
    for name in models:
        find_model_folder(name)
    check_table(table, smiles_column=smiles_column, columns=columns)


def is_given(context: typer.Context, name: str) -> bool:
    """Say whether the user wrote an option, by the name of its parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_options(context: typer.Context, names: AbstractSet[str], reason: str) -> None:
    """Refuse options that would not be heeded.

    Raises:
        typer.BadParameter: names the first of them.
    """
    for option in context.command.params:
        if option.name in names and is_given(context, option.name):
            raise typer.BadParameter(f"{reason}; leave this option out", param_hint=option.opts[0])


def _train(table: str, target: list[str], out: Path, options: "TrainOptions", *, quiet: bool) -> None:
    from moldesign.predictors.modelling import train_predictor  # noqa: PLC0415

    def make(on_progress: "OnProgress") -> "TrainingResult":
        return train_predictor(table, target, out, options, on_progress=on_progress)

    _make_model(f"training on {', '.join(target)} of {table}, into {out}", out, make, quiet=quiet)


def _continue(
    model: str, table: str, target: list[str] | None, out: Path, options: "ContinueOptions", *, quiet: bool
) -> None:
    from moldesign.predictors.continuing import continue_training  # noqa: PLC0415

    def make(on_progress: "OnProgress") -> "TrainingResult":
        return continue_training(model, table, out, target, options, on_progress=on_progress)

    _make_model(f"going on from {model} with {table}, into {out}", out, make, quiet=quiet)


def _make_model(what: str, out: Path, make: "Callable[[OnProgress], TrainingResult]", *, quiet: bool) -> None:
    from moldesign.reporting.training_report import write_training_report  # noqa: PLC0415

    try:
        with open_display(f"{what}; Ctrl-C keeps finished networks", quiet=quiet) as show:
            result = make(lambda progress: show(describe_progress(progress), progress.share))
            show("writing the report", 1.0)
            write_training_report(out)
    except KeyboardInterrupt:
        typer.echo(describe_interruption(out), err=True)
        raise typer.Exit(130) from None
    typer.echo(out if quiet else describe_result(result))


def describe_interruption(folder: Path) -> str:
    """Return what is kept of a training that was interrupted, and how to go on."""
    from moldesign.checkpoint import CARD_FILE  # noqa: PLC0415
    from moldesign.predictors.modelling import count_finished  # noqa: PLC0415

    if (folder / CARD_FILE).exists():
        report = shlex.join(["moldesign", "report", str(folder)])
        return f"interrupted; the model in {folder} is finished, its report may be missing; {report} writes it"
    n_finished = count_finished(folder)
    if n_finished == 0:
        return "interrupted before the first network was finished; the same command starts again"
    networks = "1 finished network is" if n_finished == 1 else f"{n_finished} finished networks are"
    return f"interrupted; {networks} kept in {folder}; the same command goes on"


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


def describe_recalibration(result: "Recalibration") -> str:
    """Return what the table held, what was calibrated anew, and how well the former calibration did on it."""
    lines = [*describe_table(result.record), ""]
    lines += [f"{name}: {describe_refit(refit)}" for name, refit in result.refits.items()]
    lines += [f"{name}: not calibrated anew: {reason}" for name, reason in result.kept.items()]
    predict = shlex.join(["moldesign", "predict", "library.csv", "--model", str(result.folder)])
    return "\n".join([*lines, "", f"model in {result.folder}; next: {predict}"])


def describe_refit(refit: "Refit") -> str:
    """Return on how many labels a calibration was fitted, and how well the former one did on them.

    >>> from moldesign.predictors.recalibration import Refit
    >>> describe_refit(Refit(85, 0, "coverage", 0.7059))
    'intervals fitted on 85 molecules; of their values, the 90 % intervals of before held 70.6 %'
    """
    left_out = f" ({refit.n_trained:,} more left out: trained on already)" if refit.n_trained else ""
    if refit.figure == "ECE":
        return (
            f"probabilities fitted on {refit.n:,} molecules{left_out}; there, those of before were off by "
            f"{refit.before:.3f} on average (expected calibration error)"
        )
    before = "; there were none before"
    if refit.before is not None:
        before = f"; of their values, the 90 % intervals of before held {100 * refit.before:.1f} %"
    return f"intervals fitted on {refit.n:,} molecules{left_out}{before}"
