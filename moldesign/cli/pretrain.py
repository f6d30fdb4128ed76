"""`moldesign pretrain`: a prior of the user's own molecules."""

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moldesign.cli.completion import complete_priors
from moldesign.cli.display import open_display
from moldesign.cli.generate import Device, choose_device
from moldesign.cli.text import draw_table, format_seconds

if TYPE_CHECKING:
    from types import FrameType

    from moldesign.checkpoint import Card
    from moldesign.policies.pretraining import PretrainingProgress
    from moldesign.policies.prior_training import PriorTraining
    from moldesign.policies.training_library import TrainingLibrary

SCRATCH = "scratch"


def pretrain(
    library: Annotated[
        str,
        typer.Argument(
            metavar="LIBRARY", help="Molecules to learn from (.csv .tsv .smi .sdf .parquet, each also .gz or .zst)."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the prior.")],
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME|DIR|scratch",
            autocompletion=complete_priors,
            help="Prior whose knowledge is the start, and bent towards the library; scratch starts from nothing, and "
            "needs some hundred thousand molecules.",
        ),
    ] = "chembl",
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="Passes over the library, at most.")] = 10,
    max_time: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="End after so long (90s, 10m, 2h), all sittings together."),
    ] = None,
    max_length: Annotated[
        int, typer.Option(metavar="N", min=10, help="Tokens of the longest molecule; longer ones are left out.")
    ] = 100,
    hidden_size: Annotated[
        int, typer.Option(metavar="N", min=8, help="Width of the network, with --from scratch.")
    ] = 512,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Of the library, for the card.")] = "not stated",
    smiles_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the SMILES, where its name does not tell.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the network is trained.")] = Device.AUTO,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The same seed gives the same prior (on a CPU).")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the folder and problems, nothing else.")] = False,
) -> None:
    """Teach a prior to write molecules like those of a library.

    Each molecule is learned as its parent (largest fragment, neutral), once; every row that is left out is counted, by
    reason. One molecule in twenty, 2,000 at most, is held out: how well the finished prior expects those, and what its
    own samples are like, stands in its card (`moldesign models DIR`). Then `moldesign generate --prior DIR` designs
    with it.

    Ctrl-C keeps what has been learned; the same command goes on. So does it after a power cut, from at most a minute
    earlier.

    \b
    Examples:
      moldesign pretrain inhouse.smi.gz --out inhouse
      moldesign pretrain kinase.csv --epochs 5 --max-time 1h --out kinase
      moldesign pretrain enamine.smi --from scratch --out enamine --device cuda
      moldesign generate --prior inhouse --goal "qed >= 0.6" --out hits
    """
    from moldesign.datasets.tables import check_table  # noqa: PLC0415
    from moldesign.policies.bundled import read_prior_card  # noqa: PLC0415

    if start != SCRATCH:
        read_prior_card(start)
    check_table(library, smiles_column=smiles_column)
    from moldesign.policies.prior_training import PriorOptions, train_prior  # noqa: PLC0415  PyTorch takes seconds

    options = PriorOptions(
        start=None if start == SCRATCH else start,
        n_epochs=epochs,
        max_length=max_length,
        hidden_size=hidden_size,
        max_seconds=None if max_time is None else read_duration(max_time),
        licence=licence,
        smiles_column=smiles_column,
        device=choose_device(device),
        seed=seed,
    )
    first = f"learning from {library}, starting from {start}, into {out}; Ctrl-C keeps what is learned"
    with open_display(first, quiet=quiet) as show, ask_before_stopping() as stop:

        def report_rows(n_rows: int, n_kept: int) -> None:
            if stop():  # nothing is learned yet, so that there is nothing to keep
                raise KeyboardInterrupt
            show(f"{library}: {n_rows:,} rows, {n_kept:,} molecules kept", None)

        result = train_prior(
            library,
            out,
            options,
            command=shlex.join(["moldesign", *sys.argv[1:]]),
            on_rows=report_rows,
            on_step=lambda progress: show(describe_progress(progress, options.max_seconds), find_share(progress)),
            stop=stop,
        )
    if result.card is None:
        typer.echo(describe_interruption(result), err=True)
        raise typer.Exit(130)
    typer.echo(out if quiet else describe_result(result.library, result.card, out))


@contextmanager
def ask_before_stopping() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C was pressed; a second Ctrl-C ends the program at once.

    A training may only stop between two steps: half of a step would make its checkpoint one that no unbroken training
    has.
    """
    pressed = False

    def stop(number: int, frame: "FrameType | None") -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    former = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, former)


def read_duration(text: str) -> float:
    """Return the seconds of a duration.

    Raises:
        typer.BadParameter: it is none.
    """
    from moldesign.objectives.sections import parse_duration  # noqa: PLC0415

    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--max-time") from error


def find_share(progress: "PretrainingProgress") -> float:
    """Return the share of the steps that is done."""
    return progress.step / progress.n_steps


def describe_progress(progress: "PretrainingProgress", max_seconds: float | None) -> str:
    """Return the state of a training in two lines.

    >>> from moldesign.policies.pretraining import PretrainingProgress
    >>> print(describe_progress(PretrainingProgress(20, 100, 0.75, 512.0, 5.0), None))
    step 20 of 100: loss 0.750 per token
    512 molecules/s, 0:20 left
    """
    left = (progress.n_steps - progress.step) * progress.seconds / progress.step
    if max_seconds is not None:
        left = min(left, max(0.0, max_seconds - progress.seconds))
    return (
        f"step {progress.step:,} of {progress.n_steps:,}: loss {progress.loss_per_token:.3f} per token\n"
        f"{progress.molecules_per_second:,.0f} molecules/s, {format_seconds(left)} left"
    )


def describe_interruption(result: "PriorTraining") -> str:
    """Return what is kept of a training that was stopped, and how to go on."""
    return (
        f"interrupted after step {result.step:,} of {result.n_steps:,}, which is kept in {result.folder}; "
        "the same command goes on"
    )


def describe_result(library: "TrainingLibrary", card: "Card", folder: Path) -> str:
    """Return what was learned from, what was left out, what the prior is like, and what to do with it."""
    samples, held_out = card["samples"], card["held_out"]
    figures = [
        ["log-probability of a held-out molecule", f"{held_out['log_prob_per_molecule']:.1f} nats"],
        *([f"{name}, of its samples", f"{samples[name]:.1%}"] for name in ("valid", "unique", "novel")),
    ]
    generate = shlex.join(["moldesign", "generate", "--prior", str(folder), "--goal", "qed >= 0.6"])
    return "\n".join(
        [
            *describe_library(library),
            "",
            draw_table(["figure", f"{held_out['n']:,} held out, {samples['n']:,} samples"], figures),
            "",
            f"prior and card in {folder}; next: {generate}",
        ]
    )


def describe_library(library: "TrainingLibrary") -> list[str]:
    """Return how many rows became molecules, and a line for each reason why others did not."""
    lines = [f"{library.n_rows:,} rows, {len(library.smiles):,} molecules, {len(library.vocabulary):,} tokens"]
    return lines + [f"  {one.n:,} left out: {reason}; first, {one.example}" for reason, one in library.rejected.items()]
