"""Pre-train a bundled prior: a token language model of SMILES.

    python scripts/pretrain_prior.py zinc   --data DATA --device cpu
    python scripts/pretrain_prior.py chembl --data DATA --device cpu --warm-start zinc

The training is resumable: run the same command again. The finished prior is written into moldesign/policies/weights
with a card that holds what 10,000 samples at temperature 1 measured.
"""

import argparse
import datetime
import gzip
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.envs.vocabulary import Vocabulary
from moldesign.policies.bundled import Prior, load_prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import (
    PretrainingProgress,
    PretrainingSettings,
    build_vocabulary,
    pad_sequences,
    pretrain,
    select_learnable,
)
from moldesign.policies.sampling import sample_smiles

WEIGHTS = Path(__file__).parents[1] / "moldesign" / "policies" / "weights"
LIBRARIES = {
    "zinc": (
        "zinc250k/zinc250k_molopt.smi.gz",
        "ZINC250k, the list of the PMO benchmark",
        "MIT (repository)",
    ),
    "chembl": (
        "chembl/chembl_union.csv.gz",
        "drug-like molecules of a union of public ChEMBL-derived sets",
        "ChEMBL: CC BY-SA 3.0",
    ),
}
MAX_LENGTH = {"zinc": 80, "chembl": 100}
N_HELD_OUT = 2_000
N_SAMPLES = 10_000


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    smiles = read_library(options.library, options.data)
    rng = np.random.default_rng(0)
    rng.shuffle(smiles)
    held_out, training = smiles[:N_HELD_OUT], smiles[N_HELD_OUT:]
    vocabulary = build_vocabulary(training)
    training = select_learnable(training, vocabulary, MAX_LENGTH[options.library])
    print(f"{len(training)} molecules, {len(vocabulary)} tokens", flush=True)
    torch.manual_seed(0)
    policy = TokenPolicy(PolicySettings(len(vocabulary), hidden_size=options.hidden_size)).to(options.device)
    if options.warm_start:
        copy_known_weights(policy, vocabulary, options.warm_start)
    settings = PretrainingSettings(
        n_steps=options.steps,
        batch_size=options.batch_size,
        randomized_share=options.randomized_share,
        learning_rate=options.learning_rate,
        bfloat16=options.bfloat16,
    )
    folder = options.work / options.library
    began = time.monotonic()
    pretrain(policy, vocabulary, training, settings, checkpoint=folder, on_step=print_progress)
    print(f"trained for {time.monotonic() - began:.0f} s")
    save(policy, vocabulary, options, settings, training, held_out)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=sorted(LIBRARIES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=5_400)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--bfloat16", action="store_true", help="for processors with AMX, and GPUs")
    parser.add_argument("--randomized-share", type=float, default=0.1)
    parser.add_argument("--warm-start", help="bundled prior or folder whose weights are the start")
    parser.add_argument("--work", type=Path, default=Path("work/pretraining"), help="folder of the checkpoints")
    return parser.parse_args()


def describe_command(options: argparse.Namespace) -> str:
    """Return the command that makes this prior again, on whatever machine."""
    switches = f"--steps {options.steps} --batch-size {options.batch_size} --hidden-size {options.hidden_size}"
    rates = f"--learning-rate {options.learning_rate} --randomized-share {options.randomized_share}"
    command = f"python scripts/pretrain_prior.py {options.library} --data DATA {switches} {rates}"
    command += " --bfloat16" if options.bfloat16 else ""
    return command + (f" --warm-start {options.warm_start}" if options.warm_start else "")


def read_library(name: str, data: Path) -> list[str]:
    path = data / LIBRARIES[name][0]
    if name == "chembl":
        frame = pd.read_csv(path)
        return frame.loc[frame["druglike"] == 1, "smiles"].tolist()
    with gzip.open(path, "rt") as handle:
        return [line.split()[0] for line in handle if line.strip()]


def copy_known_weights(policy: TokenPolicy, vocabulary: Vocabulary, source: str) -> None:
    prior = load_prior(source)
    shared = [(vocabulary.tokens.index(t), i) for i, t in enumerate(prior.vocabulary.tokens) if t in vocabulary]
    new, old = torch.tensor(shared).T
    with torch.no_grad():
        policy.gru.load_state_dict(prior.policy.gru.state_dict())
        policy.embedding.weight[new] = prior.policy.embedding.weight[old]
        policy.head.weight[new] = prior.policy.head.weight[old]
        policy.head.bias[new] = prior.policy.head.bias[old]


def save(
    policy: TokenPolicy,
    vocabulary: Vocabulary,
    options: argparse.Namespace,
    settings: PretrainingSettings,
    training: list[str],
    held_out: list[str],
) -> None:
    """Measure the prior and write it as package data."""
    _, source, licence = LIBRARIES[options.library]
    prior = Prior(options.library, policy.cpu(), vocabulary, MAX_LENGTH[options.library], {})
    known = select_learnable(held_out, vocabulary, prior.max_length)
    prior.card.update(
        source=source,
        licence=licence,
        n_training_molecules=len(training),
        molecules_seen=settings.n_steps * settings.batch_size,
        training_settings=asdict(settings),
        warm_start=options.warm_start,
        held_out={"n": len(known), "log_prob_per_molecule": round(measure_log_prob(prior, known), 3)},
        samples=measure_samples(prior, set(training), N_SAMPLES),
        training_command=describe_command(options),
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    )
    prior.save(WEIGHTS / options.library)
    print(json.dumps({"held_out": prior.card["held_out"], "samples": prior.card["samples"]}))


def measure_log_prob(prior: Prior, smiles: list[str]) -> float:
    """Return the mean log-probability of a molecule that was not trained on, in nats."""
    with torch.inference_mode():
        batches = [smiles[i : i + 256] for i in range(0, len(smiles), 256)]
        sums = [
            prior.policy.sequence_log_prob(pad_sequences([prior.vocabulary.encode(s) for s in batch])).sum().item()
            for batch in batches
        ]
    return sum(sums) / len(smiles)


def measure_samples(prior: Prior, training: set[str], n: int) -> dict[str, float]:
    """Return validity, uniqueness and novelty of samples at temperature 1."""
    generator = torch.Generator().manual_seed(0)
    texts = [text for batch in sample_smiles(prior, n, generator) for text in batch]
    valid = [canonicalize(mol) for mol in parse_smiles(texts).mols if mol is not None]
    return {
        "n": n,
        "temperature": 1.0,
        "valid": round(len(valid) / n, 4),
        "unique": round(len(set(valid)) / len(valid), 4),
        "novel": round(sum(text not in training for text in valid) / len(valid), 4),
    }


def print_progress(progress: PretrainingProgress) -> None:
    if progress.step % 20 == 0 or progress.step == progress.n_steps:
        print(json.dumps(vars(progress)), flush=True)


if __name__ == "__main__":
    main()
