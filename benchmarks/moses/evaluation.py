"""The MOSES metrics of a list of SMILES, from the environment that has `molsets`; what was measured is kept."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness import ROOT
from benchmarks.speed.processes import ProcessError, run_measured
from moldesign.checkpoint import write_text_atomically

MEASURE = ROOT / "benchmarks" / "moses" / "measure.py"


class MosesFigures(NamedTuple):
    """What `molsets` says of a list of SMILES."""

    metrics: dict[str, float | None]
    """By its own names: `valid`, `unique@10000`, `FCD/Test`, `Scaf/TestSF`, ..."""
    versions: dict[str, str]
    """Of the libraries in its environment"""


def evaluate(python: Path, smiles: Sequence[str], folder: Path) -> MosesFigures:
    """Return the metrics of these SMILES, measured unless `folder` holds them.

    Args:
        python: of the environment that has `molsets`.
        smiles: as a model wrote them, invalid ones included.
        folder: keeps one file of figures per list.

    Raises:
        ProcessError: the other Python ended with an error; holds what it said.
    """
    digest = hashlib.sha256("\n".join(smiles).encode()).hexdigest()[:16]
    kept = folder / f"{digest}.json"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        asked = folder / f"{digest}.smiles.json"
        write_text_atomically(asked, json.dumps(list(smiles)))
        write_text_atomically(kept, json.dumps(_read(run_measured([str(python), str(MEASURE), str(asked)]).output)))
    content = json.loads(kept.read_text(encoding="utf-8"))
    return MosesFigures(content["metrics"], content["versions"])


def _read(output: str) -> dict[str, Any]:
    lines = output.splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise ProcessError(f"{MEASURE.name} ended without figures; it said: {output[-500:]!r}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
