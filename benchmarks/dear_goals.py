"""How many hits do 300 calls of a dear goal give, where other goals are cheap?

    python -m benchmarks.dear_goals

Two goals stand for dear ones, a similarity to imatinib by atom pairs and the bundled model of the dopamine receptor D3;
beside them, molecules must be drug-like, easy to make, and free of alerts and of a hERG liability. Compared are

* thrifty: as `moldesign generate` works on a dear goal; the cheap goals of candidates are known before one is chosen;
* thrifty, nothing known: the same search on one function that gives the whole score, as for any black box;
* fast: the policy and its children, as for predictors.

A call is counted where the dear goal would be computed: not for a molecule that cannot be a hit by its cheap goals.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from benchmarks.harness import write_result
from benchmarks.strategies import Course, run
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.bundled import load_predictor

IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
CHEAP_GOALS = ("qed >= 0.6", "sa <= 3.5", "alerts <= 0", "herg <= 0.3")
PRIOR = "chembl"
LOOKS = (100, 300)
"""Calls after which the ways are compared."""


class Way(NamedTuple):
    """How molecules are searched for."""

    strategy: str
    budget: int
    """Molecules: those that cost no call of the dear goal, too."""
    make_goals: Callable[[str], list[str]]
    """Returns the goals, by the name of the dear one."""


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    figures: dict[str, dict[str, Any]] = {}
    for dear in DEAR_GOALS:
        profile = parse_goals(list_goals(dear))
        for name, way in WAYS.items():
            course = run(parse_goals(way.make_goals(dear)), PRIOR, way.strategy, way.budget, options.seed)
            figures[f"{dear}, {name}"] = look(profile, course)
            print(f"{dear}, {name}", figures[f"{dear}, {name}"], flush=True)
    print(write_result("dear_goals", figures, seed=options.seed, extra={"cheap": CHEAP_GOALS, "prior": PRIOR}))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def list_goals(dear: str) -> list[str]:
    """Return the dear goal, which counts as much as three others, and the cheap ones."""
    return [f"{__spec__.name}:{dear} max * 3", *CHEAP_GOALS]


def list_whole(dear: str) -> list[str]:
    """Return one goal that gives the whole score."""
    return [f"{__spec__.name}:{dear}_whole max"]


@cache
def open_profile(dear: str) -> Profile:
    """Return the goals without what the guards take for odd parts: they take it from the whole score, too."""
    return parse_goals(list_goals(dear)).with_changes(guards={"unseen": 1})


def score_whole(dear: str, smiles: Sequence[str]) -> list[float]:
    """Return whole scores; 0 where a goal refuses a molecule."""
    return [float(total) for total in np.nan_to_num(open_profile(dear).score(smiles).total)]


def resemble_imatinib(smiles: Sequence[str]) -> list[float]:
    """Return similarities, of which 0.75 is enough."""
    generator = rdFingerprintGenerator.GetAtomPairGenerator()
    [target, *found] = [generator.GetCountFingerprint(mol) for mol in require_mols([IMATINIB, *smiles])]
    return [min(1.0, value / 0.75) for value in DataStructs.BulkTanimotoSimilarity(target, found)]


def bind_drd3(smiles: Sequence[str]) -> list[float]:
    """Return predicted affinities, pKi, from 0 for 5 to 1 for 10."""
    model = load_predictor("targets")
    column = [endpoint.name for endpoint in model.endpoints].index("drd3")
    values: NDArray[np.float64] = (np.asarray(model.predict(list(smiles)).values[:, column]) - 5) / 5
    return [float(value) for value in values.clip(0, 1)]


def resemble_imatinib_whole(smiles: Sequence[str]) -> list[float]:
    """Return whole scores."""
    return score_whole("resemble_imatinib", smiles)


def bind_drd3_whole(smiles: Sequence[str]) -> list[float]:
    """Return whole scores."""
    return score_whole("bind_drd3", smiles)


DEAR_GOALS = ("resemble_imatinib", "bind_drd3")
WAYS = {
    "thrifty": Way("thrifty", 300, list_goals),
    "thrifty, nothing known": Way("thrifty", 450, list_whole),
    "fast": Way("fast", 1_500, list_goals),
}


def look(profile: Profile, course: Course) -> dict[str, float | int]:
    """Return hits, their scaffolds and the mean of the best ten after some calls."""
    is_call = np.cumsum(profile.bound(course.smiles) >= profile.threshold)
    row: dict[str, float | int] = {}
    for n_calls in LOOKS:
        n = int(np.searchsorted(is_call, n_calls, side="right"))
        totals = np.nan_to_num(course.totals[:n])
        hits = [
            text for text, total in zip(course.smiles[:n], totals.tolist(), strict=True) if total >= profile.threshold
        ]
        row[f"hits, {n_calls} calls"] = len(hits)
        row[f"scaffolds, {n_calls} calls"] = len({murcko_scaffold(mol) for mol in require_mols(hits)})
        row[f"top 10, {n_calls} calls"] = round(float(np.sort(totals)[-10:].sum() / 10), 3)
    return row | {"calls": int(is_call[-1]), "seconds per call": round(float(course.seconds[-1] / is_call[-1]), 2)}


if __name__ == "__main__":
    main()
