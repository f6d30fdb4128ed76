"""The featuriser is loaded without the parts of its package that nothing here uses, and computes the same."""

import subprocess
import sys

import numpy as np
import pytest

from moldesign.graphs import featurizer
from moldesign.graphs.features import encode_feature_names
from moldesign.graphs.featurizer import load_featurizer
from tests.conftest import NAMED_DRUGS

SMILES = [*NAMED_DRUGS.values(), "C", "[Na+]", "[2H]C([2H])([2H])O", "C[Si](C)(C)C", "F/C=C\\F", "[Pt](Cl)(Cl)(N)N"]
FLAGS = (False, False, True, False)
BY_ITSELF = pytest.mark.skipif(sys.platform == "win32", reason="there the whole package is imported")


def run_fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@BY_ITSELF
def test_a_prediction_does_not_import_what_is_slow():
    code = (
        "import sys, moldesign; moldesign.load_predictor('admet').predict(['CCO']);"
        "print(*(name in sys.modules for name in ('scipy.stats', 'cuik_molmaker', 'rdkit')))"
    )
    assert run_fresh(code) == ["False", "False", "True"]


def test_the_features_are_those_of_the_package():
    import cuik_molmaker  # noqa: PLC0415  here, so that importing this file loads only what moldesign loads

    codes = encode_feature_names()
    modules = (load_featurizer(), cuik_molmaker)
    ours, theirs = (module.batch_mol_featurizer(SMILES, *codes, *FLAGS) for module in modules)
    assert len(ours[0]) > 200
    for own, other in zip(ours, theirs, strict=True):
        assert own.dtype == other.dtype
        np.testing.assert_array_equal(own, other)


@BY_ITSELF
def test_the_package_may_have_been_imported_before():
    code = (
        "import cuik_molmaker; from moldesign.graphs.featurizer import load_featurizer; module = load_featurizer();"
        "print(module is cuik_molmaker, *module.bond_feature_names_to_array(['in-ring', 'conjugated']))"
    )
    said, *codes = run_fresh(code)
    assert said == "False"
    assert codes == [str(code) for code in load_featurizer().bond_feature_names_to_array(["in-ring", "conjugated"])]


def test_where_the_compiled_module_is_not_found_the_package_is_imported(monkeypatch):
    monkeypatch.setattr(featurizer, "find_spec", lambda name: None)
    load_featurizer.cache_clear()
    package = load_featurizer()
    load_featurizer.cache_clear()
    assert package.__name__ == "cuik_molmaker"
    assert load_featurizer() is load_featurizer()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(featurizer, "_PACKAGE", "cuik_molmaker_that_is_not_there")
    load_featurizer.cache_clear()
    with pytest.raises(ImportError, match="cuik_molmaker_that_is_not_there"):
        load_featurizer()
