"""A step along the gradient, the same in whatever is trained here."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from moldesign.compiler import defer_compiler


def take_step(loss: Tensor, optimizer: Optimizer, weights: Iterable[nn.Parameter], max_norm: float) -> None:
    """Move what the optimizer holds against the gradient of a loss.

    Args:
        loss: a number that depends on the weights.
        optimizer: of the weights, and maybe of more.
        weights: those whose gradient is shortened to `max_norm` where it is longer (arXiv:1211.5063).
        max_norm: Euclidean length.
    """
    with defer_compiler():
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(weights, max_norm)
        optimizer.step()
