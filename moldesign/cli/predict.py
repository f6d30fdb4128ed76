"""`moldesign predict`: properties of the molecules in a table."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moldesign.cli.completion import complete_predictors
from moldesign.cli.display import open_display
from moldesign.cli.text import draw_table, format_number
from moldesign.errors import InvalidSmilesError, TableError

if TYPE_CHECKING:
    import pandas as pd

    from moldesign.datasets.tables import TableChunk
    from moldesign.predictors.ensemble import Predictor
    from moldesign.predictors.predictions import Predictions

CHUNK_SIZE = 10_000


def predict(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Table (.csv .tsv .smi .sdf .parquet, each also .gz or .zst; - reads CSV from standard input), or a "
            "SMILES.",
        ),
    ],
    *,
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME|DIR",
            autocompletion=complete_predictors,
            help="Predictor; see `moldesign models`. Repeat it for more.",
        ),
    ] = ["admet"],  # noqa: B006  typer reads the default and never changes it
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write; the ending says how. By default CSV to standard output."),
    ] = None,
    smiles_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the SMILES, where its name does not tell.")
    ] = None,
) -> None:
    """Predict properties of every molecule of a table.

    Each row of the input becomes one row of the output, with all its columns and, for each endpoint, the predicted
    value, its standard deviation (<endpoint>_std), of a calibrated regression the interval that holds 90 % of the
    measured values (<endpoint>_low, <endpoint>_high), and whether similar molecules were measured
    (<endpoint>_in_domain). A row that is no molecule stays, with the reason in the column error.

    \b
    Examples:
      moldesign predict library.csv --out predicted.csv
      moldesign predict actives.sdf.gz --model admet --model activity --out predicted.parquet
      moldesign predict "CC(=O)Nc1ccc(O)cc1"
    """
    from moldesign.datasets.streams import refuse_overwriting  # noqa: PLC0415
    from moldesign.predictors.bundled import find_model_folder, load_predictor  # noqa: PLC0415

    names = list(dict.fromkeys(model))
    for name in names:  # before anything is imported that takes its time
        find_model_folder(name)
    is_single, is_screen_busy = is_molecule(source), out is None and sys.stdout.isatty()
    if is_single and is_screen_busy:
        typer.echo(describe_molecule(source, [load_predictor(name) for name in names]))
        return
    if out is not None and not is_single:
        refuse_overwriting(out, "--out", [source])
    is_quiet = is_single or is_screen_busy
    with open_output(out, smiles_column) as write, open_display(f"predicting {source}", quiet=is_quiet) as show:
        chunks = read_input(source, smiles_column)
        first = next(chunks)  # before the models are loaded: a table that cannot be read is told at once
        show(f"loading {', '.join(names)}", None)
        predictors = [load_predictor(name) for name in names]
        n_rows, n_errors, began = 0, 0, time.monotonic()

        def show_rows(n_more: int, found: str = "") -> None:
            n_done = n_rows + n_more
            show(f"{n_done:,} rows{found}, {n_done / (time.monotonic() - began):,.0f} rows/s", None)

        for chunk in chain([first], chunks):
            predictions = predict_chunk(chunk, predictors, show_rows)
            write(join_predictions(chunk.frame, predictors, predictions))
            n_rows += len(chunk.smiles)
            n_errors += sum(error is not None for error in join_errors(predictions))
            show_rows(0, f", {n_errors:,} of them without a prediction")


def predict_chunk(
    chunk: "TableChunk", predictors: "Sequence[Predictor]", show_rows: Callable[[int], None]
) -> "list[Predictions]":
    """Return what each predictor says, and show how many rows are done: those of each predictor count in part.

    Errors count the rows of the table from 1, as its user does. A row that is written wrongly is not predicted: its
    SMILES may be another cell.
    """
    smiles = ["" if row in chunk.problems else text for row, text in enumerate(chunk.smiles)]
    predictions: list[Predictions] = []

    def note(n_done: int) -> None:
        show_rows((len(predictions) * len(chunk.smiles) + n_done) // len(predictors))

    for one in predictors:
        found = one.predict(smiles, first_row=chunk.first_row + 1, on_rows=note)
        for row, problem in chunk.problems.items():
            found.errors[row] = f"row {chunk.first_row + 1 + row}: {problem}"
        predictions.append(found)
    return predictions


def is_molecule(source: str) -> bool:
    """Return whether the text is a SMILES; no name of a table is one, because of its ending."""
    from moldesign.chem.smiles import parse_smiles  # noqa: PLC0415

    return bool(parse_smiles([source]).is_valid[0])


def read_input(source: str, smiles_column: str | None) -> "Iterator[TableChunk]":
    """Yield the chunks of a table, or the one molecule that the text itself is.

    Raises:
        TableError: the table cannot be read.
        InvalidSmilesError: the text is neither the name of a table nor a SMILES.
    """
    import pandas as pd  # noqa: PLC0415

    from moldesign.chem.smiles import require_mols  # noqa: PLC0415
    from moldesign.datasets.streams import classify_path  # noqa: PLC0415
    from moldesign.datasets.tables import TableChunk, read_table  # noqa: PLC0415

    if is_molecule(source):
        yield TableChunk(pd.DataFrame({"smiles": [source]}), [source], 0, {})
    elif classify_path(source).ending or Path(source).exists():
        yield from read_table(source, chunk_size=CHUNK_SIZE, smiles_column=smiles_column, is_lenient=True)
    else:
        try:
            require_mols([source])
        except InvalidSmilesError as error:
            reason = str(error).partition(": ")[2]
            raise InvalidSmilesError(f"{reason}, and not the name of a table (.csv, .sdf, ...)") from error


@contextmanager
def open_output(path: Path | None, smiles_column: str | None) -> "Iterator[Callable[[pd.DataFrame], None]]":
    """Yield a function that writes frames to the file, or as CSV to standard output.

    Raises:
        TableError: the file, or standard output, cannot be written.
    """
    from moldesign.datasets.tables import TableWriter  # noqa: PLC0415

    if path is None:
        yield _open_standard_output()
        return
    with TableWriter(path, smiles_column=smiles_column) as writer:
        yield writer.write


def join_predictions(
    frame: "pd.DataFrame", predictors: "Sequence[Predictor]", predictions: "Sequence[Predictions]"
) -> "pd.DataFrame":
    """Return the input's columns, each predictor's columns, then in_domain (all of them) and error.

    Predicted columns whose names the input has already are called `<model>_<name>`.

    Raises:
        TableError: the input has these columns, too: it holds predictions of this model.
    """
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    joined = frame
    for predictor, one in zip(predictors, predictions, strict=True):
        joined = _add_columns(joined, one.to_frame().drop(columns=["smiles", "in_domain", "error"]), predictor.name)
    in_domain = np.all([one.in_domain.all(axis=1) for one in predictions], axis=0)
    verdict = pd.DataFrame({"in_domain": in_domain, "error": pd.Series(join_errors(predictions), dtype=object)})
    return _add_columns(joined, verdict, "_".join(predictor.name for predictor in predictors))


def join_errors(predictions: "Sequence[Predictions]") -> list[str | None]:
    """Return the first error of each row, None where every predictor could read it."""
    rows = zip(*(one.errors for one in predictions), strict=True)
    return [next((error for error in errors if error), None) for errors in rows]


def describe_molecule(smiles: str, predictors: "Sequence[Predictor]") -> str:
    """Return what the predictors say of one molecule, an endpoint a line."""
    predicted = [predictor.predict([smiles]) for predictor in predictors]
    header = ["endpoint", "value", "std", "90 % interval", "in domain", "unit"]
    rows = [row for one in predicted for row in _describe_endpoints(one)]
    if not any(one.with_interval for one in predicted):
        header, *rows = ([*cells[:3], *cells[4:]] for cells in [header, *rows])
    return draw_table(header, rows)


def _open_standard_output() -> "Callable[[pd.DataFrame], None]":
    from moldesign.datasets.delimited import DelimitedWriter  # noqa: PLC0415

    writer = DelimitedWriter(sys.stdout.buffer, ",")

    def write(frame: "pd.DataFrame") -> None:
        try:
            writer.write(frame)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # whoever reads it wants no more
            raise
        except OSError as error:
            # What is left in the buffer would fail once more when Python ends, with a message of its own.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise TableError(
                f"standard output: cannot be written ({error.strerror}); free some space, or name a file with --out"
            ) from error

    return write


def _describe_endpoints(one: "Predictions") -> "Iterator[list[str]]":
    figures = zip(one.endpoints, one.values[0], one.std[0], one.low[0], one.high[0], one.in_domain[0], strict=True)
    for endpoint, *parts in figures:
        value, std, low, high, in_domain = (format_number(part.item()) for part in parts)
        interval = f"{low} .. {high}" if endpoint.name in one.with_interval else ""
        yield [endpoint.name, value, std, interval, in_domain, endpoint.unit]


def _add_columns(frame: "pd.DataFrame", new: "pd.DataFrame", owner: str) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415

    if set(new.columns) & set(frame.columns):
        new = new.add_prefix(f"{owner}_")
    if taken := [name for name in new.columns if name in frame.columns]:
        raise TableError(
            f"the table holds predictions of {owner} already (column {taken[0]!r}); "
            "take these columns out of it, or name the model once"
        )
    joined = pd.concat([frame, new], axis=1)
    joined.attrs = frame.attrs  # pandas drops those that only one of them has
    return joined
