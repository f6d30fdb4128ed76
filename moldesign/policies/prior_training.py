"""From a file of molecules to a prior: read, divide, train, measure, write."""

import datetime
import math
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from moldesign.checkpoint import CARD_FILE, read_card
from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.envs.vocabulary import Vocabulary
from moldesign.policies.bundled import Prior, load_prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import (
    PretrainingProgress,
    PretrainingSettings,
    pad_sequences,
    pretrain,
    select_learnable,
)
from moldesign.policies.sampling import sample_smiles
from moldesign.policies.training_library import TrainingLibrary, read_library
from moldesign.predictors.model_folder import make_folder, refuse_finished
from moldesign.seeding import make_generators

WORK_FOLDER = ".work"
"""Inside the folder of the prior while it learns: the checkpoint."""
HELD_OUT_SHARE, MOST_HELD_OUT = 0.05, 2_000
SAMPLING_BATCH = 256


@dataclass(frozen=True)
class PriorOptions:
    """How a prior is made of a library."""

    start: str | None = "chembl"
    """Prior whose weights are the start, with its shape; None for random weights"""
    n_epochs: int = 10
    batch_size: int = 128
    max_length: int = 100
    """Tokens of the longest molecule, END included"""
    hidden_size: int = 512
    """Of a network that starts from random weights"""
    max_seconds: float | None = None
    """Of training, all sittings together"""
    checkpoint_seconds: float = 60.0
    licence: str = "not stated"
    """Of the library, for the card"""
    smiles_column: str | None = None
    device: str = "cpu"
    seed: int = 0
    n_samples: int = 2_000
    """Molecules that the finished prior writes, to be measured; no more than it has learned from"""

    def settle(self, n_molecules: int) -> PretrainingSettings:
        """Return the settings for a library of so many molecules."""
        per_epoch = math.ceil(n_molecules / self.batch_size)
        return PretrainingSettings(
            n_steps=self.n_epochs * per_epoch,
            batch_size=self.batch_size,
            # What is known already is to be bent, not broken.
            learning_rate=1.5e-3 if self.start is None else 5e-4,
            warmup_steps=min(200, per_epoch),
            seed=self.seed,
            checkpoint_seconds=self.checkpoint_seconds,
            max_seconds=self.max_seconds,
        )


@dataclass(frozen=True)
class PriorTraining:
    """A prior that was made, or one whose making was stopped."""

    folder: Path
    library: TrainingLibrary
    step: int
    n_steps: int
    card: dict[str, Any] | None
    """None where the training was stopped: the same call goes on"""


def train_prior(
    library: str | Path,
    out: str | Path,
    options: PriorOptions | None = None,
    *,
    command: str = "",
    on_rows: Callable[[int, int], None] = lambda n_rows, n_kept: None,
    on_step: Callable[[PretrainingProgress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> PriorTraining:
    """Make a prior of a file of molecules; a training that was stopped goes on when it is called again alike.

    Args:
        library: CSV, TSV, SMI, SDF or Parquet.
        out: folder of the prior.
        options: everything else.
        command: what the user typed, for the card.
        on_rows: called while the file is read, with the rows and the molecules kept so far.
        on_step: called after every training step.
        stop: asked before every step; once it says yes, the checkpoint is written and nothing else.

    Raises:
        TableError: the file cannot be read, or holds too few molecules.
        RunFolderError: the folder holds a model already, or cannot be written.
        UnknownNameError: there is no prior to start from by that name.
        ModelFormatError: the folder holds the checkpoint of another training.
    """
    chosen, folder = options or PriorOptions(), Path(out)
    refuse_finished(folder)
    start = None if chosen.start is None else load_prior(chosen.start)
    read = read_library(library, max_length=chosen.max_length, smiles_column=chosen.smiles_column, on_chunk=on_rows)
    held_out, training = divide(read.smiles, chosen.seed)
    policy = make_policy(read.vocabulary, start, chosen).to(chosen.device)
    origin = None if start is None else start.card.get("sha256")
    settings = replace(chosen.settle(len(training)), start=origin)
    work = make_folder(folder / WORK_FOLDER, out=folder)
    pretrain(policy, read.vocabulary, training, settings, checkpoint=work, on_step=on_step, stop=stop)
    progress = read_card(work)
    if stop():
        return PriorTraining(folder, read, int(progress["step"]), settings.n_steps, None)
    prior = Prior(folder.resolve().name, policy.cpu(), read.vocabulary, chosen.max_length, {})
    prior.card.update(
        source=Path(library).name,
        licence=chosen.licence,
        n_training_molecules=len(training),
        molecules_seen=progress["step"] * settings.batch_size,
        rejected={reason: one.n for reason, one in read.rejected.items()},
        warm_start=chosen.start,
        training_settings=asdict(settings),
        training_seconds=round(progress["seconds"]),
        training_command=command,
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        held_out=measure_held_out(prior, held_out),
        samples=measure_samples(prior, set(training), min(chosen.n_samples, len(training))),
    )
    prior.save(folder)
    shutil.rmtree(work, ignore_errors=True)
    return PriorTraining(folder, read, int(progress["step"]), settings.n_steps, read_card(folder))


def divide(smiles: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Return the molecules that are held out, and those that are learned, in an order of their own."""
    order = make_generators(seed).numpy.permutation(len(smiles))
    n_held_out = min(MOST_HELD_OUT, math.ceil(HELD_OUT_SHARE * len(smiles)))
    shuffled = [smiles[row] for row in order]
    return shuffled[:n_held_out], shuffled[n_held_out:]


def make_policy(vocabulary: Vocabulary, start: Prior | None, options: PriorOptions) -> TokenPolicy:
    """Return a network for a vocabulary, with the weights of a prior where there is one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        if start is None:
            return TokenPolicy(PolicySettings(len(vocabulary), hidden_size=options.hidden_size))
        policy = TokenPolicy(replace(start.policy.settings, n_tokens=len(vocabulary)))
    copy_known_weights(policy, vocabulary, start)
    return policy


def copy_known_weights(policy: TokenPolicy, vocabulary: Vocabulary, start: Prior) -> None:
    """Give a network of the same shape the weights of a prior; tokens that the prior does not know keep their own."""
    shared = [(vocabulary.tokens.index(t), i) for i, t in enumerate(start.vocabulary.tokens) if t in vocabulary]
    new, old = torch.tensor(shared).T
    with torch.no_grad():
        policy.gru.load_state_dict(start.policy.gru.state_dict())
        policy.embedding.weight[new] = start.policy.embedding.weight[old]
        policy.head.weight[new] = start.policy.head.weight[old]
        policy.head.bias[new] = start.policy.head.bias[old]


def measure_held_out(prior: Prior, smiles: Sequence[str]) -> dict[str, float]:
    """Return the mean log-probability, in nats, of molecules that were not learned from, and their number."""
    known = select_learnable(smiles, prior.vocabulary, prior.max_length)
    batches = [known[i : i + SAMPLING_BATCH] for i in range(0, len(known), SAMPLING_BATCH)]
    with torch.inference_mode():
        sums = [
            prior.policy.sequence_log_prob(pad_sequences([prior.vocabulary.encode(text) for text in batch])).sum()
            for batch in batches
        ]
    total = sum(float(one) for one in sums)
    return {"n": len(known), "log_prob_per_molecule": round(total / max(1, len(known)), 3)}


def measure_samples(prior: Prior, training: Collection[str], n: int) -> dict[str, float]:
    """Return what share of `n` samples at temperature 1 is valid, of these unique, and of these new.

    Args:
        prior: the prior; on the CPU.
        training: canonical SMILES that it has learned from.
        n: samples.
    """
    generator = torch.Generator().manual_seed(0)
    texts = [text for batch in sample_smiles(prior, n, generator, batch_size=SAMPLING_BATCH) for text in batch]
    valid = [canonicalize(mol) for mol in parse_smiles(texts).mols if mol is not None]
    n_valid = max(1, len(valid))
    return {
        "n": n,
        "temperature": 1.0,
        "valid": round(len(valid) / n, 4),
        "unique": round(len(set(valid)) / n_valid, 4),
        "novel": round(sum(text not in training for text in valid) / n_valid, 4),
    }


def has_checkpoint(folder: Path) -> bool:
    """Say whether a training in this folder was stopped and can go on."""
    return (folder / WORK_FOLDER / CARD_FILE).exists()
