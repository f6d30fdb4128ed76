"""Networks in forked processes, such as the workers of `multiprocessing` on Linux."""

import os
import sys
from functools import cache, partial

import torch


@cache
def survive_forks() -> None:
    """Let PyTorch work on one thread in every process that is forked from this one.

    A fork does not copy the threads on which PyTorch has worked, but OpenMP in the child would wait for them for ever.
    """
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))
