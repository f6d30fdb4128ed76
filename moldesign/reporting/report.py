"""The report of whatever a verb has left behind: a run, a screening, a training."""

from collections.abc import Callable
from pathlib import Path

from moldesign.checkpoint import CARD_FILE
from moldesign.errors import RunFolderError
from moldesign.predictors.training_record import RECORD_FILE
from moldesign.reporting.hit_table import MAX_HITS
from moldesign.reporting.run_record import is_run_folder
from moldesign.reporting.run_report import write_run_report
from moldesign.reporting.screening_record import is_screening
from moldesign.reporting.screening_report import write_screening_report
from moldesign.reporting.training_report import write_training_report
from moldesign.screening.progress import ScreeningFiles

_ENDINGS = (".manifest.json", ".progress")
"""Of what stands beside the hits of a screening, and may be named in their stead."""


def write_report(
    path: Path,
    *,
    max_hits: int = MAX_HITS,
    max_maps: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of a run folder, of the hits of a screening, or of a trained model, and return its path.

    Args:
        path: the folder, or the file of hits (or its manifest, or the folder of its progress).
        max_hits: drawn at most.
        max_maps: hits with atom heat maps; by default as many as `count_mapped` says.
        on_progress: is told what is being done.

    Raises:
        RunFolderError: it is none of these, or cannot be read.
        MoldesignError: something in it cannot be read, or the page cannot be written.
    """
    for ending in _ENDINGS:
        if path.name.endswith(ending):
            path = path.with_name(path.name.removesuffix(ending))
    if is_run_folder(path):
        return write_run_report(path, max_hits=max_hits, max_maps=max_maps, on_progress=on_progress)
    if is_screening(path):
        return write_screening_report(path, max_hits=max_hits, max_maps=max_maps, on_progress=on_progress)
    if (path / RECORD_FILE).is_file():
        return write_training_report(path)
    raise RunFolderError(_explain(path))


def _explain(path: Path) -> str:
    """Say what a path is instead, and what can be reported."""
    kinds = "the folder of a run, the hits of a screening, or the folder of a trained model"
    if ScreeningFiles(path).progress.is_dir():
        return (
            f"the screening into {path} has not finished; go on with moldesign screen --resume, which makes its report"
        )
    if not path.exists():
        return f"{path} does not exist; name {kinds}"
    if (path / CARD_FILE).is_file():
        return f"{path} is a model without a record of its training ({RECORD_FILE}), of which nothing can be reported"
    if path.is_file():
        return f"{path} has no manifest ({ScreeningFiles(path).manifest.name}) beside it; name {kinds}"
    return f"{path} holds nothing to report; name {kinds}"
