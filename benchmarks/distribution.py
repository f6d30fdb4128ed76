"""Do molecules of a prior look like those it has learned from? The MOSES benchmark (arXiv:1811.12823).

    python scripts/pretrain_prior.py moses --work work/moses --out work/moses/prior ...
    python -m benchmarks.distribution --prior work/moses/prior --moses ENVIRONMENT/bin/python

The protocol is that of MOSES: 30,000 molecules at temperature 1, every one counted, from a prior that has learned from
the benchmark's training set alone. `molsets` itself computes the metrics, in an environment of its own:

    python -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install --no-deps molsets==0.3.1
    ENVIRONMENT/bin/pip install fcd_torch rdkit==2023.9.6 'numpy<2' 'pandas<2' 'scipy<1.14' 'matplotlib<3.10' seaborn

Beside the prior stand 30,000 training molecules (what a model that had learned everything would reach, but for the
novelty) and 30,000 of ZINC250k (another choice from the same source). What was measured of a list of molecules is kept
in `--work` and not measured again. The rate is that of the first 10,000 molecules, sampling alone.
"""

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness import write_result
from benchmarks.moses.evaluation import evaluate
from benchmarks.moses.published import read_targets
from moldesign.chem.smiles import canonicalize, parse_smiles
from moldesign.datasets.catalog import locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.policies.bundled import Prior, load_prior
from moldesign.policies.sampling import sample_smiles
from moldesign.seeding import make_generators

SEED, BATCH = 0, 512
N_TIMED = 10_000
LISTS = ("moldesign", "training_molecules", "zinc250k")
TRAINING, OTHER = "moses/moses_train", "zinc250k/zinc250k_molopt"


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    prior, training = load_prior(options.prior), read_smiles(locate_dataset(TRAINING, options.data))
    smiles, seconds = write_molecules(prior, options)
    speed = measure_speed(smiles[:N_TIMED], seconds, set(training))
    print(speed, flush=True)
    lists = {
        "moldesign": lambda: smiles,
        "training_molecules": lambda: choose(training, options.n),
        "zinc250k": lambda: choose(read_smiles(locate_dataset(OTHER, options.data)), options.n),
    }
    figures = {}
    for name, texts in ((name, lists[name]()) for name in LISTS if name in options.lists):
        found = evaluate(options.moses, texts, options.work)
        figures[name] = found.metrics
        print(name, found.metrics, flush=True)
    print(write_result("distribution", figures, seed=SEED, extra=describe(options, prior, speed, found.versions)))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", required=True, help="folder of a prior that was trained on the MOSES training set")
    parser.add_argument("--moses", type=Path, required=True, help="the python of an environment with molsets")
    parser.add_argument("--data", type=Path, help="folder of the data sets, if not in MOLDESIGN_DATA")
    parser.add_argument("--n", type=int, default=30_000, help="molecules of each list")
    parser.add_argument("--lists", nargs="+", choices=LISTS, default=LISTS, help="what is measured: 20 minutes each")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", type=Path, default=Path("work/distribution"), help="folder of what was measured")
    return parser.parse_args()


def write_molecules(prior: Prior, options: argparse.Namespace) -> tuple[list[str], float]:
    """Return the molecules, and the seconds that the first `N_TIMED` of them took."""
    generator = make_generators(SEED).torch
    smiles: list[str] = []
    seconds, start = 0.0, time.perf_counter()
    for batch in sample_smiles(prior, options.n, generator, batch_size=BATCH, temperature=options.temperature):
        smiles += batch
        if not seconds and len(smiles) >= min(N_TIMED, options.n):
            seconds = (time.perf_counter() - start) * min(N_TIMED, options.n) / len(smiles)
    return smiles, seconds


def measure_speed(smiles: list[str], seconds: float, training: set[str]) -> dict[str, float]:
    """Return the time of these molecules, and which share of them are valid, differ from each other, and are new."""
    valid = {canonicalize(mol) for mol in parse_smiles(smiles).mols if mol is not None}
    return {
        "molecules": len(smiles),
        "seconds": round(seconds, 1),
        "valid_unique_novel": round(len(valid - training) / len(smiles), 4),
    }


def choose(smiles: list[str], n: int) -> list[str]:
    """Return n of the molecules, without order."""
    rows = np.random.default_rng(SEED).choice(len(smiles), n, replace=False)
    return [smiles[row] for row in rows]


def describe(
    options: argparse.Namespace, prior: Prior, speed: Mapping[str, float], versions: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a reader needs to judge and repeat the figures."""
    told = ("source", "n_training_molecules", "molecules_seen", "training_seconds", "training_command")
    targets = read_targets()
    return {
        "n": options.n,
        "temperature": options.temperature,
        "batch": BATCH,
        "sampling": dict(speed),
        "prior": {name: prior.card.get(name) for name in told},
        "published": targets.figures,
        "published_source": targets.source,
        "moses_versions": dict(versions),
    }


if __name__ == "__main__":
    main()
