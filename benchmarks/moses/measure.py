"""Print the MOSES metrics of a list of SMILES, as `molsets` itself computes them, as JSON.

    ENVIRONMENT/bin/python benchmarks/moses/measure.py SMILES.json

Run by a Python that has `molsets`, which need not have moldesign. Test sets, their statistics and the training set are
those inside the package.
"""

import json
import math
import sys
from importlib.metadata import version
from pathlib import Path

from moses.dataset import get_dataset, get_statistics
from moses.metrics import get_all_metrics

LIBRARIES = ("molsets", "fcd_torch", "rdkit", "torch", "numpy", "pandas")


def main() -> None:
    smiles = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    metrics = get_all_metrics(
        smiles,
        k=[1_000, 10_000],
        n_jobs=1,
        test=list(get_dataset("test")),
        ptest=get_statistics("test"),
        test_scaffolds=list(get_dataset("test_scaffolds")),
        ptest_scaffolds=get_statistics("test_scaffolds"),
    )
    figures = {name: None if math.isnan(value) else float(value) for name, value in metrics.items()}
    print(json.dumps({"metrics": figures, "versions": {name: version(name) for name in LIBRARIES}}))


if __name__ == "__main__":
    main()
