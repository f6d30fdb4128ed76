import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from moldesign.chem import leaders as module
from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.leaders import Leaders
from moldesign.chem.smiles import require_mols

FINGERPRINTS = arrays(np.uint8, st.tuples(st.integers(0, 30), st.just(2)))


def assign_one_by_one(bits: NDArray[np.uint8], cutoff: float) -> list[int]:
    """Return what `Leaders` says, pair by pair and in integers."""
    sets = [set(np.flatnonzero(np.unpackbits(row))) for row in bits]
    leaders: list[set[int]] = []
    numbers = []
    for one in sets:
        resembles = [bool(one | other) and len(one & other) / len(one | other) >= cutoff for other in leaders]
        numbers.append(resembles.index(True) if True in resembles else len(leaders))
        if True not in resembles:
            leaders.append(one)
    return numbers


@given(FINGERPRINTS, st.sampled_from([0.25, 0.4, 0.5, 0.75, 1.0]), st.integers(1, 8))
def test_each_belongs_to_the_first_it_resembles(bits: NDArray[np.uint8], cutoff: float, n_at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", n_at_once)
        assert Leaders(cutoff).assign(bits).tolist() == assign_one_by_one(bits, cutoff)


@given(FINGERPRINTS, FINGERPRINTS)
def test_who_asks_for_a_leader_becomes_none(bits: NDArray[np.uint8], others: NDArray[np.uint8]) -> None:
    leaders = Leaders(0.5)
    assert leaders.find(others).tolist() == [-1] * len(others)
    leaders.assign(bits)
    n = len(leaders)
    found = leaders.find(others)
    assert len(leaders) == n
    known = found >= 0
    np.testing.assert_array_equal(found[known], leaders.assign(others)[known])


@given(FINGERPRINTS, st.integers(0, 30))
def test_it_makes_no_difference_in_how_many_parts_they_come(bits: NDArray[np.uint8], n_first: int) -> None:
    whole, parts = Leaders(0.5), Leaders(0.5)
    expected = whole.assign(bits).tolist()
    assert [*parts.assign(bits[:n_first]).tolist(), *parts.assign(bits[n_first:]).tolist()] == expected
    assert len(parts) == len(whole) == len(set(expected))


def test_leaders_are_less_alike_than_the_cutoff(named_drugs: dict[str, str]) -> None:
    paracetamol, phenacetin = "CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(OCC)cc1"
    bits = morgan_bits(require_mols([*named_drugs.values(), phenacetin]))
    numbers = Leaders(0.5).assign(bits)
    assert numbers[-1] == list(named_drugs.values()).index(paracetamol)
    assert numbers[:-1].tolist() == list(range(len(named_drugs)))
