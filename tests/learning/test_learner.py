"""The learner: it learns what is rewarded, leaves the prior alone, and goes on where it stopped."""

import math

import pytest
import torch

from moldesign.checkpoint import load_model, save_model
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import ObjectiveError
from moldesign.learning.learner import Learner, LearningSettings
from moldesign.policies.pretraining import pad_sequences
from tests.policies.tiny_prior import LIBRARY, VOCABULARY, make_policy

LOSSES = ["dap", "trajectory_balance"]
SEQUENCES = pad_sequences([VOCABULARY.encode(text) for text in LIBRARY[:8]])
REWARDS = torch.linspace(0, 1, 8)


def make_learner(seed=0, **settings):
    return Learner(make_policy(seed), LearningSettings(**settings))


def copy_tensors(policy):
    return {name: tensor.clone() for name, tensor in policy.state_dict().items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.parametrize("loss", LOSSES)
def test_a_rewarded_sequence_becomes_likelier(loss):
    learner = make_learner(loss=loss)
    before = learner.policy.sequence_log_prob(SEQUENCES[:1]).item()
    for _ in range(5):
        learner.update(SEQUENCES[:1], torch.ones(1))
    assert learner.policy.sequence_log_prob(SEQUENCES[:1]).item() > before + 0.5


@pytest.mark.parametrize("loss", LOSSES)
def test_a_better_sequence_gains_on_a_worse_one(loss):
    learner, pair, rewards = make_learner(loss=loss), SEQUENCES[[0, 5]], torch.tensor([1.0, 0.0])

    def measure_lead():
        better, worse = learner.policy.sequence_log_prob(pair).tolist()
        return better - worse

    before = measure_lead()
    for _ in range(20):
        learner.update(pair, rewards)
    assert measure_lead() > before + 0.5


def test_without_reward_the_policy_stays_the_prior():
    learner = make_learner(kl_weight=0.0)
    report = learner.update(SEQUENCES, torch.zeros(8))
    assert report.loss == pytest.approx(0, abs=1e-6)


def test_the_prior_stays_as_it_is():
    prior = make_policy()
    before = copy_tensors(prior)
    learner = Learner(prior)
    for _ in range(3):
        learner.update(SEQUENCES, REWARDS)
    assert_equal(before, copy_tensors(prior))
    assert not torch.equal(learner.policy.head.weight, prior.head.weight)


def test_the_first_report_is_that_of_the_prior():
    prior = make_policy()
    report = Learner(prior, LearningSettings(sigma=10.0)).update(SEQUENCES, REWARDS)
    assert report.kl == pytest.approx(0, abs=1e-6)
    assert report.log_prob == pytest.approx(prior.sequence_log_prob(SEQUENCES).mean().item(), rel=1e-5)
    assert report.loss == pytest.approx((10 * REWARDS).square().mean().item(), rel=1e-4)


def test_the_kl_grows_and_its_weight_holds_it_back():
    free, held = (make_learner(kl_weight=weight, sigma=20.0) for weight in (0.0, 100.0))
    for _ in range(20):
        loose, tight = free.update(SEQUENCES, REWARDS), held.update(SEQUENCES, REWARDS)
    assert loose.kl > 0
    assert tight.kl < 0.5 * loose.kl


def test_log_z_is_learned_with_trajectory_balance_alone():
    for loss, moves in zip(LOSSES, (False, True), strict=True):
        learner = make_learner(loss=loss)
        learner.update(SEQUENCES, REWARDS)
        assert bool(learner.log_z != 0) is moves


def test_trajectory_balance_samples_in_proportion_to_the_exponential_of_the_reward():
    vocabulary = Vocabulary.from_tokens(["C", "O"])
    sequences = pad_sequences([vocabulary.encode("C"), vocabulary.encode("O")])
    settings = LearningSettings(loss="trajectory_balance", beta=2.0, kl_weight=0.0, learning_rate=1e-2)
    learner = Learner(make_policy(vocabulary=vocabulary), settings)
    for _ in range(150):
        learner.update(sequences, torch.tensor([0.0, 1.0]))
    methane, water = learner.policy.sequence_log_prob(sequences).tolist()
    assert water - methane == pytest.approx(2.0, abs=0.1)
    assert learner.log_z.item() == pytest.approx(-methane, abs=0.1)


def mark_written():
    """The tokens behind the fourth, as if the first four had been given."""
    return (torch.arange(SEQUENCES.shape[1]) >= 4).expand(SEQUENCES.shape) & (SEQUENCES != 0)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_policy_answers_only_for_what_it_wrote(loss):
    learner, is_written = make_learner(loss=loss), mark_written()
    with torch.no_grad():
        expected = (learner.policy.token_log_probs(SEQUENCES) * is_written).sum(dim=1).mean().item()
        whole = learner.policy.sequence_log_prob(SEQUENCES).mean().item()
    report = learner.update(SEQUENCES, REWARDS, is_written)
    assert report.log_prob == pytest.approx(expected, rel=1e-5)
    assert report.log_prob > whole + 1
    assert learner.update(SEQUENCES, REWARDS, is_written).kl < learner.update(SEQUENCES, REWARDS).kl


def test_what_was_given_is_not_learned():
    learner, is_written = make_learner(kl_weight=0.0), torch.zeros_like(SEQUENCES, dtype=torch.bool)
    report = learner.update(SEQUENCES, torch.zeros(8), is_written)
    assert report.loss == report.log_prob == report.kl == 0
    assert_equal(copy_tensors(learner.policy), copy_tensors(make_policy()))


def test_a_mask_of_all_tokens_changes_nothing():
    plain, masked = make_learner(), make_learner()
    assert plain.update(SEQUENCES, REWARDS) == masked.update(SEQUENCES, REWARDS, SEQUENCES != 0)
    assert_equal(plain.state_dict(), masked.state_dict())


@pytest.mark.parametrize("loss", LOSSES)
def test_a_restored_learner_takes_the_same_next_step(loss, tmp_path):
    learner = make_learner(loss=loss)
    for _ in range(3):
        learner.update(SEQUENCES, REWARDS)
    save_model(tmp_path, learner.state_dict(), {"kind": "run"})
    restored = make_learner(loss=loss)
    restored.load_state_dict(load_model(tmp_path, kind="run")[0])
    for _ in range(2):
        assert learner.update(SEQUENCES, REWARDS) == restored.update(SEQUENCES, REWARDS)
    assert_equal(learner.state_dict(), restored.state_dict())


def test_two_learners_do_not_share_their_optimizer_state():
    learner, restored = make_learner(), make_learner()
    learner.update(SEQUENCES, REWARDS)
    restored.load_state_dict(learner.state_dict())
    for _ in range(2):
        first = learner.update(SEQUENCES, REWARDS)
        assert first == restored.update(SEQUENCES, REWARDS)
    assert_equal(learner.state_dict(), restored.state_dict())


def test_a_fresh_learner_has_a_state_too():
    learner, restored = make_learner(), make_learner()
    restored.load_state_dict(learner.state_dict())
    assert learner.update(SEQUENCES, REWARDS) == restored.update(SEQUENCES, REWARDS)


@pytest.mark.parametrize("n_updates", [0, 2])
def test_a_state_replaces_what_was_learned_before(n_updates):
    """Also where the state is older than the optimizer's first step."""
    learner, restored = make_learner(), make_learner()
    for _ in range(n_updates):
        learner.update(SEQUENCES, REWARDS)
    for _ in range(3):
        restored.update(SEQUENCES, 1 - REWARDS)
    restored.load_state_dict(learner.state_dict())
    assert_equal(learner.state_dict(), restored.state_dict())
    assert learner.update(SEQUENCES, REWARDS) == restored.update(SEQUENCES, REWARDS)
    assert_equal(learner.state_dict(), restored.state_dict())


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        (REWARDS.masked_fill(torch.arange(8) == 3, math.nan), "row 3: the reward is nan; .* one finite reward"),
        (REWARDS.masked_fill(torch.arange(8) == 5, math.inf), "row 5: the reward is inf"),
        (REWARDS[:, None], r"rewards of shape \(8, 1\) for 8 sequences"),
        (REWARDS[:7], r"rewards of shape \(7,\) for 8 sequences"),
    ],
    ids=["NaN", "infinite", "column", "too few"],
)
def test_rewards_that_are_none_are_an_error_and_teach_nothing(rewards, message):
    learner = make_learner()
    before = learner.state_dict()
    with pytest.raises(ObjectiveError, match=message):
        learner.update(SEQUENCES, rewards)
    assert_equal(before, learner.state_dict())


def test_the_policy_is_in_the_mode_that_a_gpu_needs_for_gradients():
    assert make_learner().policy.training


@pytest.mark.parametrize("loss", LOSSES)
def test_updates_repeat(loss):
    reports = []
    for _ in range(2):
        learner = make_learner(loss=loss)
        reports.append([learner.update(SEQUENCES, REWARDS) for _ in range(3)])
    assert reports[0] == reports[1]
    assert all(math.isfinite(value) for report in reports[0] for value in report)


def test_a_reset_lies_between_policy_and_prior_and_forgets_the_optimizer():
    learner = make_learner(learning_rate=1e-2)
    for _ in range(3):
        learner.update(SEQUENCES, REWARDS)
    learned, prior = copy_tensors(learner.policy), copy_tensors(learner.prior)
    learner.reset_towards_prior(0.25)
    for name, tensor in learner.policy.state_dict().items():
        torch.testing.assert_close(tensor, 0.75 * learned[name] + 0.25 * prior[name])
    assert not any(name.startswith("adam.") for name in learner.state_dict())
    assert_equal(prior, copy_tensors(learner.prior))
    learner.reset_towards_prior(1.0)
    assert learner.update(SEQUENCES, REWARDS).kl == pytest.approx(0, abs=1e-6)
    restored = make_learner(learning_rate=1e-2)
    restored.load_state_dict(learner.state_dict())
    assert learner.update(SEQUENCES, REWARDS) == restored.update(SEQUENCES, REWARDS)
