"""Replay: the best molecules, drawn by rank, never written the same way twice."""

import json

import numpy as np
import pytest

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.learning.replay import ReplayBuffer
from tests.conftest import NAMED_DRUGS

DRUGS = [canonicalize(mol) for mol in require_mols(list(NAMED_DRUGS.values()))]


def fill(n=10, **options):
    replay = ReplayBuffer(**options)
    replay.add(DRUGS[:n], [(i + 1) / n for i in range(n)])
    return replay


def seeded(seed=0):
    return np.random.default_rng(seed)


def canonicalize_all(smiles):
    return [canonicalize(mol) for mol in require_mols(smiles)]


def test_the_best_come_first_and_the_rest_is_forgotten():
    replay = fill(10, capacity=3)
    assert list(replay.state_dict().items()) == [(DRUGS[9], 1.0), (DRUGS[8], 0.9), (DRUGS[7], 0.8)]
    replay.add([DRUGS[0], DRUGS[10]], [0.85, 0.1])
    assert list(replay.state_dict()) == [DRUGS[9], DRUGS[8], DRUGS[0]]
    assert len(replay) == 3


def test_a_known_molecule_keeps_its_lower_reward():
    replay = ReplayBuffer()
    for reward in (0.9, 0.4, 0.7):
        replay.add(["CCO"], [reward])
    assert replay.state_dict() == {"CCO": 0.4}


def test_what_is_worth_nothing_is_not_learned_again():
    replay = ReplayBuffer()
    replay.add(["CCO", "CCN"], [0.0, 0.5])
    assert list(replay.state_dict()) == ["CCN"]
    replay.add(["CCN"], [0.0])
    assert len(replay) == 0


def test_ties_do_not_depend_on_the_order_of_arrival():
    first, second = ReplayBuffer(), ReplayBuffer()
    first.add(DRUGS, [0.5] * len(DRUGS))
    second.add(DRUGS[::-1], [0.5] * len(DRUGS))
    assert list(first.state_dict()) == list(second.state_dict())


def test_every_molecule_needs_a_reward():
    with pytest.raises(ValueError, match="shorter"):
        ReplayBuffer().add(["CCO", "CCN"], [0.5])


def test_a_sample_holds_different_molecules_with_their_rewards():
    replay = fill()
    sample = replay.sample(6, seeded())
    molecules = canonicalize_all(sample.smiles)
    assert len(set(molecules)) == 6
    assert sample.rewards.dtype == np.float32
    assert sample.rewards.tolist() == pytest.approx([replay.state_dict()[text] for text in molecules])


def test_molecules_are_written_anew_each_time():
    replay, rng = ReplayBuffer(), seeded()
    replay.add([DRUGS[8]], [1.0])
    written = [replay.sample(1, rng).smiles[0] for _ in range(10)]
    assert len(set(written)) >= 9
    assert set(canonicalize_all(written)) == {DRUGS[8]}


def test_the_same_generator_draws_the_same_sample():
    first, second, other = (fill().sample(4, seeded(seed)) for seed in (0, 0, 1))
    assert first.smiles == second.smiles
    assert first.smiles != other.smiles


def test_no_more_than_there_is():
    assert len(fill(3).sample(50, seeded()).smiles) == 3
    empty = ReplayBuffer().sample(5, seeded())
    assert (empty.smiles, empty.rewards.shape) == ([], (0,))


@pytest.mark.parametrize("rank_weight", [0.01, 1.0])
def test_molecules_are_drawn_by_rank(rank_weight):
    replay, rng, n_draws = fill(rank_weight=rank_weight), seeded(), 600
    counts = dict.fromkeys(replay.state_dict(), 0)
    for _ in range(n_draws):
        counts[canonicalize_all(replay.sample(1, rng).smiles)[0]] += 1
    weights = 1 / (rank_weight * 10 + np.arange(10))
    np.testing.assert_allclose(np.array(list(counts.values())) / n_draws, weights / weights.sum(), atol=0.05)


def test_the_state_survives_json():
    replay, again = fill(), ReplayBuffer()
    again.load_state_dict(json.loads(json.dumps(replay.state_dict())))
    assert again.sample(5, seeded()).smiles == replay.sample(5, seeded()).smiles


def test_drawn_molecules_are_the_sampled_ones_before_they_are_rewritten():
    replay = fill(10)
    drawn, sampled = replay.draw(6, seeded()), replay.sample(6, seeded())
    assert canonicalize_all(sampled.smiles) == drawn.smiles
    assert drawn.rewards.tolist() == sampled.rewards.tolist()
    assert ReplayBuffer().draw(3, seeded()).smiles == []
