"""SMILES -> graphs: every row keeps its place, and the order of the atoms does not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from moldesign.chem.smiles import MAX_SMILES_LENGTH, parse_smiles
from moldesign.graphs import batch, count_features, featurize_smiles
from tests.conftest import NAMED_DRUGS
from tests.graphs.rewriting import collect_bonds, rewrite

SYNTAX, CHEMISTRY, KEKULE = "C(C", "C(C)(C)(C)(C)C", "c1cccc1"
REFUSED = ["", "   ", None, float("nan"), 7, "CCO ethanol", "C\u00e9", "C" * (MAX_SMILES_LENGTH + 1)]


def test_one_methane():
    graphs = featurize_smiles(["C"]).graphs
    assert (len(graphs), graphs.atoms.shape[0], graphs.bonds.shape[0], graphs.edges.shape) == (1, 1, 0, (2, 0))
    assert (graphs.atoms.shape[1], graphs.bonds.shape[1]) == count_features()


def test_no_smiles_give_no_graphs():
    featurized = featurize_smiles([])
    assert (len(featurized.graphs), featurized.rows.tolist(), featurized.errors) == (0, [], [])
    assert featurized.graphs.to_batch().num_graphs == 0


def test_one_text_is_not_taken_for_many_rows():
    with pytest.raises(TypeError, match=r'pass a list: \["CCO"\]'):
        featurize_smiles("CCO")


def test_what_is_no_text_does_not_make_the_others_be_parsed_twice(monkeypatch):
    parsed = []

    def spy(texts, **rows):
        parsed.extend(texts)
        return parse_smiles(texts, **rows)

    monkeypatch.setattr(batch, "parse_smiles", spy)
    assert featurize_smiles(["CCO", None, "CCN"]).is_valid.tolist() == [True, False, True]
    assert parsed == [None]


@pytest.mark.parametrize("bad", [SYNTAX, CHEMISTRY, KEKULE, *REFUSED], ids=lambda bad: repr(bad)[:20])
def test_a_bad_row_alone_is_an_error_and_no_graph(bad):
    featurized = featurize_smiles([bad], first_row=41)
    assert len(featurized.graphs) == 0
    assert featurized.errors[0].startswith("row 41: ")
    assert featurized.errors == parse_smiles([bad], first_row=41).errors


@pytest.mark.parametrize("bad", [SYNTAX, CHEMISTRY, KEKULE, *REFUSED], ids=lambda bad: repr(bad)[:20])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_bad_rows_do_not_move_the_others(bad, place):
    texts = ["CCO", "c1ccccc1", "[Na+].[Cl-]"]
    texts.insert(place, bad)
    featurized = featurize_smiles(texts)
    good = [row for row in range(4) if row != place]
    assert featurized.rows.tolist() == good
    assert featurized.is_valid.tolist() == [row != place for row in range(4)]
    assert [error is None for error in featurized.errors] == featurized.is_valid.tolist()
    assert np.diff(featurized.graphs.atom_starts).tolist() == [3, 6, 2]


def test_validity_does_not_depend_on_the_neighbours(named_drugs):
    texts = [*named_drugs.values(), *(text for text in (SYNTAX, KEKULE, *REFUSED))]
    together = featurize_smiles(texts).is_valid.tolist()
    assert together == [bool(featurize_smiles([text]).is_valid[0]) for text in texts]
    assert together == parse_smiles(texts).is_valid.tolist()


def test_a_batch_holds_the_same_graphs_as_one_by_one(named_drugs):
    texts = list(named_drugs.values())
    graphs = featurize_smiles(texts).graphs
    for row, text in enumerate(texts):
        alone, chosen = featurize_smiles([text]).graphs, graphs.select(np.array([row]))
        for one, other in zip(alone, chosen, strict=True):
            np.testing.assert_array_equal(one, other)


def test_select_keeps_the_order_and_repeats():
    graphs = featurize_smiles(["C", "CC", "CCO", "c1ccccc1"]).graphs
    chosen = graphs.select(np.array([3, 0, 3]))
    assert np.diff(chosen.atom_starts).tolist() == [6, 1, 6]
    assert np.diff(chosen.bond_starts).tolist() == [12, 0, 12]
    assert set(chosen.edges[:, :12].flat) == set(range(6))
    assert set(chosen.edges[:, 12:].flat) == set(range(7, 13))
    np.testing.assert_array_equal(chosen.edges[:, :12] + 7, chosen.edges[:, 12:])
    assert len(graphs.select(np.array([], dtype=np.int64))) == 0


def test_the_pyg_batch_knows_whose_each_atom_is():
    batch = featurize_smiles(["CCO", "C"]).graphs.to_batch()
    assert batch.num_graphs == 2
    assert batch.batch.tolist() == [0, 0, 0, 1]
    assert batch.ptr.tolist() == [0, 3, 4]
    assert (batch.batch[batch.edge_index[0]] == batch.batch[batch.edge_index[1]]).all()


@hypothesis_settings(max_examples=60)
@given(name=st.sampled_from(sorted(NAMED_DRUGS)), seed=st.integers(0, 2**32 - 1))
def test_graphs_are_the_same_up_to_the_order_of_the_atoms(name, seed):
    smiles = NAMED_DRUGS[name]
    text, order = rewrite(smiles, np.random.default_rng(seed))
    graphs = featurize_smiles([smiles, text]).graphs
    first, second = graphs.select(np.array([0])), graphs.select(np.array([1]))
    np.testing.assert_array_equal(first.atoms[order], second.atoms)
    assert collect_bonds(first, list(range(len(order)))) == collect_bonds(second, order)
