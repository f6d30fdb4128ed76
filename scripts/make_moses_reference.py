"""Write tests/data/evaluation_molsets.json: what `molsets` itself says about a set of molecules beside a reference.

Run by a Python that has the package, which need not have moldesign, and the RDKit that moldesign has:

    pip install --no-deps molsets==0.3.1
    pip install fcd_torch rdkit==2026.3.3 'numpy<2' 'pandas<2' 'scipy<1.14' 'matplotlib<3.10' seaborn
    python scripts/make_moses_reference.py

`evaluation_molecules.smi` holds 480 molecules that the bundled prior `zinc` wrote, rows that are no molecule, repeated
ones, very small ones and some of the reference; `evaluation_reference.smi` holds 500 molecules of ZINC250k.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

six = ModuleType("rdkit.six")
six.iteritems = dict.items  # molsets 0.3.1 asks RDKit for it, which newer releases do not bring
sys.modules["rdkit.six"] = six

from moses.metrics import get_all_metrics  # noqa: E402
from moses.metrics.utils import canonic_smiles  # noqa: E402
from moses.utils import disable_rdkit_log  # noqa: E402

DATA = Path(__file__).parents[1] / "tests" / "data"
LIBRARIES = ("molsets", "fcd_torch", "rdkit", "torch", "numpy", "scipy")
DIGITS = 10


def main() -> None:
    disable_rdkit_log()
    molecules, reference = (
        (DATA / f"evaluation_{name}.smi").read_text(encoding="utf-8").splitlines()
        for name in ("molecules", "reference")
    )
    # molsets compares texts with the training set as it is given, so it has to be in the canonical form of its RDKit.
    training = [canonic_smiles(text) for text in reference]
    metrics = get_all_metrics(
        molecules, k=[100, 400], n_jobs=1, test=reference, test_scaffolds=reference, train=training
    )
    answer = {
        "versions": {library: version(library) for library in LIBRARIES},
        "metrics": {name: round(float(value), DIGITS) for name, value in metrics.items()},
    }
    path = DATA / "evaluation_molsets.json"
    path.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
