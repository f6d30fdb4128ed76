"""Sums of chosen rows."""

import pytest
import torch

from moldesign.predictors.bags import sum_bags


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_each_bag_is_summed_and_an_empty_one_is_nothing(dtype):
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    members, starts = torch.tensor([0, 1, 1], dtype=dtype), torch.tensor([0, 0, 2, 3], dtype=dtype)
    assert sum_bags(rows, members, starts).tolist() == [[0, 0], [4, 6], [3, 4]]


def test_no_bags_are_no_rows():
    assert sum_bags(torch.ones(3, 2), torch.zeros(0, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)).shape == (
        0,
        2,
    )
