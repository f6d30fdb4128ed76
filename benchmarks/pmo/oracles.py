"""The 20 oracles of PMO that need nothing but RDKit, and three learned ones that stand in for drd2, gsk3b and jnk3.

Definitions: GuacaMol (doi:10.1021/acs.jcim.8b00839) in the form that PMO uses (arXiv:2206.12411), TDC's
(arXiv:2102.09548). `tests/data` holds values of both packages, which these functions repeat.
"""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from benchmarks.pmo.molecule import Molecule
from benchmarks.pmo.terms import (
    Term,
    at_least,
    at_most,
    average,
    average_geometrically,
    be_isomer,
    contain,
    lack,
    peak_at,
    read_molecule,
    resemble,
    rise_to,
    shape,
)
from moldesign.chem.smiles import parse_smiles
from moldesign.errors import UnknownNameError

Oracle = Callable[[Sequence[str]], NDArray[np.float64]]
"""Takes N SMILES, returns float64 [N] in [0, 1]; 0 for what is no molecule, as in PMO."""

ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
CAMPHOR = "CC1(C)C2CCC1(C)C(=O)C2"
CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
MENTHOL = "CC(C)C1CCC(C)CC1O"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
QUINAZOLINE = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"

QUINAZOLINE_CORE = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
BENZOTHIAZOLE = "[#7]-c1ccc2ncsc2c1"
PROPOXY_CHAIN = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"
VALSARTAN_PART = "CN(C=O)Cc1ccc(c2ccccc2)cc1"

LOGP, TPSA, BERTZ = attrgetter("logp"), attrgetter("tpsa"), attrgetter("bertz")
N_RINGS, N_AROMATIC_RINGS = attrgetter("n_rings"), attrgetter("n_aromatic_rings")


@cache
def load_oracle(name: str) -> Oracle:
    """Return an oracle by its name in PMO.

    Raises:
        UnknownNameError: no such oracle; lists the nearest names.

    >>> load_oracle("celecoxib_rediscovery")([CELECOXIB, "no molecule"]).tolist()
    [1.0, 0.0]
    """
    if name in LOCAL:
        return _predict_activity(LOCAL[name])
    if name not in PMO_20:
        raise UnknownNameError("oracle", name, ORACLES)
    return _score_each(PMO_20[name]())


def _score_each(term: Term) -> Oracle:
    def score(smiles: Sequence[str]) -> NDArray[np.float64]:
        mols = parse_smiles(smiles).mols
        return np.array([0.0 if mol is None else term(Molecule(mol)) for mol in mols], dtype=np.float64)

    return score


def _predict_activity(endpoint: str) -> Oracle:
    def score(smiles: Sequence[str]) -> NDArray[np.float64]:
        from moldesign import load_predictor  # noqa: PLC0415  torch is heavy; the other oracles do without

        predictor = load_predictor("activity")
        column = [one.name for one in predictor.endpoints].index(endpoint)
        probability = predictor.predict(list(smiles)).values[:, column].astype(np.float64)
        return np.nan_to_num(probability)

    return score


def _make_osimertinib_mpo() -> Term:
    return average_geometrically(
        shape(TPSA, at_least(100, 10)),
        shape(LOGP, at_most(1, 1)),
        resemble(OSIMERTINIB, "fcfp4", rise_to(0.8)),
        resemble(OSIMERTINIB, "ecfp6", at_most(0.85, 0.1)),
    )


def _make_fexofenadine_mpo() -> Term:
    return average_geometrically(
        shape(TPSA, at_least(90, 10)),
        shape(LOGP, at_most(4, 1)),
        resemble(FEXOFENADINE, "atom_pairs", rise_to(0.8)),
    )


def _make_ranolazine_mpo() -> Term:
    return average_geometrically(
        shape(TPSA, at_least(95, 20)),
        shape(LOGP, at_least(7, 1)),
        shape(lambda molecule: molecule.formula["F"], peak_at(1, 1)),
        resemble(RANOLAZINE, "atom_pairs", rise_to(0.7)),
    )


def _make_sitagliptin_mpo() -> Term:
    sitagliptin = read_molecule(SITAGLIPTIN)
    return average_geometrically(
        resemble(SITAGLIPTIN, "ecfp4", peak_at(0, 0.1)),
        shape(LOGP, peak_at(sitagliptin.logp, 0.2)),
        shape(TPSA, peak_at(sitagliptin.tpsa, 5)),
        be_isomer("C16H15F6N5O"),
    )


def _make_valsartan_smarts() -> Term:
    sitagliptin = read_molecule(SITAGLIPTIN)
    return average_geometrically(
        contain(VALSARTAN_PART),
        shape(LOGP, peak_at(sitagliptin.logp, 0.2)),
        shape(TPSA, peak_at(sitagliptin.tpsa, 5)),
        shape(BERTZ, peak_at(sitagliptin.bertz, 30)),
    )


def _make_deco_hop() -> Term:
    return average(
        resemble(QUINAZOLINE, "pharmacophores", rise_to(0.85)),
        lack("CS([#6])(=O)=O"),
        lack(BENZOTHIAZOLE),
        contain(QUINAZOLINE_CORE),
    )


def _make_scaffold_hop() -> Term:
    return average(
        resemble(QUINAZOLINE, "pharmacophores", rise_to(0.75)),
        contain(PROPOXY_CHAIN),
        lack(QUINAZOLINE_CORE),
    )


PMO_20: dict[str, Callable[[], Term]] = {
    "albuterol_similarity": lambda: resemble(ALBUTEROL, "fcfp4", rise_to(0.75)),
    "amlodipine_mpo": lambda: average_geometrically(resemble(AMLODIPINE, "ecfp4"), shape(N_RINGS, peak_at(3, 0.5))),
    "celecoxib_rediscovery": lambda: resemble(CELECOXIB, "ecfp4"),
    "deco_hop": _make_deco_hop,
    "fexofenadine_mpo": _make_fexofenadine_mpo,
    "isomers_c7h8n2o2": lambda: be_isomer("C7H8N2O2"),
    "isomers_c9h10n2o2pf2cl": lambda: be_isomer("C9H10N2O2PF2Cl"),
    "median1": lambda: average_geometrically(resemble(CAMPHOR, "ecfp4"), resemble(MENTHOL, "ecfp4")),
    "median2": lambda: average_geometrically(resemble(TADALAFIL, "ecfp6"), resemble(SILDENAFIL, "ecfp6")),
    "mestranol_similarity": lambda: resemble(MESTRANOL, "atom_pairs", rise_to(0.75)),
    "osimertinib_mpo": _make_osimertinib_mpo,
    "perindopril_mpo": lambda: average_geometrically(
        resemble(PERINDOPRIL, "ecfp4"), shape(N_AROMATIC_RINGS, peak_at(2, 0.5))
    ),
    "qed": lambda: attrgetter("qed"),
    "ranolazine_mpo": _make_ranolazine_mpo,
    "scaffold_hop": _make_scaffold_hop,
    "sitagliptin_mpo": _make_sitagliptin_mpo,
    "thiothixene_rediscovery": lambda: resemble(THIOTHIXENE, "ecfp4"),
    "troglitazone_rediscovery": lambda: resemble(TROGLITAZONE, "ecfp4"),
    "valsartan_smarts": _make_valsartan_smarts,
    "zaleplon_mpo": lambda: average_geometrically(resemble(ZALEPLON, "ecfp4"), be_isomer("C19H17N3O2")),
}
"""What makes each of the oracles; nothing is computed before one is asked for."""

LOCAL = {"drd2_local": "drd2", "gsk3b_local": "gsk3b", "jnk3_local": "jnk3"}
"""Endpoints of the bundled predictor `activity`. Not PMO's oracles of these names: those are classifiers that cannot be
had, so that scores cannot be compared."""

ORACLES = (*PMO_20, *LOCAL)
