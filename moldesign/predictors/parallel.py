"""Pieces of a long computation on all cores: in processes forked from this one, where that is safe.

RDKit holds Python's interpreter lock, so threads would wait for each other. A fork starts in milliseconds and shares
the memory of its parent: models are neither loaded nor copied again. Each process works on one thread, and there are
as many as PyTorch may use threads, so that `torch.set_num_threads` and OMP_NUM_THREADS bound the processes as well.
"""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import torch

T = TypeVar("T")

_adopted: list[Callable[[int], Any]] = []
"""What a forked process computes; empty in every other one."""


def can_fork() -> bool:
    """Say whether forked processes can take over work, and would be of use.

    Another thread could hold a lock while this one forks, and the child would wait for it for ever; CUDA does not
    survive a fork either, which the caller must see to.
    """
    return (
        "fork" in multiprocessing.get_all_start_methods()
        and torch.get_num_threads() > 1
        and threading.active_count() == 1
        and not multiprocessing.current_process().daemon
    )


def map_forked(compute: Callable[[int], T], pieces: Iterable[int]) -> Iterator[T]:
    """Yield `compute(piece)` of every piece, in order, computed in as many processes as PyTorch has threads.

    Args:
        compute: any callable; only its results are pickled.
        pieces: what to call it with.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a process was killed, for want of memory for example.
    """
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(torch.get_num_threads(), context, _adopt, (compute,)) as pool:
        yield from pool.map(_compute_adopted, pieces)


def _adopt(compute: Callable[[int], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the parent, and the parent its children
    torch.set_num_threads(1)
    _adopted.append(compute)


def _compute_adopted(piece: int) -> Any:
    return _adopted[-1](piece)
