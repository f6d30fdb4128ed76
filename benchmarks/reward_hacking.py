"""Do molecules that please the model that rewards them also please one that has learned from other data?

    python -m benchmarks.reward_hacking --data DATA --work WORK
    python -m benchmarks.reward_hacking --data DATA --work WORK --targets jnk3 --budget 1000   # a short look, no result

For each target the measured molecules are halved by scaffold. One half teaches the reward model, the other a control
model that the search never sees (arXiv:1910.02652 and doi:10.1016/j.ddtec.2020.09.003). `moldesign generate` maximises
the reward, with and without its guards; of the returned hits both models' probabilities are compared. A control model
is also unsure about true actives of the other half: their ratio is printed as the most that can be expected. Models
and finished runs stay in WORK/reward_hacking: what was stopped goes on where it was.
"""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness import write_result
from moldesign.checkpoint import CARD_FILE, write_text_atomically
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import parse_smiles
from moldesign.generation.loop import generate
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.array_fit import ArrayOptions, ArrayTarget, fit_arrays
from moldesign.predictors.ensemble import Predictor, load_model_folder
from scripts.panels.readers import read_drd2, read_labels
from scripts.panels.records import Task

SEED, BUDGET, N_HITS = 0, 10_000, 100
TARGETS: dict[str, Callable[[Path | None], Task]] = {
    "drd2": read_drd2,
    "gsk3b": lambda data: read_labels(["oracles/gsk3_all"], "gsk3", data),
    "jnk3": lambda data: read_labels(["oracles/jnk3_all"], "jnk3", data),
}
MAX_ACTIVES, INACTIVES_PER_ACTIVE = 2_000, 3
N_NETWORKS = 2


class Half(NamedTuple):
    """Measured molecules, none of whose scaffolds is in the other half."""

    smiles: list[str]
    labels: NDArray[np.float64]
    """[N], 1 for an active"""


class Pair(NamedTuple):
    """Two models of one target that have learned from different molecules."""

    folder: Path
    """Of the first one."""
    reward: Predictor
    control: Predictor
    ceiling: float | None
    """Mean probability of the control model over that of the other, for the actives from which the other learned."""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    figures: dict[str, Mapping[str, Any]] = {}
    for target in options.targets:
        folder = options.work / "reward_hacking"
        pair = make_pair(target, options.data, folder / target)
        for guarded in (True, False):
            name = f"{target}, {'with' if guarded else 'without'} guards"
            figures[name] = measure_once(pair, folder / str(options.budget) / name, options.budget, guarded=guarded)
            print(name, figures[name], flush=True)
    if set(options.targets) == set(TARGETS):
        extra = {"budget": options.budget, "n_hits": N_HITS, "n_networks": N_NETWORKS}
        print(write_result("reward_hacking", figures, seed=SEED, extra=extra))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--targets", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--budget", type=int, default=BUDGET, help="calls of each run")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def read_molecules(target: str, data: Path | None) -> tuple[list[str], NDArray[np.float64]]:
    """Return actives, and a few times as many inactives, of a target."""
    table = TARGETS[target](data).train
    rng = np.random.default_rng(SEED)
    actives, inactives = (rng.permutation(np.flatnonzero(table["label"] == label)) for label in (1, 0))
    actives = actives[:MAX_ACTIVES]
    rows = np.concatenate([actives, inactives[: INACTIVES_PER_ACTIVE * len(actives)]])
    chosen = table.iloc[rows]
    chosen = chosen[[mol is not None for mol in parse_smiles(chosen["smiles"].tolist()).mols]]
    return chosen["smiles"].tolist(), chosen["label"].to_numpy(dtype=np.float64)


def halve(smiles: list[str], labels: NDArray[np.float64], rng: np.random.Generator) -> tuple[Half, Half]:
    """Deal molecules to two halves, all of one scaffold to the same."""
    scaffolds = [murcko_scaffold(mol) if mol is not None else "" for mol in parse_smiles(smiles).mols]
    names = sorted(set(scaffolds))
    side = dict(zip(names, rng.integers(2, size=len(names)).tolist(), strict=True))
    is_first = np.array([side[scaffold] == 0 for scaffold in scaffolds])
    first, second = (
        Half([smiles[row] for row in np.flatnonzero(mask)], labels[mask]) for mask in (is_first, ~is_first)
    )
    return first, second


def fit(name: str, half: Half) -> Predictor:
    """Train a classifier on a half."""
    target = ArrayTarget(name, "classification")
    return fit_arrays(half.smiles, half.labels[:, None], [target], ArrayOptions(n_networks=N_NETWORKS, seed=SEED))


def make_pair(target: str, data: Path | None, folder: Path) -> Pair:
    """Return both models of a target, and what the control model says of true actives that it has not seen."""
    ours, theirs = halve(*read_molecules(target, data), np.random.default_rng(SEED))
    halves = {"reward": ours, "control": theirs}
    for name, half in halves.items():
        if not (folder / name / CARD_FILE).exists():
            fit(f"{target}_{name}", half).save(folder / name)
    reward, control = (load_model_folder(folder / name) for name in halves)
    actives = [smiles for smiles, label in zip(ours.smiles, ours.labels, strict=True) if label]
    return Pair(folder / "reward", reward, control, compare(reward, control, actives)["ratio"])


def measure_once(pair: Pair, folder: Path, budget: int, *, guarded: bool) -> dict[str, Any]:
    """Return what `measure` found, now or before."""
    path = folder / "row.json"
    if not path.exists():
        row = measure(pair, folder, budget, guarded=guarded) | {"most expected": pair.ceiling}
        write_text_atomically(path, json.dumps(row))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def measure(pair: Pair, folder: Path, budget: int, *, guarded: bool) -> dict[str, Any]:
    """Return what both models say of the hits of a run; one that was stopped goes on."""
    run = folder / "run"
    profile = make_profile(pair.reward, pair.folder, guarded=guarded)
    result = generate(profile, n=N_HITS, budget=budget, out=run, seed=SEED, resume=run.exists())
    hits = result.frame
    if hits.empty:
        return {"hits": 0, "reward": None, "control": None, "ratio": None, "in_domain": None}
    return {"hits": len(hits)} | compare(pair.reward, pair.control, hits["smiles"].tolist())


def make_profile(reward: Predictor, folder: Path, *, guarded: bool) -> Profile:
    """Return the aim of a run: a high probability of activity, and a drug-like molecule."""
    goals = [f"{reward.endpoints[0].name} max * 3", "qed >= 0.5", "sa <= 4"]
    profile = parse_goals(goals, models=[str(folder)])
    return profile if guarded else profile.with_changes(guards=Guards.off().model_dump())


def compare(reward: Predictor, control: Predictor, smiles: list[str]) -> dict[str, float | None]:
    """Return the mean probability by both models, their ratio, and the share inside the reward model's domain."""
    ours, theirs = reward.predict(smiles), control.predict(smiles)
    first, second = float(np.nanmean(ours.values)), float(np.nanmean(theirs.values))
    figures = {"reward": first, "control": second, "ratio": second / first, "in_domain": float(ours.in_domain.mean())}
    return {name: round(value, 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()
