"""The vector environment: the same episodes as the single one, in arrays, and one objective call per step."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from moldesign.envs import register_environments
from moldesign.envs.smiles_env import SmilesEnv
from moldesign.envs.vector_env import SmilesVectorEnv
from moldesign.envs.vocabulary import END, PAD
from moldesign.errors import ObjectiveError

ENV_ID = "moldesign/Smiles-v0"


def score_length(smiles):
    return [len(text) / 100 for text in smiles]


def choose_at_random(mask, rng):
    return (mask * (rng.random(mask.shape) + 1e-9)).argmax(axis=1)


def play(env, texts):
    """Write one SMILES per copy, END included; copies that ended get PAD. Return the last step's outcome."""
    env.reset(seed=0)
    indices = [env.vocabulary.encode(text) for text in texts]
    for position in range(max(map(len, indices))):
        outcome = env.step(np.array([row[position] if position < len(row) else PAD for row in indices]))
    return outcome


def test_gymnasium_makes_it_without_a_warning():
    register_environments()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make_vec(
            ENV_ID, num_envs=3, vectorization_mode="vector_entry_point", objective=score_length, max_length=12
        )
    observations, infos = env.reset(seed=0)
    assert isinstance(env, SmilesVectorEnv)
    assert observations in env.observation_space
    assert infos["action_mask"].shape == (3, env.single_action_space.n)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    env.close()


def test_it_plays_the_episodes_of_the_single_environment():
    vector = SmilesVectorEnv(score_length, max_length=12, num_envs=8)
    single = [SmilesEnv(score_length, max_length=12) for _ in range(8)]
    vector.reset(seed=0)
    for env in single:
        env.reset(seed=0)
    was_ended, n_ended, rng = np.zeros(8, dtype=bool), 0, np.random.default_rng(0)
    for n_steps in range(60):
        actions = choose_at_random(vector.action_masks(), rng)
        actions[n_steps % 8] = rng.integers(len(vector.vocabulary))  # as a rule a forbidden one
        observations, rewards, ended, truncated, infos = vector.step(actions)
        for i, env in enumerate(single):
            if was_ended[i]:
                expected = (*env.reset(seed=0), 0, False)
            else:
                observation, reward, terminated, _, info = env.step(actions[i])
                expected = (observation, info, reward, terminated)
            assert (observations[i] == expected[0]).all()
            assert (infos["action_mask"][i] == expected[1]["action_mask"]).all()
            assert (rewards[i], ended[i], truncated[i]) == (*expected[2:], False)
            if ended[i]:
                assert infos["_smiles"][i]
                assert (infos["smiles"][i], infos["is_valid"][i]) == (
                    expected[1]["smiles"],
                    expected[1]["is_valid"],
                )
        was_ended, n_ended = ended, n_ended + ended.sum()
    assert n_ended > 30


def test_all_that_end_in_a_step_are_scored_in_one_call():
    calls = []

    def record(smiles):
        calls.append(smiles)
        return score_length(smiles)

    env = SmilesVectorEnv(record, num_envs=4, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=0)
    play(env, ["CCO", "CCN", "CC", "F(C)C"])
    assert calls == [["CC"], ["CCO", "CCN"]]


def test_next_step_mode_begins_anew_and_ignores_the_action():
    env = SmilesVectorEnv(score_length, num_envs=2)
    play(env, ["C", "C"])
    carbon = env.vocabulary.encode("C")[0]
    observations, rewards, terminated, _, infos = env.step(np.array([carbon, PAD]))
    assert not observations.any()
    assert not rewards.any()
    assert not terminated.any()
    assert "smiles" not in infos
    assert env.step(np.array([carbon, carbon]))[0][:, 0].tolist() == [carbon, carbon]


def test_disabled_mode_waits_for_reset_with_a_mask():
    env = SmilesVectorEnv(score_length, num_envs=3, autoreset_mode=AutoresetMode.DISABLED)
    _, rewards, terminated, _, infos = play(env, ["C", "CCO", "CC"])
    assert terminated.all()
    assert rewards.tolist() == [0, 0.03, 0]
    assert infos["_smiles"].tolist() == [False, True, False]
    observations, _ = env.reset(options={"reset_mask": np.array([True, False, True])})
    assert [env.vocabulary.decode(row) for row in observations] == ["", "CCO", ""]
    assert np.flatnonzero(env.action_masks()[1]).tolist() == [PAD]
    with pytest.raises(ValueError, match="reset_mask needs 3 bools"):
        env.reset(options={"reset_mask": np.array([True])})


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, "SameStep"])
def test_same_step_mode_is_refused(mode):
    with pytest.raises(ValueError, match="NEXT_STEP and DISABLED"):
        SmilesVectorEnv(score_length, autoreset_mode=mode)


def test_the_mode_may_be_given_by_its_value():
    env = SmilesVectorEnv(score_length, num_envs=1, autoreset_mode="NextStep")
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    _, _, terminated, _, _ = play(env, ["C"])
    assert terminated.all()
    assert not env.step(np.array([PAD]))[2].any()


def test_returned_arrays_are_not_reused():
    env = SmilesVectorEnv(score_length, num_envs=2)
    observations, infos = env.reset(seed=0)
    kept = observations.copy(), infos["action_mask"].copy()
    env.step(env.vocabulary.encode("CC")[:2])
    assert (observations == kept[0]).all()
    assert (infos["action_mask"] == kept[1]).all()


def test_gymnasiums_vector_wrappers_work():
    env = RecordEpisodeStatistics(SmilesVectorEnv(score_length, max_length=10, num_envs=4))
    _, infos = env.reset(seed=0)
    rng, lengths = np.random.default_rng(0), []
    for _ in range(60):
        *_, infos = env.step(choose_at_random(infos["action_mask"], rng))
        if "episode" in infos:
            lengths += infos["episode"]["l"][infos["_episode"]].tolist()
    assert lengths
    assert max(lengths) <= 10
    assert min(lengths) >= 2


def test_a_broken_objective_is_an_error():
    env = SmilesVectorEnv(lambda smiles: [0.5], num_envs=2)
    with pytest.raises(ObjectiveError, match=r"shape \(1,\) for 2 SMILES"):
        play(env, ["CC", "CO"])


def test_end_is_the_only_way_out_of_a_full_string():
    env = SmilesVectorEnv(score_length, max_length=3, num_envs=1)
    play(env, ["CC"])
    env.reset()
    for token in env.vocabulary.encode("CC")[:2]:
        env.step(np.array([token]))
    assert np.flatnonzero(env.action_masks()[0]).tolist() == [END]
