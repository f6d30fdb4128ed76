"""Devices of PyTorch: whether one can be computed on is said before any work is done."""

import torch


def require_device(name: str) -> None:
    """Do nothing if PyTorch can compute on the device.

    Raises:
        ValueError: there is no such device here.

    >>> require_device("cudaa")
    Traceback (most recent call last):
    ValueError: device='cudaa' cannot be computed on here; give "cpu", or "cuda" where PyTorch finds a GPU
    """
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, TypeError) as error:
        remedy = 'give "cpu", or "cuda" where PyTorch finds a GPU'
        raise ValueError(f"device={name!r} cannot be computed on here; {remedy}") from error
