"""The moving parts of a run, and how they are put away in a checkpoint and taken out again."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from moldesign.errors import RunFolderError
from moldesign.generation.archive import RunArchive, read_facts
from moldesign.generation.folder import append_metrics, load_checkpoint, save_checkpoint, truncate_metrics
from moldesign.generation.progress import Progress
from moldesign.generation.prompts import make_mode
from moldesign.generation.settings import GenerationSettings
from moldesign.generation.stopping import Stopper, StopReason
from moldesign.learning.guide import Guide
from moldesign.learning.learner import LearningReport
from moldesign.objectives.constraints import forgive_limits
from moldesign.objectives.limits import StructuralLimits
from moldesign.objectives.oracle import Oracle, OracleBatch
from moldesign.objectives.payment import Payment
from moldesign.objectives.profile import Profile
from moldesign.policies.bundled import Prior
from moldesign.seeding import make_generators


def recall_settings(folder: Path) -> GenerationSettings:
    """Return the settings of the run in a folder; the defaults if it stopped before it noted any.

    Raises:
        RunFolderError: the folder has no readable run store, or one of another version.
    """
    known = read_facts(folder)
    return _parse_settings(folder, known) if known else GenerationSettings()


class Rounds(Protocol):
    """A way to spend calls."""

    def play(self, session: "Session", oracle: Oracle) -> list[OracleBatch]:
        """Propose molecules, score them, learn from them; return the batches that show how the search is doing."""
        ...

    def may_be_cut(self, remaining: int) -> bool:
        """Return whether the next round may spend so many calls before it has ended, and has to be played again."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what the next round depends on beside the session, ready for JSON."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        ...


class Choice(NamedTuple):
    """A strategy and why it was taken."""

    strategy: str
    """Either "fast" or "thrifty"."""
    reason: str


class Judgement(NamedTuple):
    """What N rows are worth."""

    scores: NDArray[np.float64]
    """[N], to a surrogate: the total, or an estimate where dear terms were not computed"""
    rewards: NDArray[np.float32]
    """[N], to the policy: less for what came often"""


class Session:
    """Environment, learner, memory and random streams of one run.

    The molecules themselves are in the run store and not here: after a kill the batches since the last checkpoint are
    written again from the same random state, find their scores in the store, and cost nothing.
    """

    def __init__(self, prior: Prior, profile: Profile, settings: GenerationSettings, folder: Path) -> None:
        self.profile, self.settings, self.folder = profile, settings, folder
        self.guide = Guide(
            prior,
            make_mode(profile.constraints, prior, settings.batch_size),
            make_generators(settings.seed),
            learning=settings.learning,
            replay_size=settings.replay_size,
            device=settings.device,
        )
        self.diversity = profile.diversity.make_filter(same_scaffold=bool(profile.constraints.scaffold))
        self.stopper = Stopper(profile, settings)
        self.payment = Payment(profile.terms, profile.threshold)
        self.limits = StructuralLimits(profile.terms)
        self.rounds: Rounds | None = None
        self.choice: Choice | None = None
        """How calls are spent; None until that is clear."""
        self._rounds_state: dict[str, Any] | None = None
        self._may_be_cut = False
        self.n_batches = self.n_calls = self.n_idle = 0
        self.report = LearningReport(0.0, 0.0, 0.0)
        self._saved = time.monotonic()

    def welcome(self, scored: OracleBatch) -> None:
        """Remember the start molecules by what they are worth without hard limits: they show where to begin."""
        self.judge(scored._replace(rewards=forgive_limits(scored.rewards, self.profile.terms)))
        self.count([scored])

    def judge(self, scored: OracleBatch) -> Judgement:
        """Say what each row is worth, and remember the good molecules.

        What is no molecule earns nothing; a scaffold that came often earns less; NaN stands for what nothing is to be
        learned from, because its scorer failed or the budget did not cover it.
        """
        scores = self.payment.pay(scored.rewards)
        rewards = scores.copy()
        rows = np.flatnonzero(scored.is_scored & ~np.isnan(rewards))
        smiles = [text for row in rows if (text := scored.smiles[row]) is not None]
        if self.diversity is not None:
            rewards[rows] = self.diversity.apply(smiles, rewards[rows])
        self.guide.remember(smiles, rewards[rows])
        return Judgement(scores, rewards.astype(np.float32))

    def count(self, batches: Sequence[OracleBatch], written: OracleBatch | None = None) -> None:
        """Count the calls of a round, by their numbers: rounds that a resumed run repeats are not idle.

        Args:
            batches: all that was scored in the round.
            written: the one of them that the policy alone wrote, if there is one.
        """
        for scored in batches:
            self.stopper.take_in(scored, self.n_calls, is_written=scored is written)
        n_calls = max((int(scored.call_numbers.max(initial=0)) for scored in batches), default=0)
        self.n_idle = 0 if n_calls > self.n_calls else self.n_idle + 1
        self.n_calls = max(self.n_calls, n_calls)

    def begin(self, rounds: Rounds) -> None:
        """Spend the calls in this way, from where a resumed run had come to."""
        self.rounds = rounds
        if self._rounds_state is not None:
            rounds.load_state_dict(self._rounds_state)
            self._rounds_state = None

    def begin_batch(self, oracle: Oracle) -> None:
        """Put a checkpoint away before a round that may spend the budget: with a larger one it is played again."""
        self._may_be_cut = self.rounds is not None and self.rounds.may_be_cut(oracle.remaining)
        if self._may_be_cut and self.n_batches:  # without any checkpoint a resumed run begins anew
            self.save()

    def finish_batch(self, progress: Progress, oracle: Oracle) -> None:
        """Note the progress, and put a checkpoint away from time to time."""
        self.n_batches += 1
        append_metrics(self.folder, progress.to_dict())
        if time.monotonic() - self._saved > self.settings.checkpoint_seconds:
            self.end(oracle)

    def end(self, oracle: Oracle) -> None:
        """Put a checkpoint away, unless the last round is to be played again: the one from before it stays."""
        if oracle.remaining or not self._may_be_cut:
            self.save()

    def save(self) -> None:
        """Put everything away that the next batch depends on, the state of the rounds included."""
        state = {
            "n_batches": self.n_batches,
            "n_calls": self.n_calls,
            "n_idle": self.n_idle,
            "report": list(self.report),
            "guide": self.guide.state_dict(),
            "diversity": self.diversity.state_dict() if self.diversity else None,
            "payment": self.payment.state_dict(),
            "rounds": self.rounds.state_dict() if self.rounds else None,
            "stopper": self.stopper.state_dict(),
        }
        save_checkpoint(self.folder, self.guide.collect_tensors(), state)
        self._saved = time.monotonic()

    def restore(self) -> None:
        """Go on from the last checkpoint; without one, from the beginning with the scores that are already paid.

        Raises:
            ModelFormatError: the checkpoint is damaged.
        """
        checkpoint = load_checkpoint(self.folder)
        if checkpoint is not None:
            tensors, state = checkpoint
            self.guide.load(tensors, state["guide"])
            self.n_batches, self.n_calls = state["n_batches"], state["n_calls"]
            self.n_idle, self.report = state["n_idle"], LearningReport(*state["report"])
            if self.diversity and state["diversity"]:
                self.diversity.load_state_dict(state["diversity"])
            self.payment.load_state_dict(state["payment"])
            self._rounds_state = state["rounds"]
            self.stopper.load_state_dict(state["stopper"])
        truncate_metrics(self.folder, self.n_batches)

    @property
    def keeps_piece(self) -> bool:
        """Whether every molecule keeps a scaffold or two ends."""
        return bool(self.profile.constraints.scaffold or self.profile.constraints.link)

    @property
    def is_exhausted(self) -> bool:
        """Whether the policy has written nothing new for as many batches as the settings have patience for."""
        return self.n_idle >= self.settings.patience

    def has_spent(self, oracle: Oracle) -> bool:
        """Return whether every call is spent.

        A resumed run first writes again what it scored after its checkpoint, also if that spent the budget.
        """
        return not oracle.remaining and self.n_calls >= len(oracle.history)

    def find_stop(self, oracle: Oracle) -> StopReason | None:
        """Return why the run ends before another batch, if it does."""
        if self.has_spent(oracle):
            return StopReason.BUDGET
        return StopReason.EXHAUSTED if self.is_exhausted else self.stopper.reason

    def agree_with(self, archive: RunArchive, start: Sequence[str]) -> list[str]:
        """Note settings and start molecules in a new store; in an old one they must be the same.

        From now on the guards find nothing odd in what the start molecules have.

        Returns:
            The start molecules, which a resumed run need not be given again.

        Raises:
            RunFolderError: the run was made with other settings or other start molecules.
        """
        known = archive.read_facts()
        if not known:
            archive.write_facts({"settings": self.settings.describe_course(), "start": json.dumps(start)})
        first: list[str] = json.loads(known["start"]) if known else list(start)
        if known:
            self._refuse_another_run(known, start, first)
        self.profile = self.profile.knowing(first)
        return first

    def _refuse_another_run(self, known: Mapping[str, str], start: Sequence[str], first: Sequence[str]) -> None:
        if differences := _parse_settings(self.folder, known).list_differences(self.settings):
            options = ", ".join(f"--{name}" for name in differences)
            raise RunFolderError(
                f"{self.folder} was run with {'; '.join(differences.values())}; resume it without {options}, "
                "or choose another --out"
            )
        if start and list(start) != list(first):
            raise RunFolderError(
                f"{self.folder} was run with other start molecules ({' '.join(first) or 'none'}); resume it "
                "without --start, or choose another --out"
            )


def _parse_settings(folder: Path, facts: Mapping[str, str]) -> GenerationSettings:
    try:
        return GenerationSettings.from_course(facts["settings"])
    except ValueError as error:
        raise RunFolderError(f"{folder} cannot be resumed: {error}; choose another --out") from error
