"""The GRU without padding is PyTorch's GRU, in what it returns and in its gradients."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from moldesign.envs.vocabulary import PAD, START
from moldesign.policies.packed_gru import run_packed
from moldesign.policies.pretraining import pad_sequences
from tests.policies.tiny_prior import LIBRARY, VOCABULARY, make_policy

LENGTHS = {"different": [7, 5, 5, 2, 1], "equal": [3, 3], "one": [4], "one step": [1, 1, 1]}


def make_layers(n_layers: int) -> nn.GRU:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.GRU(6, 5, n_layers, batch_first=True).double()


def pack(lengths: list[int], width: int) -> nn.utils.rnn.PackedSequence:
    values = torch.randn(len(lengths), max(lengths), width, generator=torch.Generator().manual_seed(1)).double()
    return pack_padded_sequence(values, torch.tensor(lengths), batch_first=True)


@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_states_and_gradients_are_those_of_pytorch(lengths: list[int], n_layers: int) -> None:
    packed = pack(lengths, width=6)
    target = pack(lengths, width=5).data

    def measure(gru: nn.GRU, states: Tensor, inputs: Tensor) -> list[Tensor]:
        gradients = torch.autograd.grad(((states - target) ** 2).sum(), [inputs, *gru.parameters()])
        return [states.detach(), *gradients]

    gru, inputs = make_layers(n_layers), packed.data.clone().requires_grad_()
    expected = measure(gru, gru(packed._replace(data=inputs))[0].data, inputs)
    found = measure(gru, run_packed(gru, inputs, packed.batch_sizes.tolist()), inputs)
    assert len(found) == len(expected) == 2 + 4 * n_layers
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_gradients_are_those_of_finite_differences() -> None:
    packed, gru = pack(LENGTHS["different"], width=6), make_layers(2)
    inputs = packed.data.clone().requires_grad_()
    sizes = packed.batch_sizes.tolist()
    assert torch.autograd.gradcheck(lambda values: run_packed(gru, values, sizes), inputs)


def test_a_policy_predicts_tokens_as_it_does_step_by_step() -> None:
    policy, sequences = make_policy(), pad_sequences([VOCABULARY.encode(text) for text in LIBRARY])
    history = torch.cat([torch.full_like(sequences[:, :1], START), sequences[:, :-1]], dim=1)
    is_token = sequences != PAD
    assert not is_token.all()
    logits = policy.predict_tokens(sequences)
    assert logits.shape == (*sequences.shape, len(VOCABULARY))
    torch.testing.assert_close(logits[is_token], policy(history)[0][is_token])
    assert policy.predict_tokens(sequences[:0]).shape == (0, *logits.shape[1:])
