"""A run as a process of its own: `python -m moldesign.server.run_worker FOLDER MODELS`.

It ends with the server: when standard input is closed, it stops at once, and the next server resumes it.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from moldesign.checkpoint import write_text_atomically
from moldesign.datasets.tables import write_table
from moldesign.errors import MoldesignError
from moldesign.generation.archive import STORE_FILE
from moldesign.generation.loop import generate
from moldesign.generation.session import recall_settings
from moldesign.generation.settings import GenerationSettings
from moldesign.generation.stopping import StopReason
from moldesign.objectives.profile import Profile
from moldesign.reporting.report import write_report
from moldesign.screening.engine import screen
from moldesign.screening.progress import ScreeningProgress
from moldesign.screening.settings import ScreeningSettings
from moldesign.server.profiles import make_profile
from moldesign.server.progress import HITS_FILE, METRICS_FILE
from moldesign.server.runs import OUTCOME_FILE, REQUEST_FILE, RESULTS, RunState

LIBRARY_FILE = "library.csv"
_CHECKPOINT_SECONDS = 5.0
_CHUNK_ROWS = 250
"""Between two looks at the progress of a screening: about a second's work."""
_ORPHANED = 3
_STOPPED = "stopped before its results were written; the report, where there is one, shows what was found until then"

logger = logging.getLogger(__name__)


def run_request(folder: Path, models: Sequence[str], max_seconds: float) -> dict[str, Any]:
    """Run what the folder asks for, from where an earlier process had come to; return how it ended.

    Raises:
        MoldesignError: the request cannot be run.
        KeyboardInterrupt: a screening was stopped, or a search before its first molecule.
    """
    request = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
    profile = make_profile(request, models)
    if request["kind"] == "generate":
        return _generate(request, profile, folder / RESULTS, max_seconds)
    return _screen(request, profile, folder)


def _generate(request: dict[str, Any], profile: Profile, out: Path, max_seconds: float) -> dict[str, Any]:
    resume = (out / STORE_FILE).exists()
    settings = GenerationSettings(seed=request["seed"], strategy=request["strategy"])
    if resume:
        settings = recall_settings(out)
    result = generate(
        profile.with_changes(budget={"max_time": f"{max_seconds:g}s"}),
        n=request["n"],
        budget=request["budget"],
        out=out,
        start=() if resume else request["start"],
        resume=resume,
        settings=settings.with_overrides({"checkpoint_seconds": _CHECKPOINT_SECONDS}),
    )
    state = RunState.STOPPED if result.stopped == StopReason.INTERRUPTED else RunState.DONE
    message = f"{len(result.frame)} hits, {result.n_scored:,} molecules scored; ended by: {result.stopped}"
    if result.audit is not None and result.audit.is_suspect:
        message += "; a control model gives the hits much less: see audit.json"
    return {"state": state, "message": message}


def _screen(request: dict[str, Any], profile: Profile, folder: Path) -> dict[str, Any]:
    import pandas as pd  # noqa: PLC0415

    library, out = folder / LIBRARY_FILE, folder / RESULTS
    names = {"name": request["names"]} if request.get("names") else {}
    columns = {"smiles": request["smiles"], **names, **request.get("columns", {})}
    write_table(library, [pd.DataFrame(columns)])
    out.mkdir(exist_ok=True)
    settings = ScreeningSettings(
        top=request["top"],
        threshold=request.get("threshold"),
        diverse=request["diverse"],
        smiles_column="smiles",
        chunk_size=_CHUNK_ROWS,
        workers=1,
    )
    result = screen(
        library,
        profile,
        out=out / HITS_FILE,
        sdf=out / "hits.sdf",
        settings=settings,
        resume=True,
        on_progress=lambda progress: note_screened(out, progress, len(request["smiles"])),
    )
    return {"state": RunState.DONE, "message": f"{result.n_hits:,} hits, {result.n_rows:,} rows screened"}


def note_screened(out: Path, progress: ScreeningProgress, n_rows: int) -> None:
    """Add a line to the progress of a screening, for whoever watches."""
    line = {
        "n_done": progress.n_rows,
        "n_rows": n_rows,
        "n_fallen": progress.n_fallen,
        "n_hits": progress.n_hits,
        "rows_per_second": round(progress.rows_per_second, 1),
    }
    with (out / METRICS_FILE).open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")


def finish(folder: Path, models: Sequence[str], max_seconds: float) -> None:
    """Run, and leave `outcome.json` behind, whatever happens."""
    try:
        outcome = run_request(folder, models, max_seconds)
    except KeyboardInterrupt:
        outcome = {"state": RunState.STOPPED, "message": _STOPPED}
    except MoldesignError as error:
        outcome = {"state": RunState.FAILED, "message": str(error)}
    except Exception:  # the user must learn that the run has ended; the log has the whole story
        logger.exception("the run in %s failed", folder)
        outcome = {"state": RunState.FAILED, "message": "the run failed inside; its worker.log says why"}
    write_text_atomically(folder / OUTCOME_FILE, json.dumps(outcome))
    if outcome["state"] is not RunState.FAILED:
        report(folder)


def report(folder: Path) -> None:
    """Make the page of what was found; the outcome is noted already, and stays whatever the page maker stumbles on."""
    kind = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))["kind"]
    results = folder / RESULTS
    try:
        write_report(results if kind == "generate" else results / HITS_FILE)
    except Exception:  # the hits are there without it; the log has the whole story
        logger.exception("the report of the run in %s could not be made", folder)


def end_with_server() -> None:
    """End this process at once when the server has gone: another one will resume the run."""
    sys.stdin.read()
    os._exit(_ORPHANED)


def main() -> None:
    """Run the folder that the server names."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.nice(3)  # predictions, for which somebody waits, go first
    torch.set_num_threads(1)
    threading.Thread(target=end_with_server, daemon=True).start()
    finish(Path(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3]))


if __name__ == "__main__":
    main()
