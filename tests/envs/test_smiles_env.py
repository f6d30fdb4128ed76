"""The single environment: Gymnasium's checker, two agents from other libraries, and what a user sees."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from moldesign.envs import register_environments
from moldesign.envs.smiles_env import SmilesEnv
from moldesign.envs.vocabulary import END, PAD, Vocabulary
from moldesign.errors import ObjectiveError

ENV_ID = "moldesign/Smiles-v0"


def score_oxygen(smiles):
    return [min(text.count("O") / 3, 1.0) for text in smiles]


@pytest.fixture(autouse=True, scope="module")
def _registered():
    register_environments()


def write(env, smiles):
    """Play the tokens of a SMILES and END; return the last step."""
    env.reset(seed=0)
    for token in env.unwrapped.vocabulary.encode(smiles):
        outcome = env.step(token)
    return outcome


def test_gymnasiums_checker_has_nothing_to_say():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(ENV_ID, objective=score_oxygen, max_length=20).unwrapped)


def test_registering_twice_is_no_reason_for_a_warning():
    before = gymnasium.spec(ENV_ID)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_environments()
        register_environments()
    assert gymnasium.spec(ENV_ID) is before


def test_the_reward_comes_at_the_end():
    env = SmilesEnv(score_oxygen, max_length=20)
    observation, info = env.reset(seed=0)
    assert observation.tolist() == [PAD] * 20
    for token in env.vocabulary.encode("OCC=O"):
        assert info["action_mask"][token] == 1
        assert "smiles" not in info
        observation, reward, terminated, truncated, info = env.step(token)
        assert terminated == (token == END)
        assert not truncated
        assert reward == (pytest.approx(2 / 3) if terminated else 0)
    assert info["smiles"] == "OCC=O"
    assert info["is_valid"] is True
    assert env.vocabulary.decode(observation) == "OCC=O"
    assert np.flatnonzero(info["action_mask"]).tolist() == [PAD]


@pytest.mark.parametrize("action", [-1, 10**6])
def test_an_action_that_is_no_token_is_refused(action):
    env = SmilesEnv(score_oxygen, max_length=20)
    before, _ = env.reset(seed=0)
    with pytest.raises(ValueError, match=f"action {action} is no token: actions are whole numbers from 0 to"):
        env.step(action)
    assert env.observation_space.contains(before)
    assert env.step(env.vocabulary.encode("C")[0])[1] == 0


def test_a_text_that_is_no_molecule_gets_zero_and_is_not_scored():
    def refuse(smiles):
        raise AssertionError(smiles)

    _, reward, terminated, _, info = write(SmilesEnv(refuse), "F(C)C")
    assert (reward, terminated, info["smiles"], info["is_valid"]) == (0, True, "F(C)C", False)


def test_nobody_pays_for_reasons_that_nobody_reads(monkeypatch):
    """What is wrong with a text costs as much as reading it, and most random texts are no molecules."""
    monkeypatch.setattr("moldesign.chem.smiles._explain_failure", lambda text: pytest.fail(f"{text} is explained"))
    *_, info = write(SmilesEnv(score_oxygen), "F(C)C")
    assert info["is_valid"] is False


def test_a_forbidden_token_ends_the_episode_without_a_molecule():
    env = SmilesEnv(score_oxygen)
    env.reset()
    for text in ("O", ")"):
        _, reward, terminated, truncated, info = env.step(env.vocabulary.encode(text)[0])
    assert (reward, terminated, truncated) == (0, True, False)
    assert (info["smiles"], info["is_valid"]) == ("O)", False)
    assert env.reset()[1]["action_mask"][END] == 0


def test_masked_random_episodes_end_in_valid_syntax_within_the_limit():
    env = SmilesEnv(score_oxygen, max_length=15)
    env.action_space.seed(0)
    for _ in range(20):
        _, info = env.reset()
        for n_steps in range(1, 16):  # noqa: B007 (read after the loop)
            assert (info["action_mask"] == env.action_masks()).all()
            _, _, terminated, _, info = env.step(env.action_space.sample(mask=info["action_mask"]))
            if terminated:
                break
        assert terminated
        assert n_steps <= 15
        assert Chem.MolFromSmiles(info["smiles"], sanitize=False) is not None


def test_render_shows_the_text_so_far():
    env = gymnasium.make(ENV_ID, objective=score_oxygen, render_mode="ansi")
    write(env, "c1ccccc1")
    assert env.render() == "c1ccccc1"


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([float("nan")], "scored 'CO' with nan"),
        ([1.5], "scored 'CO' with 1.5"),
        ([-0.1], "scored 'CO' with -0.1"),
        ([0.1, 0.2], r"shape \(2,\) for 1 SMILES"),
        (0.5, r"shape \(\) for 1 SMILES"),
        (["a"], "not numbers"),
        (None, r"shape \(\) for 1 SMILES"),
    ],
)
def test_an_objective_that_breaks_its_contract_is_an_error(scores, message):
    with pytest.raises(ObjectiveError, match=message):
        write(SmilesEnv(lambda smiles: scores), "CO")


def make_small_env():
    return SmilesEnv(score_oxygen, Vocabulary.from_tokens("CNO=()1"), max_length=12)


@pytest.mark.slow
def test_ppo_of_stable_baselines3_trains():
    algorithms = pytest.importorskip("stable_baselines3")
    block = BlockLogs()
    agent = algorithms.PPO("MlpPolicy", make_small_env(), n_steps=64, batch_size=32, n_epochs=2, seed=0, device="cpu")
    agent.learn(256)
    del block
    assert agent.num_timesteps == 256
    assert len(agent.ep_info_buffer) > 0


@pytest.mark.slow
def test_maskable_ppo_of_sb3_contrib_trains_and_writes_valid_syntax():
    algorithms = pytest.importorskip("sb3_contrib")
    env = make_small_env()
    agent = algorithms.MaskablePPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=2, seed=0, device="cpu")
    agent.learn(256)
    observation, info = env.reset()
    while "smiles" not in info:
        action, _ = agent.predict(observation, action_masks=env.action_masks(), deterministic=False)
        observation, *_, info = env.step(action)
    assert Chem.MolFromSmiles(info["smiles"], sanitize=False) is not None
