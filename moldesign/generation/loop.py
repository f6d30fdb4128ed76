"""The main path: write molecules, score them, learn from the scores, until the budget is spent.

policy, genetic search --molecules--> oracle --rewards--> diversity --> memory --> learner --> better policy
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from moldesign.chem.smiles import canonicalize, list_texts, parse_smiles
from moldesign.chem.standardize import standardize_mol
from moldesign.devices import require_device
from moldesign.errors import InvalidSmilesError, ObjectiveError, UnknownTokenError
from moldesign.generation.archive import RunArchive
from moldesign.generation.audit import Audit, audit_hits, write_audit
from moldesign.generation.ending import Ending, note_beginning, note_ending, require_same_models
from moldesign.generation.folder import choose_new_folder, open_run_folder, write_profile
from moldesign.generation.hits import choose_hits, select_hits, write_hits
from moldesign.generation.pareto import ParetoFront, write_front
from moldesign.generation.progress import Progress, Scoreboard
from moldesign.generation.rounds import make_rounds
from moldesign.generation.scales import N_LOOKED_AT, warn_of_scales
from moldesign.generation.session import Choice, Session, recall_settings
from moldesign.generation.settings import GenerationSettings, require_count
from moldesign.generation.stopping import StopReason
from moldesign.generation.strategy import choose_strategy, recall_parallel
from moldesign.generation.unscored import count_not_run, describe_unscored, select_failed, write_unscored
from moldesign.objectives.oracle import Oracle, ScoredMolecule
from moldesign.objectives.profile import Profile, require_profile
from moldesign.objectives.programs import open_programs
from moldesign.policies.bundled import Prior, load_prior

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GenerationResult:
    """What a run leaves behind."""

    frame: pd.DataFrame
    """The hits, best first; see `describe_hits` for the columns."""
    run_dir: Path
    n_scored: int
    """Unique molecules scored, those of earlier parts of the run included."""
    best: ScoredMolecule | None
    """The molecule with the highest score, a hit or not; None where nothing was scored."""
    stopped: StopReason
    seconds: float
    choice: Choice | None = None
    """How the calls were spent, and why so; None where the run was interrupted before that was clear."""
    audit: Audit | None = None
    """What a control model, which the search has not seen, says of the hits."""
    n_failed: int = 0
    """Molecules that might be hits and have no score, because a scorer failed on them; see `unscored.csv`."""
    n_not_run: int = 0
    """Molecules for which a program was not run, because they could not become hits any more."""
    n_resets: int = 0
    """How often the policy collapsed and was moved back towards its prior, in earlier parts of the run, too."""

    @property
    def interrupted(self) -> bool:
        """Whether the user pressed Ctrl-C."""
        return self.stopped == StopReason.INTERRUPTED


def generate(  # noqa: PLR0913  all but the profile by name
    profile: Profile,
    *,
    n: int = 100,
    budget: int | None = None,
    out: str | Path | None = None,
    start: Sequence[str] = (),
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    settings: GenerationSettings | None = None,
    cluster: str | None = None,
    **overrides: Any,
) -> GenerationResult:
    """Write molecules that meet a profile.

    Args:
        profile: what the molecules must be. If its constraints have scaffolds or linker ends, the policy writes on
            these: `profile.with_constraints(scaffold=["c1ccc(*)cc1*"])`.
        n: how many hits to return at most.
        budget: unique molecules that may be scored; without it the profile's own budget.
        out: the run folder, `moldesign-run-1` and so on without it; with `resume` the folder to go on in.
        start: molecules to begin with; they are scored first and the policy learns from them.
        resume: go on with an interrupted run.
        on_progress: called after every batch.
        settings: how to search; without them the defaults, or with `resume` those that the run began with.
        cluster: address of a Ray cluster, "auto" or "local", on which goals about programs, docking and expensive
            functions are computed; without it, on this machine.
        overrides: single fields of the settings, such as `seed=1` or `prior="zinc"`.

    Raises:
        ClusterError: Ray is not installed, no cluster answers, or no goal could use one.
        ValueError: an argument or a setting has a value that it cannot have.
        ProfileError: `profile` is no profile.
        RunFolderError: the folder holds another run or one with other settings, another process uses it, or the disk
            is full.
        InvalidSmilesError: a start molecule cannot be read.
        UnknownTokenError: a start molecule has a token that the prior has never seen.
        OpenPointError: the prior cannot write the scaffold or the linker ends.
        ObjectiveError: a goal's function or program gave too rarely a number; what was scored before is kept, and the
            run can be resumed.
    """
    require_profile(profile)
    folder, n = Path(out) if out else choose_new_folder(), require_count("n", n, 1)
    settings = (settings or (recall_settings(folder) if resume else GenerationSettings())).with_overrides(overrides)
    require_device(settings.device)
    if budget is not None:
        calls = {"calls": require_count("budget", budget, 1)}
        profile = profile.model_copy(update={"budget": profile.budget.model_copy(update=calls)})
    prior = load_prior(settings.prior)
    start, began = read_start_molecules(start, prior), time.monotonic()
    session = Session(prior, profile, settings, folder)
    with (
        open_run_folder(folder, profile, resume=resume),
        RunArchive(folder, profile.term_names) as archive,
        open_programs((term.property for term in profile.terms), archive.path, cluster),
    ):
        start = session.agree_with(archive, start)
        require_same_models(archive, profile.terms, prior)
        note_beginning(archive, n, profile.terms, prior)
        oracle = Oracle(session.profile, profile.budget.calls, archive.append)
        if resume:
            write_profile(folder, profile)
            oracle.preload(archive.read())
            session.restore()
        try:
            stopped = run(session, oracle, archive, start, on_progress)
        except ObjectiveError as error:
            write_results(folder, oracle.history, profile, n)
            raise ObjectiveError(f"{error}; everything scored is kept in {folder}: go on with --resume") from error
        frame = write_results(folder, oracle.history, profile, n)
        audit = audit_hits(frame, profile)
        write_audit(folder, audit)
        seconds = time.monotonic() - began
        note_ending(archive, Ending(stopped, seconds))
    return GenerationResult(
        frame=frame,
        run_dir=folder,
        n_scored=len(oracle.history),
        best=next(iter(select_hits(oracle.history, 1, threshold=0.0)), None),
        stopped=stopped,
        choice=session.choice,
        audit=audit,
        seconds=seconds,
        n_failed=len(select_failed(oracle.history, profile)),
        n_not_run=count_not_run(oracle.history),
        n_resets=session.stopper.collapse.n_resets,
    )


def write_results(folder: Path, molecules: Sequence[ScoredMolecule], profile: Profile, n: int) -> pd.DataFrame:
    """Write the best `n` hits, and the molecules that have no score because a scorer failed; return the hits."""
    frame = choose_hits(molecules, profile, n)
    write_hits(folder, frame)
    write_unscored(folder, describe_unscored(select_failed(molecules, profile), profile))
    if profile.pareto:
        write_front(folder, molecules, profile)
    return frame


def run(
    session: Session,
    oracle: Oracle,
    archive: RunArchive,
    start: Sequence[str],
    on_progress: Callable[[Progress], None] | None = None,
) -> StopReason:
    """Spend the oracle's budget; return why the run ends. Everything scored is kept in any case."""
    profile = session.profile
    front = ParetoFront(term.weight for term in profile.terms) if profile.pareto else None
    scoreboard, knows_scales = Scoreboard(oracle, profile.threshold, front), False
    try:
        if start and session.n_batches == 0:
            session.welcome(oracle.score(start, source="start"))
        session.choice = choose_strategy(session, oracle, archive)
        rounds = make_rounds(session.choice.strategy, session, recall_parallel(session, archive))
        session.begin(rounds)
        while (stopped := session.find_stop(oracle)) is None:
            session.begin_batch(oracle)
            scored = rounds.play(session, oracle)
            if not knows_scales and len(oracle.history) >= N_LOOKED_AT:
                knows_scales = True
                for warning in warn_of_scales(oracle.history[:N_LOOKED_AT], profile.terms):
                    logger.warning("%s", warning)
            progress = scoreboard.update(session.n_batches + 1, session.n_calls, scored, session.report)
            session.finish_batch(progress, oracle)
            if on_progress:
                on_progress(progress)
        session.end(oracle)
    except KeyboardInterrupt:
        return StopReason.INTERRUPTED
    return stopped


def read_start_molecules(start: Sequence[str], prior: Prior) -> list[str]:
    """Return the canonical SMILES of the start molecules: without their salts, neutral where that is possible.

    Raises:
        InvalidSmilesError: one cannot be read.
        UnknownTokenError: one has a token that the prior has never seen.
        TypeError: it is one text, not a list of them.
    """
    return [_read_start_molecule(text, prior) for text in list_texts(start)]


def _read_start_molecule(text: str, prior: Prior) -> str:
    parsed = parse_smiles([text])
    if (mol := parsed.mols[0]) is None:
        raise InvalidSmilesError(f"start molecule: {(parsed.errors[0] or '').removeprefix('row 0: ')}")
    smiles = canonicalize(standardize_mol(mol))
    if smiles != canonicalize(mol):
        logger.warning("the start molecule %r is taken as %s, without salts and the charges of protons", text, smiles)
    try:
        n_tokens = len(prior.vocabulary.encode(smiles)) - 1
    except UnknownTokenError as error:
        raise UnknownTokenError(f"start molecule: {error}") from error
    if n_tokens > prior.longest_lesson:
        logger.warning(
            "the start molecule %.60r has %d tokens, and the policy learns from at most %d: it is scored and bred from "
            "alone",
            text,
            n_tokens,
            prior.longest_lesson,
        )
    return smiles
