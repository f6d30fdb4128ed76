"""Random library molecules: canonical, each once, read only as far as needed."""

import numpy as np

from moldesign.chem.smiles import require_mols
from moldesign.search.encoding import encode
from moldesign.search.library import Library
from tests.search.odd_molecules import DRUGS


def make(smiles, **options):
    settings = {"size": 1_000, "growth": 3} | options
    return Library(smiles, rng=np.random.default_rng(0), **settings)


def test_draws_are_canonical_and_carry_their_features():
    names, features = make(DRUGS).draw(5, np.random.default_rng(1))
    assert len(names) == len(set(names)) == 5
    expected = encode(require_mols(names))
    assert (features.counts.rows != expected.counts.rows).nnz == 0
    np.testing.assert_allclose(features.descriptors, expected.descriptors, rtol=1e-12)


def test_it_reads_no_further_than_it_must():
    library, rng = make(DRUGS), np.random.default_rng(1)
    library.draw(4, rng)
    assert library.n_read == 4
    library.draw(4, rng)
    assert library.n_read == 7
    for _ in range(5):
        names, _ = library.draw(4, rng)
    assert library.n_read == len(DRUGS)
    assert len(names) == 4


def test_what_is_no_molecule_or_comes_twice_is_passed_over():
    names, _ = make(["CCO", "OCC", "C(C", "", "CCN", None]).draw(10, np.random.default_rng(1))
    assert sorted(names) == ["CCN", "CCO"]


def test_nothing_to_draw():
    assert make([]).draw(3, np.random.default_rng(0)) == ([], None)
    assert make(["C(C"]).draw(3, np.random.default_rng(0)) == ([], None)


def test_only_a_part_of_a_large_library_is_used():
    library = make(DRUGS, size=6)
    seen = {name for seed in range(20) for name in library.draw(3, np.random.default_rng(seed))[0]}
    assert len(library) == len(seen) == 6
