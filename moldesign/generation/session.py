"""The moving parts of a run, and how they are put away in a checkpoint and taken out again."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.errors import RunFolderError
from moldesign.generation.archive import RunArchive, read_facts
from moldesign.generation.folder import append_metrics, load_checkpoint, save_checkpoint, truncate_metrics
from moldesign.generation.progress import Progress
from moldesign.generation.prompts import make_mode
from moldesign.generation.settings import GenerationSettings
from moldesign.learning.learner import Learner, LearningReport
from moldesign.learning.replay import ReplayBuffer
from moldesign.objectives.constraints import forgive_limits
from moldesign.objectives.oracle import OracleBatch
from moldesign.objectives.payment import Payment
from moldesign.objectives.profile import Profile
from moldesign.policies.bundled import Prior
from moldesign.policies.sampling import SampledBatch
from moldesign.seeding import make_generators


def recall_settings(folder: Path) -> GenerationSettings:
    """Return the settings of the run in a folder; the defaults if it stopped before it noted any.

    Raises:
        RunFolderError: the folder has no readable run store, or one of another version.
    """
    known = read_facts(folder)
    return _parse_settings(folder, known) if known else GenerationSettings()


class Session:
    """Environment, learner, memory and random streams of one run.

    The molecules themselves are in the run store and not here: after a kill the batches since the last checkpoint are
    written again from the same random state, find their scores in the store, and cost nothing.
    """

    def __init__(self, prior: Prior, profile: Profile, settings: GenerationSettings, folder: Path) -> None:
        self.profile, self.settings, self.folder = profile, settings, folder
        self.mode = make_mode(profile.constraints, prior, settings.batch_size)
        self.learner = Learner(prior.policy.to(settings.device), settings.learning)
        self.replay = ReplayBuffer()
        # Molecules with a scaffold that is to be kept cannot differ in it.
        self.diversity = None if profile.constraints.scaffold else profile.diversity.make_filter()
        self.payment = Payment(profile.terms, profile.threshold)
        self.generators = make_generators(settings.seed)
        self.n_batches = self.n_calls = self.n_idle = 0
        self.report = LearningReport(0.0, 0.0, 0.0)
        self._saved = time.monotonic()

    def write_molecules(self) -> SampledBatch:
        """Let the policy write one batch, on what the profile wants to be kept, if anything."""
        return self.mode.write(self.learner.policy, self.generators)

    def welcome(self, scored: OracleBatch) -> None:
        """Remember the start molecules by what they are worth without hard limits: they show where to begin."""
        self.judge(scored._replace(rewards=forgive_limits(scored.rewards, self.profile.terms)))

    def judge(self, scored: OracleBatch) -> NDArray[np.float32]:
        """Return what the policy is paid for each row, and remember the good molecules; float32 [B].

        What is no molecule earns nothing; a scaffold that came often earns less; NaN stands for what nothing is to be
        learned from, because its scorer failed or the budget did not cover it.
        """
        self._count_calls(scored)
        rewards = self.payment.pay(scored.rewards)
        rows = np.flatnonzero(scored.is_scored & ~np.isnan(rewards))
        smiles = [text for row in rows if (text := scored.smiles[row]) is not None]
        if self.diversity is not None:
            rewards[rows] = self.diversity.apply(smiles, rewards[rows])
        self.replay.add(smiles, rewards[rows])
        paid: NDArray[np.float32] = rewards.astype(np.float32)
        return paid

    def learn(self, written: SampledBatch, rewards: NDArray[np.float32]) -> None:
        """Improve the policy by the batch, then by the best molecules so far, each in another spelling."""
        self.report = self._update(written, rewards) or self.report
        for _ in range(self.settings.n_replays):
            drawn = self.replay.draw(self.settings.replay_size, self.generators.numpy)
            rows, spelled = self.mode.spell(drawn.smiles, self.generators.numpy)
            self._update(spelled, drawn.rewards[rows])

    def _update(self, batch: SampledBatch, rewards: NDArray[np.float32]) -> LearningReport | None:
        """Take a step on the molecules of a batch that have a reward, if there are any."""
        is_known = torch.from_numpy(~np.isnan(rewards))
        if not is_known.any():
            return None
        is_written = None if batch.is_written is None else batch.is_written[is_known]
        return self.learner.update(batch.sequences[is_known], torch.from_numpy(rewards)[is_known], is_written)

    def finish_batch(self, progress: Progress) -> None:
        """Note the progress, and put a checkpoint away from time to time."""
        self.n_batches += 1
        append_metrics(self.folder, progress.to_dict())
        if time.monotonic() - self._saved > self.settings.checkpoint_seconds:
            self.save()

    def save(self) -> None:
        """Put everything away that the next batch depends on."""
        tensors = self.learner.state_dict() | {"generator": self.generators.torch.get_state()}
        state = {
            "n_batches": self.n_batches,
            "n_calls": self.n_calls,
            "n_idle": self.n_idle,
            "replay": self.replay.state_dict(),
            "diversity": self.diversity.state_dict() if self.diversity else None,
            "payment": self.payment.state_dict(),
            "numpy_generator": self.generators.numpy.bit_generator.state,
        }
        save_checkpoint(self.folder, tensors, state)
        self._saved = time.monotonic()

    def restore(self) -> None:
        """Go on from the last checkpoint; without one, from the beginning with the scores that are already paid.

        Raises:
            ModelFormatError: the checkpoint is damaged.
        """
        checkpoint = load_checkpoint(self.folder)
        if checkpoint is not None:
            tensors, state = checkpoint
            self.generators.torch.set_state(tensors.pop("generator"))
            self.learner.load_state_dict(tensors)
            self.n_batches, self.n_calls = state["n_batches"], state["n_calls"]
            self.n_idle = state["n_idle"]
            self.replay.load_state_dict(state["replay"])
            if self.diversity and state["diversity"]:
                self.diversity.load_state_dict(state["diversity"])
            self.payment.load_state_dict(state["payment"])
            self.generators.numpy.bit_generator.state = state["numpy_generator"]
        truncate_metrics(self.folder, self.n_batches)

    @property
    def is_exhausted(self) -> bool:
        """Whether the policy has written nothing new for as many batches as the settings have patience for."""
        return self.n_idle >= self.settings.patience

    def agree_with(self, archive: RunArchive, start: Sequence[str]) -> list[str]:
        """Note settings and start molecules in a new store; in an old one they must be the same.

        Returns:
            The start molecules, which a resumed run need not be given again.

        Raises:
            RunFolderError: the run was made with other settings or other start molecules.
        """
        known = archive.read_facts()
        if not known:
            archive.write_facts({"settings": self.settings.describe_course(), "start": json.dumps(start)})
            return list(start)
        first: list[str] = json.loads(known["start"])
        if differences := _parse_settings(self.folder, known).list_differences(self.settings):
            options = ", ".join(f"--{name}" for name in differences)
            raise RunFolderError(
                f"{self.folder} was run with {'; '.join(differences.values())}; resume it without {options}, "
                "or choose another --out"
            )
        if start and list(start) != first:
            raise RunFolderError(
                f"{self.folder} was run with other start molecules ({' '.join(first) or 'none'}); resume it "
                "without --start, or choose another --out"
            )
        return first

    def _count_calls(self, scored: OracleBatch) -> None:
        """Count by call numbers: the batches that a resumed run writes again bring nothing new, and are not idle."""
        n_calls = int(scored.call_numbers.max(initial=0))
        self.n_idle = 0 if n_calls > self.n_calls else self.n_idle + 1
        self.n_calls = max(self.n_calls, n_calls)


def _parse_settings(folder: Path, facts: Mapping[str, str]) -> GenerationSettings:
    try:
        return GenerationSettings.from_course(facts["settings"])
    except ValueError as error:
        raise RunFolderError(f"{folder} cannot be resumed: {error}; choose another --out") from error
