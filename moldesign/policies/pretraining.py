"""Pre-training of the token policy on a library of SMILES by maximum likelihood."""

import hashlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from moldesign.checkpoint import CARD_FILE, load_model, save_model
from moldesign.chem.smiles import quiet_rdkit, randomize_smiles
from moldesign.compiler import defer_compiler
from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.errors import ModelFormatError
from moldesign.gradients import take_step
from moldesign.policies.language_model import TokenPolicy
from moldesign.seeding import make_generators

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingSettings:
    """How a prior is trained; one step is one batch."""

    n_steps: int = 5_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    randomized_share: float = 0.1
    """Of the first batches; it fades to nothing, since the many ways to begin a molecule are the hardest to end."""
    max_gradient_norm: float = 1.0
    bfloat16: bool = False
    """Multiply matrices in bfloat16: more than twice as fast on processors with AMX and on GPUs, slower on others."""
    seed: int = 0
    checkpoint_seconds: float = 120.0
    max_seconds: float | None = None
    """Of all sittings together. The learning rate then falls with the steps or the time, whichever passes faster."""
    start: str | None = None
    """SHA-256 of the model whose weights are the start; None for random ones"""


@dataclass(frozen=True)
class PretrainingProgress:
    """What is reported after each step."""

    step: int
    n_steps: int
    loss_per_token: float
    molecules_per_second: float
    seconds: float
    """Spent on the training, earlier sittings included."""


def build_vocabulary(smiles: Sequence[str], *, minimum_count: int = 20) -> Vocabulary:
    """Collect the tokens that occur at least `minimum_count` times; rarer ones teach the model nothing."""
    counts = Counter(token for text in smiles for token in tokenize(text))
    return Vocabulary.from_tokens(token for token, count in counts.items() if count >= minimum_count)


def select_learnable(smiles: Sequence[str], vocabulary: Vocabulary, max_length: int) -> list[str]:
    """Keep the SMILES that the vocabulary can write in fewer than `max_length` tokens."""
    return [text for text in smiles if len(tokenize(text)) < max_length and vocabulary.knows(text)]


def pretrain(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    smiles: Sequence[str],
    settings: PretrainingSettings,
    *,
    checkpoint: Path | None = None,
    on_step: Callable[[PretrainingProgress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TokenPolicy:
    """Train `policy` in place with Adam and a one-cycle learning rate; a checkpoint found is continued.

    Args:
        policy: the network; its device is where the training runs.
        vocabulary: the tokens.
        smiles: training SMILES, each known to the vocabulary.
        settings: length, batch size, learning rate, share of randomised SMILES, seed.
        checkpoint: folder of the resumable state; written every `checkpoint_seconds`.
        on_step: called after every step.
        stop: asked before every step; once it says yes, the training ends, with its checkpoint written.

    Raises:
        ModelFormatError: the checkpoint is of another training; only `n_steps` and `max_seconds` may differ.
    """
    with defer_compiler():
        optimizer = torch.optim.Adam(policy.parameters(), lr=settings.learning_rate)
    course = describe_course(policy, vocabulary, smiles, settings)
    first_step, earlier = _restore(policy, optimizer, checkpoint, course) if checkpoint else (0, 0.0)
    device = next(policy.parameters()).device
    batches = iterate_batches(smiles, vocabulary, settings, first_step=first_step)
    saved = began = time.monotonic()
    step, seconds = first_step, earlier
    policy.train()
    limit = math.inf if settings.max_seconds is None else settings.max_seconds
    while step < settings.n_steps and seconds < limit and not stop():
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * scale_learning_rate(step, settings, seconds)
        batch = next(batches)
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16):
            log_probs = policy.token_log_probs(batch.to(device))
        loss = -log_probs.sum() / (batch != 0).sum().to(device)
        take_step(loss, optimizer, policy.parameters(), settings.max_gradient_norm)
        step, seconds = step + 1, earlier + time.monotonic() - began
        if on_step:
            rate = (step - first_step) * settings.batch_size / (seconds - earlier)
            on_step(PretrainingProgress(step, settings.n_steps, loss.item(), rate, seconds))
        if checkpoint and time.monotonic() - saved > settings.checkpoint_seconds:
            _save(policy, optimizer, checkpoint, course, step=step, seconds=seconds)
            saved = time.monotonic()
    if checkpoint:
        _save(policy, optimizer, checkpoint, course, step=step, seconds=seconds)
    return policy.eval()


def describe_course(
    policy: TokenPolicy, vocabulary: Vocabulary, smiles: Sequence[str], settings: PretrainingSettings
) -> dict[str, Any]:
    """Return what a training must share with the checkpoint that it goes on from."""
    free = {"n_steps", "checkpoint_seconds", "max_seconds"}
    return {
        **{name: value for name, value in asdict(settings).items() if name not in free},
        "network": policy.settings.to_dict(),
        "vocabulary": hashlib.sha256("\n".join(vocabulary.tokens).encode()).hexdigest(),
        "library": hashlib.sha256("\n".join(smiles).encode()).hexdigest(),
    }


def scale_learning_rate(step: int, settings: PretrainingSettings, seconds: float = 0.0) -> float:
    """Return the factor on the learning rate: linear warm-up, then half a cosine down to 1 %.

    >>> scale_learning_rate(0, PretrainingSettings(n_steps=1000, warmup_steps=100))
    0.01
    """
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    share = (step - settings.warmup_steps) / max(1, settings.n_steps - settings.warmup_steps)
    if settings.max_seconds is not None:
        share = max(share, seconds / settings.max_seconds)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def iterate_batches(
    smiles: Sequence[str], vocabulary: Vocabulary, settings: PretrainingSettings, *, first_step: int = 0
) -> Iterator[Tensor]:
    """Yield padded batches, int64 [B, T], of molecules of similar length, without end.

    The order depends on the seed and the epoch alone, so a resumed training sees what an unbroken one would.
    """
    lengths = np.array([len(tokenize(text)) for text in smiles])
    per_epoch = math.ceil(len(smiles) / settings.batch_size)
    epoch, offset = divmod(first_step, per_epoch)
    while True:
        rng = make_generators(settings.seed, stream=epoch).numpy
        chunks = _chunk_by_length(lengths, settings.batch_size, rng)
        for number in range(offset, per_epoch):
            share = settings.randomized_share * (1 - min(1.0, (epoch * per_epoch + number) / settings.n_steps))
            batch_rng = np.random.default_rng([settings.seed, epoch, number])
            texts = [_write(smiles[i], vocabulary, share, batch_rng) for i in chunks[number]]
            yield pad_sequences([vocabulary.encode(text) for text in texts])
        epoch, offset = epoch + 1, 0


def pad_sequences(sequences: Sequence[NDArray[np.int64]]) -> Tensor:
    """Stack token sequences to int64 [B, T], filled up with PAD (0)."""
    width = max(len(sequence) for sequence in sequences)
    padded = np.zeros((len(sequences), width), dtype=np.int64)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return torch.from_numpy(padded)


def _chunk_by_length(lengths: NDArray[np.int64], batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Shuffle, then cut into batches of nearly equal length, so that little padding is computed."""
    jitter = rng.uniform(0, 3, size=len(lengths))
    order = np.argsort(lengths + jitter, kind="stable")
    chunks = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [chunks[i] for i in rng.permutation(len(chunks))]


def _write(text: str, vocabulary: Vocabulary, randomized_share: float, rng: np.random.Generator) -> str:
    if rng.random() >= randomized_share:
        return text
    with quiet_rdkit():
        mol = Chem.MolFromSmiles(text)
    randomized = randomize_smiles(mol, rng) if mol is not None else text
    return randomized if vocabulary.knows(randomized) else text


def _save(
    policy: TokenPolicy,
    optimizer: torch.optim.Optimizer,
    folder: Path,
    course: dict[str, Any],
    *,
    step: int,
    seconds: float,
) -> None:
    tensors = {f"policy.{name}": tensor for name, tensor in policy.state_dict().items()}
    for index, state in enumerate(optimizer.state.values()):
        tensors |= {f"adam.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    save_model(folder, tensors, {"kind": "pretraining", "step": step, "seconds": seconds, "course": course})


def _restore(
    policy: TokenPolicy, optimizer: torch.optim.Optimizer, folder: Path, course: dict[str, Any]
) -> tuple[int, float]:
    """Load the checkpoint, if there is one; return its step and the seconds spent so far."""
    if not (folder / CARD_FILE).is_file():
        return 0, 0.0
    tensors, card = load_model(folder, kind="pretraining")
    stored = card.get("course", {})
    if changed := [name for name, value in course.items() if stored.get(name) != value]:
        raise ModelFormatError(
            f"{folder} holds a training with another {', '.join(changed)}: go on with the same, or name another folder"
        )
    policy.load_state_dict(
        {name.removeprefix("policy."): t for name, t in tensors.items() if name.startswith("policy.")}
    )
    parameters = list(policy.parameters())
    for index, parameter in enumerate(parameters):
        prefix = f"adam.{index}."
        optimizer.state[parameter] = {
            # Adam keeps its step count on the CPU, whatever the device of the parameter.
            (key := name.removeprefix(prefix)): tensor if key == "step" else tensor.to(parameter.device)
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        }
    logger.info("continuing the training in %s at step %d", folder, card["step"])
    return int(card["step"]), float(card.get("seconds", 0.0))
