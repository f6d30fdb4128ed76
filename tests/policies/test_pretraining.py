"""Pre-training: it learns, it sees every molecule, and what was interrupted goes on bit for bit."""

import math
from dataclasses import replace

import pytest
import torch

from moldesign.checkpoint import read_card
from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import ModelFormatError, UnknownTokenError
from moldesign.policies.pretraining import (
    PretrainingSettings,
    build_vocabulary,
    iterate_batches,
    pad_sequences,
    pretrain,
    scale_learning_rate,
    select_learnable,
)
from tests.policies.tiny_prior import LIBRARY, VOCABULARY, make_policy

SETTINGS = PretrainingSettings(
    n_steps=12, batch_size=32, learning_rate=1e-2, warmup_steps=2, randomized_share=0.5, checkpoint_seconds=0.0
)


def read_batch(batch):
    return [VOCABULARY.decode(sequence) for sequence in batch.numpy()]


def canonicalize_all(smiles):
    return sorted(canonicalize(mol) for mol in require_mols(smiles))


def test_the_loss_falls():
    losses = []
    settings = replace(SETTINGS, n_steps=60, randomized_share=0.0)
    policy = make_policy()
    before = policy.sequence_log_prob(pad_sequences([VOCABULARY.encode(text) for text in LIBRARY])).mean().item()
    pretrain(policy, VOCABULARY, LIBRARY, settings, on_step=lambda progress: losses.append(progress.loss_per_token))
    after = policy.sequence_log_prob(pad_sequences([VOCABULARY.encode(text) for text in LIBRARY])).mean().item()
    assert losses[0] == pytest.approx(math.log(len(VOCABULARY)), rel=0.1)
    assert sum(losses[-5:]) / 5 < 0.4 * losses[0]
    assert after > 0.5 * before
    assert not policy.training


class KilledError(Exception):
    """Stands for a kill in the middle of the training."""


def test_a_resumed_training_equals_an_unbroken_one_bit_for_bit(tmp_path):
    unbroken = pretrain(make_policy(), VOCABULARY, LIBRARY, SETTINGS)

    def interrupt(progress):
        if progress.step == 6:
            raise KilledError

    with pytest.raises(KilledError):
        pretrain(make_policy(), VOCABULARY, LIBRARY, SETTINGS, checkpoint=tmp_path, on_step=interrupt)
    assert read_card(tmp_path)["step"] == 5  # step 6 came after the last checkpoint, and is taken again
    steps = []
    resumed = pretrain(
        make_policy(seed=1), VOCABULARY, LIBRARY, SETTINGS, checkpoint=tmp_path, on_step=lambda p: steps.append(p.step)
    )
    assert steps == list(range(6, 13))
    for name, tensor in unbroken.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    assert not torch.equal(unbroken.head.bias, make_policy().head.bias)


def test_a_finished_training_is_not_trained_further(tmp_path):
    finished = pretrain(make_policy(), VOCABULARY, LIBRARY, SETTINGS, checkpoint=tmp_path)
    for n_steps in (12, 3):
        settings = replace(SETTINGS, n_steps=n_steps)
        again = pretrain(make_policy(seed=1), VOCABULARY, LIBRARY, settings, checkpoint=tmp_path)
        assert torch.equal(finished.head.bias, again.head.bias)
        assert read_card(tmp_path)["step"] == 12


@pytest.mark.parametrize(
    ("policy", "smiles", "settings", "changed"),
    [
        (make_policy(), LIBRARY, replace(SETTINGS, learning_rate=1e-3), "learning_rate"),
        (make_policy(), LIBRARY[1:], SETTINGS, "library"),
        (make_policy(), LIBRARY, replace(SETTINGS, start="0" * 64), "start"),
        (make_policy(), LIBRARY, replace(SETTINGS, seed=1, batch_size=8), "batch_size, seed"),
    ],
)
def test_a_checkpoint_of_another_training_is_not_continued(tmp_path, policy, smiles, settings, changed):
    pretrain(make_policy(), VOCABULARY, LIBRARY, replace(SETTINGS, n_steps=1), checkpoint=tmp_path)
    with pytest.raises(ModelFormatError, match=f"another {changed}: "):
        pretrain(policy, VOCABULARY, smiles, settings, checkpoint=tmp_path)


def test_a_training_ends_when_its_time_is_over_and_goes_on_when_it_gets_more(tmp_path):
    steps = []
    short = replace(SETTINGS, max_seconds=0.0)
    pretrain(make_policy(), VOCABULARY, LIBRARY, short, checkpoint=tmp_path, on_step=lambda p: steps.append(p.step))
    assert (steps, read_card(tmp_path)["step"]) == ([], 0)
    longer = replace(SETTINGS, max_seconds=600.0)
    pretrain(make_policy(), VOCABULARY, LIBRARY, longer, checkpoint=tmp_path, on_step=lambda p: steps.append(p.step))
    card = read_card(tmp_path)
    assert (steps, card["step"]) == (list(range(1, 13)), 12)
    spent = []
    further = replace(longer, n_steps=13)
    pretrain(
        make_policy(), VOCABULARY, LIBRARY, further, checkpoint=tmp_path, on_step=lambda p: spent.append(p.seconds)
    )
    assert spent[0] > card["seconds"] > 0


def test_training_in_bfloat16_learns_as_well():
    exact, rounded = (train_and_measure(bfloat16=choice) for choice in (False, True))
    assert rounded == pytest.approx(exact, rel=0.15)


def train_and_measure(*, bfloat16):
    """Return the mean loss of the last five steps."""
    losses = []
    settings = replace(SETTINGS, n_steps=60, randomized_share=0.0, bfloat16=bfloat16)
    pretrain(
        make_policy(), VOCABULARY, LIBRARY, settings, on_step=lambda progress: losses.append(progress.loss_per_token)
    )
    return sum(losses[-5:]) / 5


def test_the_same_seed_trains_the_same_policy():
    first, second = (pretrain(make_policy(), VOCABULARY, LIBRARY, SETTINGS) for _ in range(2))
    other = pretrain(make_policy(), VOCABULARY, LIBRARY, replace(SETTINGS, seed=1))
    assert torch.equal(first.head.weight, second.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_each_epoch_shows_every_molecule_once():
    batches = iterate_batches(LIBRARY, VOCABULARY, SETTINGS)
    epochs = [[text for _ in range(4) for text in read_batch(next(batches))] for _ in range(2)]
    for epoch in epochs:
        assert canonicalize_all(epoch) == canonicalize_all(LIBRARY)
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("first_step", [1, 4, 6])
def test_batches_can_be_taken_up_anywhere(first_step):
    unbroken = iterate_batches(LIBRARY, VOCABULARY, SETTINGS)
    batches = [next(unbroken) for _ in range(first_step + 2)][first_step:]
    resumed = iterate_batches(LIBRARY, VOCABULARY, SETTINGS, first_step=first_step)
    for batch in batches:
        assert torch.equal(batch, next(resumed))


@pytest.mark.parametrize(("share", "fewest", "most"), [(0.0, 0, 0), (1.0, 100, 128)])
def test_the_randomized_share_is_written_anew(share, fewest, most):
    batches = iterate_batches(LIBRARY, VOCABULARY, replace(SETTINGS, n_steps=1_000, randomized_share=share))
    texts = [text for _ in range(4) for text in read_batch(next(batches))]
    assert fewest <= sum(text not in LIBRARY for text in texts) <= most


def test_the_randomized_share_fades_to_nothing():
    settings = replace(SETTINGS, n_steps=8, randomized_share=1.0)
    batches = iterate_batches(LIBRARY, VOCABULARY, settings)
    written_anew = [sum(text not in LIBRARY for text in read_batch(next(batches))) for _ in range(12)]
    assert sum(written_anew[:4]) > 1.5 * sum(written_anew[4:8]) > 0
    assert sum(written_anew[8:]) == 0


def test_a_molecule_is_written_anew_in_each_epoch():
    batches = iterate_batches(LIBRARY[:1], VOCABULARY, replace(SETTINGS, randomized_share=1.0))
    assert len({read_batch(next(batches))[0] for _ in range(6)}) > 2


def test_a_writing_with_unknown_tokens_is_not_used():
    ethane_only = Vocabulary.from_tokens(["C", "O"])
    settings = replace(SETTINGS, randomized_share=1.0, batch_size=1)
    batches = iterate_batches(["CCOCC"], ethane_only, settings)  # from the middle it needs parentheses
    assert {ethane_only.decode(next(batches)[0].numpy()) for _ in range(20)} == {"CCOCC"}


def test_rare_tokens_are_not_learned():
    vocabulary = build_vocabulary(["CCBr", "CO", "CO", "[nH]"], minimum_count=2)
    assert vocabulary == Vocabulary.from_tokens(["C", "O"])
    assert select_learnable(["CCBr", "COCO", "CO", "C"], vocabulary, max_length=4) == ["CO", "C"]


def test_a_token_that_was_never_seen_is_named():
    with pytest.raises(UnknownTokenError, match=r"the token '\[Se\]' in 'C\[Se\]C' was never seen"):
        next(iterate_batches(["C[Se]C"], VOCABULARY, replace(SETTINGS, randomized_share=0.0)))


def test_sequences_are_filled_up_with_padding():
    sequences = [VOCABULARY.encode("C"), VOCABULARY.encode("CCO")]
    padded = pad_sequences(sequences)
    assert padded.dtype == torch.int64
    assert padded[0].tolist() == [*sequences[0].tolist(), 0, 0]
    assert padded[1].tolist() == sequences[1].tolist()


def test_the_learning_rate_warms_up_and_falls():
    settings = PretrainingSettings(n_steps=110, warmup_steps=10)
    factors = [scale_learning_rate(step, settings) for step in range(110)]
    assert factors[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(factors) == factors[9] == factors[10] == 1.0
    assert factors[60] == pytest.approx(0.01 + 0.99 / 2)
    assert scale_learning_rate(110, settings) == scale_learning_rate(500, settings) == pytest.approx(0.01)
    assert (factors[10:] == sorted(factors[10:], reverse=True)) is True


def test_the_learning_rate_falls_with_the_time_where_that_passes_faster():
    settings = PretrainingSettings(n_steps=110, warmup_steps=10, max_seconds=100.0)
    assert scale_learning_rate(9, settings, 99.0) == 1.0
    assert scale_learning_rate(10, settings, 50.0) == pytest.approx(0.01 + 0.99 / 2)
    assert scale_learning_rate(60, settings, 10.0) == pytest.approx(0.01 + 0.99 / 2)
    assert scale_learning_rate(10, settings, 100.0) == pytest.approx(0.01)
