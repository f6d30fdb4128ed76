"""Write tests/data/pmo_reference_<package>.json: what guacamol and TDC themselves say about molecules.

Run by a Python that has the package, which need not have moldesign:

    pip install --no-deps guacamol==0.5.5 && pip install rdkit==2026.3.3 numpy scipy joblib tqdm
    python scripts/make_pmo_reference.py guacamol
    pip install --no-deps PyTDC==1.1.15
    pip install rdkit==2023.9.6 'numpy<2' 'scipy<1.14' scikit-learn networkx 'setuptools<80'
    python scripts/make_pmo_reference.py tdc

The molecules are those of tests/data/pmo_molecules.smi. Each oracle runs in a process of its own: TDC's deco_hop and
scaffold_hop overwrite each other's patterns where both have been called.
"""

import argparse
import json
import multiprocessing
import sys
import types
from collections.abc import Callable
from importlib.metadata import distribution, version
from pathlib import Path

DATA = Path(__file__).parents[1] / "tests" / "data"
DIGITS = 12

ORACLES = (
    "albuterol_similarity",
    "amlodipine_mpo",
    "celecoxib_rediscovery",
    "deco_hop",
    "fexofenadine_mpo",
    "isomers_c7h8n2o2",
    "isomers_c9h10n2o2pf2cl",
    "median1",
    "median2",
    "mestranol_similarity",
    "osimertinib_mpo",
    "perindopril_mpo",
    "qed",
    "ranolazine_mpo",
    "scaffold_hop",
    "sitagliptin_mpo",
    "thiothixene_rediscovery",
    "troglitazone_rediscovery",
    "valsartan_smarts",
    "zaleplon_mpo",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", choices=sorted(SCORERS))
    options = parser.parse_args()
    smiles = (DATA / "pmo_molecules.smi").read_text(encoding="utf-8").split()
    jobs = [(options.package, oracle, smiles) for oracle in ORACLES]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        values = dict(zip(ORACLES, pool.starmap(score, jobs, chunksize=1), strict=True))
    name = {"guacamol": "guacamol", "tdc": "PyTDC"}[options.package]
    reference = {
        "versions": {library: version(library) for library in (name, "rdkit", "numpy", "scipy")},
        "smiles": smiles,
        "values": values,
    }
    path = DATA / f"pmo_reference_{options.package}.json"
    path.write_text(json.dumps(reference, separators=(",", ":")).replace('],"', '],\n"') + "\n", encoding="utf-8")
    print(path)


def score(package: str, oracle: str, smiles: list[str]) -> list[float]:
    """Return the package's score of each molecule; as in PMO 0 for what is no molecule."""
    from rdkit import Chem, RDLogger  # noqa: PLC0415  the packages bring an RDKit each

    RDLogger.DisableLog("rdApp.*")
    function = SCORERS[package](oracle)
    values = [float(function(text)) if Chem.MolFromSmiles(text) is not None else 0.0 for text in smiles]
    return [round(value, DIGITS) for value in values]


def load_guacamol(oracle: str) -> Callable[[str], float]:
    """Return the objective of a benchmark of guacamol, in the form that PMO has it."""
    import numpy as np  # noqa: PLC0415
    import scipy  # noqa: PLC0415

    # guacamol 0.5.5 wants a function that newer scipy has not, and FCD, which its goal-directed part never uses.
    scipy.histogram = np.histogram
    sys.modules["fcd"] = stub_module("fcd", "load_ref_model get_predictions calculate_frechet_distance get_fcd")
    from guacamol import standard_benchmarks as benchmarks  # noqa: PLC0415

    celecoxib = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
    troglitazone = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
    thiothixene = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
    albuterol = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
    mestranol = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
    makers = {
        "albuterol_similarity": lambda: benchmarks.similarity(albuterol, "", "FCFP4", 0.75),
        "amlodipine_mpo": benchmarks.amlodipine_rings,
        "celecoxib_rediscovery": lambda: benchmarks.similarity(celecoxib, "", "ECFP4", 1.0),
        "deco_hop": benchmarks.decoration_hop,
        "fexofenadine_mpo": benchmarks.hard_fexofenadine,
        "isomers_c7h8n2o2": benchmarks.isomers_c7h8n2o2,
        "isomers_c9h10n2o2pf2cl": benchmarks.isomers_c9h10n2o2pf2cl,
        "median1": benchmarks.median_camphor_menthol,
        "median2": benchmarks.median_tadalafil_sildenafil,
        "mestranol_similarity": lambda: benchmarks.similarity(mestranol, "", "AP", 0.75),
        "osimertinib_mpo": benchmarks.hard_osimertinib,
        "perindopril_mpo": benchmarks.perindopril_rings,
        "qed": benchmarks.qed_benchmark,
        "ranolazine_mpo": benchmarks.ranolazine_mpo,
        "scaffold_hop": benchmarks.scaffold_hop,
        "sitagliptin_mpo": benchmarks.sitagliptin_replacement,
        "thiothixene_rediscovery": lambda: benchmarks.similarity(thiothixene, "", "ECFP4", 1.0),
        "troglitazone_rediscovery": lambda: benchmarks.similarity(troglitazone, "", "ECFP4", 1.0),
        "valsartan_smarts": benchmarks.valsartan_smarts,
        "zaleplon_mpo": benchmarks.zaleplon_with_other_formula,
    }
    return makers[oracle]().objective.score


def load_tdc(oracle: str) -> Callable[[str], float]:
    """Return an oracle of TDC, without what else the package imports at its start."""
    root = Path(str(distribution("PyTDC").locate_file("tdc")))
    for name in ("tdc", "tdc.chem_utils", "tdc.chem_utils.oracle"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    sys.modules["tdc.utils"] = stub_module("tdc.utils", "oracle_load print_sys install")
    from tdc.chem_utils.oracle import oracle as oracles  # noqa: PLC0415

    return vars(oracles)[oracle]


def stub_module(name: str, contents: str) -> types.ModuleType:
    """Return a module in which each of the names stands for nothing."""
    module = types.ModuleType(name)
    vars(module).update(dict.fromkeys(contents.split()))
    return module


SCORERS = {"guacamol": load_guacamol, "tdc": load_tdc}


if __name__ == "__main__":
    main()
