"""How many analogues of a drug, rid of its liability, do 1,000 calls give?

Six drugs that block the hERG channel, most of them withdrawn for it. An analogue is a hit if it resembles its drug
(Tanimoto similarity of at least 0.4, Morgan radius 2) and has a profile score of 0.5 or more for a low predicted hERG
block, solubility and drug-likeness. Every run begins with the drug, and is given the same calls:

    moldesign      `moldesign generate --start DRUG --min-similarity 0.4`
    as a goal      the similarity is one goal more, and the policy writes whole molecules: what generators do that know
                   no limits
    prior alone    analogues are written as by moldesign, but nothing is learned and no children are bred

    python -m benchmarks.lead_optimisation --work WORK                                  # all; writes the result
    python -m benchmarks.lead_optimisation --work WORK --drugs cisapride --budget 200   # a look; writes nothing

Finished runs stay in WORK/lead_optimisation; what was stopped goes on where it was.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.harness import write_result
from moldesign.checkpoint import write_text_atomically
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.generation.archive import RunArchive
from moldesign.generation.loop import generate
from moldesign.learning.learner import LearningSettings
from moldesign.objectives.profile import Profile, parse_goals

SEED, BUDGET, LEAST_SIMILARITY, THRESHOLD = 0, 1_000, 0.4, 0.5
GOALS = ("herg <= 0.3", "solubility >= -4", "qed >= 0.6")
DRUGS = {
    "astemizole": "COc1ccc(CCN2CCC(CC2)Nc2nc3ccccc3n2Cc2ccc(F)cc2)cc1",
    "cisapride": "COC1CN(CCCOc2ccc(F)cc2)CCC1NC(=O)c1cc(Cl)c(N)cc1OC",
    "haloperidol": "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1",
    "pimozide": "O=c1[nH]c2ccccc2n1C1CCN(CCCC(c2ccc(F)cc2)c2ccc(F)cc2)CC1",
    "sertindole": "O=C1NCCN1CCN1CCC(CC1)c1cn(-c2ccc(F)cc2)c2ccc(Cl)cc12",
    "thioridazine": "CSc1ccc2Sc3ccccc3N(CCC3CCCCN3C)c2c1",
}


class Arm(NamedTuple):
    """A way to search."""

    make_profile: Callable[[str], Profile]
    settings: dict[str, Any]


def limit_similarity(drug: str) -> Profile:
    """Return the aim with the similarity as a hard limit, by which all arms are measured."""
    return parse_goals(GOALS).with_constraints(similar_to=[drug], similarity=[LEAST_SIMILARITY, 1.0])


def wish_similarity(drug: str) -> Profile:
    """Return the aim with the similarity as a goal."""
    return parse_goals([*GOALS, f"similarity({drug}) >= {LEAST_SIMILARITY}"])


ARMS = {
    "moldesign": Arm(limit_similarity, {}),
    "as a goal": Arm(wish_similarity, {}),
    "prior alone": Arm(
        limit_similarity, {"n_children": 0, "n_replays": 0, "learning": LearningSettings(learning_rate=0.0)}
    ),
}


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    figures = {
        f"{drug}: {name}": measure_once(DRUGS[drug], arm, options.work / "lead_optimisation" / drug / name, options)
        for drug in options.drugs
        for name, arm in ARMS.items()
    }
    figures |= {f"mean: {name}": average([figures[f"{drug}: {name}"] for drug in options.drugs]) for name in ARMS}
    for name, row in figures.items():
        print(name, row)
    if set(options.drugs) == set(DRUGS) and options.budget == BUDGET:
        extra = {"goals": GOALS, "threshold": THRESHOLD, "least_similarity": LEAST_SIMILARITY, "budget": BUDGET}
        print(write_result("lead_optimisation", figures, seed=SEED, extra=extra | {"drugs": DRUGS}))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of everything that is kept")
    parser.add_argument("--drugs", nargs="+", choices=list(DRUGS), default=list(DRUGS))
    parser.add_argument("--budget", type=int, default=BUDGET, help="calls of each run")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def measure_once(drug: str, arm: Arm, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Return what `measure` found, now or before."""
    path = folder / f"{options.budget}.json"
    if not path.exists():
        run = folder / str(options.budget)
        profile = arm.make_profile(drug)
        result = generate(
            profile, budget=options.budget, out=run, start=[drug], seed=SEED, resume=run.exists(), **arm.settings
        )
        with RunArchive(run, profile.term_names) as archive:
            smiles = [molecule.smiles for molecule in archive.read()]
        row = measure(drug, smiles) | {"minutes": round(result.seconds / 60, 2)}
        write_text_atomically(path, json.dumps(row))
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    print(folder, found, flush=True)
    return found


def measure(drug: str, smiles: Sequence[str]) -> dict[str, float]:
    """Return how many of the scored molecules are near the drug, how many of them are hits, and how good the best are.

    Args:
        drug: SMILES.
        smiles: all molecules that were scored.
    """
    totals = limit_similarity(drug).score(smiles).total
    hits = [text for text, total in zip(smiles, totals.tolist(), strict=True) if total >= THRESHOLD]
    return {
        "near": round(float((totals > 0).mean()), 3),
        "hits": len(hits),
        "scaffolds": len({murcko_scaffold(mol) for mol in require_mols(hits)}),
        "top_10": round(float(np.sort(totals)[-10:].mean()), 3),
    }


def average(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}


if __name__ == "__main__":
    main()
