"""How good are the molecules that the prior writes on a scaffold or between two pieces of a drug, without learning?

For ten drugs per mode, `n` molecules are asked for:

    returned   molecules that the mode hands over, as a share of `n`: what comes out invalid is written anew, four times
               at most, so a scaffold that the prior cannot write shows here
    kept       share of the returned ones that are molecules and keep the scaffold, or both pieces and a linker
    unique     share of the kept ones, by canonical SMILES
    quality    unique kept ones with QED >= 0.6 and SA <= 4, as a share of `n`

GenMol (arXiv:2501.06158) reports a quality of 31.8 % for decoration and 21.9 % for linkers, on other cuts of ten drugs:
its figures are a yardstick, not the same measurement.

    python -m benchmarks.design_modes                          # all drugs, 100 molecules each; writes the result
    python -m benchmarks.design_modes --n 20 --drugs imatinib  # a look; writes nothing
"""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.harness import write_result
from moldesign.chem.descriptors import compute_descriptors
from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, require_mols
from moldesign.generation.prompts import make_mode
from moldesign.objectives.constraints import Constraints
from moldesign.objectives.structures import keep_ends, keep_scaffold
from moldesign.policies.bundled import Prior, load_prior
from moldesign.seeding import make_generators

SEED, N = 0, 100
LEAST_QED, MOST_SA = 0.6, 4.0
PUBLISHED_QUALITY = {"decoration": 0.318, "linker": 0.219}

DRUGS = {
    "aripiprazole": "O=C1CCc2ccc(OCCCCN3CCN(CC3)c3cccc(Cl)c3Cl)cc2N1",
    "celecoxib": "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F",
    "citalopram": "CN(C)CCCC1(OCc2cc(C#N)ccc12)c1ccc(F)cc1",
    "diazepam": "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12",
    "diphenhydramine": "CN(C)CCOC(c1ccccc1)c1ccccc1",
    "donepezil": "COc1cc2c(cc1OC)C(=O)C(CC1CCN(Cc3ccccc3)CC1)C2",
    "erlotinib": "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC",
    "fluoxetine": "CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1",
    "haloperidol": "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "losartan": "CCCCc1nc(Cl)c(CO)n1Cc1ccc(cc1)-c1ccccc1-c1nnn[nH]1",
    "metoprolol": "COCCc1ccc(OCC(O)CNC(C)C)cc1",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "rosiglitazone": "CN(CCOc1ccc(CC2SC(=O)NC2=O)cc1)c1ccccn1",
    "sildenafil": "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
    "vorinostat": "O=C(Nc1ccccc1)CCCCCCC(=O)NO",
}

SCAFFOLDS = {
    "celecoxib": "*c1cc(*)nn1-c1ccc(cc1)S(N)(=O)=O",
    "diazepam": "*N1C(=O)CN=C(*)c2cc(*)ccc12",
    "erlotinib": "*Oc1cc2ncnc(N*)c2cc1O*",
    "fluoxetine": "*NCCC(O*)c1ccccc1",
    "haloperidol": "*N1CCC(O)(CC1)c1ccc(*)cc1",
    "ibuprofen": "CC(C(=O)O)c1ccc(*)cc1",
    "imatinib": "Cc1ccc(N*)cc1Nc1nccc(*)n1",
    "losartan": "*c1nc(Cl)c(CO)n1C*",
    "paracetamol": "*C(=O)Nc1ccc(*)cc1",
    "sildenafil": "Cn1nc(*)c2nc([nH]c(=O)c12)-c1cc(*)ccc1O*",
}
"""What is kept of each drug; a group of the drug stood at each `*`."""

ENDS = {
    "aripiprazole": "O=C1CCc2ccc(O*)cc2N1.*N1CCN(CC1)c1cccc(Cl)c1Cl",
    "citalopram": "N#Cc1ccc2c(c1)COC2(*)c1ccc(F)cc1.*N(C)C",
    "diphenhydramine": "*N(C)C.*C(c1ccccc1)c1ccccc1",
    "donepezil": "COc1cc2c(cc1OC)C(=O)C(*)C2.*c1ccccc1",
    "haloperidol": "*c1ccc(F)cc1.*N1CCC(O)(CC1)c1ccc(Cl)cc1",
    "imatinib": "Cc1ccc(N*)cc1Nc1nccc(-c2cccnc2)n1.*N1CCN(C)CC1",
    "losartan": "CCCCc1nc(Cl)c(CO)n1*.*c1ccccc1-c1nnn[nH]1",
    "metoprolol": "COCCc1ccc(*)cc1.*NC(C)C",
    "rosiglitazone": "*c1ccccn1.*c1ccc(CC2SC(=O)NC2=O)cc1",
    "vorinostat": "*Nc1ccccc1.*C(=O)NO",
}
"""The two pieces that are kept of each drug; its linker stood between the `*`."""


def main() -> None:
    options = parse_options()
    prior = load_prior(options.prior)
    figures: dict[str, dict[str, float]] = {}
    for mode, cuts in (("decoration", SCAFFOLDS), ("linker", ENDS)):
        rows = {drug: measure(mode, cut, prior, options.n) for drug, cut in select(cuts, options.drugs).items()}
        if rows:
            figures |= {f"{mode}: {drug}": row for drug, row in rows.items()}
            figures[f"{mode}: mean"] = average(list(rows.values()))
    for name, row in figures.items():
        print(name, row, flush=True)
    if options.drugs is None and options.n >= N:
        settings = {"n": options.n, "prior": options.prior, "published_quality": PUBLISHED_QUALITY}
        print(write_result("design_modes", figures, seed=SEED, extra=settings | {"scaffolds": SCAFFOLDS, "ends": ENDS}))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=N, help="molecules per drug")
    parser.add_argument("--drugs", nargs="+", choices=sorted(DRUGS), help="these alone; the result is not written then")
    parser.add_argument("--prior", default="chembl", help="bundled name or model folder")
    return parser.parse_args()


def select(cuts: Mapping[str, str], drugs: Sequence[str] | None) -> dict[str, str]:
    return {drug: cut for drug, cut in cuts.items() if drugs is None or drug in drugs}


def measure(mode: str, cut: str, prior: Prior, n: int) -> dict[str, float]:
    """Return the figures of one drug."""
    is_decoration = mode == "decoration"
    constraints = Constraints(scaffold=(cut,)) if is_decoration else Constraints(link=(cut,))
    keeps = (keep_scaffold if is_decoration else keep_ends)(cut).measure
    written = make_mode(constraints, prior, n).write(prior.policy, make_generators(SEED))
    kept = [mol for mol in parse_smiles(written.smiles).mols if mol is not None and keeps(mol)]
    unique = require_mols(sorted({canonicalize(mol) for mol in kept}))
    return {
        "returned": round(len(written.smiles) / n, 3),
        "kept": round(len(kept) / max(1, len(written.smiles)), 3),
        "unique": round(len(unique) / max(1, len(kept)), 3),
        "quality": round(count_good(unique) / n, 3),
    }


def count_good(mols: Sequence[Mol]) -> int:
    """Return how many molecules are drug-like and easy to make."""
    values = compute_descriptors(mols, ["qed", "sa"])
    return int(((values[:, 0] >= LEAST_QED) & (values[:, 1] <= MOST_SA)).sum())


def average(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}


if __name__ == "__main__":
    main()
