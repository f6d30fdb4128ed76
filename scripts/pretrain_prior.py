"""Pre-train a prior: a token language model of SMILES.

    python scripts/pretrain_prior.py zinc   --data DATA --device cpu
    python scripts/pretrain_prior.py chembl --data DATA --device cpu --warm-start zinc
    python scripts/pretrain_prior.py moses  --out work/moses --max-minutes 95
    python scripts/pretrain_prior.py NAME   --smiles TABLE --licence TEXT --out FOLDER
    python scripts/pretrain_prior.py zinc   --data DATA --samples-only   # after a change of the grammar

The training is resumable: run the same command again. The finished prior is written into `--out`, without it into
moldesign/policies/weights, with a card that holds what 10,000 samples at temperature 1 measured.
"""

import argparse
import datetime
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from moldesign.checkpoint import read_card
from moldesign.datasets.catalog import load_dataset, locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.policies.bundled import Prior, load_prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import (
    PretrainingProgress,
    PretrainingSettings,
    build_vocabulary,
    pretrain,
    select_learnable,
)
from moldesign.policies.prior_training import copy_known_weights, measure_held_out, measure_samples

WEIGHTS = Path(__file__).parents[1] / "moldesign" / "policies" / "weights"


class Library(NamedTuple):
    """Where the molecules of a prior come from."""

    dataset: str
    """Name in the catalog"""
    source: str
    licence: str
    max_length: int
    """Tokens of the longest molecule, END included"""


LIBRARIES = {
    "zinc": Library(
        "zinc250k/zinc250k_molopt", "ZINC250k, the list of the PMO benchmark", "MIT (repository)", max_length=80
    ),
    "chembl": Library(
        "chembl/chembl_union",
        "drug-like molecules of a union of public ChEMBL-derived sets",
        "ChEMBL: CC BY-SA 3.0",
        max_length=100,
    ),
    "moses": Library("moses/moses_train", "the training set of MOSES (ZINC)", "MIT (repository)", max_length=64),
}
DEFAULT_LENGTH = 100
N_HELD_OUT = 2_000
N_SAMPLES = 10_000


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    smiles = read_library(options)
    rng = np.random.default_rng(0)
    rng.shuffle(smiles)
    held_out, training = smiles[:N_HELD_OUT], smiles[N_HELD_OUT:]
    vocabulary = build_vocabulary(training)
    training = select_learnable(training, vocabulary, options.max_length)
    print(f"{len(training)} molecules, {len(vocabulary)} tokens", flush=True)
    out = options.out or WEIGHTS / options.library
    if options.samples_only:
        save(load_prior(str(out)), out, set(training), held_out)
        return
    torch.manual_seed(0)
    shape = PolicySettings(len(vocabulary), options.embedding_size, options.hidden_size, options.layers)
    policy = TokenPolicy(shape).to(options.device)
    if options.warm_start:
        copy_known_weights(policy, vocabulary, load_prior(options.warm_start))
    settings = PretrainingSettings(
        n_steps=options.steps,
        batch_size=options.batch_size,
        randomized_share=options.randomized_share,
        learning_rate=options.learning_rate,
        bfloat16=options.bfloat16,
        max_seconds=options.max_minutes * 60 if options.max_minutes else None,
    )
    folder = options.work / options.library
    pretrain(policy, vocabulary, training, settings, checkpoint=folder, on_step=print_progress)
    progress = read_card(folder)
    print(f"trained for {progress['seconds']:.0f} s, {progress['step']} steps")
    prior = Prior(options.library, policy.cpu(), vocabulary, options.max_length, {})
    prior.card.update(
        describe_training(options, settings, n_steps=progress["step"], seconds=progress["seconds"]),
        n_training_molecules=len(training),
    )
    save(prior, out, set(training), held_out)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", help=f"name of the prior: {', '.join(LIBRARIES)}, or any other with --smiles")
    parser.add_argument("--smiles", type=Path, help="file of SMILES to learn from, in any format that moldesign reads")
    parser.add_argument("--licence", default="not stated", help="of the --smiles, for the card")
    parser.add_argument("--data", type=Path, help="folder of the public data sets, if not in MOLDESIGN_DATA")
    parser.add_argument("--out", type=Path, help="folder of the finished prior")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=5_400)
    parser.add_argument("--max-minutes", type=float, help="of training; what is learned by then is the prior")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--embedding-size", type=int, default=96)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--max-length", type=int, help="tokens of the longest molecule, END included")
    parser.add_argument("--bfloat16", action="store_true", help="for processors with AMX, and GPUs")
    parser.add_argument("--randomized-share", type=float, default=0.1)
    parser.add_argument("--warm-start", help="bundled prior or folder whose weights are the start")
    parser.add_argument(
        "--samples-only", action="store_true", help="learn nothing, but measure the finished prior in --out again"
    )
    parser.add_argument("--work", type=Path, default=Path("work/pretraining"), help="folder of the checkpoints")
    options = parser.parse_args()
    known = LIBRARIES.get(options.library)
    if options.smiles is None and known is None:
        parser.error(f"{options.library} is none of {', '.join(LIBRARIES)}: name its molecules with --smiles FILE")
    options.max_length = options.max_length or (DEFAULT_LENGTH if known is None else known.max_length)
    return options


def describe_command(options: argparse.Namespace, n_steps: int) -> str:
    """Return the command that makes this prior again, on whatever machine."""
    place = f"--smiles {options.smiles.name}" if options.smiles else "--data DATA"
    switches = f"--steps {n_steps} --batch-size {options.batch_size} --hidden-size {options.hidden_size}"
    shape = f"--layers {options.layers} --embedding-size {options.embedding_size} --max-length {options.max_length}"
    rates = f"--learning-rate {options.learning_rate} --randomized-share {options.randomized_share}"
    command = f"python scripts/pretrain_prior.py {options.library} {place} {switches} {shape} {rates}"
    command += " --bfloat16" if options.bfloat16 else ""
    return command + (f" --warm-start {options.warm_start}" if options.warm_start else "")


def read_library(options: argparse.Namespace) -> list[str]:
    """Return the SMILES to learn from."""
    if options.smiles:
        return read_smiles(options.smiles)
    name = LIBRARIES[options.library].dataset
    if options.library == "chembl":
        frame = load_dataset(name, options.data)
        return frame.loc[frame["druglike"] == 1, "smiles"].tolist()
    return read_smiles(locate_dataset(name, options.data))


def describe_training(
    options: argparse.Namespace, settings: PretrainingSettings, *, n_steps: int, seconds: float
) -> dict[str, Any]:
    """Return what the card says of the data and of the training."""
    known = LIBRARIES.get(options.library) if options.smiles is None else None
    return {
        "source": known.source if known else options.smiles.name,
        "licence": known.licence if known else options.licence,
        "molecules_seen": n_steps * settings.batch_size,
        "training_settings": asdict(settings),
        "training_steps": n_steps,
        "training_seconds": round(seconds),
        "warm_start": options.warm_start,
        "training_command": describe_command(options, n_steps),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }


def save(prior: Prior, folder: Path, training: set[str], held_out: list[str]) -> None:
    """Measure the prior and write it."""
    prior.card.update(held_out=measure_held_out(prior, held_out), samples=measure_samples(prior, training, N_SAMPLES))
    prior.save(folder)
    print(json.dumps({"held_out": prior.card["held_out"], "samples": prior.card["samples"]}))


def print_progress(progress: PretrainingProgress) -> None:
    if progress.step % 20 == 0 or progress.step == progress.n_steps:
        print(json.dumps(vars(progress)), flush=True)


if __name__ == "__main__":
    main()
