"""Pre-train a bundled prior: a token language model of SMILES.

    python scripts/pretrain_prior.py zinc   --data DATA --device cpu
    python scripts/pretrain_prior.py chembl --data DATA --device cpu --warm-start zinc

The training is resumable: run the same command again. The finished prior is written into moldesign/policies/weights
with a card that holds what 10,000 samples at temperature 1 measured.
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from moldesign.envs.vocabulary import Vocabulary
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import (
    PretrainingProgress,
    PretrainingSettings,
    build_vocabulary,
    pretrain,
    select_learnable,
)

WEIGHTS = Path(__file__).parents[1] / "moldesign" / "policies" / "weights"
LIBRARIES = {
    "zinc": ("zinc250k/zinc250k_molopt.smi.gz", "ZINC250k, the list of the PMO benchmark", "MIT (repository)"),
    "chembl": (
        "chembl/chembl_union.csv.gz",
        "drug-like molecules of a union of public ChEMBL-derived sets",
        "ChEMBL: CC BY-SA 3.0",
    ),
}
MAX_LENGTH = {"zinc": 80, "chembl": 100}
N_HELD_OUT = 2_000


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
    policy = TokenPolicy(PolicySettings(n_tokens=len(vocabulary))).to(options.device)
    if options.warm_start:
        copy_known_weights(policy, vocabulary, options.warm_start)
    settings = PretrainingSettings(
        n_steps=options.steps,
        batch_size=options.batch_size,
        randomized_share=options.randomized_share,
        learning_rate=options.learning_rate,
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
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--randomized-share", type=float, default=0.25)
    parser.add_argument("--warm-start", help="bundled prior or folder whose weights are the start")
    parser.add_argument("--work", type=Path, default=Path("work/pretraining"), help="folder of the checkpoints")
    return parser.parse_args()


def read_library(name: str, data: Path) -> list[str]:
    path = data / LIBRARIES[name][0]
    if name == "chembl":
        frame = pd.read_csv(path)
        return frame.loc[frame["druglike"] == 1, "smiles"].tolist()
    with gzip.open(path, "rt") as handle:
        return [line.split()[0] for line in handle if line.strip()]


def copy_known_weights(policy: TokenPolicy, vocabulary: Vocabulary, source: str) -> None:
    from moldesign.policies.bundled import load_prior  # noqa: PLC0415  needed for a warm start only

    prior = load_prior(source)
    shared = [(vocabulary.tokens.index(t), i) for i, t in enumerate(prior.vocabulary.tokens) if t in vocabulary]
    new, old = torch.tensor(shared).T
    with torch.no_grad():
        policy.gru.load_state_dict(prior.policy.gru.state_dict())
        policy.embedding.weight[new] = prior.policy.embedding.weight[old]
        policy.head.weight[new] = prior.policy.head.weight[old]
        policy.head.bias[new] = prior.policy.head.bias[old]


def print_progress(progress: PretrainingProgress) -> None:
    if progress.step % 20 == 0 or progress.step == progress.n_steps:
        print(json.dumps(vars(progress)), flush=True)


if __name__ == "__main__":
    main()
