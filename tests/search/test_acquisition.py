"""The choice of what to score: bounds, novelty, and children that get better by the bound."""

from dataclasses import replace

import numpy as np
import pytest

from moldesign.search.acquisition import (
    AcquisitionSettings,
    Candidates,
    breed_candidates,
    choose_batch,
    draw_beta,
)
from moldesign.search.ceilings import Ceilings
from moldesign.search.gaussian_process import Belief
from moldesign.search.genetic import Breeder, BreedingSettings
from tests.search.odd_molecules import DRUGS

SETTINGS = AcquisitionSettings(generations=3, n_children=40)


def believe(means, stds):
    return Belief(np.array(means, dtype=float), np.array(stds, dtype=float))


def prefer_nitrogen(mols):
    share = [sum(atom.GetSymbol() == "N" for atom in mol.GetAtoms()) / mol.GetNumAtoms() for mol in mols]
    return believe(share, np.full(len(mols), 0.1))


def test_only_new_molecules_become_candidates():
    candidates = Candidates({"CCO"})
    assert candidates.select_new(["CCO", "CCN", "CCC", "CCN"]) == [1, 2]
    candidates.add(["CCN"], believe([0.1], [0.2]))
    assert candidates.select_new(["CCN", "CCC"]) == [1]
    assert (candidates.smiles, candidates.belief.mean.tolist(), candidates.belief.std.tolist()) == (
        ["CCN"],
        [0.1],
        [0.2],
    )


def test_what_there_is_enough_of_is_no_candidate():
    candidates = Candidates({"CCO"}, is_spent=lambda text: "N" in text)
    assert candidates.select_new(["CCO", "CCN", "CCC", "NCC"]) == [2]


def test_the_exploration_weight_spans_its_decades():
    rng = np.random.default_rng(0)
    drawn = np.log10([draw_beta(AcquisitionSettings(), rng) for _ in range(2_000)])
    assert (drawn.min() >= -2, drawn.max() <= 0) == (True, True)
    assert drawn.mean() == pytest.approx(-1, abs=0.05)


def test_a_batch_holds_what_some_bound_prefers():
    candidates = Candidates(set())
    candidates.add(["exploit", "explore", "neither"], believe([0.5, 0.3, 0.2], [0.03, 0.93, 0.1]))
    rng, first = np.random.default_rng(0), []
    for _ in range(300):
        first += choose_batch(candidates, 1, SETTINGS, rng)
    # mean + beta std of the second is higher if beta > 0.2 / 0.9, that is in the upper third of the decades.
    share = (0 - np.log10(0.2 / 0.9)) / 2
    assert first.count("explore") / 300 == pytest.approx(share, abs=0.08)
    assert "neither" not in first
    assert sorted(choose_batch(candidates, 9, SETTINGS, rng)) == ["exploit", "explore", "neither"]
    assert choose_batch(Candidates(set()), 3, SETTINGS, rng) == []


def test_generations_climb():
    scores = dict.fromkeys(DRUGS, 0.0)
    candidates = Candidates(scores)
    breed_candidates(candidates, scores, Breeder(), prefer_nitrogen, SETTINGS, np.random.default_rng(0))
    assert len(candidates) > 60
    assert not set(candidates.smiles) & set(scores)
    first, last = candidates.belief.mean[:30], candidates.belief.mean[-30:]
    assert last.mean() > first.mean() + 0.05


def test_the_same_generator_finds_the_same_candidates():
    def search(breeder):
        candidates = Candidates(set(DRUGS))
        scores = dict.fromkeys(DRUGS, 0.0)
        breed_candidates(candidates, scores, breeder, prefer_nitrogen, SETTINGS, np.random.default_rng(0))
        return candidates.smiles

    breeder = Breeder()
    assert search(breeder) == search(breeder) == search(Breeder())


def test_twins_of_known_molecules_get_few_slots():
    candidates, rng = Candidates(set()), np.random.default_rng(0)
    candidates.add(["twin", "other"], believe([0.9, 0.2], [0.01, 0.5]))
    drawn = [choose_batch(candidates, 1, SETTINGS, rng)[0] for _ in range(500)]
    assert drawn.count("twin") / 500 == pytest.approx(SETTINGS.twin_share, abs=0.03)
    assert set(choose_batch(candidates, 2, SETTINGS, rng)) == {"twin", "other"}


def test_a_batch_holds_no_twins_of_each_other_while_there_are_others():
    candidates, rng = Candidates(set()), np.random.default_rng(0)
    candidates.add(["left", "right"], believe([0.9, 0.9], [0.3, 0.3]))
    candidates.add(["other"], believe([0.1], [0.2]))
    assert choose_batch(candidates, 2, SETTINGS, rng) == ["left", "other"]
    assert sorted(choose_batch(candidates, 3, SETTINGS, rng)) == ["left", "other", "right"]


def test_twins_are_no_parents():
    # Only the twin has bromine: with parents like it, some child would.
    candidates, rng = Candidates({"CCCCO"}), np.random.default_rng(0)
    candidates.add(["BrCCCCCCBr"], believe([0.9], [0.01]))
    limits = replace(BreedingSettings().limits, elements=("C", "N", "O", "Br"))
    breeder = Breeder(BreedingSettings(mutation_share=0, later_mutation=0, limits=limits))
    scores = {"CCCCO": 0.5, "CCCN": 0.4}
    breed_candidates(candidates, scores, breeder, prefer_nitrogen, SETTINGS, rng)
    assert len(candidates) > 3
    assert not any("Br" in smiles for smiles in candidates.smiles[1:])


def test_what_is_known_beforehand_counts_as_much_as_what_is_believed():
    ceilings = Ceilings(lambda smiles: np.array([{"cheap": 1.0, "dear": 0.5, "odd": 0.0}[text] for text in smiles]))
    candidates, rng = Candidates(set(), ceilings=ceilings), np.random.default_rng(0)
    candidates.add(["dear"], believe([0.8], [0.2]))
    candidates.add(["odd", "cheap"], believe([0.9, 0.5], [0.9, 0.1]))
    np.testing.assert_allclose(candidates.outlook, [[0.4, 0.0, 0.5], [0.1, 0.0, 0.1]])
    assert candidates.belief.mean.tolist() == [0.8, 0.9, 0.5]
    assert choose_batch(candidates, 3, SETTINGS, rng) == ["cheap", "dear", "odd"]


def test_a_low_ceiling_makes_no_twin():
    candidates, rng = (
        Candidates(set(), ceilings=Ceilings(lambda smiles: np.full(len(smiles), 0.01))),
        np.random.default_rng(0),
    )
    candidates.add(["low"], believe([0.5], [0.5]))
    candidates.add(["lower"], believe([0.1], [0.5]))
    drawn = {choose_batch(candidates, 1, replace(SETTINGS, twin_share=0.0), rng)[0] for _ in range(20)}
    assert drawn == {"low"}


def test_children_climb_by_what_is_known_beforehand():
    ceilings = Ceilings(lambda smiles: np.array([text.upper().count("N") / len(text) for text in smiles]))
    known = dict.fromkeys(DRUGS, 0.0)
    candidates = Candidates(known, ceilings=ceilings)
    flat = lambda mols: believe(np.full(len(mols), 0.5), np.full(len(mols), 0.1))  # noqa: E731
    breed_candidates(candidates, known, Breeder(), flat, SETTINGS, np.random.default_rng(0))
    first, last = candidates.outlook.mean[:30], candidates.outlook.mean[-30:]
    assert last.mean() > first.mean() + 0.02
