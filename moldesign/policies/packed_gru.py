"""A GRU over sequences of different lengths that computes nothing for padding, on a CPU.

Of a batch of SMILES two fifths are padding, and autograd multiplies the gradient of every step into the weights one by
one. Here the rows of a step are the sequences that are still going, and the weights get their gradient in one product
over all steps: together twice as fast.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def run_packed(gru: nn.GRU, inputs: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return what the GRU returns for packed sequences that begin with the state 0, float32 [N, hidden_size].

    Args:
        gru: one direction, with biases and without dropout.
        inputs: float32 [N, input_size], the first tokens of all sequences, then the second ones, and so on; the longest
            sequences first, as `torch.nn.utils.rnn.PackedSequence` has them.
        sizes: how many sequences have a token at each step; N in all.
    """
    for layer in range(gru.num_layers):
        names = (f"weight_ih_l{layer}", f"weight_hh_l{layer}", f"bias_ih_l{layer}", f"bias_hh_l{layer}")
        weights = (getattr(gru, name) for name in names)
        inputs = _Layer.apply(inputs, *weights, sizes)  # type: ignore[no-untyped-call]
    return inputs


class _Layer(torch.autograd.Function):
    """One layer, with the equations of `torch.nn.GRU`.

    r, z = sigmoid(W x + b + U h + c), n = tanh(W x + b + r (U h + c)), h' = (1 - z) n + z h. Weights and gates stand in
    the order r, z, n.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor, sizes: Sequence[int]) -> Tensor:
        width = u.shape[1]
        gates = torch.addmm(b, inputs, w.T)
        states, inner = (gates.new_empty(len(inputs), width) for _ in range(2))
        before = gates.new_zeros(len(inputs), width)
        state, end = before, 0
        for size in sizes:
            rows = slice(end, end := end + size)
            before[rows] = state[:size]
            recurrent = torch.addmm(c, before[rows], u.T)
            inner[rows] = recurrent[:, 2 * width :]
            reset_update = gates[rows, : 2 * width].add_(recurrent[:, : 2 * width]).sigmoid_()
            new = gates[rows, 2 * width :].addcmul_(reset_update[:, :width], inner[rows]).tanh_()
            state = torch.lerp(new, before[rows], reset_update[:, width:], out=states[rows])
        ctx.save_for_backward(inputs, w, u, gates, inner, before)
        ctx.sizes = sizes
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, w, u, gates, inner, before = ctx.saved_tensors
        starts = list(itertools.accumulate(ctx.sizes, initial=0))
        of_inputs, of_recurrent = _differentiate(gates, inner, before)
        update = gates.view(len(gates), 3, -1)[:, 1]
        of_states = gradient.clone()
        for step, size in reversed(list(enumerate(ctx.sizes))):
            rows = slice(starts[step], starts[step + 1])
            of_recurrent[rows] *= of_states[rows, None]
            if step:
                earlier = of_states[starts[step - 1] :][:size]
                earlier.addcmul_(of_states[rows], update[rows]).addmm_(of_recurrent[rows].flatten(1), u)
        of_inputs *= of_states[:, None]
        of_gates, of_inner = of_inputs.flatten(1), of_recurrent.flatten(1)
        return of_gates @ w, of_gates.T @ inputs, of_inner.T @ before, of_gates.sum(0), of_inner.sum(0), None


def _differentiate(gates: Tensor, inner: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Return the derivatives of the states by W x + b and by U h + c of each gate, each float32 [N, 3, hidden_size]."""
    reset, update, new = gates.view(len(gates), 3, -1).unbind(1)
    by_new = (1 - update) * (1 - new * new)
    by_update = (before - new) * update * (1 - update)
    by_reset = by_new * inner * reset * (1 - reset)
    return torch.stack([by_reset, by_update, by_new], 1), torch.stack([by_reset, by_update, by_new * reset], 1)
