"""Run folders of a moment: everything that a run leaves behind, without the run."""

import json
from collections.abc import Sequence
from pathlib import Path

from moldesign.generation.archive import RunArchive
from moldesign.generation.audit import audit_hits, write_audit
from moldesign.generation.ending import Ending, note_beginning, note_ending
from moldesign.generation.folder import append_metrics, write_profile
from moldesign.generation.hits import describe_hits, select_hits, write_hits
from moldesign.generation.settings import GenerationSettings
from moldesign.generation.stopping import StopReason
from moldesign.objectives.guards import Guards
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.policies.bundled import load_prior
from tests.cli.tiny_models import ENDPOINTS, save_predictor
from tests.conftest import NAMED_DRUGS

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&--></title>"
DRUGS = [smiles for name, smiles in NAMED_DRUGS.items() if name != "diclofenac_sodium"]


def make_model(folder: Path) -> Path:
    """Save a tiny predictor of herg, solubility and ames."""
    save_predictor(folder, "mine", ENDPOINTS, DRUGS[:4])
    return folder


def make_profile(model: Path, *, threshold: float = 0.5) -> Profile:
    """Return goals about a descriptor and two predictions, which some drugs meet."""
    goals = ["herg <= 0.45", "solubility >= -3", "mw in 150..350 * 2"]
    profile = parse_goals(goals, name=HOSTILE, models=[str(model)])
    return profile.with_changes(
        threshold=threshold, guards=Guards.off().model_dump(), diversity={"hit_similarity": 1.0}
    ).with_constraints(must=["heavy_atoms >= 3"])


def score_into(folder: Path, profile: Profile, smiles: Sequence[str] = DRUGS) -> Oracle:
    """Score molecules as a run does, into a new folder, batch by batch."""
    folder.mkdir()
    write_profile(folder, profile)
    with RunArchive(folder, profile.term_names) as archive:
        archive.write_facts({"settings": GenerationSettings(seed=7).describe_course(), "start": json.dumps(["CCO"])})
        note_beginning(archive, 50, profile.terms, load_prior("chembl"))
        oracle = Oracle(profile, 10_000, archive.append)
        for number, text in enumerate(smiles, start=1):
            oracle.score([text])
            best = sorted((molecule.total for molecule in oracle.history), reverse=True)
            row = {"batch": number, "n_calls": number, "top_10": best[0], "top_100": best[-1], "mean": best[-1]}
            append_metrics(folder, row | {"validity": 0.9, "n_hits": number, "n_scaffolds": 1})
    return oracle


def finish(folder: Path, profile: Profile, oracle: Oracle) -> None:
    """Write what a run writes at its end."""
    frame = describe_hits(select_hits(oracle.history, 50, profile.threshold), profile)
    write_hits(folder, frame)
    write_audit(folder, audit_hits(frame, profile))
    with RunArchive(folder, profile.term_names) as archive:
        note_ending(archive, Ending(StopReason.BUDGET, 75.0))
