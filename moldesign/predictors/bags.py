"""Sums of chosen rows, many at once: for them PyTorch generates the fastest code of the processor at run time."""

from torch import Tensor
from torch.nn.functional import embedding_bag


def sum_bags(rows: Tensor, members: Tensor, starts: Tensor) -> Tensor:
    """Return the sum of the rows of each bag, float32 [n_bags, D].

    Args:
        rows: float32 [n, D].
        members: int64 or int32, the rows of the first bag, then those of the second one, and so on.
        starts: of the same type [n_bags + 1], where in `members` each bag begins.
    """
    return embedding_bag(members, rows, starts, mode="sum", include_last_offset=True)
