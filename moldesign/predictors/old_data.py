"""What a model was made of: from its folder, or from the table that it was trained on, dealt again as it was then."""

from pathlib import Path
from typing import NoReturn, get_args

import numpy as np

from moldesign.datasets.folds import SplitKind, split_rows
from moldesign.datasets.growing import TEST, TRAIN
from moldesign.errors import ModelFormatError, MoldesignError, TableError
from moldesign.graphs import featurize_smiles
from moldesign.predictors.assay import Assay, LogChoice, merge_rows
from moldesign.predictors.assay_rows import UNNUMBERED, MeasuredRows, read_rows
from moldesign.predictors.bundled import list_bundled
from moldesign.predictors.continue_options import ContinueOptions
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.measurements import MEASUREMENTS_FILE, OldData, find_parts, read_measurements


def find_old_data(predictor: Predictor, folder: Path, options: ContinueOptions) -> OldData:
    """Return what a model was made of, and which of its molecules it was tested on.

    Args:
        predictor: the model.
        folder: where it lies.
        options: name the table that it was trained on, where the folder does not hold the measurements.

    Raises:
        TableError: the table that it was trained on cannot be read, or is another one.
        ModelFormatError: the measurements in the folder are damaged, or of another model.
        MoldesignError: there are no measurements, or none that the model was not trained on.
    """
    names = [endpoint.name for endpoint in predictor.endpoints]
    kept = read_measurements(folder, names)
    if kept is None:
        kept = _deal_again(predictor, folder, options)
    elif options.old_data is not None:
        raise MoldesignError(f"{folder} holds its measurements in {MEASUREMENTS_FILE}: leave out --old-data")
    else:
        _require_own(predictor, folder, kept)
    if TEST not in kept.parts.values():
        _refuse_untested(folder)
    return kept


def list_splits(predictor: Predictor) -> list[SplitKind]:
    """Return what kept the parts of the molecules of a model apart, its own split first.

    Raises:
        MoldesignError: its card does not say so.
    """
    known = get_args(SplitKind)
    named = [predictor.card.get("split"), *predictor.card.get("continued_from", {}).get("splits", [])]
    if any(kind not in known for kind in named):
        raise MoldesignError(
            f"the card of {predictor.name} does not say how its molecules were split, so that no test molecules are "
            "known; --continue goes on from models made by `moldesign train`: train it anew"
        )
    return list(dict.fromkeys(named))


def _require_own(predictor: Predictor, folder: Path, kept: OldData) -> None:
    """Refuse measurements that another model was made of: its test molecules could be those that this one knows."""
    trained = {kept.rows.smiles[key] for key, part in kept.parts.items() if part == TRAIN}
    tested = {kept.rows.smiles[key] for key, part in kept.parts.items() if part == TEST}
    known = set(predictor.domain.smiles)
    if trained - known or tested & known:
        raise ModelFormatError(
            f"{folder / MEASUREMENTS_FILE} holds the measurements of another model; copy the complete model folder "
            "again"
        )


def _deal_again(predictor: Predictor, folder: Path, options: ContinueOptions) -> OldData:
    if folder in list_bundled().values():
        raise MoldesignError(
            f"the measurements that {predictor.name} was trained on do not come with it, so it cannot be gone on from; "
            f"start a new model from it: moldesign train TABLE --target COLUMN --from {predictor.name}"
        )
    if options.old_data is None:
        raise MoldesignError(
            f"{folder} holds no {MEASUREMENTS_FILE}: it was made by an older moldesign, or the file was taken out; "
            "name the table that it was trained on: --old-data FILE"
        )
    kind = list_splits(predictor)[0]
    rows = _read_old(predictor, kind, options)
    assay = _merge_old(predictor, rows)
    rng = np.random.default_rng(predictor.card.get("seed", 0))
    split = split_rows(kind, assay.table.smiles, rng, assay.times)
    learned = split.untested if predictor.card.get("forest") else split.train
    expected, known = {assay.table.smiles[row] for row in learned.tolist()}, set(predictor.domain.smiles)
    if known == set(assay.table.smiles):
        _refuse_untested(folder)
    if expected != known:
        n_missing = len(known - set(assay.table.smiles))
        found = f"{n_missing:,} of its {len(known):,} training molecules are missing" if n_missing else "it has others"
        raise TableError(
            f"{options.old_data} is not the table that {folder} was trained on ({found}), or that was split otherwise; "
            "give the same file, or train a new model on both tables"
        )
    numbers = np.full_like(rows.numbers, UNNUMBERED)
    return OldData(rows._replace(numbers=numbers, bad_cells=(), problems=[]), find_parts(assay, split))


def _read_old(predictor: Predictor, kind: SplitKind, options: ContinueOptions) -> MeasuredRows:
    if kind == "time" and options.time_column is None:
        raise TableError(f"{predictor.name} was split by time; name the column of the times: add --time-column NAME")
    return read_rows(
        options.old_data or "",
        [endpoint.name for endpoint in predictor.endpoints],
        smiles_column=options.smiles_column,
        time_column=options.time_column if kind == "time" else None,
        skip_bad=options.skip_bad,
    )


def _merge_old(predictor: Predictor, rows: MeasuredRows) -> Assay:
    logs: list[LogChoice] = ["on" if endpoint.log_scale else "off" for endpoint in predictor.endpoints]
    assay = merge_rows(rows, [endpoint.name for endpoint in predictor.endpoints], logs)
    return assay.select(featurize_smiles(assay.table.smiles).rows)


def _refuse_untested(folder: Path) -> NoReturn:
    raise MoldesignError(
        f"{folder} was cross-validated: it has learned from all of its molecules, and none is left that shows what it "
        "forgets; train it without --folds to go on from it, or train a new model on both tables"
    )
