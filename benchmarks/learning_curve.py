"""How much better does the policy write after 3,000 scored molecules?

With the goals `drd2 max`, `qed >= 0.6` and `sa <= 3.5`: the mean score of the last 100 molecules of each run, against
that of as many unique molecules from the prior as the run may score, and of random ZINC molecules.

    python -m benchmarks.learning_curve --seeds 0 1 2 --data DATA
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import write_result
from moldesign.datasets.tables import read_smiles
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import generate
from moldesign.generation.progress import Progress
from moldesign.generation.settings import GenerationSettings
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.policies.bundled import load_prior
from moldesign.policies.sampling import sample_smiles
from moldesign.seeding import make_generators

GOALS = ("drd2 max", "qed >= 0.6", "sa <= 3.5")
ZINC = Path("zinc250k", "zinc250k_molopt.smi.gz")
WINDOW = 100


def main() -> None:
    options = parse_options()
    profile = parse_goals(GOALS)
    figures: dict[str, dict[str, float]] = {}
    curves: dict[str, list[float]] = {}
    for seed in options.seeds:
        totals = run_learner(profile, options, seed)
        prior_mean = average(sample_prior(profile, options, seed))
        figures[f"seed {seed}"] = {
            "prior_mean": prior_mean,
            "first_100_mean": average(totals[:WINDOW]),
            "last_100_mean": average(totals[-WINDOW:]),
            "gain_over_prior": round(average(totals[-WINDOW:]) / prior_mean, 2),
        }
        if options.data:
            zinc = score_library(profile, options.data / ZINC, options.calls, seed)
            figures[f"seed {seed}"]["random_zinc_mean"] = average(zinc)
        curves[f"seed {seed}"] = average_windows(totals)
        print(f"seed {seed}: {figures[f'seed {seed}']}", flush=True)
    settings = {"goals": GOALS, "calls": options.calls, "prior": options.prior, "window": WINDOW}
    path = write_result("learning_curve", figures, seed=options.seeds[0], extra=settings | {"curves": curves})
    print(path)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--calls", type=int, default=3_000, help="unique molecules that each run may score")
    parser.add_argument("--prior", default=GenerationSettings().prior, help="bundled name or model folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data", type=Path, help="folder of the public data sets, for random ZINC molecules")
    return parser.parse_args()


def run_learner(profile: Profile, options: argparse.Namespace, seed: int) -> np.ndarray:
    """Return the score of every molecule of a run, in the order of the calls."""
    with tempfile.TemporaryDirectory() as folder:
        result = generate(
            profile,
            budget=options.calls,
            out=Path(folder) / "run",
            on_progress=print_progress,
            seed=seed,
            prior=options.prior,
            device=options.device,
        )
        with RunArchive(result.run_dir, profile.term_names) as archive:
            return np.array([molecule.total for molecule in archive.read()])


def print_progress(progress: Progress) -> None:
    if progress.batch % 10 == 0:
        print(f"{progress.n_calls} calls, batch mean {progress.mean:.3f}, {progress.seconds:.0f} s", flush=True)


def sample_prior(profile: Profile, options: argparse.Namespace, seed: int) -> np.ndarray:
    """Return the scores of unique molecules that the prior writes without learning."""
    oracle = Oracle(profile, options.calls)
    # Ten times as many as are needed: a prior that repeats itself so often is worth no measurement.
    batches = sample_smiles(load_prior(options.prior), 10 * options.calls, make_generators(seed, stream=1).torch)
    while oracle.remaining:
        oracle.score(next(batches))
    return np.array([molecule.total for molecule in oracle.history])


def score_library(profile: Profile, path: Path, n: int, seed: int) -> np.ndarray:
    """Return the scores of random molecules of a library."""
    library = read_smiles(path)
    rows = np.random.default_rng(seed).choice(len(library), size=min(n, len(library)), replace=False)
    rewards = profile.score([library[row] for row in rows])
    return rewards.total[rewards.is_valid]


def average(scores: np.ndarray) -> float:
    return round(float(scores.mean()), 4)


def average_windows(totals: np.ndarray) -> list[float]:
    """Return the mean score of calls 1-100, 101-200, ..."""
    return [average(totals[i : i + WINDOW]) for i in range(0, len(totals), WINDOW)]


if __name__ == "__main__":
    main()
