"""Halves that share no scaffold, and models that are compared on the same molecules."""

import numpy as np
import pytest

from benchmarks.reward_hacking import compare, fit, halve, make_profile
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.objectives.guards import Guards

RINGS = ("c1ccccc1", "c1ccncc1", "C1CCCCC1", "c1ccc2ccccc2c1", "C1CCNCC1", "c1ccsc1", "c1ccoc1", "C1CCOCC1")
GROUPS = ("C", "CC", "CCC", "CN", "NC", "O", "CO", "OCC", "FC")
SMILES = [group + ring for ring in RINGS for group in GROUPS]


def find_scaffolds(smiles: list[str]) -> set[str]:
    return {murcko_scaffold(mol) for mol in require_mols(smiles)}


def test_halves_share_no_scaffold() -> None:
    labels = np.arange(len(SMILES)) % 2.0
    first, second = halve(SMILES, labels, np.random.default_rng(0))
    assert sorted(first.smiles + second.smiles) == sorted(SMILES)
    assert not find_scaffolds(first.smiles) & find_scaffolds(second.smiles)
    by_smiles = dict(zip(SMILES, labels.tolist(), strict=True))
    for half in (first, second):
        assert half.smiles
        assert half.labels.tolist() == [by_smiles[text] for text in half.smiles]


def test_both_models_judge_the_same_molecules(tmp_path) -> None:  # type: ignore[no-untyped-def]
    labels = np.array(["N" in text or "n" in text for text in SMILES], dtype=float)
    first, second = halve(SMILES, labels, np.random.default_rng(0))
    reward, control = fit("reward", first), fit("control", second)
    figures = compare(reward, control, SMILES)
    assert figures["reward"] == pytest.approx(float(reward.predict(SMILES).values.mean()), abs=1e-3)
    assert figures["ratio"] == pytest.approx(figures["control"] / figures["reward"], abs=2e-3)
    reward.save(tmp_path / "reward")
    guarded, bare = (make_profile(reward, tmp_path / "reward", guarded=flag) for flag in (True, False))
    assert guarded.guards.domain
    assert not bare.guards.domain
    assert bare.guards == Guards.off()
